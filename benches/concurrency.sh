#!/usr/bin/env bash
# How close `concurrency = "auto"` comes to the best number that could be set.
#
#   benches/concurrency.sh [SECONDS [CASES [NUMBERS]]]
#
# SECONDS: how long the best of each case sends, 10 by default; CASES: a pattern of those to try, as "*_second 50, 20 ms";
# NUMBERS: which ones `auto` is held against, all powers of two up to 64 by default.
#
# First loads, sent to a sandbox on loopback that takes 1, 20 or 200 ms for each request, and either refuses more than 5,
# 50 or 200 a second with 429, or works them off one after the other while the others wait. Numbers that can't come to half
# of that are left out. Prints for each case the products per second of each number, those of `auto`, its share of the
# best, and how many requests were refused, in all and after the first half.
#
# Needs curl and jq; BIN: see common.sh. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly seconds=${1:-10} cases=${2:-*} numbers=${3:-1 2 4 8 16 32 64}
. benches/common.sh

# send RULES ITEMS CONCURRENCY: to a sandbox of its own. Gives products a second, and how many requests were refused.
send() {
  local began ended
  begin_sandbox "$1"
  "$bin/examples/feedgen" --items "$2" --out feed.tsv
  rm -f config.db*
  config config feed.tsv '' "strategy = \"api\"
retries = 9
concurrency = $3"
  began=$(date +%s.%N)
  "$bin/shelfkeeper" --quiet --config config.toml run --once >output || true
  ended=$(date +%s.%N)
  curl --silent "$(setting base_url)/sandbox/requests" >requests
  end_last
  # Last: whoever waits for this line goes on then.
  jq --raw-output --arg n "$2" --arg s "$(awk -v a="$began" -v b="$ended" 'BEGIN { print b - a }')" \
    '(length / 2 | floor) as $half | [($n | tonumber) / ($s | tonumber), ([.[] | select(.status == 429)] | length),
      ([.[$half:][] | select(.status == 429)] | length)] | @tsv' requests
}

for rule in most_per_second worked_off_per_second; do
  for latency in 1 20 200; do
    for limit in 5 50 200; do
      # shellcheck disable=SC2053 # It is a pattern.
      [[ "$rule $limit, $latency ms" == $cases ]] || continue
      rules="{\"latency_ms\": $latency, \"$rule\": $limit, \"refused_for\": 1}"
      best=0
      line=
      for number in $numbers; do
        ((number * 2000 / latency >= limit)) || continue
        # What waits in a row much longer than the time-out tells nothing of numbers.
        ((number <= limit * 4)) || continue
        read -r rate _ < <(send "$rules" $((limit * seconds)) "$number")
        line+=$(printf ' %d: %.1f' "$number" "$rate")
        best=$(awk -v a="$best" -v b="$rate" 'BEGIN { print (a > b) ? a : b }')
      done
      read -r rate refused late < <(send "$rules" $((limit * seconds)) '"auto"')
      awk -v rule="$rule" -v latency="$latency" -v limit="$limit" -v line="$line" -v rate="$rate" -v best="$best" \
        -v refused="$refused" -v late="$late" \
        'BEGIN { printf "%s %d, %d ms:%s  auto: %.1f = %.2f of the best; refused %d, %d of them late\n", rule, limit, latency, line, rate, rate / best, refused, late }'
    done
  done
done
