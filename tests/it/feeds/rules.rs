//! `[[source.rule]]`: what is left out is no rejection, is counted, and goes like what is gone.

use crate::kit::{Shop, tsv};
use rusqlite::Connection;
use sandbox::Kind;
use serde_json::{Value, json};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";
const CHAIR: &str = "2|Chair|20.00 USD|in stock|Home";
const TEST: &str = "TEST-1|Test|1.00 USD|in stock|Tests";

const RULES: &str = "[[source.rule]]\ninclude = false\nid = \"TEST-*\"\n\
                     [[source.rule]]\ninclude = false\nprice = \"<5\"\nin_stock = false\n";

fn ids(shop: &Shop) -> Vec<String> {
    let mut ids: Vec<String> = shop.nicechat().objects(Kind::Product).keys().cloned().collect();
    ids.sort();
    ids
}

#[test]
fn what_rules_leave_out_is_counted_and_not_sent() {
    let shop = Shop::with_rows(&[LAMP, CHAIR, TEST, "3|Cheap|1.00 USD|out of stock|Home"]);
    shop.config(RULES);
    let plan = shop.run(&["plan", "--format", "json"]).expect_code(0).json();
    assert_eq!(plan["source"], json!({"items": 2, "rejected": 0, "unchanged": 0, "excluded": 2}));
    let output = shop.pass(0);
    assert!(output.stdout.contains("[[source.rule]] leaves out 2 rows."), "{}", output.stdout);
    assert_eq!(ids(&shop), ["1", "2"]);
    // No category of theirs either, and nothing to be told of them.
    assert_eq!(shop.nicechat().objects(Kind::Category).len(), 1);
    assert_eq!(shop.json(&["status", "--format", "json"])["rejected"], json!([]));

    let output = shop.run(&["feed"]).expect_code(0).stdout;
    assert!(output.contains("Rule 1 (id = \"TEST-*\") leaves out 1 row: TEST-1\n"), "{output}");
    assert!(output.contains("Rule 2 (price = \"<5\", in_stock = false) leaves out 1 row: 3\n"), "{output}");
    let file = shop.write("feed.tsv", tsv(&[LAMP, TEST])).display().to_string();
    let told = shop.json(&["feed", &file, "--format", "json"]);
    assert_eq!(told["excluded"], json!([{"rule": 1, "fits": "id = \"TEST-*\"", "count": 1, "ids": ["TEST-1"]}]));
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1));
}

/// The first row of an id says what becomes of it, whether it is ours already or not.
#[test]
fn a_second_row_of_what_is_left_out_is_a_duplicate() {
    let rows = ["3|Lamp|1.00 USD|out of stock|Home", "3|Lamp|9.00 USD|in stock|Home"];
    let of_new = Shop::with_rows(&[&[LAMP, CHAIR], &rows[..]].concat());
    of_new.config(RULES);
    of_new.pass(3);
    assert_eq!(ids(&of_new), ["1", "2"]);
    let shop = Shop::with_rows(&[LAMP, CHAIR, "3|Lamp|9.00 USD|in stock|Home"]);
    shop.config(RULES);
    shop.pass(0);
    shop.feed_tsv(&[&[LAMP, CHAIR], &rows[..]].concat());
    shop.pass(3);
    assert_eq!(ids(&shop), ["1", "2"]);
    let rejected = shop.json(&["status", "--format", "json"])["rejected"].clone();
    assert!(rejected[0]["reason"].as_str().is_some_and(|reason| reason.starts_with("same id as line 4")), "{rejected}");
}

/// A brand is NiceChat's business as little as ever, but rules judge by it, in every kind of feed.
#[test]
fn brands_are_judged() {
    let rule = "[[source.rule]]\ninclude = false\nbrand = \"acme*\"\n";
    let text =
        "id\ttitle\tprice\tbrand\n1\tLamp\t1.00 USD\tAcme Light\n2\tChair\t2.00 USD\tLind\n3\tSofa\t3.00 USD\t\n";
    let xml = "<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\
               <item><g:id>1</g:id><title>Lamp</title><g:price>1.00 USD</g:price><g:brand>ACME</g:brand></item>\
               <item><g:id>2</g:id><title>Chair</title><g:price>2.00 USD</g:price></item>\
               <item><g:id>3</g:id><title>Sofa</title><g:price>3.00 USD</g:price></item></channel></rss>";
    let yml = "<yml_catalog><shop><offers>\
               <offer id=\"1\"><name>Lamp</name><price>1.00</price><currencyId>USD</currencyId><vendor>Acme</vendor></offer>\
               <offer id=\"2\"><name>Chair</name><price>2.00</price><currencyId>USD</currencyId></offer>\
               <offer id=\"3\"><name>Sofa</name><price>3.00</price><currencyId>USD</currencyId></offer></offers></shop></yml_catalog>";
    for feed in [text, xml, yml] {
        let shop = Shop::new();
        shop.put_feed(feed);
        shop.pass(0);
        assert_eq!(ids(&shop), ["1", "2", "3"]);
        shop.config(rule);
        let output = shop.pass(0);
        assert!(output.stdout.contains("[[source.rule]] leaves out 1 row."), "{feed}: {}", output.stdout);
        assert_eq!(ids(&shop), ["2", "3"], "{feed}");
        let told = shop.json(&["explain", "1", "--format", "json"]);
        assert_eq!(told["feed"]["rows"][0]["excluded"]["rule"], 1, "{told}");
    }
}

/// As if the rules that fit on nothing had done so for so many days more.
fn days_later(shop: &Shop, days: i64) {
    let state = Connection::open(shop.state_path()).expect("a state");
    let idle: String =
        state.query_row("SELECT value FROM meta WHERE key = 'idle_rules'", [], |row| row.get(0)).expect("some");
    let mut idle: Value = serde_json::from_str(&idle).expect("JSON");
    for since in idle.as_object_mut().expect("by rule").values_mut() {
        since["up"] = json!(since["up"].as_i64().expect("a number") - days * 86_400);
    }
    let write = "UPDATE meta SET value = ?1 WHERE key = 'idle_rules'";
    state.execute(write, [idle.to_string()]).expect("written");
}

#[test]
fn a_rule_that_fits_on_nothing_for_long_is_told() {
    let shop = Shop::with_rows(&[LAMP, CHAIR, TEST]);
    shop.config(&format!("{RULES}[[source.rule]]\ninclude = true\nid = \"OLD-*\"\n"));
    shop.pass(0);
    let check = || shop.run(&["check"]).expect_code(0).stdout;
    assert!(!check().contains("warning"), "{}", check());
    days_later(&shop, 29);
    // Passes with the same feed and with others, in which the same fits.
    shop.pass(0);
    shop.feed_tsv(&[LAMP, TEST]);
    shop.pass(0);
    assert!(!check().contains("warning"), "{}", check());
    days_later(&shop, 1);
    let told = check();
    assert!(
        told.contains("source.rule 2 (price = \"<5\", in_stock = false) has fitted on nothing for 30 days"),
        "{told}"
    );
    assert!(told.contains("source.rule 3 (id = \"OLD-*\")") && !told.contains("source.rule 1"), "{told}");
    // They are of use after all.
    shop.feed_tsv(&[LAMP, TEST, "3|Cheap|1.00 USD|out of stock|Home", "OLD-1|Old|9.00 USD|in stock|Home"]);
    shop.pass(0);
    assert!(!check().contains("warning"), "{}", check());
}

/// Rows that are known by their bytes don't tell which rule took them, and one that takes has nothing else: a resync
/// parses them.
#[test]
fn a_resync_finds_that_an_including_rule_fits_on_nothing_any_more() {
    let shop = Shop::with_rows(&[LAMP, CHAIR, "OLD-1|Old|9.00 USD|in stock|Home"]);
    shop.config("[[source.rule]]\ninclude = true\nid = \"OLD-*\"\n");
    shop.pass(0);
    shop.feed_tsv(&[LAMP, CHAIR]);
    shop.pass(0);
    shop.run(&["run", "--resync"]).expect_code(0);
    days_later(&shop, 30);
    let told = shop.run(&["check"]).expect_code(0).stdout;
    assert!(told.contains("source.rule 1 (id = \"OLD-*\")"), "{told}");
}

/// Rows that are known by their bytes are known under other rules.
#[test]
fn a_changed_rule_is_noticed_though_the_feed_is_the_same() {
    let shop = Shop::with_rows(&[LAMP, CHAIR, TEST]);
    shop.pass(0);
    shop.take_writes();
    assert_eq!(ids(&shop), ["1", "2", "TEST-1"]);
    shop.config(RULES);
    let plan = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(plan.contains("[[source.rule]] leaves out 1 row."), "{plan}");
    shop.pass(0);
    assert_eq!(shop.take_writes().first().map(String::as_str), Some("DELETE products TEST-1"));
    assert_eq!(ids(&shop), ["1", "2"]);
    // The same bytes, then other ones that change nothing of it.
    shop.pass(0);
    shop.feed_tsv(&[CHAIR, TEST, "1|Lamp|11.00 USD|in stock|Home"]);
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["PATCH products 1"]);
    shop.config("");
    shop.pass(0);
    assert_eq!(ids(&shop), ["1", "2", "TEST-1"]);
    let writes = shop.take_writes();
    assert!(writes.len() == 2 && writes.contains(&"POST products TEST-1".to_owned()), "{writes:?}");
}

#[test]
fn the_guard_judges_what_rules_take_away() {
    let rows: Vec<String> = (0..40).map(|id| format!("{id}|Lamp|10.00 USD|in stock|Home")).collect();
    let shop = Shop::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    shop.pass(0);
    shop.take_writes();
    shop.config("[[source.rule]]\ninclude = false\nid = \"?\"\n[[source.rule]]\ninclude = false\nid = \"1?\"\n");
    shop.pass(4);
    assert_eq!(shop.take_writes(), [""; 0]);
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    assert_eq!(ids(&shop).len(), 20);
}

#[test]
fn a_feed_without_its_config_needs_an_address() {
    let shop = Shop::new();
    let mut command = crate::kit::program(&shop.path(""));
    command.arg("feed");
    let output = crate::kit::finish(command).expect_code(2);
    assert!(output.stderr.contains("name a feed: its address or a file"), "{}", output.stderr);
}
