#!/usr/bin/env bash
# How long a stock-out waits that comes while changes of an earlier feed are being sent.
#
#   benches/urgent.sh [ITEMS] [LATENCY_MS] [CHANGED]      100000, 200 and all by default
#
# ITEMS products are in a sandbox that takes LATENCY_MS for each request. Then the titles of CHANGED rows change, and when 500 of them
# were sent one product near the end of the feed goes out of stock. The daemon ticks every 5 s. Prints how long it took from
# the feed's being written to the answer to the PATCH.
#
# Needs curl; BIN: see common.sh. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-100000} latency=${2:-200}
readonly changed=${3:-$items}
. benches/common.sh
"$bin/examples/feedgen" --items "$items" --out first.tsv
cp first.tsv feed.tsv

begin_sandbox
config config feed.tsv $'schedule = "every 5s"\nsplay = "0s"' $'strategy = "api"\nconcurrency = "auto"'
keeper() { "$bin/shelfkeeper" --quiet --config config.toml "$@"; }
keeper run --once >/dev/null
rules "{\"latency_ms\": $latency}"

awk -F'\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "title") t = i } NR > 1 && NR * changed % items < changed { $t = $t " again" } 1' \
  changed="$changed" items="$items" first.tsv >titles.tsv
mv titles.tsv feed.tsv
keeper() { "$bin/shelfkeeper" --config config.toml "$@"; }
# Itself, and no shell around it, so that it ends with the rest.
"$bin/shelfkeeper" --config config.toml -v run >log 2>&1 &
pids+=($!)
acknowledged() { grep -c 'acknowledged' log || true; }
until (($(acknowledged) >= 500)); do sleep 0.1; done
awk -F'\t' -v OFS='\t' '
  NR == 1 { for (i = 1; i <= NF; i++) if ($i == "availability") a = i }
  NR > 1 && !done && $a ~ /^in.stock$/ && NR > 9 * lines / 10 { $a = "out of stock"; done = 1; print $1 >"id" } 1' \
  lines="$items" feed.tsv >sold.tsv
id=$(cat id)
mv sold.tsv feed.tsv
began=$(date +%s.%N)
before=$(acknowledged)
until grep 'acknowledged' log | grep -q "object=\"\?$id\b"; do sleep 0.02; done
ended=$(date +%s.%N)
awk -v began="$began" -v ended="$ended" -v sent="$(($(acknowledged) - before))" \
  'BEGIN { printf "from the feed to the answer to the PATCH: %.2f s; sent meanwhile: %d\n", ended - began, sent }'
grep -E 'sync: ' log | tail -n 3
keeper status | head -n 6
