#!/usr/bin/env bash
# Boots a systemd of its own and runs shelfkeeper's units under it; see README.md beside this file.
# exit: 0 all checks passed, 1 one failed, 2 usage, 77 skipped (this machine can't do it)
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=trixie repo='' bin='' cache='' deb='' keep=no
usage() { sed -n '/^## Use/,/^## /p' "$here/README.md" | sed '1d;$d'; exit "$1"; }
while [ $# -gt 0 ]; do
    case $1 in
        --suite) suite=${2:?}; shift 2 ;;
        --repo) repo=${2:?}; shift 2 ;;
        --bin) bin=${2:?}; shift 2 ;;
        --cache) cache=${2:?}; shift 2 ;;
        --deb) deb=${2:?}; shift 2 ;;
        --shell) keep=yes; shift ;;
        -h | --help) usage 0 ;;
        -*) echo "unknown option $1" >&2; usage 2 ;;
        *) break ;;
    esac
done
repo=${repo:-$(git rev-parse --show-toplevel 2>/dev/null || pwd)}
bin=${bin:-$repo/target/release/shelfkeeper}
[ -z "$deb" ] || [ -f "$deb" ] || { echo "systemd-trial: no package at $deb (tools/package makes it)" >&2; exit 2; }
[ -n "$deb" ] || [ -x "$bin" ] || { echo "systemd-trial: no program at $bin (build it, or name it with --bin)" >&2; exit 2; }
[ -d "$repo/systemd" ] || { echo "systemd-trial: no units at $repo/systemd (name the checkout with --repo)" >&2; exit 2; }

skip() { echo "systemd-trial: skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ "$(uname -s)" = Linux ] || skip "needs Linux"
grep -qw cgroup2 /proc/filesystems || skip "the kernel has no cgroup2"
unshare --mount --pid --uts --ipc --net --cgroup --fork true 2>/dev/null || skip "namespaces are not permitted here (unshare refused)"
if ! command -v systemd-nspawn >/dev/null || ! command -v mmdebstrap >/dev/null; then
    command -v apt-get >/dev/null || skip "needs systemd-nspawn and mmdebstrap"
    { timeout 120 apt-get -qq update && timeout 240 apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends systemd-container mmdebstrap; } >/dev/null 2>&1 \
        || skip "systemd-container and mmdebstrap can't be installed"
fi

work=$(mktemp -d /var/tmp/systemd-trial.XXXXXX)
name=trial-$$ nspawn='' leader='' job=''
cleanup() {
    trap - EXIT INT TERM
    # Not left to the shutdown inside, whose SIGSTOP nsenter would take over for good.
    [ -n "$job" ] && { ps -o pid= --ppid "$job"; echo "$job"; } | xargs kill 2>/dev/null
    if [ -n "$nspawn" ] && kill -0 "$nspawn" 2>/dev/null; then
        inside systemctl poweroff --no-block 2>/dev/null
        for _ in $(seq 75); do kill -0 "$nspawn" 2>/dev/null || break; sleep .2; done
        [ -n "$leader" ] && kill -0 "$nspawn" 2>/dev/null && kill -KILL "$leader" 2>/dev/null # PID 1 inside: all goes with it
        kill "$nspawn" 2>/dev/null
    fi
    [ -n "$nspawn" ] && wait "$nspawn" 2>/dev/null
    # All mounts went with the namespace; what is left is this.
    unshare --mount bash -c '
        mount --make-rprivate /; mkdir "$1/cgroup" && mount -t cgroup2 none "$1/cgroup" || exit
        [ -d "$1/cgroup/$2" ] && find "$1/cgroup/$2" -depth -type d -exec rmdir {} +; umount "$1/cgroup"' - "$work" "$name" 2>/dev/null
    rmdir "/run/systemd/nspawn/propagate/$name" 2>/dev/null
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# A root of its own, small; kept as a tar file where --cache says.
packages=systemd,systemd-sysv,dbus,libnss-systemd,libpam-systemd,procps,iproute2,curl,ca-certificates,openssl,jq,passwd
tar=${cache:+$cache/$suite-$(cksum <<<"$packages" | cut -d" " -f1).tar}
make_root() { # FORMAT PATH
    timeout 400 mmdebstrap --quiet --format="$1" --variant=minbase --dpkgopt=force-unsafe-io --include="$packages" "$suite" "$2" >"$work/mmdebstrap.log" 2>&1 </dev/null && return
    tail -5 "$work/mmdebstrap.log"; [ "$1" = tar ] && rm -f "$2"; skip "no root of $suite can be made"
}
if [ -z "$tar" ]; then
    make_root directory "$work/root"
else
    mkdir -p "$cache" "$work/root"
    [ -f "$tar" ] || { make_root tar "$tar.new" && mv "$tar.new" "$tar"; }
    tar -C "$work/root" -xf "$tar" --numeric-owner || skip "the root can't be unpacked from $tar"
fi
: >"$work/root/etc/machine-id"
echo trial >"$work/root/etc/hostname"

# What README.md's install lines find in the current directory.
mkdir -p "$work/src/target/release"
cp -r "$repo/systemd" "$repo/config" "$repo/README.md" "$work/src/"
[ -n "$deb" ] || cp "$bin" "$work/src/target/release/shelfkeeper"
cp "$here/checks.sh" "$here/package.sh" "$work/src/"
# A package to upgrade to: the same one with a higher version.
if [ -n "$deb" ]; then
    cp "$deb" "$work/src/first.deb"
    dpkg-deb --raw-extract "$deb" "$work/second" && sed -i 's/^Version: .*/&.1/' "$work/second/DEBIAN/control" \
        && dpkg-deb --root-owner-group -Znone --build "$work/second" "$work/src/second.deb" >/dev/null || skip "a second package can't be made"
    rm -rf "$work/second"
fi
# Only as a bind mount: the tree below may lie where nobody but root can look.
chmod -R a+rX "$work/src"

leader=''
inside() {
    nsenter -t "$leader" -m -u -i -n -p -C -- env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root TERM=dumb LANG=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 "$@"
}
# Starts PID 1 and waits until it says that it is up.
boot() {
    local state=''
    # cgroup2 alone, as on a server of today, in a group of its own; what the machine has mounted stays as it is.
    # shellcheck disable=SC2016
    setsid unshare --mount bash -c '
        mount --make-rprivate /
        umount -R /sys/fs/cgroup 2>/dev/null || umount -R -l /sys/fs/cgroup 2>/dev/null
        mount -t cgroup2 none /sys/fs/cgroup && mkdir -p "/sys/fs/cgroup/$2" && echo 0 >"/sys/fs/cgroup/$2/cgroup.procs" || exit 70
        exec systemd-nspawn --quiet --register=no --keep-unit --directory="$1/root" --machine="$2" --private-network \
            --link-journal=no --resolv-conf=off --timezone=off --bind-ro="$1/src:/src" --console=read-only --boot' \
        - "$work" "$name" </dev/null >"$work/console" 2>&1 &
    nspawn=$! leader=''
    for _ in $(seq 300); do
        kill -0 "$nspawn" 2>/dev/null || return 1
        leader=$(for p in $(ps -o pid= --ppid "$nspawn"); do grep -q '^NSpid:.*[[:space:]]1$' "/proc/$p/status" 2>/dev/null && echo "$p"; done | head -1)
        if [ -n "$leader" ]; then
            state=$(inside systemctl is-system-running 2>/dev/null)
            case $state in running | degraded) return 0 ;; esac
        fi
        sleep .2
    done
    return 1
}
boot || { tr -d '\r' <"$work/console" | tail -15; skip "systemd does not boot in a container here (its last words are above)"; }
echo "systemd-trial: $(inside systemctl --version | head -1), kernel $(uname -r), PID 1 is up"

if [ $keep = yes ]; then
    if [ -n "$deb" ]; then inside dpkg --install /src/first.deb; else inside bash /src/checks.sh install; fi
    echo "systemd-trial: a shell inside; leave it to end the trial"
    inside env TERM="${TERM:-dumb}" bash
    exit 0
fi
if [ -n "$deb" ]; then
    inside bash /src/package.sh /src/first.deb /src/second.deb &
    job=$!
    wait $job
    code=$? job=''
    exit $code
fi
# In the background, so that a signal is heard at once.
inside bash /src/checks.sh run "$@" &
job=$!
wait $job
code=$? job=''
[ $code = 2 ] && exit 2
if inside test -e /var/lib/shelfkeeper && { [ $# = 0 ] || [ "$1" = all ] || [[ " $* " == *" reboot "* ]]; }; then
    inside systemctl reboot --no-block 2>/dev/null
    # A container that reboots ends, for whoever keeps it to start it again.
    for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || break; sleep .2; done
    wait "$nspawn"; [ $? = 133 ] || { echo "not ok reboot: it does not go down"; exit 1; }
    if boot; then inside bash /src/checks.sh after-reboot || code=1; else echo "not ok reboot: it does not come up again"; exit 1; fi
fi
inside bash /src/checks.sh verdict
exit $code
