//! What it tells the service manager.

use super::*;

/// What systemd would get.
struct Manager(UnixDatagram);

impl Manager {
    fn of(shop: &Shop) -> Manager {
        let socket = UnixDatagram::bind(shop.path("notify")).expect("a socket");
        socket.set_read_timeout(Some(process::PATIENCE)).expect("a timeout");
        Manager(socket)
    }

    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.0.recv(&mut bytes).expect("a notification in time");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// The next notification that has this at the start of a line.
    fn wait_for(&self, wanted: &str) -> String {
        let deadline = Instant::now() + process::PATIENCE;
        loop {
            let message = self.next();
            if message.lines().any(|line| line.starts_with(wanted)) {
                return message;
            }
            assert!(Instant::now() < deadline, "{wanted} did not come");
        }
    }
}

#[test]
fn systemd_is_told_of_every_turn() {
    let shop = shop(&many("p", 2), RARELY);
    let manager = Manager::of(&shop);
    let mut command = shop.command(&["run"]);
    command.env("NOTIFY_SOCKET", shop.path("notify")).env("WATCHDOG_USEC", "200000");
    let mut daemon = Process::start(command);
    let first = loop {
        let message = manager.next();
        if !message.starts_with("WATCHDOG=1") {
            break message;
        }
    };
    assert!(first.starts_with("READY=1"), "{first}");
    manager.wait_for("STATUS=sync under way");
    let idle = manager.wait_for("STATUS=idle");
    assert!(idle.contains("3 created"), "{idle}");
    let beat = Instant::now();
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");
    assert!(beat.elapsed() >= Duration::from_millis(100), "not more often than it need be");

    for config in [None, Some("no = config")] {
        if let Some(bad) = config {
            shop.write("shelfkeeper.toml", bad);
        }
        daemon.signal("HUP");
        let reloading = manager.wait_for("RELOADING=1");
        let moment = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(moment.is_some_and(|moment| moment.parse::<u64>().is_ok_and(|moment| moment > 0)), "{reloading}");
        manager.wait_for("READY=1");
    }
    // Until the next good one.
    let in_use = |message: &str| !message.contains("new config not used, the old one stays");
    shop.config(RARELY);
    daemon.signal("USR1");
    let status = manager.wait_for("STATUS=idle; last resync: ");
    assert!(!in_use(&status), "{status}");
    daemon.signal("HUP");
    manager.wait_for("RELOADING=1");
    daemon.signal("USR1");
    let status = manager.wait_for("STATUS=idle; last resync: ");
    assert!(in_use(&status), "{status}");
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
    assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0));
}

#[test]
fn a_manager_that_reads_nothing_keeps_no_pass_back() {
    let shop = shop(&many("p", 2), OFTEN);
    let manager = Manager::of(&shop);
    let filler = UnixDatagram::unbound().expect("a socket");
    filler.set_nonblocking(true).expect("it need not wait");
    while filler.send_to(b"STATUS=full", shop.path("notify")).is_ok() {}
    let mut command = shop.command(&["run"]);
    command.env("NOTIFY_SOCKET", shop.path("notify")).env("WATCHDOG_USEC", "20000");
    let daemon = Process::start(command);
    wait_until("passes go on", || shop.fetches().len() >= 3);
    daemon.signal("HUP");
    daemon.wait_for_log("read again", 1);
    // Once it reads, it learns what it has to know.
    manager.wait_for("READY=1");
    manager.wait_for("RELOADING=1");
    manager.wait_for("READY=1");
    stop(daemon);
}

#[test]
fn the_watchdog_is_fed_during_a_pass_that_hangs() {
    let shop = shop(&[good("a")], &format!("{RARELY}[nicechat]\ntimeout = \"60s\""));
    shop.nicechat().add_fault(Rule::new(Fault::Hang));
    let manager = Manager::of(&shop);
    let mut command = shop.command(&["run"]);
    command.env("NOTIFY_SOCKET", shop.path("notify")).env("WATCHDOG_USEC", "100000");
    let daemon = Process::start(command);
    wait_until("it hangs", || !shop.nicechat().requests().is_empty());
    for _ in 0..5 {
        manager.wait_for("WATCHDOG=1");
    }
    stop(daemon);
}

#[test]
fn a_pass_that_failed_says_why_since_when_and_when_it_is_tried_again() {
    let shop = shop(&many("p", 2), RARELY);
    shop.put_feed("<!DOCTYPE html><html><body>Sorry</body></html>");
    let manager = Manager::of(&shop);
    let mut command = shop.command(&["run"]);
    command.env("NOTIFY_SOCKET", shop.path("notify"));
    let daemon = Process::start(command);
    let told = manager.wait_for("STATUS=idle; last sync: failed since 20");
    let (before, next) = told.split_once(", next try 20").expect("a next one");
    let (since, why) = before.split_once("Z: ").expect("a reason");
    let since = since.strip_prefix("STATUS=idle; last sync: failed since ").expect("a time").to_owned();
    assert!(why.contains("products.txt") && why.chars().count() <= 120, "{told}");
    assert!(next.trim_end().ends_with('Z') && next.trim_end().len() == "26-01-01T00:00:00Z".len(), "{told}");
    // The first one counts, by a later start too.
    shop.put_feed("");
    daemon.signal("USR1");
    let again = manager.wait_for("STATUS=idle; last resync: failed since 20");
    assert!(again.contains(&format!(": failed since {since}Z: ")), "{since}: {again}");
    publish(&shop, &many("p", 2));
    daemon.signal("USR1");
    assert!(manager.wait_for("STATUS=idle; last resync: ok").contains("3 created"));
    stop(daemon);
}

#[test]
fn a_door_that_cannot_be_opened_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("its address");
    let shop = shop(&many("p", 2), &format!("{RARELY}[http]\nlisten = \"{address}\"\n"));
    let manager = Manager::of(&shop);
    let mut command = shop.command(&["run"]);
    command.env("NOTIFY_SOCKET", shop.path("notify"));
    let daemon = Process::start(command);
    let told = manager.wait_for("STATUS=idle; last sync: ok");
    assert!(told.trim_end().ends_with(&format!("; can't listen at [http] listen = \"{address}\"")), "{told}");
    stop(daemon);
}
