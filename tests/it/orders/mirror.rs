//! The mirror: what a pass reads, when it is over, and what it keeps.

use sandbox::{Fault, Rule, Rules};
use serde_json::json;

use crate::kit::Shop;
use crate::kit::orders::{configure, ids, mirrored, order, pass, requests, shop};

fn rules(shop: &Shop, change: impl FnOnce(&mut Rules)) {
    let mut rules = shop.nicechat().rules();
    change(&mut rules);
    shop.nicechat().set_rules(rules);
}

/// A shop with so many orders, three a page, that a pass has read.
fn filled(orders: i64) -> Shop {
    let shop = shop("");
    rules(&shop, |rules| rules.page_size = 3);
    for id in 1..=orders {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    }
    pass(&shop, "--once", 0);
    shop
}

#[test]
fn an_order_is_shown_as_nicechat_wrote_it_and_nothing_of_persons() {
    let shop = shop("");
    let text = r#"{"id": 30, "deal": {"website": "example.com", "num": "o-11/170521", "agents": ["admin@example.com"],
        "chat": 71, "date": "2026-05-21 10:26:03.475537+00:00", "products": [{"url": "http://example.com/product-1",
        "price": 111.0, "qty": 1, "id": "1", "title": "Example product-1"}]},
        "contacts": {"client": {"name": "Order-test-guest"}}}"#;
    shop.nicechat().put_order(serde_json::from_str(text).expect("JSON"));
    let (output, asked) = pass(&shop, "--once", 0);
    assert_eq!(asked, ["/marketplaces/v1/orders/"]);
    assert!(output.stdout.contains("orders: ok, 1 seen, 1 new, 1 request in "), "{}", output.stdout);
    assert!(output.stderr.contains("1 order was there at the first read"), "{}", output.stderr);
    let [mut order] = mirrored(&shop).try_into().expect("one order");
    assert!(order["first_seen"].take().is_string());
    assert_eq!(
        order,
        json!({
            "id": 30, "num": "o-11/170521", "date": "2026-05-21T10:26:03.475537Z", "website": "example.com", "chat": 71,
            "agents": ["admin@example.com"], "first_seen": null, "gone": null, "personal": null,
            "lines": [{"id": "1", "title": "Example product-1", "qty": 1, "price": 111.0, "currency": "usd",
                       "category": order["lines"][0]["category"], "url": "http://example.com/product-1"}],
            "total": [{"currency": "usd", "amount": 111.0}],
        })
    );
    assert!(order["lines"][0]["category"].is_string(), "that of the snapshot");
    let raw = shop.run(&["orders", "--format", "json"]).stdout;
    assert!(raw.contains("\"price\":111.0,"), "{raw}");
    for name in ["30", "o-11/170521"] {
        assert_eq!(shop.json(&["orders", name, "--format", "json"])["id"], 30);
    }
    shop.run(&["orders", "31"]).expect_code(1);
}

#[test]
fn while_nothing_happens_a_pass_is_one_request() {
    let shop = filled(8);
    assert_eq!(ids(&shop), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(requests(&shop), 1);
    shop.nicechat().put_order(order(9, "2026-05-02 10:00:00+00:00", 1));
    assert_eq!(requests(&shop), 1, "the newest come first, and less than a page is new");
    for id in 10..=14 {
        shop.nicechat().put_order(order(id, "2026-05-02 10:00:00+00:00", 1));
    }
    assert_eq!(requests(&shop), 2, "more than a page is new");
    assert_eq!(ids(&shop).len(), 14);
    assert_eq!(requests(&shop), 1);
}

#[test]
fn oldest_first_works_and_takes_all_pages() {
    let shop = filled(7);
    rules(&shop, |rules| rules.orders_oldest_first = true);
    assert_eq!(requests(&shop), 1);
    shop.nicechat().put_order(order(8, "2026-05-02 10:00:00+00:00", 1));
    assert_eq!(requests(&shop), 3);
    assert_eq!(ids(&shop).len(), 8);
}

#[test]
fn each_page_is_kept_before_the_next_is_asked_for() {
    let shop = filled(1);
    for id in 2..=8 {
        shop.nicechat().put_order(order(id, "2026-05-02 10:00:00+00:00", 1));
    }
    let second = Rule { path: Some("orders/".into()), after: 1, ..Rule::new(Fault::status(503)) };
    shop.nicechat().add_fault(second);
    let (output, _) = pass(&shop, "--once", 1);
    assert!(output.stderr.contains("NiceChat's orders could not be read"), "{}", output.stderr);
    assert_eq!(ids(&shop), [1, 6, 7, 8]);
    shop.nicechat().clear_faults();
    pass(&shop, "--once", 0);
    assert_eq!(ids(&shop).len(), 8);
}

#[test]
fn a_whole_listing_finds_what_changed_but_not_a_client_who_came_back() {
    let shop = filled(7);
    configure(&shop, "keep = [\"client\"]\n");
    pass(&shop, "--resync", 0);
    let mut first = order(1, "2026-05-01 10:00:01+00:00", 5);
    shop.nicechat().put_order(first.clone());
    let (output, asked) = pass(&shop, "--resync", 0);
    assert_eq!(asked.len(), 3);
    assert!(output.stdout.contains("orders: ok, 7 seen, 1 changed"), "{}", output.stdout);
    assert_eq!(mirrored(&shop)[0]["lines"][0]["qty"], 5);
    first["contacts"]["client"]["visits"] = json!(4);
    shop.nicechat().put_order(first);
    let (output, _) = pass(&shop, "--resync", 0);
    assert!(output.stdout.contains("orders: ok, 7 seen, 3 requests"), "{}", output.stdout);
}

#[test]
fn pages_that_go_round_fail_the_pass() {
    let shop = filled(4);
    let page = json!({"status": "ok", "code": 200, "result": {
        "count": 9, "next": "/marketplaces/v1/orders/?page=2", "previous": null,
        "results": [order(1, "2026-05-01 10:00:01+00:00", 1)]}});
    shop.nicechat().add_fault(Rule { path: Some("orders/".into()), ..Rule::new(Fault::json(page)) });
    let (output, asked) = pass(&shop, "--once", 1);
    assert!(output.stderr.contains("go round in a circle"), "{}", output.stderr);
    assert_eq!(asked.len(), 2);
    assert_eq!(ids(&shop).len(), 4);
}

#[test]
fn orders_that_are_too_old_are_not_held_and_count_all_the_same() {
    let shop = shop("days = 10\n");
    for (id, days) in [(1, 30), (2, 1), (3, 2)] {
        shop.nicechat().put_order(order(id, &crate::kit::orders::days_ago(days), 1));
    }
    assert_eq!(requests(&shop), 1);
    assert_eq!(ids(&shop), [3, 2]);
    assert_eq!(requests(&shop), 1);
    let status = shop.run(&["status"]).stdout;
    assert!(status.contains("Orders: 2 mirrored (and 1 too old to hold)"), "{status}");
}

#[test]
fn neither_a_bad_key_nor_a_busy_service_changes_anything() {
    let shop = filled(2);
    for (fault, told) in [(Fault::status(401), "api_key"), (Fault::status(503), "503"), (Fault::Html200, "orders")] {
        shop.nicechat().add_fault(Rule { path: Some("orders/".into()), ..Rule::new(fault) });
        let (output, _) = pass(&shop, "--once", 1);
        assert!(output.stderr.contains(told), "{}", output.stderr);
        shop.nicechat().clear_faults();
    }
    let status = shop.json(&["status", "--format", "json"]);
    assert!(status["orders"]["trouble"].as_str().is_some_and(|trouble| trouble.contains("orders could not be read")));
    pass(&shop, "--once", 0);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["orders"]["count"], &status["orders"]["trouble"]), (&json!(2), &json!(null)));
    assert!(status["orders"]["read_at"].is_string() && status["hooks"] == json!([]));
}

/// Where the newest come first, as many as are on a page may come in while it is read.
#[test]
fn a_page_that_was_read_already_is_no_circle() {
    let shop = filled(7);
    let orders = [8, 7, 6].map(|id| order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    let page = json!({"status": "ok", "code": 200, "result": {
        "count": 8, "next": "/marketplaces/v1/orders/?page=2&more=1", "previous": null, "results": orders}});
    shop.nicechat().put_order(order(8, "2026-05-01 10:00:08+00:00", 1));
    shop.nicechat().add_fault(Rule {
        path: Some("orders/".into()),
        after: 1,
        times: Some(1),
        ..Rule::new(Fault::json(page))
    });
    let (output, asked) = pass(&shop, "--resync", 0);
    assert_eq!(asked.len(), 4, "{asked:?} {}", output.stdout);
    assert_eq!(ids(&shop), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_list_has_a_line_an_order() {
    let shop = filled(1);
    let told = shop.run(&["orders"]).expect_code(0).stdout;
    assert_eq!(told, "2026-05-01T10:00:01Z  1 o-1: 1 pcs, 10.5 USD; ann@shop.example\n");
}

#[test]
fn an_error_is_told_once() {
    let shop = filled(1);
    shop.nicechat().add_fault(Rule { path: Some("orders/".into()), ..Rule::new(Fault::status(500)) });
    let told = pass(&shop, "--once", 1).0.stderr;
    assert_eq!(told.matches("500 with").count(), 1, "{told}");
}
