#!/usr/bin/env bash
# Time and peak memory of whole passes, against the sandbox on loopback.
#
#   benches/passes.sh [ITEMS] [FORMAT]      100000 tsv by default; FORMAT is tsv or yml
#
# Prints, for each case, wall time in seconds and peak resident memory in MiB of the shelfkeeper process:
#   first load    `plan` with an empty state: everything is read, compared and planned, nothing is sent
#   all sent      `run --once`: the same, and every object created in the sandbox
#   same bytes    `run --once` again: one look at the feed's bytes
#   new bytes     `plan` of a feed with other bytes but the same rows
#   1 % changed   `plan` of a feed in which one object in a hundred changed, came or went
#
# Needs GNU time (/usr/bin/time). Everything is made in a temporary folder that goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly items=${1:-100000} format=${2:-tsv}
cargo build --quiet --release --locked --bin shelfkeeper --example feedgen
readonly bin=$PWD/target/release
folder=$(mktemp -d)
sandbox=
trap '[[ -z $sandbox ]] || kill "$sandbox"; rm -rf "$folder"' EXIT
cd "$folder"

"$bin/examples/feedgen" --items "$items" --format "$format" --out first
"$bin/examples/feedgen" --items "$items" --format "$format" --changed 1 --out changed
{ cat first; echo; } >again

"$bin/shelfkeeper" sandbox >section &
sandbox=$!
until grep -q api_secret section; do sleep 0.05; done

measure() { # NAME FEED ARGUMENTS...
  local name=$1 feed=$2 status=0
  shift 2
  { printf '[source]\nlocation = "%s"\n[state]\npath = "state.db"\n' "$feed"; grep -v '^#' section; } >config.toml
  /usr/bin/time --quiet --format '%e %M' --output figures "$bin/shelfkeeper" --quiet --config config.toml "$@" >output || status=$?
  ((status == 0)) || { echo "$name: exit $status"; cat output; exit 1; }
  awk -v name="$name" '{ printf "%-12s %8.2f s %6.0f MiB\n", name, $1, $2 / 1024 }' figures
}

echo "$items items, $format, $(stat --format %s first) bytes"
measure 'first load' first plan
measure 'all sent' first run --once
measure 'same bytes' first run --once
measure 'new bytes' again plan
measure '1 % changed' changed plan
echo "state file: $(stat --format %s state.db) bytes"
