//! Passes without a schedule: a feed's file that was written, and a call at the private door.

use std::net::SocketAddr;

use crate::kit::goods::{Good, assert_equal, feed, goods as many, publish};
use crate::kit::process::{self, Process};
use crate::kit::{Shop, door, wait_until};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::{Fault, Rule};
use serde_json::{Value, json};

pub(super) const LISTENS: &str =
    "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\npassword = \"hunter2\"\n";
/// Without a `Host` of ours, whoever asks is none of us.
const HOST: &str = "Host: localhost\r\nContent-Length: 0\r\n";

fn repriced(count: usize) -> Vec<Good> {
    many("p", count).into_iter().map(|good| good.at_price("11.00")).collect()
}

pub(super) fn started(shop: &Shop) -> Process {
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 1);
    daemon
}

fn knows(password: &str) -> String {
    format!("{HOST}Authorization: Basic {}\r\n", STANDARD.encode(format!("export:{password}")))
}

fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body.trim()).unwrap_or_else(|error| panic!("{error} in {answer}"))
}

/// The answer to a call of somebody who knows the password.
pub(super) fn sync(address: SocketAddr) -> (u16, Value) {
    let (status, answer) = door::ask(address, "POST /sync", &knows("hunter2"));
    (status, body(&answer))
}

#[test]
fn a_call_with_the_password_makes_a_pass() {
    let shop = Shop::new();
    shop.config(LISTENS);
    publish(&shop, &many("p", 3));
    let daemon = started(&shop);
    let address = door::private(&daemon);
    publish(&shop, &repriced(3));
    let strangers = [
        ("POST /sync", HOST.to_owned(), 401),
        ("POST /sync", knows("wrong"), 401),
        ("GET /sync", knows("hunter2"), 405),
        ("POST /sync", format!("{}Origin: https://evil.example\r\n", knows("hunter2")), 403),
        ("POST /sync", knows("hunter2").replace("localhost", "evil.example"), 421),
    ];
    for (line, headers, status) in strangers {
        assert_eq!(door::ask(address, line, &headers).0, status, "{line} {headers}");
    }
    assert_eq!(shop.fetches().len(), 1, "none of them makes a pass: {}", daemon.log());
    assert_eq!(sync(address), (202, json!({"sync": "due", "paused": false})));
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_equal(&shop, &repriced(3));
    shop.run(&["pause"]).expect_code(0);
    daemon.wait_for_log("paused: nothing is sent", 1);
    assert_eq!(sync(address), (202, json!({"sync": "due", "paused": true})));
}

#[test]
fn calls_during_a_pass_are_one() {
    let shop = Shop::new();
    shop.config(&format!("{LISTENS}[nicechat]\ntimeout = \"2s\"\n"));
    publish(&shop, &many("p", 3));
    let daemon = started(&shop);
    let address = door::private(&daemon);
    publish(&shop, &repriced(3));
    let nicechat = shop.nicechat();
    nicechat.add_fault(Rule { times: Some(1), method: Some("PATCH".into()), ..Rule::new(Fault::Hang) });
    assert_eq!(sync(address).0, 202);
    wait_until("it is in the middle", || nicechat.requests().iter().any(|request| request.method == "PATCH"));
    for _ in 0..3 {
        assert_eq!(sync(address).0, 202);
    }
    daemon.wait_for_log(process::PASS_ENDED, 3);
    assert_eq!(sync(address).0, 202);
    daemon.wait_for_log(process::PASS_ENDED, 4);
    // Each call may have looked whether the feed is another one, which would overtake the pass.
    assert!(shop.fetches().len() <= 7, "{}", daemon.log());
    assert_eq!(daemon.log().matches(process::PASS_ENDED).count(), 4, "{}", daemon.log());
}

#[test]
fn without_a_password_or_a_feed_nobody_can_call() {
    let shop = Shop::new();
    shop.config("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    publish(&shop, &many("p", 3));
    let daemon = started(&shop);
    let (status, answer) = door::ask(door::private(&daemon), "POST /sync", HOST);
    let why = body(&answer)["error"].to_string();
    assert!(status == 403 && why.contains("password_file"), "{answer}");

    daemon.kill();
    let section = shop.lagerkoll_section();
    shop.write("shelfkeeper.toml", format!("{section}[http]\nlisten = \"127.0.0.1:0\"\npassword = \"hunter2\"\n"));
    let alone = Process::start(shop.command(&["run"]));
    let (status, answer) = sync(door::private(&alone));
    assert!(status == 404 && answer["error"].to_string().contains("[source]"), "{answer}");
}

#[test]
fn a_file_is_read_when_it_was_written_or_renamed_and_left_alone() {
    let shop = Shop::new();
    let file = shop.write("feed.txt", feed(&many("p", 3)));
    shop.config(&format!("[source]\nlocation = {file:?}\nschedule = \"every 12h\"\n"));
    let daemon = started(&shop);
    let draft = shop.write("feed.new", feed(&repriced(2)));
    std::fs::rename(draft, &file).expect("renamed");
    // Only a file that was left alone proves that a product is gone.
    wait_until("what it says is there", || shop.nicechat().requests().iter().any(|sent| sent.method == "DELETE"));
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_equal(&shop, &repriced(2));
    assert!(daemon.log().contains("the feed's file was written"), "{}", daemon.log());
}
