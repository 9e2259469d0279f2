#!/usr/bin/env bash
# How fast products are created, beside a client that does nothing but send.
#
#   benches/sending.sh [ITEMS] [CONCURRENCY] [ROUNDS]      100000, 8 and 3 by default
#
# Both send to a sandbox on loopback that takes 1 ms for each request. Prints for each round the requests per
# second of both, and the peak resident memory of shelfkeeper. Reading, comparing and planning, which come
# before the first request, are measured by a `plan` and left out.
#
# Needs GNU time (/usr/bin/time) and curl; BIN: see common.sh. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-100000} concurrency=${2:-8} rounds=${3:-3}
. benches/common.sh
"$bin/examples/feedgen" --items "$items" --out feed.tsv

timed() { /usr/bin/time --quiet --format '%e %M' --output figures "$bin/shelfkeeper" --quiet --config config.toml "$@" >output; }

echo "$items products, $concurrency at a time"
for ((round = 1; round <= rounds; round++)); do
  begin_sandbox '{"latency_ms": 1}'
  bare=$("$bin/examples/bareclient" "$(setting base_url)" "$(setting api_key)" "$(setting api_secret)" \
    --items "$items" --concurrency "$concurrency")
  end_last
  begin_sandbox '{"latency_ms": 1}'
  rm -f config.db*
  config config feed.tsv '' "strategy = \"api\"
concurrency = $concurrency"
  timed plan
  read -r planned _ <figures
  timed run --once
  end_last
  awk -v n="$items" -v bare="$bare" -v planned="$planned" '{
    ours = n / ($1 - planned); theirs = n / bare
    printf "bare client %6.0f/s   shelfkeeper %6.0f/s   %3.0f %%   %4.0f MiB\n", theirs, ours, 100 * ours / theirs, $2 / 1024
  }' figures
done
