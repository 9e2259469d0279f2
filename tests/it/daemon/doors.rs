//! Two doors: one for those who run the program, one for everybody else.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::http::listening;
use crate::kit::door::{ask, private, public};
use crate::kit::process::{PASS_ENDED, Process};
use crate::kit::{Shop, wait_until};
use sandbox::{Fault, Rule};

const DOORS: &str =
    "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\npublic_listen = \"127.0.0.1:0\"\n";

fn shop(lines: &str) -> (Shop, Process) {
    start(&format!("{DOORS}{lines}"))
}

/// Doors at an address where no other test listens: a port there that is free again stays so.
fn doors_at(address: &str) -> String {
    DOORS.replace("127.0.0.1", address)
}

fn start(config: &str) -> (Shop, Process) {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.config(config);
    let process = Process::start(shop.command(&["run"]));
    (shop, process)
}

/// A daemon whose first pass waits for NiceChat.
fn in_a_pass(config: &str) -> (Shop, Process) {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.nicechat().add_fault(Rule::new(Fault::Hang));
    shop.config(config);
    let process = Process::start(shop.command(&["run"]));
    wait_until("a pass is under way", || !shop.nicechat().requests().is_empty());
    (shop, process)
}

#[test]
fn what_is_at_one_door_is_not_at_the_other() {
    let (_shop, process) = shop("");
    let host = "Host: localhost\r\n";
    for path in ["/healthz", "/readyz", "/metrics", "/status"] {
        assert_ne!(ask(private(&process), &format!("GET {path}"), host).0, 404, "{path}");
        let (status, answer) = ask(public(&process), &format!("GET {path}"), host);
        assert_eq!(status, 404, "{path}");
        assert!(!answer.contains(env!("CARGO_PKG_VERSION")) && !answer.contains("healthz"), "{answer}");
    }
    assert_eq!(ask(private(&process), "GET /import/x/feed.yml", host).0, 404);
}

#[test]
fn names_that_are_not_ours_are_sent_away() {
    let (_shop, process) = shop("allowed_hosts = [\"keeper.example\"]\n");
    for (host, status) in [("evil.example", 421), ("keeper.example:80", 200), ("127.0.0.1:1", 200), ("localhost", 200)]
    {
        assert_eq!(ask(private(&process), "GET /healthz", &format!("Host: {host}\r\n")).0, status, "{host}");
    }
    assert_eq!(ask(public(&process), "GET /", "Host: evil.example\r\n").0, 404);
}

#[test]
fn a_password_is_asked_for_but_by_monitors() {
    let (_shop, process) = shop("password = \"hunter2\"\n");
    let address = private(&process);
    let get = |path: &str, pair: &str| {
        let header = if pair.is_empty() { String::new() } else { format!("Authorization: Basic {pair}\r\n") };
        ask(address, &format!("GET {path}"), &format!("Host: localhost\r\n{header}"))
    };
    assert_eq!(get("/healthz", "").0, 200);
    let (status, answer) = get("/metrics", "");
    assert!(status == 401 && answer.to_lowercase().contains("www-authenticate: basic"), "{answer}");
    // Any user: a:hunter2, :hunter2.
    assert_eq!((get("/metrics", "YTpodW50ZXIy").0, get("/metrics", "Omh1bnRlcjI=").0), (200, 200));
    assert!((0..20).all(|_| get("/metrics", "YTpi").0 == 401));
    let (status, answer) = get("/metrics", "YTpodW50ZXIy");
    assert!(status == 429 && answer.to_lowercase().contains("retry-after: 60"), "{answer}");
    assert_eq!(get("/healthz", "").0, 200);
    // Behind a proxy of ours others are others.
    let header = "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\nAuthorization: Basic YTpodW50ZXIy\r\n";
    assert_eq!(ask(address, "GET /metrics", header).0, 200);
}

#[test]
fn lines_and_headers_have_limits_of_their_own() {
    let (_shop, process) = shop("");
    for (address, most) in [(private(&process), 16 << 10), (public(&process), 32 << 10)] {
        let line = |letters: usize| ask(address, &format!("GET /{}", "a".repeat(letters)), "Host: localhost\r\n").0;
        assert_eq!([8_100, 8_300, 60_000].map(line), [404, 414, 414]);
        let header =
            |letters: usize| ask(address, "GET /x", &format!("Host: localhost\r\nx: {}\r\n", "a".repeat(letters))).0;
        assert_eq!((header(most - 200), header(most)), (404, 431));
    }
}

#[test]
fn who_asks_too_often_has_to_wait() {
    let (_shop, process) = shop("requests_per_second = 1\n");
    let address = public(&process);
    let get = |from: &str| ask(address, "GET /import/x/feed.yml", &format!("Host: a\r\nX-Forwarded-For: {from}\r\n"));
    let first: Vec<u16> = (0..4).map(|_| get("192.0.2.1").0).collect();
    assert_eq!(first, [404; 4]);
    let mut answers = (0..10).map(|_| get("192.0.2.1"));
    let (_, answer) = answers.find(|(status, _)| *status == 429).expect("it has to wait");
    assert!(answer.to_lowercase().contains("retry-after: 1"), "{answer}");
    assert_eq!(get("192.0.2.2").0, 404);
}

#[test]
fn a_reload_opens_and_closes_them() {
    let (shop, process) = start(&doors_at("127.0.0.3"));
    let (private, public) = (private(&process), public(&process));
    shop.config("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.3:0\"\n");
    process.signal("HUP");
    wait_until("it is closed", || TcpStream::connect(public).is_err());
    assert_eq!(ask(private, "GET /healthz", "Host: localhost\r\n").0, 200);
    shop.config("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"\"\npublic_listen = \"127.0.0.1:0\"\n");
    process.signal("HUP");
    wait_until("the other one is closed", || TcpStream::connect(private).is_err());
    process.wait_for_log("listening at http://", 2);
}

/// Also where the state has to be waited for before the settings hold.
#[test]
fn a_door_that_moves_answers_from_its_line_in_the_log_on() {
    let (shop, process) = shop("");
    process.wait_for_log(PASS_ENDED, 1);
    let state = rusqlite::Connection::open(shop.state_path()).expect("the state");
    state.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    shop.config(&DOORS.replacen("127.0.0.1:0", "127.0.0.2:0", 1));
    process.signal("HUP");
    thread::scope(|threads| {
        threads.spawn(move || {
            thread::sleep(Duration::from_millis(500));
            drop(state);
        });
        let address = listening(&process, 2);
        assert_eq!(ask(address, "GET /healthz", "Host: localhost\r\n").0, 200);
    });
}

#[test]
fn a_door_with_a_password_is_closed_at_once_though_a_pass_is_under_way() {
    let source = "[source]\nschedule = \"every 12h\"\n";
    let open = format!("{source}[http]\nlisten = \"127.0.0.2:0\"\n");
    for without in [source, &*open] {
        let doors = doors_at("127.0.0.4");
        let (shop, process) = in_a_pass(&format!("{doors}password = \"hunter2\"\n[nicechat]\ntimeout = \"60s\"\n"));
        let address = private(&process);
        assert_eq!(ask(address, "GET /metrics", "Host: localhost\r\n").0, 401);
        let mut early = TcpStream::connect(address).expect("a connection");
        early.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n").expect("sent");
        shop.config(without);
        process.signal("HUP");
        process.wait_for_log("read again", 1);
        // It may be closed by now.
        let _ = early.write_all(b"Connection: close\r\n\r\n");
        let mut answer = Vec::new();
        let _ = early.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
        wait_until("it is closed", || TcpStream::connect(address).is_err());
        assert!(!process.log().contains(PASS_ENDED), "{}", process.log());
    }
}

#[test]
fn a_door_that_a_pass_under_way_still_needs_is_taken_back() {
    let (shop, process) = in_a_pass(DOORS);
    let address = public(&process);
    let no_public = DOORS.replace("public_listen = \"127.0.0.1:0\"", "public_listen = \"\"");
    for (before, doors) in [&*no_public, DOORS].into_iter().enumerate() {
        shop.config(doors);
        process.signal("HUP");
        process.wait_for_log("read again", before + 1);
        assert_eq!(ask(address, "GET /", "Host: a\r\n").0, 404);
    }
    shop.nicechat().clear_faults();
    process.wait_for_log(PASS_ENDED, 1);
    // What only the pass needed is closed with it.
    process.signal("HUP");
    process.wait_for_log("read again", 3);
    assert_eq!(ask(address, "GET /", "Host: a\r\n").0, 404);
    assert_eq!(process.log().matches("listening at http://").count(), 1, "{}", process.log());
}
