# For the measurements beside it, which read it in the project's folder: the programs, a folder that goes at the end together
# with whatever runs in it, a sandbox, and configs.
#
# BIN names a folder with programs that are built already; `examples` (a variable) names those that are needed besides.
bin=${BIN:-${CARGO_TARGET_DIR:-$PWD/target}/release}
if [[ -z ${BIN:-} ]]; then
  # shellcheck disable=SC2046,SC2086 # They are words.
  cargo build --quiet --release --locked --bin shelfkeeper $(printf -- '--example %s ' feedgen bareclient ${examples:-})
fi
folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# end_last: ends what was begun last.
end_last() {
  kill "${pids[-1]}"
  wait "${pids[-1]}" 2>/dev/null || true
  unset 'pids[-1]'
}

# begin_sandbox [RULES]: its settings are in the file `section` then; with these rules, as JSON.
begin_sandbox() {
  : >section
  "$bin/shelfkeeper" sandbox >section 2>/dev/null &
  pids+=($!)
  until grep -q api_secret section; do sleep 0.05; done
  [[ -z ${1:-} ]] || rules "$1"
}

# rules RULES: other ones, for the sandbox that runs.
rules() { curl --silent --fail --show-error --request PUT --data "$1" "$(setting base_url)/sandbox/rules" >/dev/null; }

# setting NAME: of NiceChat in the sandbox.
setting() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" section | head -1; }

# section NAME: a section as the sandbox prints it.
section() { awk -v name="[$1]" '/^\[/ { on = $0 == name } on && !/^#/' section; }

# config NAME FEED [SOURCE [NICECHAT [MORE]]]: writes NAME.toml, with a state of the same name unless `state` (a variable) names
# its file, these lines in [source] and in [nicechat], and these sections.
config() {
  {
    printf '[source]\nlocation = "%s"\n%s\n[state]\npath = "%s"\n' "$PWD/$2" "${3:-}" "$PWD/${state:-$1.db}"
    section nicechat
    printf '%s\n%s\n' "${4:-}" "${5:-}"
  } >"$1.toml"
  chmod 600 "$1.toml"
}
