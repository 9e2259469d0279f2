//! Pauses beside a running daemon: it stops sending at once, and goes on when they are over.

use std::time::Duration;

use serde_json::json;

use crate::kit::goods::{self, assert_equal, goods as many, publish};
use crate::kit::process::{self, Process};
use crate::kit::{Shop, wait_until};
use sandbox::{Fault, Kind, Rule, Rules};

const RARELY: &str = "[source]\nschedule = \"every 12h\"\n[nicechat]\nconcurrency = 2\n";

fn repriced(count: usize) -> Vec<goods::Good> {
    many("p", count).into_iter().map(|good| good.at_price("11.00")).collect()
}

fn started(shop: &Shop) -> Process {
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 1);
    daemon
}

#[test]
fn a_daemon_stops_sending_and_makes_up_for_it() {
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, &many("p", 20));
    let daemon = started(&shop);
    shop.run(&["pause"]).expect_code(0);
    daemon.wait_for_log("paused: nothing is sent", 1);
    publish(&shop, &repriced(20));
    shop.nicechat().take_requests();
    daemon.signal("USR1");
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_eq!(shop.take_writes(), [""; 0]);
    let last = &shop.json(&["status", "--format", "json"])["last_pass"];
    assert_eq!(
        (&last["kind"], &last["outcome"], &last["reason"]),
        (&json!("resync"), &json!("held"), &json!("paused"))
    );
    shop.run(&["resume"]).expect_code(0);
    daemon.wait_for_log("the pause is over", 1);
    daemon.wait_for_log(process::PASS_ENDED, 3);
    assert_equal(&shop, &repriced(20));
    let last = &shop.json(&["status", "--format", "json"])["last_pass"];
    assert_eq!((&last["kind"], &last["outcome"]), (&json!("resync"), &json!("ok")), "what was held is made up for");
    daemon.wait_for_log("nothing is kept back any more", 1);
    assert!(!daemon.log().contains("failed_passes"), "to be asked to wait is no failure: {}", daemon.log());
}

#[test]
fn a_pass_under_way_is_stopped_and_a_pause_outlives_a_restart() {
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, &many("p", 40));
    let daemon = started(&shop);
    publish(&shop, &repriced(40));
    let nicechat = shop.nicechat();
    nicechat.take_requests();
    nicechat.add_fault(Rule { after: 10, method: Some("PATCH".into()), ..Rule::new(Fault::Hang) });
    daemon.signal("USR1");
    let patches = || nicechat.requests().iter().filter(|request| request.method == "PATCH").count();
    wait_until("it is in the middle", || patches() == 12);
    shop.run(&["pause", "--reason", "stock taking"]).expect_code(0);
    daemon.wait_for_log(process::PASS_ENDED, 2);
    let last = &shop.json(&["status", "--format", "json"])["last_pass"];
    assert_eq!(
        (&last["outcome"], &last["reason"], &last["updated"]),
        (&json!("held"), &json!("paused: stock taking"), &json!(10))
    );
    drop(daemon);
    nicechat.clear_faults();
    nicechat.take_requests();
    let daemon = started(&shop);
    assert_eq!(shop.take_writes(), [""; 0]);
    shop.run(&["resume"]).expect_code(0);
    wait_until("the rest has arrived", || goods::tally(&nicechat.requests()).contains("30 PATCH products"));
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_equal(&shop, &repriced(40));
}

#[test]
fn a_pause_that_is_over_before_the_pass_has_stopped_loses_nothing() {
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, &many("p", 6));
    let daemon = started(&shop);
    let nicechat = shop.nicechat();
    nicechat.remove(Kind::Product, "p0");
    nicechat.set_rules(Rules { latency: Duration::from_secs(1), ..Rules::default() });
    nicechat.take_requests();
    daemon.signal("USR1");
    wait_until("a request is in flight", || !nicechat.requests().is_empty());
    shop.run(&["pause"]).expect_code(0);
    daemon.wait_for_log("paused: nothing is sent", 1);
    shop.run(&["resume"]).expect_code(0);
    daemon.wait_for_log("the pause is over", 1);
    daemon.wait_for_log(process::PASS_ENDED, 3);
    let last = &shop.json(&["status", "--format", "json"])["last_pass"];
    assert_eq!((&last["kind"], &last["outcome"]), (&json!("resync"), &json!("ok")));
    assert_equal(&shop, &many("p", 6));
}

#[test]
fn a_pause_ends_by_itself() {
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, &many("p", 3));
    let daemon = started(&shop);
    publish(&shop, &repriced(3));
    shop.run(&["pause", "--for", "2s"]).expect_code(0);
    daemon.wait_for_log("the pause is over", 1);
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_equal(&shop, &repriced(3));
}

#[test]
fn what_is_approved_makes_a_pass_due_at_once() {
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, &many("p", 3));
    let daemon = started(&shop);
    for passes in [2, 3] {
        shop.write("state/shelfkeeper.db.approved.new", "{}");
        std::fs::rename(shop.path("state/shelfkeeper.db.approved.new"), shop.path("state/shelfkeeper.db.approved"))
            .expect("there");
        daemon.wait_for_log(process::PASS_ENDED, passes);
    }
}

#[test]
fn status_tells_whether_somebody_makes_the_passes_that_are_due() {
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, &many("p", 2));
    let mut daemon = started(&shop);
    let told = |words: &str| shop.run(&["status"]).expect_code(0).stdout.contains(words);
    assert!(told("next, by the daemon") && !told("No daemon runs now"));
    daemon.signal("TERM");
    daemon.ends_within(process::PATIENCE);
    assert!(told("No daemon runs now: `shelfkeeper run`, unless a timer makes the passes."));
}

#[test]
fn status_tells_when_the_next_pass_is_due_with_the_delay_of_the_shop() {
    let shop = Shop::new();
    shop.config("[source]\nschedule = \"0 0 3 * * *\"\nsplay = \"23h\"\n");
    publish(&shop, &many("p", 2));
    shop.pass(0);
    let told = shop.run(&["status"]).expect_code(0).stdout;
    let (_, next) = told.split_once("next, by the daemon, ").expect(&told);
    let next: jiff::Timestamp = next.split(' ').next().and_then(|next| next.parse().ok()).expect(&told);
    let due: jiff::Timestamp = format!("{}T03:00:00Z", &next.to_string()[..10]).parse().expect("a time");
    // A part of 23 hours that is the shop's own.
    assert_ne!(next, due, "{told}");
}
