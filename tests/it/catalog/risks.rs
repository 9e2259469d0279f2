//! Risks are judged each by itself: what is risky waits for somebody's word, and the rest is sent.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sandbox::{Fault, Kind, Rule};
use serde_json::{Value, json};

use crate::kit::Shop;
use crate::kit::goods::{Good, assert_equal, feed, goods, publish, run, sync, synced};

fn each(mut goods: Vec<Good>, change: impl Fn(usize, &mut Good)) -> Vec<Good> {
    goods.iter_mut().enumerate().for_each(|(at, good)| change(at, good));
    goods
}

pub(super) fn held(shop: &Shop) -> Vec<(String, u64, u64)> {
    let status = shop.json(&["status", "--format", "json"]);
    let risk = |risk: &Value| {
        let number = |name: &str| risk[name].as_u64().expect("a number");
        (risk["risk"].as_str().expect("a name").to_owned(), number("count"), number("of"))
    };
    status["held"]["held"].as_array().map(|all| all.iter().map(risk).collect()).unwrap_or_default()
}

pub(super) fn digest(shop: &Shop) -> String {
    shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned()
}

pub(super) fn is(risk: &str, count: u64, of: u64) -> Vec<(String, u64, u64)> {
    vec![(risk.to_owned(), count, of)]
}

#[test]
fn a_column_that_was_renamed_empties_nothing() {
    let before = goods("p", 30);
    let shop = synced(&before, "");
    let next = each(before.clone(), |at, good| {
        good.price.clear();
        if at == 0 {
            good.title = "Another title".to_owned();
        }
    });
    publish(&shop, &next);
    let pass = sync(&shop).ended(4);
    assert_eq!(pass.lines(), ["PATCH products p000"], "the title is sent");
    assert_eq!(held(&shop), is("emptied:price", 30, 30));
    let there = each(before, |at, good| {
        if at == 0 {
            good.title = "Another title".to_owned()
        }
    });
    assert_equal(&shop, &there);
    // Held as long as the feed is so, and nothing is sent twice.
    assert_eq!(sync(&shop).ended(4).tally(), "");
    publish(&shop, &there);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    assert_eq!(held(&shop), []);
}

/// Of what has a value in the field, and strictly more than the share.
/// A price takes its own currency along, and no other's.
#[test]
fn currencies_that_go_beside_prices_are_a_risk_of_their_own() {
    let before = goods("p", 100);
    let shop = synced(&before, "[source]\ndefault_currency = \"\"");
    let without = feed(&each(before.clone(), |at, good| {
        if at < 30 {
            good.price = String::new();
        }
    }));
    shop.put_feed(without.replace("10.00 USD", "10.00"));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    let risks = [("emptied:price", 30, 100), ("emptied:currency", 100, 100)];
    assert_eq!(held(&shop), risks.map(|(risk, count, of)| (risk.to_owned(), count, of)));
    assert_equal(&shop, &before);
}

#[test]
fn only_products_with_the_value_count() {
    let before = each(goods("p", 80), |at, good| {
        if at >= 55 {
            good.price.clear();
        }
    });
    let shop = synced(&before, "");
    let emptied = |gone: usize| {
        each(before.clone(), |at, good| {
            if at < gone {
                good.price.clear();
            }
        })
    };
    publish(&shop, &emptied(12));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("emptied:price", 12, 55));
    publish(&shop, &emptied(11));
    assert_eq!(sync(&shop).ended(0).tally(), "11 PATCH products");
}

#[test]
fn prices_that_slip_stay_and_others_change() {
    let before = goods("p", 40);
    let shop = synced(&before, "");
    let next = each(before.clone(), |at, good| good.price = if at < 15 { "1000.00" } else { "11.00" }.into());
    publish(&shop, &next);
    let plan = shop.json(&["plan", "--format", "json"]);
    let risk = &plan["guard"]["held"][0];
    assert_eq!(
        (&risk["risk"], &risk["count"], &risk["of"], &risk["limit"]),
        (&json!("price"), &json!(15), &json!(40), &json!(20))
    );
    assert_eq!((&risk["percent"], &risk["type"]), (&json!(37.5), &json!("product")));
    let example = &risk["examples"][0];
    assert_eq!((&example["id"], &example["field"]), (&json!("p000"), &json!("price")));
    assert_eq!(plan["operations"].as_array().map(Vec::len), Some(25));
    assert_eq!(plan["held_operations"].as_array().map(Vec::len), Some(15));
    assert_eq!(sync(&shop).ended(4).tally(), "25 PATCH products");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["last_pass"]["outcome"], &status["headline"]["state"]), (&json!("held"), &json!("held")));
    // Exactly that is approved, beside whatever else comes.
    let digest = digest(&shop);
    assert_eq!(plan["guard"]["digest"], json!(digest));
    shop.run(&["approve"]).expect_code(2);
    shop.run(&["approve", "000000000000"]).expect_code(1);
    let told = shop.run(&["approve", &digest]).expect_code(0).stdout;
    assert!(told.contains("15 of 40") && told.contains("p000"), "{told}");
    assert_eq!(sync(&shop).ended(0).tally(), "15 PATCH products");
    assert_equal(&shop, &next);
    shop.run(&["approve", &digest]).expect_code(1);
}

/// What a request that failed has done, nobody knows; what would be sent now is measured by what was acknowledged last.
#[test]
fn what_is_in_doubt_is_risky_all_the_same() {
    let before = goods("p", 30);
    let shop = synced(&before, "[nicechat]\nstrategy = \"api\"\nretries = 0");
    let at = |price: &str| each(before.clone(), |_, good| good.price = price.to_owned());
    for fault in [Rule::new(Fault::status(503)), Rule { applied: true, ..Rule::new(Fault::Reset) }] {
        publish(&shop, &at("12.00"));
        shop.nicechat().add_fault(Rule { method: Some("PATCH".to_owned()), ..fault });
        sync(&shop).ended(1);
        shop.nicechat().clear_faults();
        publish(&shop, &each(at("1200.00"), |_, good| good.title += " (new)"));
        let pass = sync(&shop).ended(4);
        assert!(
            pass.requests.iter().all(|request| request.body.as_ref().is_none_or(|body| body.get("price").is_none()))
        );
        assert_eq!(held(&shop), is("price", 30, 30));
        assert_eq!(sync(&shop).ended(4).tally(), "");
        let example = &shop.json(&["status", "--format", "json"])["held"]["held"][0]["examples"][0];
        assert_eq!(
            (&example["old"].to_string(), &example["new"].to_string()),
            (&before[0].price, &"1200.00".to_owned())
        );
        // Nothing is lost when the risk goes away, whatever came of the failed requests.
        publish(&shop, &before);
        sync(&shop).ended(0);
        assert_equal(&shop, &before);
    }
    // The category stays that a product is in whose move waits with the rest of it.
    publish(&shop, &at("12.00"));
    shop.nicechat().add_fault(Rule { method: Some("PATCH".to_owned()), ..Rule::new(Fault::status(503)) });
    sync(&shop).ended(1);
    shop.nicechat().clear_faults();
    publish(&shop, &each(at("1200.00"), |_, good| good.category = "Elsewhere".to_owned()));
    let pass = sync(&shop).ended(4);
    assert!(!pass.lines().iter().any(|line| line.starts_with("DELETE")), "{:?}", pass.lines());
    publish(&shop, &before);
    sync(&shop).ended(0);
    assert_equal(&shop, &before);
    // And what is approved is sent, whole.
    publish(&shop, &at("12.00"));
    shop.nicechat().add_fault(Rule { method: Some("PATCH".to_owned()), ..Rule::new(Fault::status(503)) });
    sync(&shop).ended(1);
    shop.nicechat().clear_faults();
    let next = each(at("1200.00"), |_, good| good.title += " (new)");
    publish(&shop, &next);
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    sync(&shop).ended(0);
    assert_equal(&shop, &next);
    let entry = &shop.json(&["history", "p000", "--field", "price", "--kind", "updated", "--format", "json"])[0];
    assert_eq!(entry["fields"]["price"]["old"].to_string(), before[0].price, "{entry}");
}

#[test]
fn a_word_for_other_values_is_none() {
    let before = goods("p", 40);
    let shop = synced(&before, "");
    let slipped =
        |last: &str| each(before.clone(), |at, good| good.price = if at == 39 { last } else { "1000.00" }.into());
    publish(&shop, &slipped("1000.00"));
    sync(&shop).ended(4);
    let digest = digest(&shop);
    shop.run(&["approve", &digest]).expect_code(0);
    publish(&shop, &slipped("1000.01"));
    assert_eq!(sync(&shop).ended(4).tally(), "", "one value is another");
    publish(&shop, &slipped("1000.00"));
    assert_eq!(sync(&shop).ended(4).tally(), "", "a word is for the next pass");
}

#[test]
fn availability_that_was_misspelt_sells_nothing_out() {
    let before = goods("p", 30);
    let shop = synced(&before, "");
    let next = each(before.clone(), |at, good| {
        good.is_in_stock = at == 0;
        if at == 1 {
            good.title = "Another title".to_owned();
        }
    });
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).lines(), ["PATCH products p001"]);
    assert_eq!(held(&shop), is("out_of_stock", 29, 30));
    assert_eq!(run(&shop, &["run", "--once", "--force"]).ended(0).tally(), "29 PATCH products");
    assert_equal(&shop, &next);
}

#[test]
fn a_feed_that_shrinks_again_and_again_is_held() {
    let shop = synced(&goods("p", 1000), "[nicechat]\nstrategy = \"api\"");
    publish(&shop, &goods("p", 800));
    assert_eq!(sync(&shop).ended(0).tally(), "200 DELETE products");
    publish(&shop, &goods("p", 640));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("delete", 360, 1000));
}

#[test]
fn a_feed_that_replaces_its_products_bit_by_bit_is_held() {
    let shop = synced(&goods("p", 100), "[nicechat]\nstrategy = \"api\"");
    let next = |left: usize| [goods("p", left), goods("new", 50)].concat();
    publish(&shop, &next(85));
    sync(&shop).ended(0);
    publish(&shop, &next(73));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("delete", 27, 100));
}

#[test]
fn a_shop_that_was_cut_for_good_goes_on_selling() {
    let shop = synced(&goods("p", 312), "[nicechat]\nstrategy = \"api\"");
    let next = each(goods("p", 101), |at, good| {
        if at < 5 {
            good.price = "9.00".into()
        }
    });
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).tally(), "5 PATCH products");
    assert!(
        shop.run(&["status"]).stdout.contains(&format!("To let it through: shelfkeeper approve {}\n", digest(&shop)))
    );
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    assert!(shop.run(&["status"]).stdout.contains("\nApproved: the next pass lets it through.\n"));
    assert_eq!(sync(&shop).ended(0).tally(), "211 DELETE products");
    assert_equal(&shop, &next);
}

/// What becomes ours counts as ours at once.
#[test]
fn what_is_adopted_counts_already() {
    let shop = synced(&goods("p", 20), "");
    for good in goods("q", 60) {
        shop.nicechat().put(Kind::Product, good.object());
    }
    let feed = |slipped: usize| {
        let q = each(goods("q", 60), |at, good| {
            if at < slipped {
                good.price = "100.00".to_owned();
            }
        });
        [goods("p", 20), q].concat()
    };
    publish(&shop, &feed(17));
    run(&shop, &["run", "--resync"]).ended(4);
    assert_eq!(held(&shop), is("price", 17, 80));
    publish(&shop, &feed(16));
    run(&shop, &["run", "--resync"]).ended(0);
    assert_equal(&shop, &feed(16));
}

/// What others put there is met in a listing only, and stays held all the same.
#[test]
fn what_others_put_there_stays_held() {
    let shop = Shop::new();
    shop.config("[nicechat]\nprune = \"all\"");
    for good in goods("theirs", 15) {
        shop.nicechat().put(Kind::Product, good.object());
    }
    publish(&shop, &goods("p", 20));
    sync(&shop).ended(4);
    for _ in 0..2 {
        sync(&shop).ended(4);
        assert_eq!(held(&shop), is("delete", 15, 35));
    }
    let explained = shop.json(&["explain", "theirs000", "--format", "json"])["next"]["words"].to_string();
    assert!(explained.contains("reads NiceChat's listing"), "{explained}");
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    assert!(sync(&shop).ended(0).tally().starts_with("15 DELETE products"));
    assert_equal(&shop, &goods("p", 20));
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

#[test]
fn categories_of_products_that_stay_are_held_with_them() {
    let before = each(goods("p", 40), |at, good| {
        if at >= 20 {
            good.category = "Going".to_owned();
        }
    });
    let shop = synced(&before, "");
    publish(&shop, &before[..20]);
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_equal(&shop, &before);
}

#[test]
fn another_kind_of_feed_at_the_same_place_is_held_whole() {
    let before = goods("p", 3);
    let shop = synced(&before, "");
    let yml = "<yml_catalog><shop><categories><category id=\"1\">A</category></categories><offers>\
               <offer id=\"x\"><name>X</name><price>1</price><currencyId>USD</currencyId><categoryId>1</categoryId></offer>\
               </offers></shop></yml_catalog>";
    shop.put_feed(yml.as_bytes());
    assert_eq!(sync(&shop).ended(4).tally(), "");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["held"]["held"][0]["risk"], "feed_kind", "{status}");
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    sync(&shop).ended(0);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 1);
}

/// What a change does to a good.
fn change() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3), 1 => Just(4)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is held: what is sent is what a pass without it would have sent, and a word lets through exactly the rest.
    #[test]
    fn what_is_held_is_exactly_the_rest(changes in prop::collection::vec(change(), 30)) {
        let before = goods("p", 30);
        let changed = |risky: bool| -> Vec<Good> {
            let mut next = Vec::new();
            for (good, change) in before.iter().zip(&changes) {
                let mut good = good.clone();
                match change {
                    1 => good.title.push_str(" new"),
                    2 if risky => good.price = "1000.00".into(),
                    3 if risky => good.price.clear(),
                    4 if risky => continue,
                    _ => {}
                }
                next.push(good);
            }
            next
        };
        let settings = "[guard]\nmin_count = 0\nmax_delete_percent = 0\nmax_emptied_percent = 0\nmax_price_percent = 0\n\
                        [nicechat]\nstrategy = \"api\"";
        let (plain, risky) = (synced(&before, settings), synced(&before, settings));
        publish(&plain, &changed(false));
        publish(&risky, &changed(true));
        let is_held = changes.iter().any(|change| *change > 1);
        let (sent, left) = (sync(&plain).ended(0), sync(&risky).ended(if is_held { 4 } else { 0 }));
        let count = |lines: Vec<String>| lines.into_iter().fold(BTreeMap::new(), |mut all, line| {
            *all.entry(line).or_insert(0) += 1;
            all
        });
        prop_assert_eq!(count(sent.lines()), count(left.lines()));
        if is_held {
            risky.run(&["approve", &digest(&risky)]).expect_code(0);
            let rest = sync(&risky).ended(0);
            prop_assert_eq!(rest.lines().len(), changes.iter().filter(|change| **change > 1).count());
            assert_equal(&risky, &changed(true));
        }
    }
}

#[test]
fn a_plan_marks_prices_that_slip_and_currencies_that_flip_also_when_they_are_few() {
    let before = goods("p", 40);
    let shop = synced(&before, "");
    let next = each(before, |at, good| match at {
        3 => good.price = "1000.00".to_owned(),
        4 => good.price = "12.00".to_owned(),
        5 => good.price = "11.00".to_owned(),
        _ => {}
    });
    shop.put_feed(feed(&next).replace("12.00 USD", "12.00 EUR"));
    let plan = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(plan.contains("2 prices change by a large factor (guard.price_factor) or get another currency"), "{plan}");
    let marked: Vec<&str> = plan.lines().filter(|line| line.contains("  (!) ")).map(str::trim).collect();
    assert_eq!(marked.len(), 2, "{plan}");
    assert!(marked[0].starts_with("price        10.00 → 1000.00  (!)"), "{marked:?}");
    assert!(marked[1].contains("(!) another currency"), "{marked:?}");
}

#[test]
fn what_comes_beside_it_makes_what_is_held_no_better() {
    let before = goods("p", 54);
    let shop = synced(&before, "");
    // Eleven of 54 are more than a fifth, and of 56 they are not.
    let mut next = before[11..].to_vec();
    next.extend(goods("new", 2));
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).tally(), "2 POST products");
    assert_eq!(held(&shop), is("delete", 11, 54));
    for _ in 0..2 {
        assert_eq!(sync(&shop).ended(4).tally(), "");
        assert_eq!(held(&shop), is("delete", 11, 54));
    }
    next.extend(goods("more", 40));
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).tally(), "40 POST products");
    assert_eq!(held(&shop), is("delete", 11, 54));
    let digest = digest(&shop);
    shop.run(&["approve", &digest]).expect_code(0);
    assert_eq!(sync(&shop).ended(0).tally(), "11 DELETE products");
    assert_equal(&shop, &next);
}

#[test]
fn values_that_are_held_are_measured_as_before_too() {
    let shop = synced(&goods("p", 100), "");
    let mut next = each(goods("p", 100), |at, good| good.is_in_stock = at >= 52);
    next.extend(goods("new", 20));
    publish(&shop, &next);
    for _ in 0..2 {
        sync(&shop).ended(4);
        assert_eq!(held(&shop), is("out_of_stock", 52, 100));
    }
}
