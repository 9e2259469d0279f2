#!/usr/bin/env bash
# The checks of run.sh; runs as root inside the container. See README.md.
set -u

unit=shelfkeeper.service
config=/etc/shelfkeeper/shelfkeeper.toml
dropin=/etc/systemd/system/$unit.d/trial.conf
api=http://127.0.0.1:7000
results=/var/lib/trial-results
version=$(systemctl --version | awk 'NR==1{print $2}')

# ---- helpers

why=''
fail() { why=$*; return 1; }
until_true() { # SECONDS COMMAND...: tries ten times a second
    local end=$((SECONDS + $1)); shift
    while ! "$@"; do [ $SECONDS -lt $end ] || return 1; sleep .1; done
}
show() { systemctl show -P "$1" "${2:-$unit}"; }
status_is() { [[ "$(show StatusText "${2:-$unit}")" == $1 ]]; }
idle() { until_true 20 status_is 'idle;*' "${1:-$unit}" || fail "no pass ends: status \"$(show StatusText "${1:-$unit}")\""; }
is() { [ "$(show "$1" "${3:-$unit}")" = "$2" ]; }
pid() { show MainPID "${1:-$unit}"; }
uid_of() { awk '/^Uid:/{print $2}' "/proc/$1/status"; }
sandbox() { curl -sS -o /dev/null -X "$1" ${3:+-d "$3"} "$api/sandbox/$2"; }
set_key() { sed -i "s|^$1 = .*|$1 = $2|" "$config"; }
# A drop-in of the daemon; of another unit with `drop_into UNIT`.
drop_into() { mkdir -p "/etc/systemd/system/$1.d"; printf '%s\n' "${@:2}" >"/etc/systemd/system/$1.d/trial.conf"; systemctl daemon-reload; }
drop() { mkdir -p "${dropin%/*}"; printf '[Service]\n%s\n' "$@" >"$dropin"; systemctl daemon-reload; }
# Marks a place in the journal; `told` gives what the unit itself said since, one JSON object a line.
mark() { journalctl --sync; cursor=$(journalctl -q -n1 --show-cursor -o cat | sed -n 's/^-- cursor: //p'); }
told() { journalctl --sync; journalctl -q --after-cursor "$cursor" -u "${1:-$unit}" -o json --all | jq -c 'select(._COMM=="shelfkeeper")'; }
told_is() { told | jq -es "any(.[]; $1)" >/dev/null; }

# As installed, with a small feed that is in sync.
base() {
    systemctl stop $unit shelfkeeper-once.timer shelfkeeper-once.service shelfkeeper-resync.service 2>/dev/null
    rm -f "$dropin" /etc/systemd/system/shelfkeeper-*.d/trial.conf; systemctl daemon-reload; systemctl reset-failed
    cp /etc/trial.toml $config
    cp /srv/feed/good.tsv /srv/feed/feed.tsv
    sandbox DELETE faults; sandbox PUT rules '{"latency_ms":0}'
    systemctl start $unit && idle
}

install_as_the_readme_says() {
    # The first sh block under its heading, up to the line that starts the service.
    awk '/^## Install under systemd/{on=1} on&&/^```sh/{code=1;next} code&&/^```/{exit} code' /src/README.md >/tmp/readme.sh
    grep -q 'systemctl enable --now shelfkeeper' /tmp/readme.sh || { echo "README.md has no install lines under 'Install under systemd'"; return 1; }
    sed -n '/systemctl enable/q;p' /tmp/readme.sh >/tmp/first.sh
    grep 'systemctl enable' /tmp/readme.sh >/tmp/then.sh
    (cd /src && sudo() { "$@"; } && set -e && . /tmp/first.sh) || return 1

    systemd-run -q --unit=sandbox /usr/local/bin/shelfkeeper sandbox --listen 127.0.0.1:7000
    until_true 10 curl -sf -o /dev/null $api/sandbox/ || { echo "the sandbox does not start"; return 1; }
    mkdir -p -m 755 /srv/feed
    printf 'id\ttitle\tdescription\tlink\tprice\tavailability\n' >/srv/feed/good.tsv
    for i in $(seq 25); do printf 'P%d\tThing %d\tIt is.\thttps://shop.example/%d\t%d.50 USD\tin stock\n' "$i" "$i" "$i" "$i"; done >>/srv/feed/good.tsv
    cp /srv/feed/good.tsv /srv/feed/feed.tsv
    # "then edit", "then write the key into it", "and the secret"
    set_key location '"/srv/feed/feed.tsv"'
    set_key base_url "\"$api\""
    cp $config /etc/trial.toml
    journalctl -u sandbox -o cat | sed -n '/^\[nicechat\]/,/^\[lagerkoll\]/s/^api_key = "\(.*\)"/\1/p' >/etc/shelfkeeper/nicechat_api_key
    journalctl -u sandbox -o cat | sed -n '/^\[nicechat\]/,/^\[lagerkoll\]/s/^api_secret = "\(.*\)"/\1/p' >/etc/shelfkeeper/nicechat_api_secret
    (sudo() { "$@"; }; set -e; . /tmp/then.sh) 2>/tmp/enable.log || { cat /tmp/enable.log; journalctl -u $unit -n 5 -o cat; return 1; }
    idle || { echo "$why"; return 1; }
}

# ---- checks

check_verify() {
    local words; words=$(systemd-analyze verify /etc/systemd/system/shelfkeeper{,@,-once,-once@,-resync,-resync@}.service /etc/systemd/system/shelfkeeper-{once,once@,resync,resync@}.timer 2>&1 | grep shelfkeeper)
    [ "$version" -lt 253 ] && words=$(grep -v notify-reload <<<"$words")
    [ "$version" -lt 254 ] && words=$(grep -Ev "'?Restart(Steps|MaxDelaySec)'?" <<<"$words")
    [ -z "$words" ] || fail "$words"
}
check_ready() {
    is ActiveState active && is NRestarts 0 || fail "it is $(show ActiveState) after $(show NRestarts) restarts"  || return
    [[ "$(show Type)" == notify* ]] || fail "Type=$(show Type)" || return
    [ "$(show WatchdogUSec)" != 0 ] && [ "$(show WatchdogUSec)" != infinity ] || fail 'no watchdog' || return
    status_is 'idle; last sync*' || fail "status \"$(show StatusText)\""
}
check_security() {
    local level; level=$(systemd-analyze security $unit --no-pager | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p')
    awk -v l="$level" 'BEGIN{exit !(l != "" && l <= 1.5)}' || fail "exposure $level"
}
check_confined() { # no privileges, and none of the forbidden system calls is ever tried
    drop SystemCallErrorNumber=kill; systemctl restart $unit && idle || return
    local p; p=$(pid)
    grep -q '^CapEff:[[:space:]]*0*$' "/proc/$p/status" && grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$p/status" && grep -q '^Seccomp:[[:space:]]*2' "/proc/$p/status" || fail "privileges are left" || return
    [ "$(uid_of "$p")" -ge 61184 ] || fail "not a dynamic user: $(uid_of "$p")" || return
    # By these it knows that the machine was started anew, and whether another one is at work.
    [ -r "/proc/$p/root/proc/sys/kernel/random/boot_id" ] && [ -r "/proc/$p/root/proc/locks" ] || fail "a part of /proc that it needs is hidden" || return
    systemctl kill --signal=USR1 $unit; until_true 10 status_is 'idle; last resync*' || fail "status \"$(show StatusText)\"" || return
    is NRestarts 0 || fail "killed for a system call"
}
check_credentials() {
    local p dir=/run/credentials/$unit; p=$(pid)
    ! tr '\0' '\n' <"/proc/$p/environ" | grep -qFf /etc/shelfkeeper/nicechat_api_secret || fail "the secret is in the environment" || return
    ! tr '\0' ' ' <"/proc/$p/cmdline" | grep -qFf /etc/shelfkeeper/nicechat_api_secret || fail "the secret is in the command line" || return
    ! setpriv --reuid=65534 --regid=65534 --clear-groups cat $dir/nicechat_api_secret >/dev/null 2>&1 || fail "others can read the credential" || return
    ! journalctl -u $unit -o json --all | grep -qFf /etc/shelfkeeper/nicechat_api_secret || fail "the secret is in the journal" || return
    ! grep -qFf /etc/shelfkeeper/nicechat_api_secret -r /var/lib/private/shelfkeeper /var/cache/private/shelfkeeper || fail "the secret is in the state"
}
check_state() {
    local first second
    first=$(uid_of "$(pid)"); systemctl stop $unit
    groupadd -g "$first" taken && useradd -u "$first" -g taken -M taken 2>/dev/null
    systemctl start $unit && idle; second=$(uid_of "$(pid)")
    userdel taken 2>/dev/null; groupdel taken 2>/dev/null
    [ -f /var/lib/private/shelfkeeper/shelfkeeper.db ] || fail "no state file in the state directory" || return
    [ "$(stat -c %a /var/lib/private/shelfkeeper /var/lib/private/shelfkeeper/shelfkeeper.db | tr '\n' ' ')" = '700 600 ' ] || fail "modes: $(stat -c '%a %n' /var/lib/private/shelfkeeper{,/*} | tr '\n' ' ')" || return
    [ "$first" != "$second" ] || fail "the trial could not change the user id" || return
    status_is 'idle; last sync: unchanged*' || fail "with user id $second instead of $first: status \"$(show StatusText)\""
}
check_moved() { # to another server: the copy lies in a folder that was made by hand before the unit was ever started
    systemctl stop $unit; rm -f /srv/shop.db
    shelfkeeper backup /srv/shop.db >/dev/null || fail "no backup" || return
    rm -rf /var/lib/shelfkeeper /var/lib/private/shelfkeeper
    install -d -m 700 /var/lib/shelfkeeper && mv /srv/shop.db /var/lib/shelfkeeper/shelfkeeper.db
    systemctl start $unit && idle || return
    [ -f /var/lib/private/shelfkeeper/shelfkeeper.db ] || fail "systemd did not take the folder over" || return
    # (The listing is read, as the file isn't the one that was written last.)
    shelfkeeper status --format json | jq -e '.owned.products == 25 and (.last_pass | .created == 0 and .read == 25 and .outcome == "ok")' >/dev/null || fail "$(shelfkeeper status)"
}
check_journal() {
    mark; systemctl kill --signal=USR1 $unit; until_true 10 told_is '.SHELFKEEPER_KIND=="resync"' || fail "no entry of the pass" || return
    told_is '.SHELFKEEPER_PASS and .SHELFKEEPER_OUTCOME=="ok" and .SHELFKEEPER_READ=="25" and .PRIORITY=="6" and .SYSLOG_IDENTIFIER=="shelfkeeper" and ._SYSTEMD_UNIT=="shelfkeeper.service"' || fail "fields: $(told)" || return
    [ "$(told | jq -s length)" = 1 ] || fail "told more than once: $(told | jq -c .MESSAGE)" || return
    told_is '._TRANSPORT=="journal"' || fail "not by the journal's own protocol" || return
    mark; systemctl restart systemd-journald; sleep .5; systemctl kill --signal=USR1 $unit
    until_true 10 told_is '.SHELFKEEPER_KIND=="resync"' || fail "silent after journald was restarted"
}
reload() { if [ "$version" -ge 253 ]; then systemctl reload $unit; else systemctl kill --signal=HUP $unit; sleep 1; fi; }
check_reload() {
    local before; before=$(pid)
    cp /srv/feed/good.tsv /srv/feed/other.tsv; set_key location '"/srv/feed/other.tsv"'
    mark; reload || fail "systemctl reload fails" || return
    told_is '.PRIORITY=="6" and (.MESSAGE|test("config"))' || fail "nothing told: $(told)" || return
    systemctl kill --signal=USR1 $unit; until_true 10 status_is 'idle; last resync: ok*' || fail "status \"$(show StatusText)\"" || return
    [ "$(pid)" = "$before" ] || fail "another process"
}
check_reload_bad() {
    local before; before=$(pid)
    echo 'nonsense = 1' >>$config; mark; reload
    until_true 5 told_is '.PRIORITY=="3" and (.MESSAGE|test("nonsense"))' || fail "no error that names the setting: $(told)" || return
    is ActiveState active && [ "$(pid)" = "$before" ] || fail "it is $(show ActiveState)" || return
    systemctl kill --signal=USR1 $unit; until_true 10 status_is '*last resync: ok*' || fail "status \"$(show StatusText)\""
}
check_config_exit() {
    systemctl stop $unit; drop RestartSec=0; echo 'nonsense = 1' >>$config; systemctl start $unit 2>/dev/null && fail "it starts" && return 1
    sleep 1.5; is ExecMainStatus 2 && is NRestarts 0 && is ActiveState failed || fail "status $(show ExecMainStatus), $(show NRestarts) restarts, $(show ActiveState)"
}
check_missing_credential() {
    systemctl stop $unit; drop RestartSec=0; mv /etc/shelfkeeper/nicechat_api_secret /etc/away
    systemctl start $unit 2>/dev/null; sleep 1.5; mv /etc/away /etc/shelfkeeper/nicechat_api_secret
    is ExecMainStatus 243 && is NRestarts 0 && is ActiveState failed || fail "status $(show ExecMainStatus), $(show NRestarts) restarts, $(show ActiveState)"
}
check_kill() {
    drop RestartSec=200ms; systemctl restart $unit && idle || return
    systemctl kill --signal=KILL $unit; until_true 10 is NRestarts 1 && idle || fail "it is $(show ActiveState), status \"$(show StatusText)\""
}
check_watchdog() {
    drop WatchdogSec=3 RestartSec=200ms; systemctl restart $unit && idle || return
    sleep 4; is NRestarts 0 || fail "restarted though it was alive" || return
    systemctl kill --signal=STOP $unit; until_true 15 is NRestarts 1 && idle || fail "a process that hangs is not restarted"
}
check_stop() { # within 5 s in the middle of a pass, also when NiceChat does not answer; nothing is killed
    local fault began took
    for fault in '' '{"fault":"hang","times":1000}'; do
        sed -i 's/\.50 USD/.75 USD/' /srv/feed/feed.tsv
        if [ -n "$fault" ]; then sandbox POST faults "$fault"; else sandbox PUT rules '{"latency_ms":2000}'; fi
        systemctl kill --signal=USR1 $unit; until_true 5 status_is '*resync*'; sleep .5
        mark; began=$(date +%s%N); systemctl stop $unit; took=$((($(date +%s%N) - began) / 1000000))
        [ $took -lt 5500 ] && is Result success || fail "$took ms, $(show Result)" || return
        sandbox DELETE faults; sandbox PUT rules '{"latency_ms":0}'
        systemctl start $unit && idle || return
        cp /srv/feed/good.tsv /srv/feed/feed.tsv; systemctl kill --signal=USR1 $unit; until_true 10 status_is 'idle; last resync*'
    done
}
check_lock() { # a one-shot resync beside the daemon
    local code
    systemd-run -q --wait --pipe --collect -p DynamicUser=yes -p User=shelfkeeper -p StateDirectory=shelfkeeper -p StateDirectoryMode=0700 \
        -p LoadCredential=nicechat_api_key:/etc/shelfkeeper/nicechat_api_key -p LoadCredential=nicechat_api_secret:/etc/shelfkeeper/nicechat_api_secret \
        /usr/local/bin/shelfkeeper --config $config run --resync >/tmp/out 2>&1
    code=$?
    [ $code = 5 ] && grep -q "process $(pid)" /tmp/out || fail "exit $code: $(cat /tmp/out)"
}
check_template() {
    local n
    for n in north south-2; do
        sed "s|^location = .*|location = \"/srv/feed/$n.tsv\"|" /etc/trial.toml >/etc/shelfkeeper/$n.toml
        cp /srv/feed/good.tsv /srv/feed/$n.tsv
        install -m 600 /etc/shelfkeeper/nicechat_api_key /etc/shelfkeeper/$n.api_key
        install -m 600 /etc/shelfkeeper/nicechat_api_secret /etc/shelfkeeper/$n.api_secret
    done
    systemctl enable --now shelfkeeper@north shelfkeeper@south-2 2>/dev/null || fail "$(systemctl status shelfkeeper@north -n 3)" || return
    for n in north south-2; do
        idle shelfkeeper@$n || return
        [ -f /var/lib/private/shelfkeeper-$n/shelfkeeper.db ] || fail "no state of $n" || return
        (cd / && shelfkeeper --shop $n status) | grep -q '25 products' || fail "$n is not found by its name" || return
    done
    systemctl disable --now shelfkeeper@north shelfkeeper@south-2 2>/dev/null
}
check_network() { # a name from DNS and a certificate from the system's own authorities
    mkdir -p /tmp/site; cd /tmp/site || return
    cp /srv/feed/good.tsv products.txt
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=Trial -days 2 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout key -out csr -subj /CN=shop.example 2>/dev/null
    printf 'subjectAltName=DNS:shop.example\nbasicConstraints=CA:FALSE\n' >ext
    openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -out crt -days 2 -extfile ext 2>/dev/null
    cp ca.crt /usr/local/share/ca-certificates/trial.crt; update-ca-certificates >/dev/null 2>&1
    cat >dns.pl <<'X'
use Socket; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in(53, inet_aton("127.0.0.1"))) or die;
while (my $from = recv(S, my $q, 1500, 0)) {   # every name of type A is 127.0.0.1
    my ($end) = index($q, "\0", 12) + 5; my $a = substr($q, $end - 4, 2) eq "\0\1";
    send(S, substr($q, 0, 2) . pack("n5", 0x8180, 1, $a ? 1 : 0, 0, 0) . substr($q, 12, $end - 12) . ($a ? pack("nnnNn", 0xc00c, 1, 1, 60, 4) . "\x7f\0\0\1" : ""), 0, $from);
}
X
    systemd-run -q --unit=trial-dns perl /tmp/site/dns.pl
    systemd-run -q --unit=trial-web --working-directory=/tmp/site openssl s_server -quiet -accept 443 -cert crt -key key -WWW
    cp /etc/resolv.conf /tmp/resolv 2>/dev/null; echo nameserver 127.0.0.1 >/etc/resolv.conf
    set_key location '"https://shop.example/products.txt"'
    mark; systemctl restart $unit; idle; systemctl stop trial-dns trial-web; cp /tmp/resolv /etc/resolv.conf 2>/dev/null
    status_is 'idle; last sync: ok*' || status_is 'idle; last sync: unchanged*' || fail "$(told | jq -c .MESSAGE | tail -2)"
}
check_http() {
    local page
    printf '\n[http]\nlisten = "127.0.0.1:8787"\n' >>$config; systemctl restart $unit && idle || return
    for page in healthz readyz metrics status; do
        curl -sf -o /dev/null http://127.0.0.1:8787/$page || fail "/$page does not answer" || return
    done
}
check_offline() { # NiceChat is away at the start: up all the same
    systemctl stop $unit; set_key base_url "\"$api\""; systemctl stop sandbox
    sed -i 's/\.50 USD/.25 USD/' /srv/feed/feed.tsv
    systemctl start $unit; local started=$?
    systemd-run -q --unit=sandbox /usr/local/bin/shelfkeeper sandbox --listen 127.0.0.1:7000; until_true 10 curl -sf -o /dev/null $api/sandbox/
    [ $started = 0 ] && is ActiveState active || fail "it does not start without NiceChat"
}

check_fatal_priority() { # what keeps it from starting is an error for journalctl -p err
    systemctl stop $unit; echo 'nonsense = 1' >>$config; mark; systemctl start $unit 2>/dev/null
    told_is '(.PRIORITY|tonumber)<=3' || fail "$(told | jq -c '[.PRIORITY,.MESSAGE[:60]]')"
}
check_message() { # plain journalctl shows what happened: MESSAGE alone says it
    sed -i 's/\.50 USD/.75 USD/' /srv/feed/feed.tsv
    sandbox POST faults '{"fault":{"status":{"code":400}},"id":"P7","method":"PATCH"}'
    mark; systemctl kill --signal=USR1 $unit; until_true 10 told_is '.SHELFKEEPER_KIND=="resync"'
    told_is '.SHELFKEEPER_OUTCOME and (.MESSAGE|test("25"))' || fail "the pass: $(told | jq -c 'select(.SHELFKEEPER_OUTCOME)|.MESSAGE')" || return
    told_is '(.PRIORITY|tonumber)<=4 and (.MESSAGE|test("P7"))' || fail "the refused object: $(told | jq -c 'select(.PRIORITY=="4")|.MESSAGE')"
}
check_partial_told() { # rows that are not taken are more than routine, the first time
    printf 'X1\t\tno title\thttps://shop.example/x\t1.00 USD\tin stock\n' >>/srv/feed/feed.tsv
    mark; systemctl kill --signal=USR1 $unit; until_true 10 told_is '.SHELFKEEPER_KIND=="resync"'
    told_is '(.PRIORITY|tonumber)<=5' || fail "$(told | jq -c '[.PRIORITY,.MESSAGE,.SHELFKEEPER_REJECTED]')"
}
check_reload_told() { # systemctl status, or reload itself, tells that the config on disk is not the one in use
    echo 'nonsense = 1' >>$config; reload 2>/dev/null || return 0
    sleep .5; [[ "$(show StatusText)" == *config* ]] || fail "reload exits 0, status \"$(show StatusText)\""
}
by_hand() { (cd /root && exec shelfkeeper --config $config "$@") >/tmp/out 2>&1; }
with_keys() {
    SHELFKEEPER_NICECHAT_API_KEY=$(cat /etc/shelfkeeper/nicechat_api_key) SHELFKEEPER_NICECHAT_API_SECRET=$(cat /etc/shelfkeeper/nicechat_api_secret) "$@"
}
one_owner() { [ "$(stat -c %u:%g /var/lib/private/shelfkeeper{,/*} | sort -u | wc -l)" = 1 ] || fail "owners: $(stat -c '%u %n' /var/lib/private/shelfkeeper{,/*} | tr '\n' ' ')"; }
check_by_hand() { # root looks at what the service does, with the installed config and nothing else
    by_hand status && grep -q '25 products' /tmp/out || fail "$(head -1 /tmp/out)" || return
    by_hand status --format json && [ "$(jq .owned.products /tmp/out)" = 25 ] || fail "as JSON: $(head -1 /tmp/out)" || return
    (cd /etc/shelfkeeper && shelfkeeper --config shelfkeeper.toml status) | grep -q '25 products' || fail "not by a relative path" || return
    (cd / && shelfkeeper status) | grep -q '25 products' || fail "not without --config" || return
    # Whoever may not look is not told that there is nothing.
    setpriv --reuid=65534 --regid=65534 --clear-groups shelfkeeper --config $config status >/tmp/out 2>&1 && fail "anybody may look" && return 1
    grep -q 'Permission denied' /tmp/out && ! grep -q 'No pass yet\|no state' /tmp/out || fail "to strangers: $(head -1 /tmp/out)" || return
    # One config for the service and for root at a shell.
    sed -i 's|^# \(api_.*_file = "/etc/shelfkeeper/nicechat_\)|\1|' $config
    by_hand check --online && by_hand plan || fail "with the files named: $(head -1 /tmp/out)" || return
    systemctl restart $unit && idle || return
    grep -q /etc/shelfkeeper/nicechat_api_key $config || fail 'the trial could not name the files'
}
check_by_hand_pass() { # root's pass is one of the service's state, which goes on from there
    systemctl stop $unit; sed -i 's/\.50 USD/.75 USD/' /srv/feed/feed.tsv
    (umask 000; with_keys by_hand run --once) && grep -q '25 changed' /tmp/out || fail "$(head -1 /tmp/out)" || return
    one_owner || return
    systemctl start $unit && idle || return
    status_is 'idle; last sync: unchanged*' || fail "the service after it: \"$(show StatusText)\"" || return
    # Before the service ran for the first time, too; it moves the directory to its own place then.
    systemctl stop $unit; rm -rf /var/lib/shelfkeeper /var/lib/private/shelfkeeper
    by_hand status && grep -q 'no state at /var/lib/shelfkeeper/shelfkeeper.db' /tmp/out || fail "$(head -1 /tmp/out)" || return
    [ ! -e /var/lib/shelfkeeper ] || fail 'status made a directory' || return
    (umask 000; with_keys by_hand run --once) || fail "$(head -1 /tmp/out)" || return
    [ "$(stat -c %a /var/lib/shelfkeeper /var/lib/shelfkeeper/* | sort -u | tr '\n' ' ')" = '600 700 ' ] || fail "modes: $(stat -c '%a %n' /var/lib/shelfkeeper{,/*} | tr '\n' ' ')" || return
    systemctl start $unit && idle && one_owner || return
    status_is 'idle; last sync: unchanged*' || fail "the service after the first pass by hand: \"$(show StatusText)\""
}
on_a_full_disk() {
    local place=/var/lib/private/shelfkeeper
    sed -i 's/\.50 USD/.75 USD/' /srv/feed/feed.tsv
    with_keys by_hand run --once && fail 'a pass without room' && return 1
    grep -q 'the disk is full' /tmp/out || fail "the pass: $(head -1 /tmp/out)" || return
    by_hand status && grep -q '25 products' /tmp/out || fail "status: $(head -1 /tmp/out)" || return
    mark; systemctl start $unit 2>/dev/null && fail 'it starts without room' && return 1
    told_is '.PRIORITY=="3" and (.MESSAGE|test("the disk is full"))' || fail "the service: $(told | jq -c .MESSAGE)" || return
    systemctl stop $unit; rm $place/fill; systemctl start $unit && idle || return
    status_is 'idle; last sync: ok*25 changed*' || fail "with room again: \"$(show StatusText)\""
}
check_disk_full() { # an error that says so, and all is well when there is room again
    local place=/var/lib/private/shelfkeeper kept=/root/kept code
    systemctl stop $unit; drop RestartSec=1h; rm -rf $kept; cp -a $place $kept
    mount -t tmpfs -o size=1m,mode=700,uid="$(stat -c %u $kept)",gid="$(stat -c %g $kept)" none $place && cp -a $kept/. $place
    cat /dev/zero >$place/fill 2>/dev/null
    on_a_full_disk; code=$?
    systemctl stop $unit; umount $place
    return $code
}
check_one_state() { # by hand with the keys at hand: the service's state, so exit 5, never a second one
    local code made
    with_keys by_hand run --resync; code=$?
    made=$(cd /root && ls -d state/shelfkeeper.db 2>/dev/null); rm -rf /root/state
    [ $code = 5 ] && [ -z "$made" ] || fail "exit $code: $(head -1 /tmp/out)${made:+, and a second state in the current directory}"
}
check_resync() { # a resync as one shot beside the daemon, which runs afterwards if it ran before
    local one=shelfkeeper-resync.service before
    before=$(pid); mark; systemctl start $one || fail "it fails: $(told $one | jq -c .MESSAGE)" || return
    told $one | jq -es 'any(.[]; .SHELFKEEPER_KIND=="resync" and .SHELFKEEPER_OUTCOME=="ok")' >/dev/null || fail "$(told $one | jq -c .MESSAGE)" || return
    until_true 10 is ActiveState active && idle && [ "$(pid)" != "$before" ] || fail "the daemon is $(show ActiveState) after it" || return
    [ ! -e /run/shelfkeeper-resync ] || fail 'it leaves something in /run' || return
    # A pass that fails, and one that is stopped while NiceChat hangs.
    sandbox POST faults '{"fault":"hang","times":1000}'
    systemctl start --no-block $one; until_true 10 is SubState start $one && until_true 10 is ActiveState inactive || fail "the daemon is $(show ActiveState) meanwhile" || return
    systemctl stop $one; sandbox DELETE faults
    until_true 10 is ActiveState active && idle || fail "the daemon is $(show ActiveState) after a resync that was stopped" || return
    # A config that is no good: the daemon goes on with the one that it has.
    before=$(pid); echo 'nonsense = 1' >>$config; systemctl start $one 2>/dev/null && fail "it works with a bad config" && return 1
    is ActiveState active && [ "$(pid)" = "$before" ] || fail "a bad config took the daemon away" || return
    cp /etc/trial.toml $config
    # A daemon that doesn't run stays so; neither is it taken for running because it once was.
    systemctl stop $unit; systemctl start $one || fail "it fails without the daemon: $(told $one | jq -c .MESSAGE)" || return
    sleep 1; is ActiveState inactive || fail "a daemon that was stopped is $(show ActiveState)"
}
check_once() { # a pass by the timer in the daemon's place
    local one=shelfkeeper-once.service
    systemctl stop $unit; printf 'X1\t\tno title\thttps://shop.example/x\t1.00 USD\tin stock\n' >>/srv/feed/feed.tsv
    mark; drop_into shelfkeeper-once.timer '[Timer]' OnCalendar= OnActiveSec=1s RandomizedDelaySec=0
    systemctl start shelfkeeper-once.timer
    until_true 15 is ExecMainStatus 3 $one || fail "it ends with $(show ExecMainStatus $one): $(told $one | jq -c .MESSAGE)" || return
    until_true 5 is ActiveState inactive $one && is Result success $one || fail "rows that are not taken are a failure: $(show Result $one)" || return
    told $one | jq -es 'any(.[]; .SHELFKEEPER_KIND=="sync" and .SHELFKEEPER_REJECTED=="1")' >/dev/null || fail "$(told $one | jq -c .MESSAGE)" || return
    systemctl stop shelfkeeper-once.timer; rm -r /etc/systemd/system/shelfkeeper-once.timer.d; systemctl daemon-reload
    systemctl start shelfkeeper-once.timer; [ "$(show NextElapseUSecRealtime shelfkeeper-once.timer)" != '' ] || fail 'the timer never elapses' || return
    one_owner
}
check_no_authorities() { # a server without ca-certificates: the error says so
    mv /etc/ssl/certs /etc/ssl/away; set_key location '"https://shop.example/products.txt"'
    mark; systemctl restart $unit; idle; mv /etc/ssl/away /etc/ssl/certs
    told_is '(.PRIORITY|tonumber)<=4 and (.MESSAGE|test("certificate|ca-certificates|authorit";"i"))' || fail "$(told | jq -c .MESSAGE | tail -1)"
}
check_once_fields() { # a one-shot pass under systemd leaves the same fields as the daemon's
    systemctl stop $unit; mark
    systemd-run -q --wait --unit=trial-once -p DynamicUser=yes -p User=shelfkeeper -p StateDirectory=shelfkeeper -p StateDirectoryMode=0700 \
        -p LoadCredential=nicechat_api_key:/etc/shelfkeeper/nicechat_api_key -p LoadCredential=nicechat_api_secret:/etc/shelfkeeper/nicechat_api_secret \
        /usr/local/bin/shelfkeeper --config $config run --resync
    told trial-once | jq -es 'any(.[]; .SHELFKEEPER_OUTCOME)' >/dev/null || fail "$(told trial-once | jq -c '[._TRANSPORT,.MESSAGE]')"
}
check_hook() { # a command of a hook runs within the unit's locks: it writes to the state directory, and nowhere else
    local told=/var/lib/private/shelfkeeper/told advisor='{"alias":"sofa-team","keys":[],"available":'
    cat >>$config <<EOF
[emplifi]
base_url = "$api"
api_key = "sandbox-emplifi-key-that-protects-nothing"
schedule = "every 2s"
close_after = 1
[[emplifi.watch]]
name = "sofas"
alias = "sofa-team"
[[notify.hook]]
name = "file"
events = ["availability.changed"]
command = ["/bin/sh", "-c", "touch /etc/shelfkeeper/hooked || cat >/var/lib/shelfkeeper/told"]
EOF
    sandbox PUT emplifi/advisors "[${advisor}true}]"
    systemctl restart $unit && idle || return
    until_true 15 sh -c "shelfkeeper availability | grep -q '  available'" || fail "$(shelfkeeper availability 2>&1)" || return
    sandbox PUT emplifi/advisors "[${advisor}false}]"
    until_true 20 grep -q '"state":"not_available"' $told 2>/dev/null || fail "the command was told nothing: $(shelfkeeper status | grep -i hook)" || return
    rm -f $told; sandbox PUT emplifi/advisors "[${advisor}true}]"
    [ ! -e /etc/shelfkeeper/hooked ] || fail 'the command could write outside of the state directory'
}
check_user_a_shop() { # every shop is a user of its own, also in its one-shot units; each has a state of its own by hand
    check_template || return
    systemctl start shelfkeeper@north shelfkeeper@south-2; idle shelfkeeper@north; idle shelfkeeper@south-2
    local a b; a=$(uid_of "$(pid shelfkeeper@north)"); b=$(uid_of "$(pid shelfkeeper@south-2)")
    [ "$a" != "$b" ] || fail "both run as user id $a" || return
    shelfkeeper --config /etc/shelfkeeper/south-2.toml status >/tmp/out 2>&1 && grep -q '25 products' /tmp/out || fail "by hand: $(head -1 /tmp/out)" || return
    mark; systemctl start shelfkeeper-resync@north || fail "its resync: $(told shelfkeeper-resync@north.service | jq -c .MESSAGE)" || return
    until_true 10 is ActiveState active shelfkeeper@north && idle shelfkeeper@north || return
    systemctl stop 'shelfkeeper@*'; systemctl start shelfkeeper-once@south-2 || fail "its pass: $(told shelfkeeper-once@south-2.service | jq -c .MESSAGE)"
}

# ---- the trial

named() { declare -F | sed -n "s/^declare -f $1_//p"; }
try() {
    local began=$EPOCHREALTIME function=$1 name=${1#*_} code
    why=''; base; code=$?
    if [ $code = 0 ]; then $function; code=$?; fi
    local took; took=$(awk "BEGIN{printf \"%.1f\", $EPOCHREALTIME - $began}")
    if [ $code = 0 ]; then echo "ok $name ($took s)"; echo ok >>$results; else echo "not ok $name: $(tr -s '[:space:]' ' ' <<<"${why:-see above}" | cut -c1-300)($took s)"; echo not >>$results; fi
    return $code
}

case ${1:-} in
    install) install_as_the_readme_says ;;
    run)
        shift; code=0; : >$results
        if install_as_the_readme_says; then echo "ok install"; echo ok >>$results; else echo "not ok install"; echo not >>$results; exit 1; fi
        [ "${1:-}" = all ] && shift
        [ $# = 0 ] && set -- $(named check)
        for name in "$@"; do
            [ "$name" = reboot ] && continue
            if declare -F "check_$name" >/dev/null; then try "check_$name" || code=1
            else echo "there is no check $name; there are: reboot" $(named check); exit 2; fi
        done
        base; exit $code ;;
    after-reboot)
        if idle && is NRestarts 0 && shelfkeeper --version >/dev/null; then echo "ok reboot"; echo ok >>$results; else echo "not ok reboot: ${why:-it is $(show ActiveState)}"; echo not >>$results; exit 1; fi ;;
    verdict)
        echo "systemd-trial: $(grep -c '^ok' $results) passed, $(grep -c '^not' $results) failed" ;;
esac
