#!/usr/bin/env bash
# What a daemon costs that has nothing to do: how often it wakes, and the processor's time of a pass that finds nothing new.
#
#   benches/idle.sh [ITEMS] [SECONDS]      1000 and 30 by default
#
# The feed is a file, NiceChat the sandbox. Wakes are the voluntary context switches of all threads, with `every 15m`; the
# time is that of all threads by the kernel's own count, with `every 1s`, divided by the seconds.
#
# Needs nothing but /proc; BIN: see common.sh. Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-1000} seconds=${2:-30}
. benches/common.sh
"$bin/examples/feedgen" --items "$items" --out feed.tsv
begin_sandbox

begin() {
  config config feed.tsv "schedule = \"$1\""
  "$bin/shelfkeeper" --config config.toml run 2>log &
  daemon=$!
  pids+=($!)
  until grep -q ' read=' log; do sleep 0.1; done
  # The file's end is proven by then, and memory given back.
  sleep 15
}
wakes() { awk '/^voluntary/ { all += $2 } END { print all }' /proc/"$daemon"/task/*/status; }
spent() { awk '{ all += $1 } END { printf "%.0f", all / 1000 }' /proc/"$daemon"/task/*/schedstat; }

begin "every 15m"
before=$(wakes) began=$(spent)
sleep "$seconds"
awk -v wakes="$(($(wakes) - before))" -v spent="$(($(spent) - began))" -v s="$seconds" \
  'BEGIN { printf "idle: %.2f wakes a second, %.3f ms of the processor a second\n", wakes / s, spent / s / 1000 }'
end_last
begin "every 1s"
began=$(spent)
sleep "$seconds"
awk -v spent="$(($(spent) - began))" -v s="$seconds" -v n="$items" \
  'BEGIN { printf "a pass over %d items that finds nothing new: %.2f ms of the processor\n", n, spent / s / 1000 }'
end_last
