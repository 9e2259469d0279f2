#!/usr/bin/env bash
# Time and peak memory of whole passes: medians over interleaved rounds, and ratios to other programs.
#
#   benches/passes.sh [--items N] [--format tsv|yml] [--rounds N] [--limits PROGRAM] [--script FILE] [--send]
#
# Each case is a process of its own, run once a round, so that whatever else the machine does hits all of them
# alike. Every plan is made against a state file, and nothing is sent:
#   first load    an empty state: everything is read, compared and planned
#   new bytes     another file with the same rows
#   1 % changed   one object in a hundred changed, came or went
#   other order   the same rows, shuffled
#   same bytes    `run --once` of the feed that the state equals: one look at its bytes
# and, when they are there,
#   qsv diff      the old file against the new one (qsv from PATH; tsv only)
#   tokenising    with the csv crate or quick-xml, by a program that is called as `PROGRAM csv|xml FEED`
#   script        a Python script that is called as `FILE DB FEED OUT --commit`, from an empty state
# --send adds `run --once` of the first load against the sandbox, with all its requests.
#
# Needs GNU time (/usr/bin/time); BIN: see common.sh. Everything is made in a folder below TMPDIR that goes at the end: six times
# the feed's size.
set -euo pipefail
cd "$(dirname "$0")/.."

items=100000 format=tsv rounds=5 limits= script= send=
while (($#)); do
  case $1 in
    --items) items=$2 ;;
    --format) format=$2 ;;
    --rounds) rounds=$2 ;;
    --limits) limits=$(realpath "$2") ;;
    --script) script=$(realpath "$2") ;;
    --send) send=1; shift; continue ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
  esac
  shift 2
done

examples=acknowledged
. benches/common.sh

feed() { "$bin/examples/feedgen" --items "$items" --format "$format" --out "$@"; }
feed first
feed changed --changed 1
feed shuffled --shuffle
{ cat first; echo; } >again
# A feed of nothing: the header, or a catalogue without offers.
if [[ $format == tsv ]]; then head -1 first >nothing; else
  echo '<yml_catalog><shop><offers></offers></shop></yml_catalog>' >nothing
fi

begin_sandbox
url=$(setting base_url)
"$bin/examples/acknowledged" nothing empty.db "$url"
"$bin/examples/acknowledged" first full.db "$url"

state=empty.db config first first
for feed in again changed shuffled; do state=full.db config "$feed" "$feed"; done
cp full.db same.db
config same first
"$bin/shelfkeeper" --quiet --config same.toml run --once >/dev/null

measure() { # NAME COMMAND...
  local name=$1 status=0
  shift
  /usr/bin/time --quiet --format "%e %M" --output figures "$@" >output 2>errors || status=$?
  ((status == 0)) || { echo "$name: exit $status"; cat output errors; exit 1; }
  ((round == 0)) || echo "$name;$(cat figures)" >>all
}
plan() { measure "$1" "$bin/shelfkeeper" --quiet --config "$2.toml" plan; }

# The first round is not counted: it reads from disk.
for ((round = 0; round <= rounds; round++)); do
  plan 'first load' first
  plan 'new bytes' again
  plan '1 % changed' changed
  plan 'other order' shuffled
  measure 'same bytes' "$bin/shelfkeeper" --quiet --config same.toml run --once
  if [[ $format == tsv ]] && command -v qsv >/dev/null; then
    measure 'qsv diff' qsv diff --key 0 first again --output diff
  fi
  if [[ -n $limits ]]; then
    ln -sf first "first.$format"
    measure tokenising "$limits" "$([[ $format == tsv ]] && echo csv || echo xml)" "first.$format"
  fi
  if [[ -n $script ]]; then
    ln -sf first "first.$format"
    rm -f script.db*
    parser=$([[ $format == tsv ]] && echo csv || echo lxml)
    measure script python3 "$script" script.db "first.$format" script.out --parser "$parser" --commit
  fi
done

echo "$items items, $format, $(stat --format %s first) bytes, medians of $rounds"
sort -t ';' -k 1,1 -s all | awk -F '[; ]' -v OFS=' ' '
  function median(values, n,    i, j, t) {
    for (i = 2; i <= n; i++) for (j = i; j > 1 && values[j] < values[j - 1]; j--) {
      t = values[j]; values[j] = values[j - 1]; values[j - 1] = t
    }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
  }
  function flush(    i) {
    if (name == "") return
    printf "%-12s %8.2f s %6.0f MiB\n", name, median(seconds, n), median(peaks, n) / 1024
  }
  { split($0, parts, ";"); split(parts[2], figures, " ") }
  parts[1] != name { flush(); name = parts[1]; n = 0 }
  { n++; seconds[n] = figures[1] + 0; peaks[n] = figures[2] + 0 }
  END { flush() }'
echo "state file: $(stat --format %s full.db) bytes"

if [[ -n $send ]]; then
  round=1
  config sent first
  measure 'all sent' "$bin/shelfkeeper" --quiet --config sent.toml run --once
  grep 'all sent' all | awk -F '[; ]' '{ printf "all sent     %8.2f s %6.0f MiB\n", $3, $4 / 1024 }'
fi
