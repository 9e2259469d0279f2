//! Two doors: one for those who run the program, one for everybody else.

use std::net::TcpStream;

use crate::kit::door::{ask, private, public};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};

const DOORS: &str =
    "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\npublic_listen = \"127.0.0.1:0\"\n";

fn shop(lines: &str) -> (Shop, Process) {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.config(&format!("{DOORS}{lines}"));
    let process = Process::start(shop.command(&["run"]));
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
    let (shop, process) = shop("");
    let (private, public) = (private(&process), public(&process));
    shop.config("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    process.signal("HUP");
    wait_until("it is closed", || TcpStream::connect(public).is_err());
    assert_eq!(ask(private, "GET /healthz", "Host: localhost\r\n").0, 200);
    shop.config("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"\"\npublic_listen = \"127.0.0.1:0\"\n");
    process.signal("HUP");
    wait_until("the other one is closed", || TcpStream::connect(private).is_err());
    process.wait_for_log("listening at http://", 2);
}
