#!/usr/bin/env bash
# How long the pages at [http] listen take where there is much to look at.
#
#   benches/pages.sh [ITEMS] [ROUNDS]      1000000 and 20 by default
#
# ITEMS products are in a sandbox; then a tenth of them changes, and one in a hundred loses its price, so that its row is
# rejected. Each page is asked for ROUNDS times. Prints the middle and the longest time in milliseconds, and the page's bytes.
#
# Needs curl; BIN: see common.sh. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-1000000} rounds=${2:-20}
. benches/common.sh
"$bin/examples/feedgen" --items "$items" --out feed.tsv

begin_sandbox
config config feed.tsv $'schedule = "every 1h"\nsplay = "0s"' '' $'[http]\nlisten = "127.0.0.1:0"'
keeper() { "$bin/shelfkeeper" --quiet --config config.toml "$@"; }
keeper run --once >/dev/null

awk -F'\t' -v OFS='\t' '
  NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "title") t = i; if ($i == "price") p = i } }
  NR > 1 && NR % 10 == 3 { $t = $t " again" }
  NR > 1 && NR % 100 == 7 { $p = "?" } 1' feed.tsv >changed.tsv
mv changed.tsv feed.tsv
# 3: rows that were fine are rejected.
keeper run --once --force >/dev/null || (($? == 3))
keeper status | head -n 3

"$bin/shelfkeeper" --config config.toml run >log 2>&1 &
pids+=($!)
until grep -q 'listening' log; do sleep 0.1; done
address=$(grep -o '127\.0\.0\.1:[0-9]*' log | head -n 1)
until curl --silent --fail --output /dev/null "http://$address/readyz"; do sleep 0.1; done
id=$(sed -n 2p feed.tsv | cut -f 1)
for page in / /history '/history?kind=updated' '/history?field=title' /rejected "/product?id=$id" '/history?format=csv' '/rejected?format=csv'; do
  for ((i = 0; i < rounds; i++)); do
    curl --silent --fail --output page --write-out '%{time_total} %{size_download}\n' "http://$address$page"
  done | sort -n | awk -v page="$page" '
    { time[NR] = $1; bytes = $2 }
    END { printf "%-32s %9.1f ms, at most %9.1f; %d bytes\n", page, 1000 * time[int((NR + 1) / 2)], 1000 * time[NR], bytes }'
done
