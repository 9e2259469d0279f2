//! Every section stands alone: what isn't configured isn't done, and isn't missed.

use crate::kit::Shop;
use crate::kit::events::{add, content, mirrored};
use crate::kit::process::{EVENTS_ENDED, Process};
use serde_json::{Value, json};

/// A shop that has nothing but Lagerkoll's events.
fn events_alone(more: &str) -> Shop {
    let shop = Shop::new();
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    shop.write("shelfkeeper.toml", format!("{state}{}{more}", shop.lagerkoll_section()));
    shop
}

#[test]
fn lagerkoll_alone_is_mirrored() {
    let shop = events_alone("");
    add(&shop, content("stock", "08:00"));
    let run = shop.run(&["run", "--once"]).expect_code(0);
    assert!(!run.stdout.contains("sync:") && run.stdout.contains("events: ok"), "{}", run.stdout);
    assert!(shop.nicechat().take_requests().is_empty() && shop.fetches().is_empty());
    assert_eq!(mirrored(&shop).as_array().map(Vec::len), Some(1));
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["last_pass"], &status["events"]["count"]), (&Value::Null, &json!(1)));
    let text = shop.run(&["status"]).expect_code(0).stdout;
    assert!(!text.contains("No pass yet") && text.contains("1 mirrored"), "{text}");
    let check = shop.run(&["check", "--online"]).expect_code(0).stdout;
    assert!(check.contains("Lagerkoll ok") && !check.contains("NiceChat"), "{check}");
    assert!(!check.contains("schedule"), "{check}");
    shop.run(&["run", "--resync"]).expect_code(0);
}

#[test]
fn lagerkoll_alone_is_planned() {
    let shop = events_alone(
        "[[lagerkoll.event]]\nname = \"stock\"\ntrigger_type = \"TIME\"\ntrigger = { time = \"08:00\" }\n\
         action_type = \"SEND_EMAIL\"\naction = { to = [\"a@shop.example\"], subject = \"Stock\" }\n",
    );
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(plan["summary"], json!({"create": 1, "update": 0, "delete": 0, "disable": 0}));
    assert_eq!((&plan["guard"], plan["operations"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(10);
    shop.run(&["run", "--once"]).expect_code(0);
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(0);
}

#[test]
fn a_daemon_with_lagerkoll_alone_mirrors_and_takes_a_feed_in_later() {
    let shop = events_alone("schedule = \"every 1s\"\n");
    add(&shop, content("stock", "08:00"));
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(EVENTS_ENDED, 2);
    assert!(shop.nicechat().take_requests().is_empty());
    // The sections that were missing come with a reload.
    shop.feed_tsv(&["1|Lamp|10.00 USD|in stock|"]);
    shop.config(&shop.lagerkoll_section());
    daemon.signal("HUP");
    daemon.wait_for_log(crate::kit::process::PASS_ENDED, 1);
    assert_eq!(shop.nicechat().objects(sandbox::Kind::Product).len(), 1);
}

#[test]
fn a_feed_alone_is_a_good_config_that_says_what_it_lacks() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|"]);
    let source = format!("[source]\nlocation = {:?}\n[state]\npath = {:?}\n", shop.feed_url(), shop.state_path());
    shop.write("shelfkeeper.toml", source);
    let check = shop.run(&["check"]).expect_code(0).stdout;
    assert!(check.contains("no section says what [source] is for: add [nicechat]"), "{check}");
    assert!(!check.contains("secrets"), "there are none to be told of: {check}");
    shop.run(&["run", "--once"]).expect_code(0);
    assert!(shop.nicechat().take_requests().is_empty());
}

#[test]
fn nothing_at_all_is_an_error_that_says_what_to_do() {
    let shop = Shop::new();
    shop.write("shelfkeeper.toml", "");
    let told = shop.run(&["check"]).expect_code(2).stderr;
    assert!(told.contains("source.location is missing"), "{told}");
    // NiceChat needs a feed.
    shop.write("shelfkeeper.toml", "[nicechat]\napi_key = \"k\"\napi_secret = \"s\"\n");
    let told = shop.run(&["check"]).expect_code(2).stderr;
    assert!(told.contains("source.location is missing"), "{told}");
}
