#!/usr/bin/env bash
# The Debian package in the container of run.sh: installed, upgraded, removed and purged by dpkg, with its own units.
# Runs as root inside; see README.md. $1 = the package, $2 = one of the same with a higher version.
set -u

first=$1 second=$2
unit=shelfkeeper.service
api=http://127.0.0.1:7000
config=/etc/shelfkeeper/shelfkeeper.toml
failed=0 passed=0

until_true() { local end=$((SECONDS + $1)); shift; while ! "$@"; do [ $SECONDS -lt $end ] || return 1; sleep .1; done; }
show() { systemctl show -P "$1" "${2:-$unit}"; }
is() { [ "$(show "$1" "${3:-$unit}")" = "$2" ]; }
status_is() { [[ "$(show StatusText "${2:-$unit}")" == $1 ]]; }
idle() { until_true 20 status_is 'idle;*' "${1:-$unit}"; }
check() { # NAME COMMAND...
    local name=$1; shift
    if "$@"; then echo "ok package: $name"; passed=$((passed + 1)); else echo "not ok package: $name"; failed=$((failed + 1)); fi
}

installs() {
    # Not apt, which has no network here; what it would fetch is there.
    dpkg --install "$first" >/tmp/dpkg.log 2>&1 && dpkg --status shelfkeeper | grep -q '^Depends:.*ca-certificates' || { cat /tmp/dpkg.log; return 1; }
    is ActiveState inactive && [ -d /etc/shelfkeeper ]
}
has_its_files() {
    local file
    for file in /usr/bin/shelfkeeper /usr/lib/systemd/system/shelfkeeper{,@,-once,-once@,-resync,-resync@}.service \
        /usr/lib/systemd/system/shelfkeeper-{once,once@,resync,resync@}.timer /usr/share/man/man1/shelfkeeper{,-run,-status,-oct8ne}.1.gz \
        /usr/share/bash-completion/completions/shelfkeeper /usr/share/zsh/vendor-completions/_shelfkeeper \
        /usr/share/fish/vendor_completions.d/shelfkeeper.fish /usr/share/doc/shelfkeeper/{copyright,changelog.gz,README.md,docs/runbook.md} \
        /usr/share/doc/shelfkeeper/docs/monitoring/{alerts.yml,grafana.json} \
        /usr/share/doc/shelfkeeper/examples/shelfkeeper.example.toml /usr/share/shelfkeeper/shelfkeeper.schema.json; do
        # A minimal Debian leaves documents out while it unpacks: then the package must have them.
        [ -s "$file" ] || dpkg --contents "$first" | grep -q " \.$file\$" || { echo "no $file"; return 1; }
    done
    ! grep -l /usr/local/bin /usr/lib/systemd/system/shelfkeeper* || return 1
    bash -n /usr/share/bash-completion/completions/shelfkeeper
}
tells_its_version() { shelfkeeper --version | grep -Eq '^shelfkeeper [0-9.]+ \([0-9a-f]{12,} [0-9]{4}-[0-9]{2}-[0-9]{2}\)$'; }

# As docs/install.md says: init writes the files that the unit reads.
sets_up() {
    systemd-run -q --unit=sandbox /usr/bin/shelfkeeper sandbox --listen 127.0.0.1:7000
    until_true 10 curl -sf -o /dev/null $api/sandbox/ || return 1
    mkdir -p -m 755 /srv/feed
    printf 'id\ttitle\tdescription\tlink\tprice\tavailability\n' >/srv/feed/feed.tsv
    for i in $(seq 25); do printf 'P%d\tThing %d\tIt is.\thttps://shop.example/%d\t%d.50 USD\tin stock\n' "$i" "$i" "$i" "$i"; done >>/srv/feed/feed.tsv
    secret() { journalctl -u sandbox -o cat | sed -n "/^\[nicechat\]/,/^\[lagerkoll\]/s/^$1 = \"\(.*\)\"/\1/p"; }
    local shop
    for shop in shelfkeeper north; do
        SHELFKEEPER_NICECHAT_API_KEY=$(secret api_key) SHELFKEEPER_NICECHAT_API_SECRET=$(secret api_secret) \
            shelfkeeper --shop $shop init --yes --feed /srv/feed/feed.tsv --nicechat $api >/tmp/init.log 2>&1 || { cat /tmp/init.log; return 1; }
    done
    shelfkeeper check --online >/tmp/check.log 2>&1 || { cat /tmp/check.log; return 1; }
    systemctl enable --now shelfkeeper shelfkeeper@north 2>/dev/null || { journalctl -u $unit -n 5 -o cat; return 1; }
    idle && idle shelfkeeper@north && shelfkeeper status | grep -q '25 products' && shelfkeeper --shop north status | grep -q '25 products'
}
restarts_what_runs_on_an_upgrade() {
    local one two
    one=$(show MainPID) two=$(show MainPID shelfkeeper@north)
    dpkg --install "$second" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; return 1; }
    idle && idle shelfkeeper@north && [ "$(show MainPID)" != "$one" ] && [ "$(show MainPID shelfkeeper@north)" != "$two" ] || return 1
    is NRestarts 0 && status_is 'idle; last sync: unchanged*' && ! systemctl is-active -q shelfkeeper-once.service shelfkeeper-resync.service
}
leaves_alone_what_was_stopped() {
    systemctl stop $unit; dpkg --install "$second" >/tmp/dpkg.log 2>&1 && sleep 1 && is ActiveState inactive && systemctl is-active -q shelfkeeper@north
    local code=$?; systemctl start $unit && idle && return $code
}
stops_on_removal() {
    dpkg --remove shelfkeeper >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; return 1; }
    ! systemctl is-active -q $unit shelfkeeper@north && [ ! -e /usr/bin/shelfkeeper ] || return 1
    [ -f $config ] && [ -f /var/lib/private/shelfkeeper/shelfkeeper.db ]
}
goes_on_after_another_installation() {
    dpkg --install "$first" >/tmp/dpkg.log 2>&1 && systemctl start $unit && idle && status_is 'idle; last sync: unchanged*'
}
keeps_the_state_when_purged() {
    dpkg --purge shelfkeeper </dev/null >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; return 1; }
    [ -f $config ] && [ -f /var/lib/private/shelfkeeper/shelfkeeper.db ] && grep -q '/var/lib/shelfkeeper stays' /tmp/dpkg.log || return 1
    ! find /etc/systemd/system -name 'shelfkeeper*' | grep -q .
}
forgets_all_when_told() {
    dpkg --install "$first" >/tmp/dpkg.log 2>&1 && SHELFKEEPER_PURGE=all dpkg --purge shelfkeeper >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; return 1; }
    ! ls -d /etc/shelfkeeper /var/lib/shelfkeeper* /var/lib/private/shelfkeeper* /var/cache/shelfkeeper* /var/cache/private/shelfkeeper* 2>/dev/null
}

check 'installs, and starts nothing' installs
check 'has its files' has_its_files
check 'tells its version' tells_its_version
check 'is set up by init, runs two shops' sets_up
check 'restarts what runs on an upgrade' restarts_what_runs_on_an_upgrade
check 'leaves alone what was stopped' leaves_alone_what_was_stopped
check 'stops on removal, keeps config and state' stops_on_removal
check 'goes on after another installation' goes_on_after_another_installation
check 'keeps the state when purged' keeps_the_state_when_purged
check 'forgets all when told' forgets_all_when_told
systemctl stop sandbox
echo "package-trial: $passed passed, $failed failed"
[ $failed = 0 ]
