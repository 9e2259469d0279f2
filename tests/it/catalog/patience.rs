//! Products that the feed lacks wait before they are deleted, where the settings say so.

use rusqlite::Connection;
use sandbox::{Fault, Feed, Kind, Rule};
use serde_json::json;

use crate::kit::goods::{Good, assert_equal, feed, goods, object, publish, resync, sync, synced};
use crate::kit::{FEED, Shop};

const HOURS: &str = "[guard]\ndelete_after = \"48h\"";
const FEEDS: &str = "[guard]\ndelete_feeds = 3";

fn without(goods: &[Good], id: &str) -> Vec<Good> {
    goods.iter().filter(|good| good.id != id).cloned().collect()
}

/// As if so many hours had gone by.
fn hours_later(shop: &Shop, hours: i64) {
    let state = Connection::open(shop.state_path()).expect("a state");
    let earlier = "UPDATE missing SET since = json_set(since, '$.up', json_extract(since, '$.up') - ?1)";
    state.execute(earlier, [hours * 3600]).expect("written");
    // What was to come then is over now.
    let mark = "UPDATE meta SET value = json_set(value, '$.changes_at', '2026-01-01T00:00:00Z')
                WHERE key = 'feed_mark' AND json_extract(value, '$.changes_at') IS NOT NULL";
    state.execute(mark, []).expect("written");
}

fn has(shop: &Shop, id: &str) -> bool {
    shop.nicechat().objects(Kind::Product).contains_key(id)
}

/// A shop with these goods, of which the feed lacks one for 47 of 48 hours, and the rest of them.
fn almost_over() -> (Shop, Vec<Good>, Vec<Good>) {
    let all = goods("p", 5);
    let shop = synced(&all, HOURS);
    let fewer = without(&all, "p003");
    publish(&shop, &fewer);
    sync(&shop).ended(0);
    hours_later(&shop, 47);
    (shop, all, fewer)
}

#[test]
fn a_product_is_missing_for_so_long_before_it_goes() {
    let all = goods("p", 5);
    let shop = synced(&all, HOURS);
    let fewer = without(&all, "p003");
    publish(&shop, &fewer);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "");
    assert!(pass.output.stdout.contains("1 product is missing and not deleted yet: the first is deleted on 20"));
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(
        (&plan["source"]["missing"][0]["id"], &plan["source"]["missing"][0]["feeds"]),
        (&json!("p003"), &json!(1))
    );
    let told = shop.json(&["explain", "p003", "--format", "json"])["next"]["words"][0].to_string();
    assert!(told.contains("the feed lacks it since 20") && told.contains("and it is deleted on 20"), "{told}");
    hours_later(&shop, 47);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    // The same bytes again, and nothing but time has gone by.
    hours_later(&shop, 2);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products p003"]);
    assert_equal(&shop, &fewer);
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

#[test]
fn what_comes_back_begins_anew() {
    let (shop, all, fewer) = almost_over();
    publish(&shop, &all);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    publish(&shop, &fewer);
    sync(&shop).ended(0);
    hours_later(&shop, 47);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    assert!(has(&shop, "p003"));
}

/// What a pass has read counts, although nothing was sent.
#[test]
fn what_came_back_while_nothing_was_sent_begins_anew() {
    let (shop, all, fewer) = almost_over();
    shop.run(&["pause"]).expect_code(0);
    let mut back = all.clone();
    back[0] = back[0].clone().at_price("11.00");
    publish(&shop, &back);
    sync(&shop).ended(4);
    shop.run(&["resume"]).expect_code(0);
    publish(&shop, &fewer);
    sync(&shop).ended(0);
    hours_later(&shop, 2);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    assert!(has(&shop, "p003"));
}

#[test]
fn so_many_other_feeds_must_lack_it() {
    let all = goods("p", 5);
    let shop = synced(&all, FEEDS);
    let fewer = without(&all, "p003");
    publish(&shop, &fewer);
    let told = sync(&shop).ended(0).output.stdout;
    assert!(told.contains("another feed has to lack them, too"), "{told}");
    // The same one is no other one, however often it is read.
    for arguments in [&["run", "--once"][..], &["run", "--resync"], &["run", "--once"]] {
        shop.run(arguments).expect_code(0);
    }
    assert!(has(&shop, "p003"));
    for (price, is_there) in [("11.00", true), ("12.00", false)] {
        let other: Vec<Good> = fewer.iter().cloned().map(|good| good.at_price(price)).collect();
        publish(&shop, &other);
        sync(&shop).ended(0);
        assert_eq!(has(&shop, "p003"), is_there, "{price}");
    }
}

#[test]
fn until_then_it_may_be_out_of_stock() {
    let all = goods("p", 5);
    let shop = synced(&all, &format!("{HOURS}\nmissing = \"out_of_stock\""));
    publish(&shop, &without(&all, "p003"));
    assert_eq!(sync(&shop).ended(0).lines(), ["PATCH products p003"]);
    let is_in_stock = || shop.nicechat().objects(Kind::Product)["p003"]["in_stock"].clone();
    assert_eq!(is_in_stock(), json!(false));
    assert_eq!(sync(&shop).ended(0).tally(), "");
    shop.run(&["run", "--resync"]).expect_code(0);
    assert_eq!(is_in_stock(), json!(false));
    // The very row that it had.
    publish(&shop, &all);
    sync(&shop).ended(0);
    assert_equal(&shop, &all);
}

#[test]
fn what_can_not_be_put_out_of_stock_goes_in_its_time() {
    let all = goods("p", 5);
    let shop = synced(&all, &format!("{HOURS}\nmissing = \"out_of_stock\""));
    let (method, id) = (Some("PATCH".to_owned()), Some("p003".to_owned()));
    shop.nicechat().add_fault(Rule { method, id, ..Rule::new(Fault::status(400)) });
    let fewer = without(&all, "p003");
    publish(&shop, &fewer);
    assert_eq!(sync(&shop).ended(3).lines(), ["PATCH products p003"]);
    let dearer: Vec<Good> = fewer.into_iter().map(|good| good.at_price("11.00")).collect();
    publish(&shop, &dearer);
    assert_eq!(sync(&shop).ended(3).tally(), "4 PATCH products", "it is refused once");
    hours_later(&shop, 49);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products p003"]);
    assert_equal(&shop, &dearer);
}

#[test]
fn a_damaged_feed_that_lacks_many_puts_none_out_of_stock() {
    let all = goods("p", 60);
    let shop = synced(&all, &format!("{HOURS}\nmissing = \"out_of_stock\""));
    publish(&shop, &all[..20]);
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_equal(&shop, &all);
}

#[test]
fn a_feed_whose_end_is_not_proven_counts_for_nothing() {
    let all = goods("p", 5);
    let shop = synced(&all, FEEDS);
    let fewer = without(&all, "p003");
    for price in ["11.00", "12.00", "13.00", "14.00"] {
        let other: Vec<Good> = fewer.iter().cloned().map(|good| good.at_price(price)).collect();
        let unproven = Feed { body: feed(&other).into(), until_close: true, ..Feed::default() };
        shop.shop().put_with(FEED, unproven);
        sync(&shop).ended(0);
    }
    assert!(has(&shop, "p003"));
    let state = Connection::open(shop.state_path()).expect("a state");
    let missing: i64 = state.query_row("SELECT count(*) FROM missing", [], |row| row.get(0)).expect("read");
    assert_eq!(missing, 0);
}

#[test]
fn without_the_setting_nothing_waits_any_more() {
    let all = goods("p", 5);
    let shop = synced(&all, HOURS);
    let fewer = without(&all, "p003");
    publish(&shop, &fewer);
    sync(&shop).ended(0);
    shop.config("");
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products p003"]);
}

/// It is met in a listing only, which isn't read for it before its time.
#[test]
fn what_is_not_ours_waits_as_long_where_all_others_go() {
    let all = goods("p", 5);
    let shop = synced(&all, &format!("{HOURS}\n[nicechat]\nprune = \"all\""));
    shop.nicechat().put(Kind::Product, object(json!({"id": "theirs", "title": "Theirs"})));
    assert_eq!(resync(&shop).ended(0).lines(), [""; 0]);
    let dearer: Vec<Good> = all.into_iter().map(|good| good.at_price("11.00")).collect();
    publish(&shop, &dearer);
    assert_eq!(sync(&shop).ended(0).tally(), "5 PATCH products");
    hours_later(&shop, 47);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    hours_later(&shop, 2);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products theirs"]);
    assert_equal(&shop, &dearer);
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

#[test]
fn what_is_not_ours_and_missing_counts_other_feeds_too() {
    let all = goods("p", 5);
    let shop = synced(&all, &format!("{FEEDS}\n[nicechat]\nprune = \"all\""));
    shop.nicechat().put(Kind::Product, object(json!({"id": "theirs", "title": "Theirs"})));
    assert_eq!(resync(&shop).ended(0).lines(), [""; 0]);
    for price in ["11.00", "12.00"] {
        let other: Vec<Good> = all.iter().cloned().map(|good| good.at_price(price)).collect();
        publish(&shop, &other);
        assert_eq!(sync(&shop).ended(0).tally(), "5 PATCH products", "{price}");
    }
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products theirs"]);
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

/// A category stays as long as a product lies in it, whosever that is.
#[test]
fn the_category_of_what_is_not_ours_and_waits_stays_too() {
    let shop = synced(&goods("p", 5), &format!("{HOURS}\n[nicechat]\nprune = \"all\""));
    shop.nicechat().put(Kind::Category, object(json!({"id": "k", "name": "K"})));
    shop.nicechat().put(Kind::Product, object(json!({"id": "theirs", "title": "Theirs", "category": "k"})));
    assert_eq!(resync(&shop).ended(0).lines(), [""; 0]);
    assert_eq!(
        shop.json(&["status", "--format", "json"])["foreign"],
        json!({"categories": 1, "products": 1}),
        "nobody's as before"
    );
    hours_later(&shop, 49);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products theirs", "DELETE categories k"]);
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

/// Of the feed that was the last one then, nobody has kept the bytes.
#[test]
fn the_same_feed_is_no_other_one_when_more_are_asked_for() {
    let all = goods("p", 5);
    let shop = synced(&all, HOURS);
    let fewer = without(&all, "p003");
    publish(&shop, &fewer);
    sync(&shop).ended(0);
    hours_later(&shop, 49);
    shop.config(&format!("{HOURS}\ndelete_feeds = 2"));
    for _ in 0..2 {
        assert_eq!(sync(&shop).ended(0).tally(), "");
    }
    let other: Vec<Good> = fewer.into_iter().map(|good| good.at_price("11.00")).collect();
    publish(&shop, &other);
    assert_eq!(sync(&shop).ended(0).tally(), "1 DELETE products, 4 PATCH products");
    assert_equal(&shop, &other);
}
