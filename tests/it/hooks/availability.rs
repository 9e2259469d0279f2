//! Hooks that are told who of the advisors has come or left.

use sandbox::{Advisor, Fault};
use serde_json::{Value, json};

use crate::kit::process::{Process, page};
use crate::kit::receiver::Receiver;
use crate::kit::{Shop, wait_until};

fn shop(receiver: &Receiver, more: &str) -> Shop {
    told_of("\"availability.changed\"", receiver, more)
}

fn told_of(events: &str, receiver: &Receiver, more: &str) -> Shop {
    let shop = Shop::new();
    let hook = format!(
        "[[notify.hook]]\nname = \"page\"\nevents = [{events}]\nurl = {:?}\nsecret = \"secret\"\n",
        receiver.url()
    );
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    let watch = "[[emplifi.watch]]\nname = \"sofas\"\nalias = \"sofa-team\"\n";
    shop.write("shelfkeeper.toml", format!("{state}{}{more}{watch}{hook}", shop.emplifi_section()));
    shop
}

fn is_there(shop: &Shop, available: bool) {
    shop.emplifi().put(Advisor { alias: "sofa-team".to_owned(), keys: Vec::new(), available });
}

fn round(shop: &Shop) {
    shop.run(&["run", "--once"]);
}

fn told(receiver: &Receiver) -> Vec<Value> {
    receiver.seen().iter().map(|message| message.json()).collect()
}

#[test]
fn each_change_is_told_once_and_the_first_reading_is_none() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, "schedule = \"every 1s\"\nopen_after = 1\nclose_after = 2\n");
    is_there(&shop, true);
    round(&shop);
    is_there(&shop, false);
    round(&shop);
    assert_eq!(told(&receiver), [Value::Null; 0], "neither the first reading nor one that doesn't decide");
    round(&shop);
    round(&shop);
    let all = told(&receiver);
    assert_eq!((all.len(), &all[0]["type"]), (1, &json!("availability.changed")));
    let since = all[0]["data"]["since"].as_str().expect("a time").to_owned();
    assert_eq!(all[0]["data"], json!({"watch": "sofas", "state": "not_available", "since": since}));
    assert_eq!(shop.json(&["availability", "--format", "json"])[0]["since"], since.as_str());
    is_there(&shop, true);
    round(&shop);
    assert_eq!(told(&receiver)[1]["data"]["state"], "available");
    assert!(receiver.seen()[1].headers["webhook-signature"].starts_with("v1,"));
}

#[test]
fn that_nobody_knows_any_more_is_told_too() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, "schedule = \"every 1s\"\nunknown_after = \"2s\"\n");
    is_there(&shop, true);
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("it is known", || shop.json(&["availability", "--format", "json"])[0]["state"] == "available");
    shop.emplifi().fail_next(Fault::Html200, 1_000);
    wait_until("a hook is told", || !receiver.seen().is_empty());
    assert_eq!(told(&receiver)[0]["data"], json!({"watch": "sofas", "state": "unknown", "since": null}));
    shop.emplifi().clear_faults();
    wait_until("and that it is known again", || receiver.seen().len() > 1);
    assert_eq!(told(&receiver)[1]["data"]["state"], "available");
    drop(daemon);
}

/// A state that nobody looked at for long is told as unknown where no reading ends that, else by the reading: once in
/// either case.
#[test]
fn what_lapsed_while_nobody_was_here_is_told_by_the_next_round() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, "schedule = \"every 1s\"\nunknown_after = \"2s\"\n");
    let lapse = || {
        wait_until("it is too long ago", || {
            shop.run(&["availability", "--format", "json"]).json()[0]["state"] == "unknown"
        });
    };
    let states = || told(&receiver).iter().map(|told| told["data"]["state"].clone()).collect::<Vec<_>>();
    is_there(&shop, true);
    round(&shop);
    lapse();
    shop.emplifi().fail_next(Fault::status(500), 2);
    round(&shop);
    round(&shop);
    assert_eq!(states(), ["unknown"], "once");
    round(&shop);
    assert_eq!(states(), ["unknown", "available"]);
    lapse();
    round(&shop);
    assert_eq!(states()[2..], ["available"], "there again, as far as anybody knows");
    let now = shop.json(&["availability", "--format", "json"])[0]["since"].clone();
    assert_eq!(told(&receiver)[2]["data"]["since"], now);
    is_there(&shop, false);
    lapse();
    round(&shop);
    assert_eq!(states()[3..], ["not_available"], "and another one, too");
}

/// The watch `sofas` asks for another advisor from now on.
fn asks_for(shop: &Shop, before: &str, alias: &str) {
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    shop.write("shelfkeeper.toml", config.replace(before, alias));
}

/// Nobody is to believe of another question what was told of the one before.
#[test]
fn a_watch_that_asks_something_else_is_told_of() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, "schedule = \"every 1s\"\n");
    let states = || told(&receiver).iter().map(|told| told["data"]["state"].clone()).collect::<Vec<_>>();
    shop.emplifi().put(Advisor { alias: "bed-team".to_owned(), keys: Vec::new(), available: false });
    is_there(&shop, true);
    round(&shop);
    asks_for(&shop, "sofa-team", "bed-team");
    round(&shop);
    assert_eq!(states(), ["not_available"], "by its first reading");
    asks_for(&shop, "bed-team", "no-such-team");
    round(&shop);
    round(&shop);
    assert_eq!(states(), ["not_available", "unknown"], "once");
    asks_for(&shop, "no-such-team", "sofa-team");
    round(&shop);
    assert_eq!(states(), ["not_available", "unknown", "available"]);
}

#[test]
fn a_watch_that_asks_something_else_after_a_reload_is_told_of() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, "schedule = \"every 1s\"\n");
    shop.emplifi().put(Advisor { alias: "bed-team".to_owned(), keys: Vec::new(), available: false });
    is_there(&shop, true);
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("it is known", || shop.json(&["availability", "--format", "json"])[0]["state"] == "available");
    asks_for(&shop, "sofa-team", "bed-team");
    daemon.signal("HUP");
    wait_until("a hook is told", || {
        told(&receiver).last().is_some_and(|told| told["data"]["state"] == "not_available")
    });
}

/// Nobody was told that nobody knew.
#[test]
fn a_watch_that_asks_something_else_and_stands_the_same_is_no_news() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, "schedule = \"every 1s\"\nclose_after = 1\n");
    let beds = |available| {
        shop.emplifi().put(Advisor { alias: "bed-team".to_owned(), keys: Vec::new(), available });
        round(&shop);
    };
    is_there(&shop, true);
    round(&shop);
    asks_for(&shop, "sofa-team", "bed-team");
    beds(true);
    assert_eq!(told(&receiver), [Value::Null; 0]);
    beds(false);
    let states: Vec<_> = told(&receiver).iter().map(|told| told["data"]["state"].clone()).collect();
    assert_eq!(states, ["not_available"]);
}

/// However often somebody looks before it was asked.
#[test]
fn a_watch_that_asks_something_else_after_a_reload_and_stands_the_same_is_no_news() {
    let receiver = Receiver::new();
    // Long enough that it is asked a little after the reload.
    let shop = shop(&receiver, "schedule = \"every 30s\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    for (alias, available) in [("bed-team", true), ("chair-team", false)] {
        shop.emplifi().put(Advisor { alias: alias.to_owned(), keys: Vec::new(), available });
    }
    is_there(&shop, true);
    let standing = || shop.json(&["availability", "--format", "json"])[0].clone();
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("it is known", || standing()["state"] == "available");
    let before = standing()["since"].clone();
    asks_for(&shop, "sofa-team", "bed-team");
    daemon.signal("HUP");
    wait_until("the other one was read", || {
        page(&daemon, "/metrics");
        let now = standing();
        now["state"] == "available" && now["since"] != before
    });
    asks_for(&shop, "bed-team", "chair-team");
    daemon.signal("HUP");
    wait_until("a hook is told", || {
        page(&daemon, "/metrics");
        !receiver.seen().is_empty()
    });
    assert_eq!(told(&receiver)[0]["data"]["state"], "not_available");
}

/// Whoever of several is answered first.
#[test]
fn of_several_that_lapsed_each_is_told_once() {
    let receiver = Receiver::new();
    let second = "[[emplifi.watch]]\nname = \"beds\"\nalias = \"bed-team\"\n";
    let shop = shop(&receiver, &format!("schedule = \"every 1s\"\nunknown_after = \"4s\"\n{second}"));
    is_there(&shop, true);
    shop.emplifi().put(Advisor { alias: "bed-team".to_owned(), keys: Vec::new(), available: true });
    round(&shop);
    for times in 1..=2 {
        wait_until("it is too long ago", || {
            let known = shop.run(&["availability", "--format", "json"]).json();
            known.as_array().expect("a list").iter().all(|watch| watch["state"] == "unknown")
        });
        round(&shop);
        let states: Vec<_> = told(&receiver).iter().map(|told| told["data"]["state"].clone()).collect();
        assert_eq!(states, vec!["available"; 2 * times]);
    }
}

#[test]
fn rounds_that_fail_are_told_as_passes_are() {
    let receiver = Receiver::new();
    let events = r#""pass.failed", "pass.recovered""#;
    let shop = told_of(events, &receiver, "schedule = \"every 1s\"\nunknown_after = \"4s\"\n");
    let kinds = || told(&receiver).iter().map(|told| told["type"].clone()).collect::<Vec<_>>();
    is_there(&shop, true);
    shop.emplifi().fail_next(Fault::status(500), 5);
    for failures in 1..=5 {
        shop.run(&["run", "--once"]).expect_code(1);
        assert_eq!(kinds().len(), usize::from(failures >= 4), "not before nobody knows: {failures}");
    }
    let data = told(&receiver)[0]["data"].clone();
    assert_eq!((&data["job"], &data["failures"]), (&json!("availability"), &json!(4)), "{data}");
    assert!(data["reason"].as_str().is_some_and(|why| why.contains("sofas")), "{data}");
    round(&shop);
    round(&shop);
    assert_eq!(kinds(), ["pass.failed", "pass.recovered"]);
}

#[test]
fn that_there_was_no_good_round_for_long_is_told() {
    let receiver = Receiver::new();
    let shop = told_of("\"sync.stale\"", &receiver, "schedule = \"every 1s\"\nunknown_after = \"2s\"\n");
    is_there(&shop, true);
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("it is known", || shop.json(&["availability", "--format", "json"])[0]["state"] == "available");
    shop.emplifi().fail_next(Fault::Html200, 1_000);
    wait_until("a hook is told", || !receiver.seen().is_empty());
    shop.emplifi().clear_faults();
    wait_until("the end is told", || receiver.seen().len() > 1);
    drop(daemon);
    let all = told(&receiver);
    assert_eq!((&all[0]["type"], &all[0]["data"]["job"]), (&json!("sync.stale"), &json!("availability")));
    assert_eq!(all[1]["data"]["over"], true);
}
