//! What can't be read costs itself, and is told.

use sandbox::Fault;
use serde_json::json;

use crate::kit::door::{ask, private};
use crate::kit::orders::{days_ago, ids, mirrored, order, pass, requests, shop};
use crate::kit::process::Process;

#[test]
fn what_is_no_order_is_set_aside_and_the_others_go_on() {
    let shop = shop("");
    shop.nicechat().put_order(order(1, "2026-05-01 10:00:00+00:00", 1));
    shop.nicechat().put_order(json!({"id": "x-7", "deal": {"num": "9"}, "contacts": {"client": {"visits": 1}}}));
    shop.nicechat().put_order(json!("nonsense"));
    let (output, _) = pass(&shop, "--once", 3);
    assert!(output.stdout.contains("orders: partial, 3 seen, 1 new, 2 set aside"), "{}", output.stdout);
    assert_eq!(ids(&shop), [1]);
    shop.nicechat().put_order(json!({"id": "x-7", "deal": {"num": "9"}, "contacts": {"client": {"visits": 2}}}));
    let (_, asked) = pass(&shop, "--once", 3);
    assert_eq!(asked.len(), 1, "it is known again, and counts");
    let failed = shop.json(&["status", "--format", "json"])["failed"].clone();
    let reasons: Vec<&str> =
        failed.as_array().expect("a list").iter().filter_map(|one| one["reason"].as_str()).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.contains(&"its id is no whole number of 63 bits") && reasons.contains(&"it is no object"));
    shop.nicechat().remove_order(&json!("x-7"));
    pass(&shop, "--resync", 3);
    assert_eq!(shop.json(&["status", "--format", "json"])["failed"].as_array().map(Vec::len), Some(1));
}

#[test]
fn orders_without_a_date_are_under_no_day() {
    let shop = shop("[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    let page = || {
        let daemon = Process::start(shop.command(&["run"]));
        ask(private(&daemon), "GET /", "Host: localhost\r\n").1
    };
    shop.nicechat().put_order(order(1, "", 1));
    shop.nicechat().put_order(order(2, "yesterday", 1));
    pass(&shop, "--once", 0);
    let told = page();
    let undated = "No date: 2 orders, for which NiceChat gives none; under no day.";
    assert!(told.contains("No order has a date in the last 30 days.") && told.contains(undated), "{told}");
    shop.nicechat().put_order(order(3, &days_ago(1), 1));
    pass(&shop, "--once", 0);
    let told = page();
    assert!(told.contains("Orders on each of the last 30 days: 1 in all") && told.contains(undated), "{told}");
    assert_eq!(told.matches(": 1 order</").count() + told.matches(": 2 orders</").count(), 2, "{told}");
}

#[test]
fn fields_that_cannot_be_read_are_nothing_and_told_once() {
    let shop = shop("");
    let mut strange = order(1, "yesterday", 1);
    strange["deal"]["products"][0]["price"] = json!("ten");
    strange["deal"]["coupon"] = json!("secret-word");
    shop.nicechat().put_order(strange);
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stderr.contains("date of order 1, price of product 1 of order 1"), "{}", output.stderr);
    assert!(output.stderr.contains("doesn't keep: deal.coupon"), "{}", output.stderr);
    let [held] = mirrored(&shop).try_into().expect("one");
    assert!(held["date"].is_null() && held["lines"][0]["price"].is_null() && held["total"] == json!([]));
    let (output, _) = pass(&shop, "--resync", 0);
    assert!(!output.stderr.contains("coupon") && !output.stderr.contains("can't be read"), "{}", output.stderr);
    let file = std::fs::read(shop.state_path()).expect("a file");
    assert!(!file.windows(11).any(|bytes| bytes == b"secret-word"));
}

#[test]
fn no_error_repeats_a_word_of_an_answer() {
    let shop = shop("");
    shop.nicechat().put_order(order(1, "2026-05-01 10:00:00+00:00", 1));
    let person =
        || json!({"status": "ok", "code": 200, "result": {"count": {"name": "Client-1"}, "results": "Client-1"}});
    for fault in [
        Fault::HalfJson,
        Fault::CutBody,
        Fault::json(person()),
        Fault::json(json!({"detail": "Client-1"})),
        Fault::text(200, "Client-1 is here"),
        Fault::text(503, "Client-1 is here"),
        Fault::text(400, "{\"status\": \"error\", \"code\": 400, \"description\": \"Client-1\"}"),
    ] {
        shop.nicechat().add_fault(sandbox::Rule {
            path: Some("orders/".into()),
            applied: true,
            ..sandbox::Rule::new(fault.clone())
        });
        let output = shop.run(&["-vv", "run", "--once"]).expect_code(1);
        assert!(!format!("{}{}", output.stdout, output.stderr).contains("Client"), "{fault:?}: {}", output.stderr);
        shop.nicechat().clear_faults();
    }
    let status = shop.run(&["status", "--passes", "20"]).stdout;
    assert!(!status.contains("Client"), "{status}");
    requests(&shop);
}
