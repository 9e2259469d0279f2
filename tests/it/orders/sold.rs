//! What was sold, exported and added up.

use serde_json::json;

use crate::kit::Shop;
use crate::kit::orders::{order, pass, shop, sold};

fn filled() -> Shop {
    let shop = shop("currency = \"eur\"\n");
    let mut shared = order(1, "2026-05-01 23:30:00+00:00", 1);
    shared["deal"]["agents"] = json!(["ann@shop.example", "bob@shop.example", "eve@shop.example"]);
    shared["deal"]["products"] = json!([
        {"id": "1", "title": "Lamp", "price": 100.00, "qty": 1, "currency": "USD"},
        {"id": "2", "title": "=cmd(\"x\"), or so", "price": 0.05, "qty": 2},
    ]);
    let mut nobodys = order(3, "2026-05-03 08:00:00+00:00", 3);
    nobodys["deal"]["agents"] = json!([]);
    nobodys["deal"]["website"] = json!("other.example");
    nobodys["deal"]["chat"] = json!(null);
    for order in [shared, order(2, "2026-05-02 08:00:00+00:00", 2), nobodys] {
        shop.nicechat().put_order(order);
    }
    pass(&shop, "--once", 0);
    shop
}

#[test]
fn money_is_shared_to_the_cent_and_adds_up() {
    let shop = filled();
    assert_eq!(
        sold(&shop, "agent"),
        json!([
            {"agent": "ann@shop.example", "orders": 2, "chats": 2, "items": 5,
             "revenue": [{"currency": "eur", "amount": 0.04}, {"currency": "usd", "amount": 54.34}]},
            {"agent": "bob@shop.example", "orders": 1, "chats": 1, "items": 3,
             "revenue": [{"currency": "eur", "amount": 0.03}, {"currency": "usd", "amount": 33.33}]},
            {"agent": "eve@shop.example", "orders": 1, "chats": 1, "items": 3,
             "revenue": [{"currency": "eur", "amount": 0.03}, {"currency": "usd", "amount": 33.33}]},
            {"agent": null, "orders": 1, "chats": 0, "items": 3, "revenue": [{"currency": "usd", "amount": 31.5}]},
        ])
    );
}

#[test]
fn the_other_ways_to_add_up() {
    let shop = filled();
    let product = sold(&shop, "product");
    assert_eq!(
        product[0],
        json!({"product": "1", "title": "Lamp", "orders": 3, "chats": 2, "items": 6,
        "revenue": [{"currency": "usd", "amount": 152.5}]})
    );
    assert_eq!(product[1]["product"], "2");
    assert_eq!(product[1]["revenue"][0]["amount"].to_string(), "0.10");
    let category = sold(&shop, "category");
    assert_eq!((&category[0]["name"], &category[0]["orders"]), (&json!("Home > Light"), &json!(3)));
    assert!(category[0]["category"].is_string() && category[1]["category"].is_null());
    let days: Vec<_> = sold(&shop, "day").as_array().expect("a list").iter().map(|row| row["day"].clone()).collect();
    assert_eq!(days, ["2026-05-01", "2026-05-02", "2026-05-03"]);
    let website = sold(&shop, "website");
    assert_eq!((&website[0]["website"], &website[0]["orders"]), (&json!("shop.example"), &json!(2)));
    let since = ["orders", "--by", "day", "--since", "2026-05-02", "--until", "2026-05-02", "--format", "json"];
    assert_eq!(shop.json(&since).as_array().map(Vec::len), Some(1));
    let text = shop.run(&["orders", "--by", "agent"]).expect_code(0).stdout;
    assert!(text.contains("(none)") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    shop.run(&["orders", "--since", "yesterday"]).expect_code(2);
}

#[test]
fn the_csv_has_a_line_a_product_and_computes_nothing() {
    let csv = filled().run(&["orders", "--format", "csv"]).expect_code(0).stdout;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "order_id,num,date,website,chat,agents,product_id,title,qty,price,currency,amount");
    assert_eq!(
        lines[2],
        "1,o-1,2026-05-01T23:30:00Z,shop.example,71,\"ann@shop.example; bob@shop.example; eve@shop.example\",2,\
         \"'=cmd(\"\"x\"\"), or so\",2,0.05,eur,0.10"
    );
    assert_eq!(lines.len(), 6, "{csv}");
}

#[test]
fn more_pieces_than_anybody_sells_are_no_trouble() {
    let shop = shop("");
    for id in 1..=3 {
        let mut order = order(id, "2026-05-01 10:00:00+00:00", i64::MAX.unsigned_abs());
        order["deal"]["products"][0]["price"] = json!(null);
        shop.nicechat().put_order(order);
    }
    pass(&shop, "--once", 0);
    for by in ["agent", "product", "category", "day", "website"] {
        assert_eq!(sold(&shop, by)[0]["items"], json!(u64::MAX), "{by}");
    }
}
