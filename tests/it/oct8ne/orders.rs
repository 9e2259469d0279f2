//! Orders of the chats, told to Oct8ne's agents where the shop tells none itself.

use serde_json::json;

use super::face::{Face, OwnShop, config, feed};
use crate::kit::orders::{days_ago, order};
use crate::kit::{Shop, wait_until};

/// A shop that mirrors three orders; `lines` = more of `[oct8ne]` and sections behind it, `orders` more of `[orders]`.
fn mirrored(lines: &str, orders: &str) -> (Shop, Face) {
    let shop = Shop::new();
    shop.put_feed(feed(&["1|Lamp|||||10 EUR||in stock|Home|||"]));
    let mut unnumbered = order(3, &days_ago(1), 1);
    unnumbered["deal"]["num"] = json!(null);
    unnumbered["contacts"]["billing_address"]["E-mail"] = json!("Client-2@mail.example");
    for order in [order(1, "2026-01-02 10:00:00+00:00", 2), order(2, &days_ago(2), 3), unnumbered] {
        shop.nicechat().put_order(order);
    }
    let oct8ne = format!("api_token = \"t0ken\"\ntimezone = \"Europe/Madrid\"\nlocale = \"es-ES\"\n{lines}");
    shop.config(&config(&format!("{oct8ne}\n[orders]\n{orders}")));
    let face = Face::ready(&shop);
    wait_until("the orders are there", || {
        let orders = shop.run(&["orders", "--format", "json"]).json();
        let orders = orders.as_array().cloned().unwrap_or_default();
        // The currency is the catalog's to know.
        orders.len() == 3 && orders.iter().all(|order| order["total"][0]["currency"] == "eur")
    });
    (shop, face)
}

#[test]
fn the_mirror_tells_what_nicechat_knows() {
    let (_shop, face) = mirrored("", "match_email = true\n");
    let details = face.json("getOrderDetails?reference=o-1&apiToken=t0ken");
    assert_eq!(
        details,
        json!({
            "date": "2026-01-02 11:00:00", "reference": "o-1", "total": "21,00\u{a0}€", "currency": "EUR",
            "labelState": "", "deliveryDate": "", "carrier": "", "trackingNumber": "", "trackingUrl": "",
            "products": [{"quantity": "2", "name": "Lamp"}], "comments": [],
        })
    );
    assert_eq!(face.json("getOrderDetails?reference=nc-3&apiToken=t0ken")["reference"], "nc-3");
    for reference in ["2", "3", "nc-2", "nc-", "o-9", ""] {
        assert_eq!(
            face.json(&format!("getOrderDetails?reference={reference}&apiToken=t0ken")),
            json!([]),
            "{reference}"
        );
    }
    // Whose an order is, is known as long as it is held, however old.
    assert_eq!(face.json("getOrders?customerEmail=client-1@mail.example&apiToken=t0ken")[0]["reference"], "o-1");
    let of = |query: &str| {
        let found = face.json(&format!("getOrders?customerEmail={query}&apiToken=t0ken"));
        let orders = found.as_array().expect("a list").clone();
        orders.iter().map(|order| order["reference"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("CLIENT-2@mail.example"), ["nc-3", "o-2"], "the latest first");
    assert_eq!(of("client-2@mail.example&page=2&pageSize=1"), ["o-2"]);
    assert_eq!(of("nobody@mail.example"), [""; 0]);
    assert_eq!(face.json("getOrders?customerEmail=client-2@mail.example&apiToken=wrong"), json!([]));
}

#[test]
fn addresses_are_not_matched_unless_somebody_wants_it() {
    let (_shop, face) = mirrored("", "");
    assert_eq!(face.json("getOrders?customerEmail=client-2@mail.example&apiToken=t0ken"), json!([]));
}

#[test]
fn the_shops_own_addresses_come_first() {
    let own = OwnShop::start("200 OK", json!({"reference": "O2", "total": 5, "currency": "EUR"}));
    let lines = format!("[oct8ne.shop]\nsecret = \"s3cret\"\norder_url = \"{}/{{reference}}\"\n", own.url());
    let (_shop, face) = mirrored(&lines, "");
    assert_eq!(face.json("getOrderDetails?reference=o-2&apiToken=t0ken")["reference"], "O2");
    let none = OwnShop::start("200 OK", json!({"error": "not found"}));
    let lines = format!("[oct8ne.shop]\nsecret = \"s3cret\"\norder_url = \"{}/{{reference}}\"\n", none.url());
    let (_shop, face) = mirrored(&lines, "");
    assert_eq!(face.json("getOrderDetails?reference=o-2&apiToken=t0ken"), json!([]), "it is none");
    let away = OwnShop::start("404 Not Found", json!({}));
    let lines = format!("[oct8ne.shop]\nsecret = \"s3cret\"\norder_url = \"{}/{{reference}}\"\n", away.url());
    let (_shop, face) = mirrored(&lines, "");
    assert_eq!(face.json("getOrderDetails?reference=o-2&apiToken=t0ken")["reference"], "o-2");
}

/// What nobody knows for sure is told to nobody.
#[test]
fn a_shop_that_fails_and_a_number_of_several_are_nobodys() {
    for status in ["500 Internal Server Error", "401 Unauthorized", "429 Too Many Requests"] {
        let broken = OwnShop::start(status, json!({}));
        let lines = format!(
            "[oct8ne.shop]\nsecret = \"s3cret\"\norder_url = \"{0}/{{reference}}\"\norders_url = \"{0}/?of={{email}}\"\n",
            broken.url()
        );
        let (_shop, face) = mirrored(&lines, "match_email = true\n");
        assert_eq!(face.json("getOrderDetails?reference=o-2&apiToken=t0ken"), json!([]), "{status}");
        assert_eq!(face.json("getOrders?customerEmail=client-1@mail.example&apiToken=t0ken"), json!([]));
        face.process.wait_for_log("the shop doesn't say what only it knows", 1);
    }

    let shop = Shop::new();
    shop.put_feed(feed(&["1|Lamp|||||10 EUR||in stock|Home|||"]));
    for (id, website) in [(1, "one.example"), (2, "two.example"), (3, "two.example")] {
        let mut order = order(id, &days_ago(1), 1);
        order["deal"]["num"] = json!(if id == 3 { "1003" } else { "1001" });
        order["deal"]["website"] = json!(website);
        shop.nicechat().put_order(order);
    }
    shop.config(&config("api_token = \"t0ken\"\n[orders]\n"));
    let face = Face::ready(&shop);
    wait_until("the orders are there", || {
        face.json("getOrderDetails?reference=1003&apiToken=t0ken")["reference"] == "1003"
    });
    assert_eq!(face.json("getOrderDetails?reference=1001&apiToken=t0ken"), json!([]));
}
