#!/usr/bin/env bash
# What a resync costs beside reading the listing alone.
#
#   benches/resync.sh [ITEMS] [ROUNDS]      100000 and 3 by default
#
# ITEMS products are in a sandbox on loopback that takes 1 ms for each request, and nothing differs. Prints for each round the
# time, the processor's time (user and system) and the peak resident memory of a client that only reads the listing and
# takes its JSON apart, and of a resync, which reads the feed, too.
#
# Needs GNU time (/usr/bin/time) and curl; BIN: see common.sh. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-100000} rounds=${2:-3}
. benches/common.sh
"$bin/examples/feedgen" --items "$items" --out feed.tsv
begin_sandbox
config config feed.tsv '' $'strategy = "api"\nconcurrency = 32'
measured() { /usr/bin/time --quiet --format '%e %U %S %M' --output figures "$@" >output; }
measured "$bin/shelfkeeper" --quiet --config config.toml run --once
rules '{"latency_ms": 1}'
for ((round = 1; round <= rounds; round++)); do
  measured "$bin/examples/bareclient" --list "$(setting base_url)" "$(setting api_key)" "$(setting api_secret)"
  bare=$(cat figures)
  measured "$bin/shelfkeeper" --quiet --config config.toml run --resync
  awk -v bare="$bare" '{
    split(bare, b, " "); ours = $2 + $3; theirs = b[2] + b[3]
    printf "listing alone %.2f s, %.2f s CPU, %d MiB   resync %.2f s, %.2f s CPU, %d MiB   %.2f x, CPU %.2f x\n",
      b[1], theirs, b[4] / 1024, $1, ours, $4 / 1024, $1 / b[1], ours / theirs
  }' figures
done
