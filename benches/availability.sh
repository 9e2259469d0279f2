#!/usr/bin/env bash
# How fast the public door tells of advisors (`/availability`), alone and beside passes over a large catalogue, and how often
# Emplifi is asked for it.
#
#   benches/availability.sh [--items N] [--rate N] [--seconds N] [--connections N]
#
# Everything runs on this machine, the sandbox (NiceChat and Emplifi) and whoever asks included; a bare server that answers a
# constant is asked in the same way, right afterwards, to tell what the machine takes. Beside passes means: the feed comes again
# and again in another order, so that one pass of all items follows the other. Everything is made in a folder below TMPDIR
# that goes at the end: four times the feed's size.
set -euo pipefail
cd "$(dirname "$0")/.."

items=1000000 rate=2000 seconds=20 connections=16
while (($#)); do
  case $1 in
    --items) items=$2 ;;
    --rate) rate=$2 ;;
    --seconds) seconds=$2 ;;
    --connections) connections=$2 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
  esac
  shift 2
done
examples='asking acknowledged'
. benches/common.sh

"$bin/examples/feedgen" --items "$items" --format tsv --out first
"$bin/examples/feedgen" --items "$items" --format tsv --shuffle --out other
ln first feed
begin_sandbox
url=$(setting base_url)
"$bin/examples/acknowledged" first known.db "$url"
public='[http]
public_listen = "127.0.0.1:0"
requests_per_second = 0'
watch='schedule = "every 5s"
[[emplifi.watch]]
name = "anybody"
required_keys = []'
often() { config "$1" "$2" $'schedule = "every 1s"\nsplay = "0s"' '' "$public"$'\n'"$(section emplifi)"$'\n'"$watch"; }
begin() { # NAME
  "$bin/shelfkeeper" --config "$1.toml" run --force 2>log &
  daemon=$!
  pids+=("$daemon")
  until door=$(sed -n 's|.*public door: listening at http://||p' log 2>/dev/null) && [[ -n $door ]]; do sleep 0.1; done
  sleep 1
}
ask() {
  "$bin/examples/asking" pace "$door" /availability "$rate" "$seconds" "$connections"
  printf '   a bare server:  '
  "$bin/examples/asking" pace "$(cat constant)" / "$rate" "$seconds" "$connections"
}
asked() { # How often Emplifi was asked so far.
  local address=${url#http://}
  exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
  printf 'GET /sandbox/emplifi/requests HTTP/1.0\r\nHost: sandbox\r\n\r\n' >&3
  grep -o '"method"' <&3 | wc -l
  exec 3>&-
}

"$bin/examples/asking" constant >constant &
pids+=($!)
often known feed
begin known
before=$(asked)
echo "== idle"
ask
echo "   Emplifi was asked $(($(asked) - before)) times in $((2 * seconds)) s, for a schedule of every 5 s"
echo '== beside passes, each over all items in another order'
passes() { grep -c 'sync: ok' log || true; }
# A feed that changes while it is read fails the pass.
shuffle() {
  local ended
  while :; do
    for next in other first; do
      ended=$(passes)
      ln -f "$next" next
      mv -f next feed
      while (($(passes) == ended)); do sleep 0.1; done
    done
  done
}
shuffle &
pids+=($!)
before=$(asked) made=$(passes)
ask
echo "   Emplifi was asked $(($(asked) - before)) times in $((2 * seconds)) s; $(($(passes) - made)) passes ended meanwhile"
end_last
end_last

often empty first
begin empty
echo '== beside a first load: reading, comparing, sending'
ask
end_last
