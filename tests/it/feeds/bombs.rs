//! Feeds that are far larger inside than outside: a pass over one ends by itself or by the first signal, and what it
//! may not take costs nothing but itself.

use std::time::Duration;

use crate::kit::process::Process;
use crate::kit::{Shop, gzip, tsv, wait_until};

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

/// A feed with a gigabyte of nothing behind its only row.
fn endless() -> Vec<u8> {
    let nothing = gzip("\n".repeat(1 << 20));
    let mut feed = gzip(tsv(&[LAMP]));
    (0..1 << 10).for_each(|_| feed.extend(&nothing));
    feed
}

#[test]
fn the_first_signal_ends_a_pass_that_reads_without_end() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    let fetches = shop.fetches().len();
    // A few of them behind each other.
    shop.put_feed(endless().repeat(4));
    let mut process = Process::start(shop.command(&["run", "--once"]));
    wait_until("the feed is asked for", || shop.fetches().len() > fetches);
    process.signal("TERM");
    assert_eq!(process.ends_within(Duration::from_secs(10)), Some(1), "{}", process.log());
    assert!(process.log().contains("interrupted"), "{}", process.log());
}

#[test]
fn what_is_too_large_is_not_taken_and_keeps_its_product() {
    let shop = Shop::with_rows(&[LAMP, "2|Chair|20.00 USD|in stock|Home"]);
    shop.pass(0);
    shop.take_writes();
    let long = format!("1|{}|12.00 USD|in stock|Home", "x".repeat(3 << 20));
    shop.feed_tsv(&[&long, "2|Chair|21.00 USD|in stock|Home"]);
    shop.pass(3);
    assert_eq!(shop.take_writes(), ["PATCH products 2"]);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["rejected"][0]["id"], "1", "{}", status["rejected"]);
    assert_eq!(status["rejected"][0]["reason"], "its texts take more than 2 MiB");
}

/// Requests, plans and acknowledgements hold several items at the same time, but never as many as there are.
#[test]
fn items_of_a_megabyte_each() {
    let shop = Shop::new();
    let text = "words ".repeat(170_000);
    let rows: String = (0..40).map(|id| format!("{id}\tThing {id}\t5 USD\t{text}\n")).collect();
    shop.put_feed(gzip(format!("id\ttitle\tprice\tdescription\n{rows}")));
    shop.pass(0);
    assert_eq!(shop.take_writes().len(), 40);
    shop.pass(0);
    assert!(shop.take_writes().is_empty());
}
