//! A shop that has nothing but the adapter: what people ask about it is answered as where there is a NiceChat.

use sandbox::{Feed, Kind};
use serde_json::{Value, json};

use super::face::{Face, feed};
use crate::kit::door::{ask, private};
use crate::kit::process::{PASS_ENDED, Process};
use crate::kit::{FEED, Shop, gzip, wait_until};

fn row(id: usize, title: &str, price: &str) -> String {
    format!("{id}|{title}|||||{price}||in stock|Home|||")
}

fn title(face: &Face, id: usize) -> Value {
    face.json(&format!("productSummary?productIds={id}"))[0]["title"].clone()
}

/// A shop that has nothing but the adapter.
fn alone(rows: &[String], lines: &str) -> Shop {
    let shop = Shop::new();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let path = shop.write("feed.txt.gz", gzip(feed(&rows)));
    let text = format!(
        "[source]\nlocation = {path:?}\nschedule = \"every 12h\"\n[state]\npath = {:?}\n[http]\nlisten = \"\"\n\
         public_listen = \"127.0.0.1:0\"\n[oct8ne]\nshop_url = \"https://shop.example\"\n{lines}\n",
        shop.state_path()
    );
    shop.write("shelfkeeper.toml", text);
    shop
}

#[test]
fn the_adapter_stands_alone() {
    let all: Vec<String> = (0..40).map(|id| row(id, "Lamp", "10 EUR")).collect();
    let shop = alone(&all, "");
    shop.run(&["check"]).expect_code(0);
    shop.run(&["run", "--once"]).expect_code(0);
    let rows: Vec<&str> = all[..10].iter().map(String::as_str).collect();
    shop.write("feed.txt.gz", gzip(feed(&rows)));
    let held = shop.run(&["run", "--once"]).expect_code(4);
    assert!(held.stdout.contains("30 of 40 products"), "{}", held.stdout);
    let face = Face::ready(&shop);
    assert_eq!(title(&face, 39), "Lamp");
    drop(face);
    let held = shop.json(&["status", "--format", "json"])["held"].clone();
    assert_eq!((&held["held"][0]["risk"], &held["held"][0]["count"]), (&json!("delete"), &json!(30)), "{held}");
    shop.run(&["approve", held["digest"].as_str().expect("a digest")]).expect_code(0);
    shop.run(&["run", "--once"]).expect_code(0);
    shop.run(&["run", "--once"]).expect_code(0);
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("what is shown is what the feed says") && !status.contains("NiceChat"), "{status}");
    let face = Face::ready(&shop);
    assert_eq!(face.json("productSummary?productIds=39"), json!([]));
    assert_eq!(face.json("search?search=lamp")["total"], 10);
}

fn put(shop: &Shop, rows: &[String]) {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    shop.write("feed.txt.gz", gzip(feed(&rows)));
}

fn lamps(count: usize) -> Vec<String> {
    (0..count).map(|id| row(id, "Lamp", "10 EUR")).collect()
}

fn words(explanation: &Value) -> Vec<&str> {
    explanation["next"]["words"].as_array().expect("words").iter().filter_map(Value::as_str).collect()
}

fn explain(shop: &Shop, id: &str) -> Value {
    shop.json(&["explain", "--format", "json", id])
}

#[test]
fn a_plan_says_what_changes_of_what_is_shown() {
    let mut rows = lamps(40);
    let shop = alone(&rows, "");
    let first = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(first.contains("Plan: 40 to show (nothing is sent)."), "{first}");
    shop.run(&["run", "--once"]).expect_code(0);
    assert!(shop.run(&["plan", "--detailed-exitcode"]).expect_code(0).stdout.contains("Nothing to do"));
    rows[3] = row(3, "Lantern", "10 EUR");
    rows[39] = row(40, "New", "1 EUR");
    rows.push(row(41, "Dear", "free"));
    put(&shop, &rows);
    let plan = shop.run(&["plan", "--detailed-exitcode"]).expect_code(10).stdout;
    assert!(plan.contains("Plan: 1 to show, 1 to change, 1 to show no more (nothing is sent)."), "{plan}");
    assert!(plan.contains("1 row rejected"), "{plan}");
    let json = shop.json(&["plan", "--format", "json"]);
    assert_eq!(json["shown"], json!({"new": 1, "changed": 1, "gone": 1, "waiting": 0}));
    assert_eq!(json["source"], json!({"items": 40, "rejected": 1, "excluded": 0, "unchanged": 38}));
    assert_eq!((&json["operations"], &json["guard"]), (&json!([]), &Value::Null));
    // Nothing was written.
    assert_eq!(shop.json(&["status", "--format", "json"])["oct8ne"]["products"], 40);
    shop.run(&["run", "--once"]).expect_code(3);
    shop.run(&["run", "--once"]).expect_code(3);
    let rejected = shop.run(&["rejected"]).expect_code(0).stdout;
    assert!(rejected.contains("Dear") && rejected.contains("free"), "{rejected}");
    assert_eq!(shop.json(&["status", "--format", "json"])["rejected_total"], Value::Null);
    put(&shop, &rows[..10]);
    let held = shop.run(&["plan"]).expect_code(4).stdout;
    assert!(held.contains("HELD by the guard") && held.lines().all(|line| line.chars().count() <= 80), "{held}");
    let digest = shop.json(&["plan", "--format", "json"])["guard"]["digest"].clone();
    shop.run(&["run", "--once"]).expect_code(4);
    assert_eq!(shop.json(&["status", "--format", "json"])["held"]["digest"], digest);
}

#[test]
fn a_product_is_explained() {
    let mut rows = lamps(40);
    let shop = alone(&rows, "[[source.rule]]\ninclude = false\nid = \"39\"\n");
    shop.run(&["run", "--once"]).expect_code(0);
    let told = explain(&shop, "3");
    assert_eq!(words(&told), ["Nothing: what is shown is what the feed says."]);
    assert_eq!((&told["feed"]["is_last"], &told["shown"]["title"]), (&json!(true), &json!("Lamp")));
    assert_eq!(told["feed"]["rows"][0]["line"], 5);
    assert_eq!(words(&explain(&shop, "39")), ["Nothing: it is left out."]);
    shop.run(&["explain", "77"]).expect_code(1);
    rows[3] = row(3, "Lantern", "10 EUR");
    rows[4] = row(4, "Lamp", "free");
    rows[5] = row(50, "Lamp", "10 EUR");
    put(&shop, &rows);
    let told = explain(&shop, "3");
    assert_eq!(words(&told), ["Changes what is shown:", "title: \"Lamp\" → \"Lantern\""]);
    assert_eq!(told["feed"]["is_last"], false);
    assert_eq!(words(&explain(&shop, "4")), ["Nothing: a rejected row leaves the product as it is."]);
    assert_eq!(words(&explain(&shop, "5")), ["Shows it no more: the feed has it no more."]);
    assert_eq!(words(&explain(&shop, "50")), ["Shows it."]);
    let text = shop.run(&["explain", "3"]).expect_code(0).stdout;
    assert!(text.contains("Shown by Oct8ne") && !text.contains("NiceChat"), "{text}");
    put(&shop, &rows[..10]);
    let words = explain(&shop, "20")["next"]["words"].to_string();
    assert!(words.contains("The guard holds") && words.contains("shelfkeeper approve"), "{words}");
}

#[test]
fn products_wait_before_they_go() {
    let rows = lamps(40);
    let patient = |missing: &str| format!("[guard]\ndelete_feeds = 2\nmissing = \"{missing}\"\n");
    for missing in ["keep", "out_of_stock"] {
        let shop = alone(&rows, &patient(missing));
        shop.run(&["run", "--once"]).expect_code(0);
        put(&shop, &rows[1..]);
        let plan = shop.run(&["plan"]).expect_code(0).stdout;
        assert!(plan.contains("1 product is missing, and wait"), "{plan}");
        shop.run(&["run", "--once"]).expect_code(0);
        let told = explain(&shop, "0");
        assert_eq!(told["shown"]["in_stock"], missing == "keep", "{told}");
        assert!(words(&told)[0].contains("and it goes when another feed lacks it"), "{told}");
        // The same feed again is none.
        shop.run(&["run", "--once"]).expect_code(0);
        assert_eq!(shop.json(&["status", "--format", "json"])["oct8ne"]["products"], 40);
        put(&shop, &[&rows[1..], &[row(50, "New", "1 EUR")]].concat());
        assert_eq!(words(&explain(&shop, "0")), ["Shows it no more: the feed has it no more."]);
        shop.run(&["run", "--once"]).expect_code(0);
        assert_eq!(shop.json(&["status", "--format", "json"])["oct8ne"]["products"], 40);
        shop.run(&["explain", "0"]).expect_code(1);
    }
}

/// Time ripens without another feed.
#[test]
fn what_waits_goes_when_its_time_has_come() {
    let rows = lamps(40);
    let shop = alone(&rows, "[guard]\ndelete_after = \"1s\"\n");
    shop.run(&["run", "--once"]).expect_code(0);
    put(&shop, &rows[1..]);
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(shop.json(&["status", "--format", "json"])["oct8ne"]["products"], 40);
    let has_gone = || {
        shop.run(&["run", "--once"]).expect_code(0);
        shop.json(&["status", "--format", "json"])["oct8ne"]["products"] == 39
    };
    wait_until("it has gone", has_gone);
}

/// The same shop with a feed that a host has.
fn fetched(shop: &Shop) {
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    let (location, url) = (format!("{:?}", shop.path("feed.txt.gz")), format!("{:?}", shop.feed_url()));
    shop.write("shelfkeeper.toml", config.replace(&location, &url));
}

/// What only reads ends with the rest when the sending is stopped: to be asked to wait is no failure.
#[test]
fn a_reading_that_a_pause_ends_is_made_up_for() {
    let shop = alone(&lamps(3), "");
    fetched(&shop);
    let put = |count: usize| shop.put_feed(feed(&lamps(count).iter().map(String::as_str).collect::<Vec<_>>()));
    put(3);
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(PASS_ENDED, 1);
    shop.shop().put_with(FEED, Feed { hang: true, ..Feed::default() });
    let before = shop.fetches().len();
    daemon.signal("USR1");
    wait_until("the feed is asked for", || shop.fetches().len() > before);
    shop.run(&["pause", "--reason", "stock taking"]).expect_code(0);
    daemon.wait_for_log(PASS_ENDED, 2);
    let last = shop.json(&["status", "--format", "json"])["last_pass"].clone();
    assert_eq!((&last["outcome"], &last["reason"]), (&json!("held"), &json!("paused: stock taking")), "{last}");
    put(4);
    shop.run(&["resume"]).expect_code(0);
    daemon.wait_for_log(PASS_ENDED, 3);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["last_pass"]["outcome"], &status["oct8ne"]["products"]), (&json!("ok"), &json!(4)), "{status}");
    assert!(!daemon.log().contains("interrupted"), "{}", daemon.log());
}

/// The same bytes with a proof of their end are another matter.
#[test]
fn what_is_missing_from_a_feed_without_an_end_waits_for_a_proof() {
    let shop = alone(&lamps(3), "");
    fetched(&shop);
    let rows = lamps(3);
    let text = |count: usize| feed(&rows[..count].iter().map(String::as_str).collect::<Vec<_>>());
    let status = || {
        shop.run(&["run", "--once"]).expect_code(0);
        let status = shop.json(&["status", "--format", "json"]);
        let headline = status["headline"]["text"].as_str().unwrap_or_default().to_owned();
        (status["oct8ne"]["products"].as_u64().expect("a count"), headline)
    };
    shop.put_feed(text(3));
    assert_eq!(status(), (3, "Equal: what is shown is what the feed says.".to_owned()));
    shop.shop().put_with(FEED, Feed { body: text(2).into(), until_close: true, ..Feed::default() });
    for _ in 0..2 {
        let (shown, told) = status();
        assert!(shown == 3 && told.starts_with("Equal but for 1 deletion, until the feed's end is proven"), "{told}");
    }
    shop.put_feed(text(2));
    assert_eq!(status(), (2, "Equal: what is shown is what the feed says.".to_owned()));
}

/// The first page of a daemon of this shop.
#[test]
fn rows_that_may_be_anybodys_take_nothing_away() {
    let damages =
        ["PHP Fatal error:  Allowed memory size exhausted".to_owned(), row(0, "Lamp", "10 EUR").replacen('0', "", 1)];
    for damage in damages {
        let shop = alone(&lamps(20), "");
        shop.run(&["run", "--once"]).expect_code(0);
        let mut rows = lamps(18);
        rows.push(damage.clone());
        put(&shop, &rows);
        shop.run(&["run", "--once"]).expect_code(3);
        let face = Face::ready(&shop);
        assert_eq!(title(&face, 19), "Lamp", "{damage}");
    }
}

#[test]
fn the_shelf_is_not_emptied_in_slices() {
    let shop = alone(&lamps(100), "[guard]\nmax_delete_percent = 20\nmin_count = 0\n");
    shop.run(&["run", "--once"]).expect_code(0);
    for (left, code) in [(85, 0), (70, 4)] {
        put(&shop, &lamps(left));
        let told = shop.run(&["run", "--once"]).expect_code(code).stdout;
        assert_eq!(told.contains("30 of 100"), code == 4, "{told}");
    }
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned();
    shop.run(&["approve", &digest]).expect_code(0);
    shop.run(&["run", "--once"]).expect_code(0);
    // What somebody has let through doesn't count.
    put(&shop, &lamps(68));
    shop.run(&["run", "--once"]).expect_code(0);
    let face = Face::ready(&shop);
    assert_eq!((title(&face, 67).is_string(), face.json("productSummary?productIds=68")), (true, json!([])));
}

fn page(face: &Face) -> String {
    ask(private(&face.process), "GET /", "Host: localhost\r\n").1
}

#[test]
fn the_first_page_says_what_is_shown_and_what_of_it_is_behind() {
    let shop = alone(&lamps(40), "");
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    shop.write("shelfkeeper.toml", config.replace("\nlisten = \"\"", "\nlisten = \"127.0.0.1:0\""));
    let face = Face::ready(&shop);
    let is_whole = || page(&face).contains("What is shown is what the last feed says.");
    wait_until("the pass has ended", is_whole);
    let told = page(&face);
    let section = told.split_once("<section id=\"oct8ne\"").expect("a section").1;
    let section = section.split_once("</section>").expect("its end").0;
    for words in
        ["Shown by Oct8ne", "<dt>products shown</dt><dd>40</dd>", "<dt>feed of</dt>", "<dt>search index of</dt>"]
    {
        assert!(section.contains(words), "{words}: {section}");
    }
    assert!(!section.contains("not made yet") && told.contains("<b>40</b><span>shown by Oct8ne</span>"), "{told}");
    drop(face);
    put(&shop, &lamps(10));
    shop.run(&["run", "--once"]).expect_code(4);
    let held = page(&Face::ready(&shop));
    assert!(held.contains("Behind the feed: what the guard holds stays as it was"), "{held}");
    shop.write("feed.txt.gz", "no feed");
    shop.run(&["run", "--once"]).expect_code(1);
    let failed = page(&Face::ready(&shop));
    assert!(failed.contains("The last pass failed: ") && failed.contains("may be older than the feed"), "{failed}");
}

/// What is approved is one currency, and not any.
#[test]
fn another_currency_has_another_digest() {
    let all = |price: &str| (0..40).map(|id| row(id, "Lamp", price)).collect::<Vec<_>>();
    let shop = alone(&all("10 EUR"), "");
    shop.run(&["run", "--once"]).expect_code(0);
    let digest = |price: &str| {
        let rows = all(price);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        shop.write("feed.txt.gz", gzip(feed(&rows)));
        shop.run(&["run", "--once"]).expect_code(4);
        shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned()
    };
    assert_ne!(digest("10 USD"), digest("10 JPY"));
}

/// A feed of another kind.
fn yml(date: &str, ids: impl Iterator<Item = usize>, price: &str) -> String {
    let offer = |id: usize| {
        format!(
            "<offer id=\"{id}\"><name>Lamp</name><price>{price}</price><currencyId>EUR</currencyId>\
             <categoryId>1</categoryId></offer>"
        )
    };
    let offers: String = ids.map(offer).collect();
    format!(
        "<yml_catalog date=\"{date}\"><shop><categories><category id=\"1\">Home</category></categories>\
         <offers>{offers}</offers></shop></yml_catalog>"
    )
}

/// What is approved is one feed of another kind, and not any. What goes by it doesn't count with what goes later.
#[test]
fn a_feed_of_another_kind_is_approved_as_it_is() {
    let shop = alone(&lamps(40), "");
    shop.run(&["run", "--once"]).expect_code(0);
    let publish = |feed: String| shop.write("feed.txt.gz", gzip(feed));
    let held = |feed: String| {
        publish(feed);
        shop.run(&["run", "--once"]).expect_code(4);
        let held = shop.json(&["status", "--format", "json"])["held"].clone();
        assert_eq!(held["held"][0]["risk"], "feed_kind", "{held}");
        held["digest"].as_str().expect("a digest").to_owned()
    };
    let digest = held(yml("2026-01-01", 0..20, "10"));
    assert_eq!(shop.json(&["plan", "--format", "json"])["guard"]["digest"], digest.as_str());
    shop.run(&["approve", &digest]).expect_code(0);
    assert_ne!(held(yml("2026-01-01", 0..20, "11")), digest, "another price");
    assert_ne!(held(yml("2026-01-01", 0..19, "10")), digest, "a product less");
    assert_eq!(held(yml("2026-01-02", (0..20).rev(), "10")), digest, "the same in another order, of another day");
    shop.run(&["approve", &digest]).expect_code(0);
    shop.run(&["run", "--once"]).expect_code(0);
    publish(yml("2026-01-03", 0..19, "10"));
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(shop.json(&["status", "--format", "json"])["oct8ne"]["products"], 19);
}

/// The same of a feed without anything in it.
#[test]
fn what_an_empty_feed_took_away_by_somebodys_word_counts_no_more() {
    let shop = alone(&lamps(40), "");
    shop.run(&["run", "--once"]).expect_code(0);
    let digest = |before: usize| {
        put(&shop, &lamps(before));
        shop.run(&["run", "--once"]).expect_code(0);
        put(&shop, &[]);
        shop.run(&["run", "--once"]).expect_code(4);
        shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned()
    };
    // Not all that may be gone by then.
    assert_ne!(digest(40), digest(41));
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    for left in [20, 19] {
        put(&shop, &lamps(left));
        shop.run(&["run", "--once"]).expect_code(0);
        assert_eq!(shop.json(&["status", "--format", "json"])["oct8ne"]["products"], left);
    }
}

/// A state belongs to the first NiceChat that it knows, also where a reload has brought it.
#[test]
fn a_nicechat_that_a_reload_adds_has_the_state_for_itself() {
    let all: Vec<String> = (0..3).map(|id| row(id, "Lamp", "10 EUR")).collect();
    let shop = alone(&all, "");
    let rows: Vec<&str> = all.iter().map(String::as_str).collect();
    shop.put_feed(feed(&rows));
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("it has read the feed", || shop.json(&["status", "--format", "json"])["last_pass"].is_object());
    shop.config("");
    daemon.signal("HUP");
    wait_until("it is there", || shop.nicechat().objects(Kind::Product).len() == 3);
    let other = Shop::new().feed_url().replace("/shop/products.txt", "");
    shop.config(&format!("[nicechat]\nbase_url = {other:?}"));
    daemon.signal("HUP");
    wait_until("it is refused", || daemon.log().contains("this state belongs to"));
    drop(daemon);
    shop.run(&["run", "--once"]).expect_code(2);
}
