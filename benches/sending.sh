#!/usr/bin/env bash
# How fast products are created, beside a client that does nothing but send.
#
#   benches/sending.sh [ITEMS] [CONCURRENCY] [ROUNDS]      100000, 8 and 3 by default
#
# Both send to a sandbox on loopback that takes 1 ms for each request. Prints for each round the requests per
# second of both, and the peak resident memory of shelfkeeper. Reading, comparing and planning, which come
# before the first request, are measured by a `plan` and left out.
#
# Needs GNU time (/usr/bin/time) and curl. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-100000} concurrency=${2:-8} rounds=${3:-3}
cargo build --quiet --release --locked --bin shelfkeeper --example feedgen --example bareclient
readonly bin=$PWD/target/release
folder=$(mktemp -d)
sandbox=
end_sandbox() { [[ -z $sandbox ]] || kill "$sandbox"; sandbox=; }
trap 'end_sandbox; rm -rf "$folder"' EXIT
cd "$folder"
"$bin/examples/feedgen" --items "$items" --out feed.tsv

setting() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" section | head -1; }

begin_sandbox() {
  "$bin/shelfkeeper" sandbox >section &
  sandbox=$!
  until grep -q api_secret section; do sleep 0.05; done
  curl --silent --fail --show-error --request PUT --data '{"latency_ms": 1}' "$(setting base_url)/sandbox/rules" >/dev/null
  {
    printf '[source]\nlocation = "feed.tsv"\n[state]\npath = "state.db"\n'
    grep -v '^#' section | sed "/^\[nicechat\]/a strategy = \"api\"\nconcurrency = $concurrency"
  } >config.toml
}

timed() { /usr/bin/time --quiet --format '%e %M' --output figures "$bin/shelfkeeper" --quiet --config config.toml "$@" >output; }

echo "$items products, $concurrency at a time"
for ((round = 1; round <= rounds; round++)); do
  begin_sandbox
  bare=$("$bin/examples/bareclient" "$(setting base_url)" "$(setting api_key)" "$(setting api_secret)" \
    --items "$items" --concurrency "$concurrency")
  end_sandbox
  begin_sandbox
  rm -f state.db*
  timed plan
  read -r planned _ <figures
  timed run --once
  end_sandbox
  awk -v n="$items" -v bare="$bare" -v planned="$planned" '{
    ours = n / ($1 - planned); theirs = n / bare
    printf "bare client %6.0f/s   shelfkeeper %6.0f/s   %3.0f %%   %4.0f MiB\n", theirs, ours, 100 * ours / theirs, $2 / 1024
  }' figures
done
