//! The daemon's own listener: its pages, its limits, and what a reload makes of it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::kit::process::{self, Process};
use crate::kit::{FEED, Shop, wait_until};
use sandbox::{DEMO_KEY, DEMO_SECRET, Fault, Feed, Rule};

const LISTENS: &str = "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n";
const OFTEN: &str = "[source]\nschedule = \"every 1s\"\n[http]\nlisten = \"127.0.0.1:0\"\n";
const ROWS: [&str; 3] = ["1|Lamp|10.00 USD|in stock|Home", "2|Chair|20.00 USD|in stock|Home", "3||30|in stock|"];

/// A daemon and where it listens.
struct Daemon {
    process: Process,
    address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    header: String,
    body: String,
}

impl Daemon {
    fn start(shop: &Shop) -> Daemon {
        let process = Process::start(shop.command(&["run"]));
        let address = listening(&process, 1);
        Daemon { process, address }
    }

    fn get(&self, path: &str) -> Answer {
        ask(self.address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    fn is_ready(&self) -> bool {
        self.get("/readyz").status == 200
    }

    /// The series of `/metrics` and their values.
    fn metrics(&self) -> BTreeMap<String, f64> {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{answer:?}");
        let series = answer.body.lines().filter(|line| !line.starts_with('#'));
        let parts = series.map(|line| line.rsplit_once(' ').expect(line));
        parts.map(|(name, value)| (name.to_owned(), value.parse().expect(value))).collect()
    }

    fn stop(mut self) {
        self.process.signal("TERM");
        assert_eq!(self.process.ends_within(Duration::from_secs(5)), Some(0), "{}", self.process.log());
    }
}

/// The address that was logged last, once there are so many.
pub(super) fn listening(process: &Process, times: usize) -> SocketAddr {
    process.wait_for_log("listening on http://", times);
    // The rest of the line may still be on its way.
    let address = || {
        let log = process.log();
        let (_, rest) = log.rsplit_once("listening on http://")?;
        rest.split_once('\n')?.0.trim().parse().ok()
    };
    wait_until("the address is there", || address().is_some());
    address().expect("an address")
}

fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).expect("a connection");
    client.set_read_timeout(Some(process::PATIENCE)).expect("a timeout");
    client
}

fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut client = connect(address);
    client.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    client.read_to_string(&mut text).expect("an answer to its end");
    let (header, body) = text.split_once("\r\n\r\n").expect("a header");
    let status = header.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, header: header.to_lowercase(), body: body.to_owned() }
}

#[test]
fn the_pages_tell_how_it_stands_and_nothing_secret() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(LISTENS);
    let daemon = Daemon::start(&shop);
    let alive = daemon.get("/healthz");
    assert_eq!((alive.status, alive.body.as_str()), (200, "ok\n"));
    wait_until("the first pass counts", || daemon.is_ready());
    assert_eq!(daemon.get("/readyz").body, "ready\n");
    let status = daemon.get("/status");
    assert_eq!(status.status, 200, "{status:?}");
    assert!(status.header.contains("content-type: application/json"), "{status:?}");
    let status: serde_json::Value = serde_json::from_str(&status.body).expect("JSON");
    assert_eq!(status, shop.json(&["status", "--format", "json"]));
    assert_eq!((&status["owned"]["products"], &status["last_pass"]["outcome"]), (&2.into(), &"partial".into()));
    assert!(daemon.get("/metrics").header.contains("content-type: application/openmetrics-text"));

    let nowhere = daemon.get("/nowhere");
    assert_eq!((nowhere.status, nowhere.body.contains("/healthz, /readyz, /metrics and /status")), (404, true));
    let post = "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let wrong = ask(daemon.address, post);
    assert!(wrong.status == 405 && wrong.header.contains("allow: get,head"), "{wrong:?}");
    for path in ["/healthz", "/readyz", "/status", "/metrics", "/", "/?x=%00"] {
        let answer = format!("{:?}", daemon.get(path));
        assert!(!answer.contains(DEMO_KEY) && !answer.contains(DEMO_SECRET), "{path}: {answer}");
    }
    daemon.stop();
}

#[test]
fn it_is_ready_while_passes_succeed() {
    let shop = Shop::new();
    shop.config(OFTEN);
    let daemon = Daemon::start(&shop);
    let not_ready = daemon.get("/readyz");
    assert_eq!((not_ready.status, not_ready.body.as_str()), (503, "not ready\nsync: no good pass yet\n"));
    assert!(!daemon.metrics().contains_key("shelfkeeper_last_good_pass_age_seconds{job=\"sync\"}"));
    assert_eq!(daemon.get("/healthz").status, 200);
    shop.feed_tsv(&ROWS);
    wait_until("a pass has succeeded", || daemon.is_ready());
    assert!(daemon.metrics()["shelfkeeper_last_good_pass_age_seconds{job=\"sync\"}"] >= 0.0);
    shop.shop().put_with(FEED, Feed { status: 503, retry_after: Some("0".to_owned()), ..Feed::default() });
    wait_until("the last good one is long ago", || !daemon.is_ready());
    let reason = daemon.get("/readyz").body;
    assert!(reason.contains("longer than three intervals of its schedule (every 1s)"), "{reason}");
    shop.feed_tsv(&ROWS);
    wait_until("all is well again", || daemon.is_ready());
    daemon.stop();

    // A restart takes nothing from the last good pass, and gives it no second life.
    shop.shop().put_with(FEED, Feed { status: 503, retry_after: Some("0".to_owned()), ..Feed::default() });
    shop.config(LISTENS);
    let daemon = Daemon::start(&shop);
    assert!(daemon.is_ready());
    shop.config(OFTEN);
    daemon.process.signal("HUP");
    wait_until("three seconds are over", || !daemon.is_ready());
    daemon.stop();
}

#[test]
fn a_resync_that_failed_is_made_up_for_once() {
    let shop = Shop::with_rows(&ROWS[..2]);
    shop.config(&OFTEN.replace("[http]", "resync_schedule = \"every 12h\"\n[http]"));
    let daemon = Daemon::start(&shop);
    let passes = |kind: &str, outcome: &str| {
        let series = format!("shelfkeeper_passes_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
        daemon.metrics().get(&series).copied().unwrap_or_default()
    };
    wait_until("the first pass counts", || passes("sync", "ok") == 1.0);
    let no_listing = || Rule { method: Some("GET".into()), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(Rule { times: Some(1), ..no_listing() });
    daemon.process.signal("USR1");
    wait_until("it is made up for", || passes("resync", "ok") == 1.0);
    assert_eq!(passes("resync", "failed"), 1.0);

    shop.nicechat().add_fault(no_listing());
    daemon.process.signal("USR1");
    wait_until("it fails again", || passes("resync", "failed") == 3.0);
    let before = passes("sync", "unchanged");
    wait_until("others go on", || passes("sync", "unchanged") >= before + 2.0);
    assert_eq!((passes("resync", "failed"), passes("resync", "ok")), (3.0, 1.0), "once");
    daemon.stop();

    // A restart doesn't forget it.
    shop.nicechat().clear_faults();
    let daemon = Daemon::start(&shop);
    let name = "shelfkeeper_passes_total{kind=\"resync\",outcome=\"ok\"}";
    wait_until("it is made up for", || daemon.metrics().get(name) == Some(&1.0));
    daemon.stop();
}

#[test]
fn passes_show_in_the_metrics() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(LISTENS);
    let nicechat = shop.nicechat();
    nicechat.add_fault(Rule { method: Some("POST".into()), times: Some(2), ..Rule::new(Fault::status(503)) });
    let daemon = Daemon::start(&shop);
    let passes = |kind: &str, outcome: &str| {
        daemon.metrics()[&format!("shelfkeeper_passes_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}")]
    };
    wait_until("the first pass counts", || passes("sync", "partial") == 1.0);
    let version = format!("shelfkeeper_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    let metrics = daemon.metrics();
    for (series, value) in [
        ("shelfkeeper_passes_total{kind=\"resync\",outcome=\"failed\"}", 0.0),
        ("shelfkeeper_pass_duration_seconds_count{kind=\"sync\",outcome=\"partial\"}", 1.0),
        ("shelfkeeper_objects_total{operation=\"created\"}", 3.0),
        ("shelfkeeper_objects_total{operation=\"failed\"}", 0.0),
        ("shelfkeeper_nicechat_requests_total{status=\"503\"}", 2.0),
        ("shelfkeeper_nicechat_retries_total", 2.0),
        ("shelfkeeper_rejected_rows", 1.0),
        ("shelfkeeper_refused_objects", 0.0),
        ("shelfkeeper_pending_changes", 0.0),
        ("shelfkeeper_owned_objects{type=\"product\"}", 2.0),
        ("shelfkeeper_owned_objects{type=\"category\"}", 1.0),
        (&version, 1.0),
    ] {
        assert_eq!(metrics.get(series), Some(&value), "{series} in {metrics:#?}");
    }

    nicechat.add_fault(Rule {
        id: Some("1".into()),
        method: Some("PATCH".into()),
        times: Some(1),
        ..Rule::new(Fault::Reset)
    });
    nicechat.add_fault(Rule { id: Some("2".into()), method: Some("PATCH".into()), ..Rule::new(Fault::status(400)) });
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home", "2|Chair|21.00 USD|in stock|Home"]);
    daemon.process.signal("USR1");
    wait_until("the second pass counts", || passes("resync", "partial") == 1.0);
    let metrics = daemon.metrics();
    for (series, value) in [
        ("shelfkeeper_objects_total{operation=\"updated\"}", 1.0),
        ("shelfkeeper_objects_total{operation=\"failed\"}", 1.0),
        ("shelfkeeper_nicechat_requests_total{status=\"400\"}", 1.0),
        ("shelfkeeper_nicechat_requests_total{status=\"none\"}", 1.0),
        ("shelfkeeper_nicechat_retries_total", 3.0),
        ("shelfkeeper_rejected_rows", 0.0),
        ("shelfkeeper_refused_objects", 1.0),
    ] {
        assert_eq!(metrics.get(series), Some(&value), "{series} in {metrics:#?}");
    }
    let requests = metrics.iter().filter(|(series, _)| series.starts_with("shelfkeeper_nicechat_requests_total"));
    assert_eq!(requests.map(|(_, count)| count).sum::<f64>(), nicechat.requests().len() as f64);
    daemon.stop();
}

#[test]
fn a_page_has_the_first_of_a_long_list_and_the_command_all_of_it() {
    let rows: Vec<String> = (0..1_200).map(|n| format!("x{n}||1 USD|in stock|")).collect();
    let shop = Shop::with_rows(&rows.iter().map(String::as_str).chain([ROWS[0]]).collect::<Vec<_>>());
    shop.config(LISTENS);
    let daemon = Daemon::start(&shop);
    wait_until("the first pass counts", || daemon.is_ready());
    let page: serde_json::Value = serde_json::from_str(&daemon.get("/status").body).expect("JSON");
    let all = shop.json(&["status", "--format", "json"]);
    let listed = |status: &serde_json::Value| status["rejected"].as_array().expect("a list").clone();
    assert_eq!((listed(&page).len(), listed(&all).len()), (1_000, 1_200));
    assert_eq!(listed(&page), listed(&all)[..1_000]);
    assert_eq!(page["rejected_total"], 1_200);
    assert!(page.get("failed_total").is_none() && all.get("rejected_total").is_none());
    daemon.stop();
}

#[test]
fn a_good_pass_in_the_future_is_trouble_until_the_next_one() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(OFTEN);
    shop.pass(3);
    // As after a start with the clock a day ahead.
    let state = rusqlite::Connection::open(shop.state_path()).expect("the state");
    let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let sql = "UPDATE pass SET row = json_set(row, '$.started', ?1, '$.finished', ?1, '$.machine_start', ?2)";
    assert_eq!(state.execute(sql, [&later, "5 another"]).expect("written"), 1);
    drop(state);
    shop.shop().put_with(FEED, Feed { status: 503, retry_after: Some("0".to_owned()), ..Feed::default() });
    let daemon = Daemon::start(&shop);
    assert!(daemon.process.log().contains("WARN the last good pass ended in the future"), "{}", daemon.process.log());
    wait_until("a pass has failed", || !shop.fetches().is_empty());
    let answer = daemon.get("/readyz");
    assert!(answer.status == 503 && answer.body.contains("in the future"), "{answer:?}");
    assert!(!daemon.metrics().contains_key("shelfkeeper_last_good_pass_age_seconds{job=\"sync\"}"));
    shop.feed_tsv(&ROWS);
    wait_until("it is ready again", || daemon.is_ready());
    daemon.stop();
}

#[test]
fn how_long_ago_a_pass_was_goes_by_a_clock_that_nobody_sets() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(LISTENS);
    shop.pass(3);
    assert_eq!(shop.json(&["status", "--format", "json"])["headline"]["state"], "rows");
    // As a pass of a hundred hours ago, after which the clock was set back by a day.
    let state = rusqlite::Connection::open(shop.state_path()).expect("the state");
    let start: String =
        state.query_row("SELECT row ->> '$.machine_start' FROM pass", [], |row| row.get(0)).expect("a row");
    let (up, boot) = start.split_once(' ').expect("two words");
    let up = up.parse::<i64>().expect("seconds") - 100 * 3600;
    let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(14)).to_string();
    let sql = "UPDATE pass SET row = json_set(row, '$.started', ?1, '$.finished', ?1, '$.machine_start', ?2)";
    state.execute(sql, [&later, &format!("{up} {boot}")]).expect("written");
    drop(state);
    let headline = shop.json(&["status", "--format", "json"])["headline"].clone();
    let text = headline["text"].as_str().expect("a text");
    assert!(headline["state"] == "stopped" && text.contains("the last pass ended 100 h 0 min ago"), "{headline}");
    let passes = shop.json(&["status", "--format", "json", "--passes", "1"])["passes"][0].clone();
    assert!(passes["finished"].is_string() && passes.get("machine_start").is_none(), "{passes}");
}

#[test]
fn slow_clients_keep_nobody_else_waiting() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(LISTENS);
    let daemon = Daemon::start(&shop);
    let mut slow: Vec<TcpStream> = (0..20).map(|_| connect(daemon.address)).collect();
    for client in &mut slow {
        client.write_all(b"GET /status HTTP/1.1\r\nHo").expect("sent");
    }
    for path in ["/healthz", "/metrics", "/status"] {
        assert_eq!(daemon.get(path).status, 200);
    }
    // One that goes on is served after all, and none keeps the daemon from ending.
    let last = slow.last_mut().expect("a client");
    last.write_all(b"st: localhost\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    last.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    daemon.stop();
}

#[test]
fn headers_have_a_limit() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(LISTENS);
    let daemon = Daemon::start(&shop);
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: x\r\n")).collect::<String>();
    let enough = ask(daemon.address, &format!("GET /healthz HTTP/1.1\r\n{}\r\n", many(1_000)));
    assert_eq!(enough.status, 200, "{enough:?}");
    let long = format!("X: {}\r\n", "x".repeat(16 << 10));
    for headers in [many(1_001), long] {
        let answer = ask(daemon.address, &format!("GET /healthz HTTP/1.1\r\n{headers}\r\n"));
        assert_eq!(answer.status, 431, "{answer:?}");
    }
    daemon.stop();
}

#[test]
fn an_address_in_use_keeps_nothing_from_being_synced() {
    let shop = Shop::with_rows(&ROWS);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("its address");
    shop.config(&format!("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"{address}\""));
    let process = Process::start(shop.command(&["run"]));
    process.wait_for_log(process::PASS_ENDED, 1);
    assert!(!shop.nicechat().requests().is_empty());
    let log = process.log();
    assert!(log.contains(&format!("[http] listen = \"{address}\": can't listen there (Address")), "{log}");
    assert!(log.contains("ERROR") && log.contains("set another port") && log.contains("tried again"), "{log}");
    // It is reloaded all the same, and opened once it can be.
    process.signal("HUP");
    process.wait_for_log("read again", 1);
    drop(taken);
    let open = format!("listening on http://{address}");
    wait_until("the door is open", || process.log().contains(&open));
    assert_eq!(ask(address, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").status, 200);
    assert_eq!(process.log().matches("can't listen").count(), 1, "{}", process.log());
    process.kill();
    shop.pass(3);
}

#[test]
fn a_reload_moves_closes_and_opens_the_listener() {
    let shop = Shop::with_rows(&ROWS);
    let listens = |address: &str| shop.config(&format!("[http]\nlisten = {address:?}\n"));
    listens("127.0.0.1:0");
    let mut daemon = Daemon::start(&shop);
    let first = daemon.address;
    let is_closed = |address| TcpStream::connect(address).is_err();
    let reload = |daemon: &Daemon, times| {
        daemon.process.signal("HUP");
        daemon.process.wait_for_log("read again", times);
    };

    // The same setting again: nothing moves.
    reload(&daemon, 1);
    assert_eq!(daemon.get("/healthz").status, 200);

    let taken = TcpListener::bind("127.0.0.1:0").expect("a listener");
    listens(&taken.local_addr().expect("its address").to_string());
    daemon.process.signal("HUP");
    daemon.process.wait_for_log("New config not used, the old one stays: [http] listen", 1);
    assert_eq!(daemon.get("/healthz").status, 200);

    listens("127.0.0.2:0");
    reload(&daemon, 2);
    daemon.address = listening(&daemon.process, 2);
    assert_ne!(daemon.address.ip(), first.ip());
    assert_eq!(daemon.get("/healthz").status, 200);
    wait_until("the old one is closed", || is_closed(first));

    shop.config("");
    reload(&daemon, 3);
    wait_until("it is closed", || is_closed(daemon.address));
    listens("127.0.0.1:0");
    reload(&daemon, 4);
    daemon.address = listening(&daemon.process, 3);
    wait_until("it knows of the passes while it was closed", || daemon.is_ready());
    daemon.stop();
}

/// Products and categories count together, and a pass that is held whole is never nothing.
#[test]
fn what_is_held_has_one_number_a_risk() {
    let row = |n: usize| format!("{n}|Lamp {n}|1.00 USD|in stock|Shelf {}", n % 20);
    let rows = |count: usize| -> Vec<String> { (0..60).filter(|n| n % 20 < count).map(row).collect() };
    let publish = |shop: &Shop, rows: &[String]| shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let shop = Shop::new();
    shop.config(OFTEN);
    publish(&shop, &rows(20));
    let daemon = Daemon::start(&shop);
    wait_until("the first pass counts", || daemon.is_ready());
    let held = |risk: &str| daemon.metrics().get(&format!("shelfkeeper_held{{risk=\"{risk}\"}}")).copied();
    assert_eq!(held("delete"), None);
    publish(&shop, &rows(5));
    wait_until("deletions are held", || held("delete") == Some(45.0 + 15.0));
    publish(&shop, &["1||1.00 USD|in stock|Shelf 1".to_owned()]);
    wait_until("all is held", || held("empty_feed") == Some(59.0));
    publish(&shop, &(0..60).map(|n| format!("{n}||1.00 USD|in stock|Shelf {}", n % 20)).collect::<Vec<_>>());
    wait_until("all is held, and nothing would go", || held("empty_feed") == Some(1.0));
    publish(&shop, &rows(20));
    wait_until("nothing is held", || held("empty_feed").is_none());
    daemon.stop();
}

#[test]
fn a_pause_shows_and_keeps_it_ready() {
    let shop = Shop::with_rows(&ROWS);
    shop.config(OFTEN);
    let daemon = Daemon::start(&shop);
    wait_until("the first pass counts", || daemon.is_ready());
    assert_eq!(daemon.metrics()["shelfkeeper_paused"], 0.0);
    shop.run(&["pause", "--reason", "stock taking"]).expect_code(0);
    let held = "shelfkeeper_passes_total{kind=\"sync\",outcome=\"held\"}";
    wait_until("passes are held", || daemon.metrics()[held] >= 4.0);
    assert_eq!((daemon.get("/readyz").status, &*daemon.get("/readyz").body), (200, "ready\npaused: stock taking\n"));
    assert_eq!(daemon.metrics()["shelfkeeper_paused"], 1.0);
    let status: serde_json::Value = serde_json::from_str(&daemon.get("/status").body).expect("JSON");
    assert_eq!(status["headline"]["state"], "paused");
    shop.run(&["resume"]).expect_code(0);
    wait_until("it is over", || daemon.metrics()["shelfkeeper_paused"] == 0.0);
    assert_eq!(daemon.get("/readyz").body, "ready\n");
    daemon.stop();
}
