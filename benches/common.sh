# For the measurements beside it, which read it in the project's folder: the programs, a folder that goes at the end together
# with whatever runs in it, and a sandbox.
#
# BIN names a folder with programs that are built already.
bin=${BIN:-${CARGO_TARGET_DIR:-$PWD/target}/release}
[[ -n ${BIN:-} ]] || cargo build --quiet --release --locked --bin shelfkeeper --example feedgen --example bareclient
folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# begin_sandbox: its settings are in the file `section` then.
begin_sandbox() {
  : >section
  "$bin/shelfkeeper" sandbox >section &
  pids+=($!)
  until grep -q api_secret section; do sleep 0.05; done
}
