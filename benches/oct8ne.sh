#!/usr/bin/env bash
# What the Oct8ne adapter's answers and its part of a pass cost, beside SQLite's FTS5, a PHP script that does what public
# adapters do, and a web server that answers a constant.
#
#   benches/oct8ne.sh [--items N] [--pass-items N] [--rounds N]
#
# Times are those of the processor and ratios within one run: whatever else the machine does, hits all alike. Passes are made
# against the sandbox with fewer items, as each of them is sent. Everything is made in a folder below TMPDIR that goes at
# the end: six times the feed's size. PHP with pdo_sqlite is left out
# where it isn't installed.
set -euo pipefail
cd "$(dirname "$0")/.."

items=1000000 pass_items=100000 rounds=5
while (($#)); do
  case $1 in
    --items) items=$2 ;;
    --pass-items) pass_items=$2 ;;
    --rounds) rounds=$2 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
  esac
  shift 2
done
readonly script=$PWD/benches/adapter.php
examples=asking
. benches/common.sh

# One product in a thousand has each word `kN`; a title with quotes is left as it is.
feed() { # FILE ITEMS MORE...
  "$bin/examples/feedgen" --items "$2" --format tsv "${@:3}" --out plain
  awk -F '\t' -v OFS='\t' 'NR > 1 && $2 !~ /"/ { $2 = $2 " k" substr($1, 4) % 1000 } 1' plain >"$1"; rm plain; touch -d '1 hour ago' "$1"
}
feed first "$pass_items"
feed changed "$pass_items" --changed 1
feed whole "$items"

begin_sandbox
nicechat=$(section nicechat)
# Not all have NiceChat.
sections() { # NAME FEED SECTIONS
  printf '[source]\nlocation = "%s"\nschedule = "every 12h"\n[state]\npath = "%s.db"\n%s\n' "$PWD/$2" "$PWD/$1" "$3" >"$1.toml"
}
readonly door='[http]
listen = ""
public_listen = "127.0.0.1:0"
requests_per_second = 0'
readonly face='[oct8ne]
shop_url = "https://shop.example"'

pass() { # NAME FEED SECTIONS HEADING
  sections "$1" "$2" "$3"
  /usr/bin/time --format "%U %S %e %M" --output figures "$bin/shelfkeeper" --quiet --config "$1.toml" run --once --force >/dev/null
  awk -v h="$4" '{ printf "%-44s processor %7.2f s   wall %7.2f s   peak %5.0f MiB\n", h, $1 + $2, $3, $4 / 1024 }' figures
}
echo "== Passes, $pass_items items, $(stat --format %s first) bytes"
pass with first "$nicechat
$door
$face" 'first load, with the section'
pass without first "$nicechat" 'first load, without (the sandbox has all)'
for run in with without; do
  sections=$nicechat; [[ $run == without ]] || sections+=$'\n'$door$'\n'$face
  pass $run first "$sections" "the same bytes, $run"
  pass $run changed "$sections" "1 % changed, $run"
  pass $run first "$sections" "1 % changed back, $run"
done

end_last
sections alone whole "$door
$face"
began=$(date +%s.%N)
"$bin/shelfkeeper" --config alone.toml run 2>log &
daemon=$!
pids+=("$daemon")
until address=$(sed -n 's|.*listening at http://||p' log | head -1) && [[ -n $address ]]; do sleep 0.1; done
ask() { exec 3<>"/dev/tcp/${address%:*}/${address#*:}"; printf 'GET %s HTTP/1.0\r\nHost: shop.example\r\n\r\n' "$1" >&3; cat <&3; exec 3>&-; }
until ask '/oct8ne/frame/search?search=years' | grep -q '"total":[1-9]'; do sleep 0.5; done
echo "== $items items, $(stat --format %s whole) bytes: searchable $(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }') s after the start, $(awk '{ printf "%.1f", ($14 + $15) / 100 }' "/proc/$daemon/stat") s of the processor"
echo "   on disk $(du -sb "$PWD/alone.db.shelf" | cut -f1) bytes"

words() { # CLASS WORDS...
  local class=$1; shift
  for text in "$@"; do printf '%s\t%s\n' "$class" "$text"; done
}
queries() {
  words '1 a word of half' years sent you
  words '2 two of them' 'years sent' 'you sent'
  words '3 rare and common' 'k123 years' 'k777 sent' 'k42 you'
  words '4 beginnings' ter cush jun
  words '5 typos' terracota junipr cussion
  words '6 one in a thousand' k123 k777 k42
}
ids=$(printf 'SK-%06d,' $(seq 1000 77 1693) | sed 's/,$//')
{
  queries | sed 's|\t|\t/oct8ne/frame/search?search=|; s| \([^ \t]*\)$|+\1|' | awk -F '\t' -v OFS='\t' '{ gsub(/ /, "+", $2) } 1'
  printf '7 productSummary of 10\t/oct8ne/frame/productSummary?productIds=%s\n' "$ids"
  printf '8 productInfo of 10\t/oct8ne/frame/productInfo?productIds=%s\n' "$ids"
  printf '9 getAdapterInfo\t/oct8ne/frame/getAdapterInfo\n'
} >paths
echo '== The adapter'
"$bin/examples/asking" door "$address" "$daemon" $((rounds * 20)) <paths
"$bin/examples/asking" constant >constant &
pids+=($!)
until [[ -s constant ]]; do sleep 0.05; done
echo '== A web server that answers a constant'
printf 'constant\t/\n' | "$bin/examples/asking" door "$(cat constant)" "${pids[-1]}" 2000
echo "== The daemon, idle again: $(awk '/RssAnon/ { print $2 / 1024 " MiB" }' "/proc/$daemon/status") of its own"
echo '== FTS5, ranked, with the number of all'
queries | awk -F '\t' -v OFS='\t' '/^[1236]/ { print } /^4/ { print $1, $2 "*" }' >fts.words
"$bin/examples/asking" fts whole "$PWD" "$rounds" <fts.words
if command -v php >/dev/null; then
  echo '== PHP'
  # As a web server without a cache of compiled scripts runs it: a process a request.
  printf '%s\n' terracotta juniper cushion k123 k777 k42 >requests
  TIMEFORMAT='a process a request          processor %U s + %S s of 60 requests'
  time for ((n = 0; n < 60; n++)); do sed -n "$((n % 6 + 1))p" requests | php "$script" fts.db 0 >/dev/null; done
  echo 'in one process:'
  php "$script" fts.db "$rounds" <requests
fi
