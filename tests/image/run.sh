#!/usr/bin/env bash
# Builds the image of the Containerfile from the Debian package, and tries it: the version, the demo, and a first sync with
# the config and the state in volumes, as the user of the image.
#
#   tools/package && tests/image/run.sh      as root
#
# Needs buildah. Debian's image is taken as it is on this machine; where there is none, mmdebstrap makes one of the same packages.
# exit: 0 all went well, 1 something did not, 77 skipped (this machine can't do it)
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() { echo "image: skipped: $*"; exit 77; }
[[ $(id -u) == 0 ]] || skip "needs root"
command -v buildah >/dev/null || skip "needs buildah"
packages=("${CARGO_TARGET_DIR:-target}"/debian/shelfkeeper_*.deb)
[[ -f ${packages[0]} ]] || { echo "image: no package in target/debian (tools/package makes it)" >&2; exit 1; }
program=${CARGO_TARGET_DIR:-target}/dist/shelfkeeper
[[ -x $program ]] || { echo "image: no program at $program (tools/package makes it)" >&2; exit 1; }

# Works where neither mounts nor networks of one's own are permitted, and leaves nothing in root's own storage.
folder=$(mktemp -d)
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot TMPDIR=$folder
build=(buildah --root "$folder/storage" --runroot "$folder/run")
container='' sandbox=''
cleanup() {
  [[ -z $sandbox ]] || kill "$sandbox" 2>/dev/null || true
  [[ -z $container ]] || "${build[@]}" rm "$container" >/dev/null || true
  rm -rf --one-file-system "$folder"
}
trap cleanup EXIT

readonly base=docker.io/library/debian:trixie-slim
if buildah inspect --type image "$base" >/dev/null 2>&1; then
  buildah push --quiet "$base" "oci-archive:$folder/base.tar"
  "${build[@]}" pull --quiet "oci-archive:$folder/base.tar" >"$folder/id"
  "${build[@]}" tag "$(cat "$folder/id")" "$base"
else
  command -v mmdebstrap >/dev/null || skip "needs mmdebstrap, or the image $base"
  mmdebstrap --quiet --variant=minbase trixie "$folder/base.tar" || skip "Debian's packages can't be had"
  container=$("${build[@]}" from scratch)
  "${build[@]}" add --quiet "$container" "$folder/base.tar" / >/dev/null
  "${build[@]}" commit --quiet "$container" "$base" >/dev/null
  "${build[@]}" rm "$container" >/dev/null
  container=''
fi

mkdir -p "$folder/context/target/debian" "$folder/etc"
cp Containerfile "$folder/context/"
cp "${packages[@]}" "$folder/context/target/debian/"
"${build[@]}" build --quiet --pull-never --tag shelfkeeper "$folder/context" >"$folder/build.log" 2>&1 ||
  { cat "$folder/build.log"; exit 1; }
if grep -i warning "$folder/build.log"; then exit 1; fi
container=$("${build[@]}" from --pull-never localhost/shelfkeeper)

inside() { "${build[@]}" run --volume "$folder/etc:/etc/shelfkeeper:ro" "$container" -- "$@"; }
says() { # says WORDS COMMAND...: what it prints has these words
  local words=$1 said
  shift
  said=$(inside "$@" 2>&1) || { echo "image: $*: $said"; exit 1; }
  [[ $said == *"$words"* ]] || { echo "image: $* doesn't say \"$words\": $said"; exit 1; }
  echo "ok: $*"
}

: >"$folder/section"
"$program" sandbox >"$folder/section" 2>/dev/null &
sandbox=$!
until grep -q api_secret "$folder/section"; do sleep 0.05; done
printf 'id\ttitle\tprice\nA\tLamp\t10.00 USD\n' >"$folder/etc/feed.tsv"
touch --date '1 hour ago' "$folder/etc/feed.tsv"
{
  printf '[source]\nlocation = "/etc/shelfkeeper/feed.tsv"\n'
  awk '/^\[/ { on = $0 == "[nicechat]" } on' "$folder/section"
} >"$folder/etc/shelfkeeper.toml"
chmod 711 "$folder"
chmod 755 "$folder/etc"
chmod 644 "$folder"/etc/*

says "$("$program" --version)" /usr/bin/shelfkeeper --version
says 'uid=10001(shelfkeeper)' id
says 'Nothing is left behind' /usr/bin/shelfkeeper demo
says '1 created' /usr/bin/shelfkeeper run --once
says 'Equal: NiceChat has what the feed says.' /usr/bin/shelfkeeper status
says 'drwx------' ls -ld /var/lib/shelfkeeper
says 'shelfkeeper.db' ls /var/lib/shelfkeeper
