//! What a pass can't be sure of: rows that can't be read, requests that failed, tags that changed.

use crate::kit::{self, Shop, tsv, wait_until};
use sandbox::{self, Fault, Kind, Object, Rule};
use serde_json::json;

fn yml(offers: &str) -> String {
    let categories = "<category id='A'>A</category><category id='B'>B</category><category id='C'>C</category>";
    format!("<yml_catalog><shop><categories>{categories}</categories><offers>{offers}</offers></shop></yml_catalog>")
}

fn offer(id: &str, category: &str, price: &str) -> String {
    format!(
        "<offer id='{id}'><name>N</name><price>{price}</price><currencyId>EUR</currencyId><categoryId>{category}</categoryId></offer>"
    )
}

fn object(value: serde_json::Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

fn always(method: &str, fault: Fault) -> Rule {
    Rule { method: Some(method.to_owned()), kind: Some(Kind::Product), ..Rule::new(fault) }
}

#[test]
fn a_rejected_row_whose_move_failed_keeps_its_category() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0");
    shop.put_feed(yml(&(offer("1", "A", "5") + &offer("2", "B", "5"))));
    shop.pass(0);
    shop.nicechat().add_fault(Rule { times: Some(1), ..always("PATCH", Fault::status(500)) });
    shop.put_feed(yml(&(offer("1", "A", "5") + &offer("2", "C", "5"))));
    shop.pass(1);
    assert!(shop.nicechat().object(Kind::Category, "B").is_some(), "product 2 is still in it");
    shop.put_feed(yml(&(offer("1", "A", "5") + &offer("2", "C", "1,234"))));
    shop.pass(3);
    let product = shop.nicechat().object(Kind::Product, "2").expect("a product");
    assert_eq!(product["category"], json!("B"));
    let categories: Vec<String> = shop.nicechat().objects(Kind::Category).into_keys().collect();
    assert_eq!(categories, ["A", "B"]);
}

#[test]
fn nothing_is_deleted_while_a_row_is_too_broken_to_tell_its_id() {
    let item = |inside: &str| format!("<item>{inside}</item>");
    let rss = |items: &[String]| format!("<rss><channel>{}</channel></rss>", items.concat());
    let plain = |id: &str| item(&format!("<title>T</title><id>{id}</id>"));
    let shop = Shop::new();
    shop.put_feed(rss(&["1", "2", "3"].map(plain)));
    shop.pass(0);
    shop.take_writes();
    // HTML that nobody escaped costs nothing.
    let html = item(&format!("<title>T</title><description>a{}</description><id>2</id>", "<br>".repeat(70)));
    shop.put_feed(rss(&[plain("1"), html, plain("3")]));
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["PATCH products 2"]);
    // An item that ends before its id, beside one that is really gone.
    shop.put_feed(rss(&[plain("1"), "<item><title>T</title>".to_owned(), plain("4")]));
    let told = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(told.contains("2 objects are missed but not deleted"), "{told}");
    shop.pass(3);
    assert_eq!(shop.take_writes(), ["POST products 4"]);
    shop.put_feed(rss(&[plain("1"), plain("2"), plain("4")]));
    shop.pass(0);
    assert!(shop.take_writes().contains(&"DELETE products 3".to_owned()));
}

#[test]
fn objects_that_always_fail_do_not_keep_the_others_waiting() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0\nconcurrency = 4");
    let publish = |price: &str| {
        let rows: Vec<String> = (10..50).map(|n| format!("{n}|Lamp|{price} USD|in stock|")).collect();
        shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let changed = || {
        let products = shop.nicechat().objects(Kind::Product);
        products.values().filter(|product| product["price"] == json!(12)).count()
    };
    publish("10");
    shop.pass(0);
    for id in 10..30 {
        let rule = Rule { id: Some(id.to_string()), ..always("PATCH", Fault::status(500)) };
        shop.nicechat().add_fault(rule);
    }
    publish("12");
    for _ in 0..2 {
        shop.pass(1);
    }
    assert_eq!(changed(), 20, "the good ones are done");
    shop.nicechat().clear_faults();
    shop.pass(0);
    assert_eq!(changed(), 40);
}

#[test]
fn the_default_category_stays() {
    let shop = Shop::new();
    shop.put_feed(yml(&offer("1", "A", "5")));
    shop.pass(0);
    shop.config("[source]\ndefault_category = \"A\"");
    shop.put_feed(yml("<offer id='1'><name>N</name></offer>"));
    shop.pass(0);
    assert!(shop.nicechat().object(Kind::Category, "A").is_some());
    assert_eq!(shop.nicechat().object(Kind::Product, "1").expect("a product")["category"], json!("A"));
}

#[test]
fn an_answer_of_304_that_nobody_asked_for_is_no_feed() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|"]);
    shop.pass(0);
    shop.shop().put_with(kit::FEED, sandbox::Feed { status: 304, ..sandbox::Feed::default() });
    let output = shop.run(&["run", "--resync"]).expect_code(1);
    assert!(output.stderr.contains("304"), "{}", output.stderr);
}

#[test]
fn an_answer_of_304_to_who_has_no_tag_is_no_feed() {
    let shop = Shop::new();
    let feed =
        sandbox::Feed { body: tsv(&["1|Lamp|10.00 USD|in stock|"]).into(), etag: false, ..sandbox::Feed::default() };
    shop.shop().put_with(kit::FEED, feed);
    shop.pass(0);
    shop.shop().put_with(kit::FEED, sandbox::Feed { status: 304, ..sandbox::Feed::default() });
    let output = shop.run(&["run", "--once"]).expect_code(1);
    assert!(output.stderr.contains("304 to a request without conditions"), "{}", output.stderr);
}

#[test]
fn the_same_bytes_under_another_tag_are_asked_for_by_that_tag() {
    let feed = |last_modified: &str| sandbox::Feed {
        body: tsv(&["1|Lamp|10.00 USD|in stock|"]).into(),
        etag: false,
        last_modified: Some(last_modified.to_owned()),
        ..sandbox::Feed::default()
    };
    let shop = Shop::new();
    for date in ["Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT"] {
        shop.shop().put_with(kit::FEED, feed(date));
        shop.pass(0);
    }
    shop.pass(0);
    let statuses: Vec<u16> = shop.fetches().iter().map(|fetch| fetch.status).collect();
    assert_eq!(statuses, [200, 200, 304]);
}

#[test]
fn a_row_that_its_sale_spoils_is_read_again_when_the_sale_ends() {
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(1500);
    let row = format!(
        "id\ttitle\tprice\tsale_price\tsale_price_effective_date\n1\tLamp\t10.00 USD\t1,234\t2020-01-01T00:00Z/{end}\n2\tRug\t5 USD\t\t\n"
    );
    let shop = Shop::new();
    shop.put_feed(row);
    shop.pass(3);
    assert!(shop.nicechat().object(Kind::Product, "1").is_none());
    wait_until("the sale is over and the product there", || {
        shop.run(&["run", "--once"]);
        shop.nicechat().object(Kind::Product, "1").is_some()
    });
    shop.pass(0);
}

#[test]
fn an_adoption_that_fails_is_gone_on_with_where_it_was() {
    for (fault, code) in [(Fault::status(500), 1), (Fault::status(400), 3)] {
        let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|"]);
        shop.config("[nicechat]\nretries = 0");
        let there = json!({"id": "1", "title": "Lamp", "price": 9, "currency": "usd", "in_stock": true, "image_url": "https://cdn.nice.chat/1.jpg"});
        shop.nicechat().put(Kind::Product, object(there));
        shop.nicechat().add_fault(Rule { times: Some(1), ..always("PATCH", fault) });
        shop.pass(code);
        assert_eq!(shop.json(&["status", "--format", "json"])["owned"]["products"], json!(1));
        shop.nicechat().take_requests();
        shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|"]);
        shop.pass(0);
        let requests = shop.nicechat().take_requests();
        let bodies: Vec<_> = requests.iter().map(|request| (request.method.as_str(), request.body.clone())).collect();
        let price = serde_json::from_str("{\"price\":11.00}").expect("JSON");
        assert_eq!(bodies, [("PATCH", Some(price))]);
    }
}

#[test]
fn a_lost_answer_and_then_a_refusal_leave_nothing_forgotten() {
    let lost = |method| Rule { applied: true, times: Some(1), ..always(method, Fault::status(503)) };
    let shop = Shop::with_rows(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.config("[nicechat]\nretries = 0");
    shop.pass(0);
    // A change whose answer is lost, refused when it is sent again, and then taken back.
    shop.nicechat().add_fault(lost("PATCH"));
    shop.feed_tsv(&["1|Lamp|3.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(1);
    shop.nicechat().add_fault(Rule { times: Some(1), ..always("PATCH", Fault::status(400)) });
    shop.pass(3);
    shop.feed_tsv(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(0);
    let price = shop.nicechat().object(Kind::Product, "1").expect("a product")["price"].to_string();
    assert_eq!(price, "2.00");
    // A create whose answer is lost, refused when it is sent again; then its row goes.
    shop.nicechat().add_fault(lost("POST"));
    shop.feed_tsv(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|", "3|Pot|1 USD|in stock|"]);
    shop.pass(1);
    shop.nicechat().add_fault(Rule { times: Some(1), ..always("PATCH", Fault::status(400)) });
    shop.pass(3);
    shop.feed_tsv(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(0);
    assert!(shop.nicechat().object(Kind::Product, "3").is_none(), "no orphan is left");
}

#[test]
fn a_lost_answer_and_a_refusal_of_the_same_request_leave_nothing_forgotten() {
    let lost = |method| Rule { applied: true, times: Some(1), ..always(method, Fault::Reset) };
    let refusal = || Rule { times: Some(1), ..always("PATCH", Fault::status(400)) };
    let shop = Shop::with_rows(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(0);
    shop.nicechat().add_fault(lost("PATCH"));
    shop.nicechat().add_fault(refusal());
    shop.feed_tsv(&["1|Lamp|3.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(3);
    shop.feed_tsv(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(0);
    let price = shop.nicechat().object(Kind::Product, "1").expect("a product")["price"].to_string();
    assert_eq!(price, "2.00");
    // The create is there (412), and as it is it isn't taken.
    shop.nicechat().add_fault(lost("POST"));
    shop.nicechat().add_fault(refusal());
    shop.feed_tsv(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|", "3|Pot|1 USD|in stock|"]);
    shop.pass(3);
    shop.feed_tsv(&["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(0);
    assert!(shop.nicechat().object(Kind::Product, "3").is_none(), "no orphan is left");
}

#[test]
fn a_product_that_is_gone_and_refused_comes_back_with_the_row_that_it_had() {
    let before = ["1|Lamp|2.00 USD|in stock|", "2|Rug|5 USD|in stock|"];
    let shop = Shop::with_rows(&before);
    shop.pass(0);
    shop.nicechat().remove(Kind::Product, "1");
    shop.nicechat().add_fault(Rule { times: Some(1), ..always("POST", Fault::status(400)) });
    shop.take_writes();
    shop.feed_tsv(&["1|Lamp|3.00 USD|in stock|", "2|Rug|5 USD|in stock|"]);
    shop.pass(3);
    assert_eq!(shop.take_writes(), ["PATCH products 1", "POST products 1"]);
    shop.feed_tsv(&before);
    shop.pass(0);
    let price = shop.nicechat().object(Kind::Product, "1").expect("a product")["price"].to_string();
    assert_eq!(price, "2.00");
}

#[test]
fn a_category_stays_as_long_as_a_product_could_not_be_moved_out() {
    for (status, code) in [(400, 3), (500, 1)] {
        let shop = Shop::new();
        shop.config("[nicechat]\nretries = 0");
        shop.put_feed(yml(&offer("1", "A", "5")));
        shop.pass(0);
        shop.nicechat().add_fault(always("PATCH", Fault::status(status)));
        shop.put_feed(yml(&offer("1", "B", "5")));
        for _ in 0..3 {
            shop.pass(code);
            assert!(shop.nicechat().object(Kind::Category, "A").is_some(), "{status}: the product is in it");
        }
        shop.nicechat().clear_faults();
        shop.run(&["run", "--resync"]).expect_code(0);
        assert!(shop.nicechat().object(Kind::Category, "A").is_none());
    }
}

#[test]
fn a_category_of_others_stays_as_long_as_their_product_in_it_could_not_be_deleted() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0\nprune = \"all\"");
    shop.nicechat().put(Kind::Category, object(json!({"id": "K", "name": "K"})));
    shop.nicechat().put(Kind::Product, object(json!({"id": "theirs", "title": "Theirs", "category": "K"})));
    shop.nicechat().add_fault(always("DELETE", Fault::status(500)));
    shop.put_feed(yml(&offer("1", "A", "5")));
    shop.pass(1);
    assert!(shop.nicechat().object(Kind::Category, "K").is_some(), "the product is in it");
    shop.nicechat().clear_faults();
    shop.run(&["run", "--resync"]).expect_code(0);
    assert!(shop.nicechat().object(Kind::Product, "theirs").is_none());
    assert!(shop.nicechat().object(Kind::Category, "K").is_none());
}

#[test]
fn objects_that_always_fail_do_not_hold_up_deletions() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0\nconcurrency = 4");
    let publish = |last: usize, price: &str| {
        let rows: Vec<String> = (10..=last).map(|n| format!("{n}|Lamp|{price} USD|in stock|")).collect();
        shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    };
    publish(40, "10");
    shop.pass(0);
    shop.nicechat().add_fault(always("PATCH", Fault::status(500)));
    publish(39, "12");
    for _ in 0..3 {
        shop.pass(1);
    }
    assert!(shop.nicechat().object(Kind::Product, "40").is_none());
}

#[test]
fn a_change_that_got_lost_on_its_way_there_and_back_is_not_taken_for_known() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0");
    let publish = |price: &str| shop.put_feed(yml(&(offer("1", "A", price) + &offer("2", "A", price))));
    let lost = |applied| Rule { applied, times: Some(2), ..always("PATCH", Fault::status(503)) };
    publish("5");
    shop.pass(0);
    // NiceChat has the new prices, but nobody told us.
    shop.nicechat().add_fault(lost(true));
    publish("6");
    shop.pass(1);
    // The old ones come back, and don't get there: rows whose bytes were acknowledged once.
    shop.nicechat().add_fault(lost(false));
    publish("5");
    shop.pass(1);
    shop.take_writes();
    shop.pass(0);
    let mut writes = shop.take_writes();
    // Side by side.
    writes.sort();
    assert_eq!(writes, ["PATCH products 1", "PATCH products 2"]);
    let prices = shop.nicechat().objects(Kind::Product);
    assert!(prices.values().all(|product| product["price"] == json!(5)), "{prices:?}");
    shop.pass(0);
    assert_eq!(shop.take_writes(), [""; 0]);
}
