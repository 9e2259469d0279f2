//! Hooks that are told how passes go: once when something begins, and once when it is over.

use std::time::Instant;

use sandbox::{Fault, Feed, Rule};
use serde_json::{Value, json};

use crate::kit::goods::{Good, good, goods, publish};
use crate::kit::process::{PATIENCE, Process};
use crate::kit::receiver::Receiver;
use crate::kit::{FEED, Shop, orders, wait_until};

const ALL: &str = r#"["pass.failed", "pass.recovered", "pass.held", "rows.rejected", "objects.refused", "sync.stale"]"#;

/// The settings of a hook that is told these events; `more` stands in `[notify]`.
fn hook(receiver: &Receiver, events: &str, more: &str) -> String {
    let url = receiver.url();
    format!("[notify]\n{more}[[notify.hook]]\nname = \"ops\"\nevents = {events}\nurl = {url:?}\n")
}

/// A shop with a hook for all that is told of passes, and these products.
fn shop(receiver: &Receiver, goods: &[Good]) -> Shop {
    let shop = Shop::new();
    shop.config(&format!("[nicechat]\nretries = 0\n{}", hook(receiver, ALL, "shop = \"north\"\n")));
    publish(&shop, goods);
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(kinds(receiver), [""; 0], "all is well");
    shop
}

fn told(receiver: &Receiver) -> Vec<Value> {
    receiver.seen().iter().map(|message| message.json()).collect()
}

/// What was told, in a word each: with a bar where it is over.
fn kinds(receiver: &Receiver) -> Vec<String> {
    let kind = |told: Value| {
        let over = if told["data"]["over"] == true { "|" } else { "" };
        format!("{}{over}", told["type"].as_str().expect("a type"))
    };
    told(receiver).into_iter().map(kind).collect()
}

fn once(shop: &Shop, code: i32) {
    shop.run(&["run", "--once"]).expect_code(code);
}

#[test]
fn the_third_failure_in_a_row_is_told_once_and_so_is_the_end() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 2));
    let page = "not a feed at all";
    for failures in 1..=5 {
        shop.put_feed(page);
        once(&shop, 1);
        assert_eq!(kinds(&receiver).len(), usize::from(failures >= 3), "after {failures} failures");
    }
    let data = &told(&receiver)[0]["data"];
    let said = [&data["shop"], &data["job"], &data["over"], &data["failures"]];
    assert_eq!(said, [&json!("north"), &json!("sync"), &json!(false), &json!(3)], "{data}");
    assert!(data["since"].is_string() && data["reason"].as_str().is_some_and(|why| !why.is_empty()), "{data}");
    publish(&shop, &goods("p", 2));
    once(&shop, 0);
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["pass.failed", "pass.recovered|"]);
    let recovered = &told(&receiver)[1]["data"];
    assert_eq!((&recovered["since"], &recovered["failures"]), (&data["since"], &json!(5)));
    // Two are none of its business, and they are counted anew.
    shop.put_feed(page);
    once(&shop, 1);
    once(&shop, 1);
    publish(&shop, &goods("p", 2));
    once(&shop, 0);
    assert_eq!(kinds(&receiver).len(), 2);
}

#[test]
fn what_is_held_is_told_with_the_digest_and_the_command() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 54));
    publish(&shop, &goods("p", 20));
    once(&shop, 4);
    once(&shop, 4);
    publish(&shop, &goods("p", 19));
    once(&shop, 4);
    assert_eq!(kinds(&receiver), ["pass.held"], "once, whatever else is held meanwhile");
    let data = told(&receiver)[0]["data"].clone();
    let digest = data["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(data["command"], format!("shelfkeeper approve {digest}"));
    assert!(data["reason"].as_str().is_some_and(|why| why.contains("34 of 54 products")), "{data}");
    publish(&shop, &goods("p", 54));
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["pass.held", "pass.held|"]);
    assert_eq!(told(&receiver)[1]["data"]["since"], data["since"]);
}

#[test]
fn rows_that_are_not_taken_are_told_when_there_are_more_of_them() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 9));
    let with_bad = |count: usize| {
        let mut all = goods("p", 9);
        all.iter_mut().take(count).for_each(|good| good.price = "a lot".to_owned());
        publish(&shop, &all);
        shop.run(&["run", "--once"]);
    };
    for count in [4, 4, 3, 4, 5, 5, 2, 3, 0, 0] {
        with_bad(count);
    }
    let kinds = kinds(&receiver);
    let counts: Vec<u64> =
        told(&receiver).iter().map(|told| told["data"]["rejected"].as_u64().expect("a count")).collect();
    assert_eq!(counts, [4, 5, 3, 0], "{kinds:?}");
    assert_eq!(kinds, ["rows.rejected", "rows.rejected", "rows.rejected", "rows.rejected|"]);
    assert_eq!(told(&receiver)[1]["data"]["before"], 4);
}

#[test]
fn the_worst_of_feeds_tells_its_rows_too() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 54));
    let mut bad = goods("p", 54);
    bad.iter_mut().for_each(|good| good.price = "a lot".to_owned());
    publish(&shop, &bad);
    once(&shop, 4);
    let mut told = kinds(&receiver);
    told.sort();
    assert_eq!(told, ["pass.held", "rows.rejected"]);
}

#[test]
fn rows_are_told_beside_an_object_that_fails_all_the_time() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 9));
    shop.nicechat().add_fault(Rule { method: Some("PATCH".into()), ..Rule::new(Fault::status(500)) });
    let mut next = goods("p", 9);
    next[8].title = "Another".to_owned();
    next.iter_mut().take(4).for_each(|good| good.price = "a lot".to_owned());
    publish(&shop, &next);
    once(&shop, 1);
    assert_eq!(kinds(&receiver), ["rows.rejected"]);
    // What a failed pass lacks is not mended.
    publish(&shop, &next[4..]);
    once(&shop, 1);
    assert_eq!(kinds(&receiver), ["rows.rejected"]);
}

#[test]
fn rows_that_a_held_feed_lacks_are_not_mended() {
    let receiver = Receiver::new();
    let mut all = goods("p", 54);
    all[53].price = "a lot".to_owned();
    let shop = Shop::new();
    shop.config(&format!("[nicechat]\nretries = 0\n{}", hook(&receiver, ALL, "")));
    publish(&shop, &all);
    shop.run(&["run", "--once"]).expect_code(3);
    publish(&shop, &all[..20]);
    once(&shop, 4);
    assert_eq!(kinds(&receiver), ["rows.rejected", "pass.held"]);
    publish(&shop, &goods("p", 54));
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["rows.rejected", "pass.held", "pass.held|", "rows.rejected|"]);
}

#[test]
fn objects_that_are_refused_are_told() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 2));
    let refusal = Fault::json(json!({"status": "error", "code": 400, "error": "no"}));
    shop.nicechat().add_fault(Rule { method: Some("POST".into()), ..Rule::new(refusal) });
    let mut all = goods("p", 2);
    all.push(good("new"));
    publish(&shop, &all);
    once(&shop, 3);
    once(&shop, 3);
    assert_eq!(kinds(&receiver), ["objects.refused"]);
    assert_eq!(told(&receiver)[0]["data"]["refused"], 1);
    shop.nicechat().clear_faults();
    publish(&shop, &goods("p", 2));
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["objects.refused", "objects.refused|"]);
}

/// A shop that was synced, and whose next passes are due at once.
fn soon_stale(receiver: &Receiver) -> Shop {
    let shop = Shop::new();
    let settings = hook(receiver, r#"["sync.stale"]"#, "");
    shop.config(&format!("[source]\nschedule = \"every 1s\"\nsplay = \"0s\"\n{settings}"));
    publish(&shop, &goods("p", 2));
    once(&shop, 0);
    shop
}

#[test]
fn a_shop_without_a_good_pass_for_three_intervals_is_told_by_the_daemon() {
    let receiver = Receiver::new();
    let shop = soon_stale(&receiver);
    shop.put_feed("not a feed at all");
    let daemon = Process::start(shop.command(&["run"]));
    let is_taken = || shop.json(&["status", "--format", "json"])["hooks"][0]["pending"] == 0;
    wait_until("it is told", || !receiver.seen().is_empty() && is_taken());
    drop(daemon);
    // What was told is known to the next one.
    let daemon = Process::start(shop.command(&["run"]));
    let passes =
        || shop.json(&["status", "--format", "json", "--passes", "100"])["passes"].as_array().map_or(0, Vec::len);
    let before = passes();
    wait_until("there were more passes", || passes() > before + 1);
    publish(&shop, &goods("p", 2));
    wait_until("the end is told", || receiver.seen().len() > 1 && is_taken());
    drop(daemon);
    assert_eq!(kinds(&receiver), ["sync.stale", "sync.stale|"]);
    let data = told(&receiver)[0]["data"].clone();
    assert_eq!((&data["job"], &data["schedule"]), (&json!("sync"), &json!("every 1s")));
    assert!(data["reason"].is_string() && data["shop"].is_null(), "{data}");
}

#[test]
fn a_daemon_that_dies_in_every_pass_is_told() {
    let receiver = Receiver::new();
    let shop = soon_stale(&receiver);
    shop.shop().put_with(FEED, Feed { hang: true, ..Feed::default() });
    let deadline = Instant::now() + PATIENCE;
    while receiver.seen().is_empty() {
        assert!(Instant::now() < deadline, "nobody was told");
        let fetches = shop.fetches().len();
        let daemon = Process::start(shop.command(&["run"]));
        wait_until("its first pass has begun", || shop.fetches().len() > fetches || !receiver.seen().is_empty());
        daemon.kill();
    }
    assert_eq!(told(&receiver)[0]["type"], "sync.stale");
}

#[test]
fn a_disk_with_little_room_is_told_until_it_has_more() {
    let receiver = Receiver::new();
    let shop = Shop::new();
    let configure = |low: &str| shop.config(&hook(&receiver, r#"["disk.low"]"#, &format!("disk_low = {low:?}\n")));
    publish(&shop, &goods("p", 2));
    configure("1EiB");
    once(&shop, 0);
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["disk.low"]);
    let data = told(&receiver)[0]["data"].clone();
    assert!(data["free_bytes"].as_u64() < data["low_bytes"].as_u64() && data["total_bytes"].is_u64(), "{data}");
    configure("1");
    once(&shop, 0);
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["disk.low", "disk.low|"]);
}

#[test]
fn a_job_that_fails_for_long_does_not_fill_the_outbox_of_a_hook_that_is_away() {
    let receiver = Receiver::new();
    let shop = shop(&receiver, &goods("p", 2));
    receiver.answer(&["503 Busy"; 40]);
    for _ in 0..8 {
        shop.put_feed("not a feed at all");
        once(&shop, 1);
    }
    let hooks = shop.json(&["status", "--format", "json"])["hooks"].clone();
    assert_eq!(hooks[0]["pending"], 1, "{hooks}");
}

#[test]
fn a_job_that_is_taken_out_of_the_settings_is_told_as_over() {
    let receiver = Receiver::new();
    let hook = hook(&receiver, ALL, "");
    let shop = orders::shop(&hook);
    orders::pass(&shop, "--once", 0);
    let rule = |status| Rule { path: Some("orders".into()), ..Rule::new(Fault::status(status)) };
    shop.nicechat().add_fault(rule(500));
    for _ in 0..3 {
        shop.run(&["run", "--once"]).expect_code(1);
    }
    assert_eq!(kinds(&receiver), ["pass.failed"]);
    shop.config(&format!("[nicechat]\nretries = 0\n{hook}"));
    once(&shop, 0);
    once(&shop, 0);
    assert_eq!(kinds(&receiver), ["pass.failed", "pass.recovered|"]);
    let data = told(&receiver)[1]["data"].clone();
    assert_eq!((&data["job"], &data["reason"]), (&json!("orders"), &json!("the settings have no orders any more")));
}

#[test]
fn orders_that_are_held_are_told_until_somebody_approves() {
    let receiver = Receiver::new();
    let shop = orders::shop(&hook(&receiver, ALL, ""));
    for id in 1..=20 {
        shop.nicechat().put_order(orders::order(id, &orders::days_ago(1), 1));
    }
    orders::pass(&shop, "--resync", 0);
    for id in 1..=15 {
        shop.nicechat().remove_order(&json!(id));
    }
    orders::pass(&shop, "--resync", 4);
    orders::pass(&shop, "--resync", 4);
    assert_eq!(kinds(&receiver), ["pass.held"]);
    let data = told(&receiver)[0]["data"].clone();
    assert_eq!(data["job"], "orders");
    shop.run(&["approve", data["digest"].as_str().expect("a digest")]).expect_code(0);
    orders::pass(&shop, "--resync", 0);
    assert_eq!(kinds(&receiver), ["pass.held", "pass.held|"]);
}
