//! What somebody approved, and what passes did that were killed.

use sandbox::{Fault, Kind, Object, Rule};

use super::risks::{digest, held, is};
use crate::kit::goods::{Good, assert_equal, goods, publish, resync, run, sync, synced};
use crate::kit::process::Process;
use crate::kit::wait_until;

/// What is left of it when the pass is killed is approved still, and counts for no later pass.
#[test]
fn what_was_approved_and_cut_off_makes_nothing_else_risky() {
    for left in [60, 4] {
        let shop = synced(&goods("p", 200), "[nicechat]\nstrategy = \"api\"");
        publish(&shop, &goods("p", 100));
        sync(&shop).ended(4);
        shop.run(&["approve", &digest(&shop)]).expect_code(0);
        shop.nicechat().add_fault(Rule {
            method: Some("DELETE".to_owned()),
            after: 100 - left,
            ..Rule::new(Fault::Hang)
        });
        let pass = Process::start(shop.command(&["run", "--once"]));
        wait_until("some are deleted", || shop.nicechat().objects(Kind::Product).len() <= 100 + left);
        pass.kill();
        shop.nicechat().clear_faults();
        // One more is gone from the feed, which is no risk; nor are these later, a few of those that are ours then.
        publish(&shop, &goods("p", 99));
        sync(&shop).ended(0);
        publish(&shop, &goods("p", 85));
        sync(&shop).ended(0);
        let deleted = |id: &str| shop.json(&["history", id, "--kind", "deleted", "--format", "json"])[0]["why"].clone();
        assert!(deleted("p099") != "approved by hand" && deleted("p199") == "approved by hand");
        // Fifteen were, and with 25 more they are too many.
        publish(&shop, &goods("p", 60));
        sync(&shop).ended(4);
        assert_eq!(held(&shop)[0].1, 40);
    }
}

/// Whatever measure finds them too many first, those of an approved pass that was cut off take no other one along.
#[test]
fn what_was_approved_and_cut_off_makes_nothing_else_harmless() {
    let shop = synced(&goods("p", 200), "[nicechat]\nstrategy = \"api\"");
    publish(&shop, &goods("p", 199));
    sync(&shop).ended(0);
    publish(&shop, &goods("p", 100));
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    shop.nicechat().add_fault(Rule { method: Some("DELETE".to_owned()), after: 79, ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("some are deleted", || shop.nicechat().objects(Kind::Product).len() <= 120);
    pass.kill();
    shop.nicechat().clear_faults();
    // Thirty of those that were to stay: few of the day's two hundred, many of what there is.
    publish(&shop, &goods("p", 70));
    sync(&shop).ended(4);
    // (The kill may have come before some of what was answered was written down.)
    let held = held(&shop);
    assert!(matches!(held.as_slice(), [(risk, 30, 120..=130)] if risk == "delete"), "{held:?}");
    assert_equal(&shop, &goods("p", 100));
}

/// What a pass had deleted before it was killed is gone all the same.
#[test]
fn deletions_of_a_pass_that_was_killed_count_for_the_day() {
    let shop = synced(&goods("p", 100), "[nicechat]\nstrategy = \"api\"");
    publish(&shop, &goods("p", 85));
    shop.nicechat().add_fault(Rule { method: Some("DELETE".to_owned()), after: 10, ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("some are deleted", || shop.nicechat().objects(Kind::Product).len() <= 90);
    pass.kill();
    shop.nicechat().clear_faults();
    // Of the ninety that are left these are less than a fifth.
    publish(&shop, &goods("p", 73));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("delete", 27, 100));
}

/// What is left after an approved cut is what the next deletions are measured by.
#[test]
fn what_somebody_let_go_makes_the_rest_no_smaller_a_part() {
    let shop = synced(&goods("p", 200), "[nicechat]\nstrategy = \"api\"");
    publish(&shop, &goods("p", 190));
    sync(&shop).ended(0);
    publish(&shop, &goods("p", 30));
    sync(&shop).ended(4);
    assert_eq!(held(&shop), is("delete", 170, 200));
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    sync(&shop).ended(0);
    // Less than a fifth of what there was before, and most of what is left.
    publish(&shop, &goods("p", 5));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("delete", 25, 30));
    // A few of what is left may go, together with those of the day that nobody was asked about.
    publish(&shop, &goods("p", 25));
    sync(&shop).ended(0);
    assert_equal(&shop, &goods("p", 25));
}

/// Somebody's word for another kind of feed holds when the pass is cut off and the feed is another one by then.
#[test]
fn an_approved_kind_of_feed_needs_no_second_word() {
    let shop = synced(&goods("p", 3), "[nicechat]\nstrategy = \"api\"");
    let yml = |price: &str| {
        let offer =
            |n| format!("<offer id=\"x{n}\"><name>X</name><price>{price}</price><currencyId>USD</currencyId></offer>");
        let offers: String = (0..5).map(offer).collect();
        format!("<yml_catalog><shop><offers>{offers}</offers></shop></yml_catalog>")
    };
    shop.put_feed(yml("1"));
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    let path = Some("products/".to_owned());
    let hang = Rule { method: Some("POST".to_owned()), path, after: 2, ..Rule::new(Fault::Hang) };
    shop.nicechat().add_fault(hang);
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("some are there", || shop.nicechat().objects(Kind::Product).len() >= 5);
    pass.kill();
    shop.nicechat().clear_faults();
    shop.put_feed(yml("2"));
    sync(&shop).ended(0);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 5);
}

/// It is for the next pass, whatever that is about.
#[test]
fn a_word_is_not_kept_for_later() {
    let shop = synced(&goods("p", 60), "");
    publish(&shop, &goods("p", 10));
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    publish(&shop, &[]);
    assert_eq!(sync(&shop).ended(4).tally(), "");
    publish(&shop, &goods("p", 10));
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("delete", 50, 60));
}

/// A word is given once, and what it lets through is done, however often the pass is killed.
#[test]
fn a_word_outlives_a_pass_that_is_killed() {
    for left in [10, 0] {
        let shop = synced(&goods("p", 60), "[nicechat]\nstrategy = \"api\"");
        publish(&shop, &goods("p", left));
        sync(&shop).ended(4);
        shop.run(&["approve", &digest(&shop)]).expect_code(0);
        let hang = Rule { method: Some("DELETE".to_owned()), after: 20, ..Rule::new(Fault::Hang) };
        shop.nicechat().add_fault(hang);
        let pass = Process::start(shop.command(&["run", "--once"]));
        wait_until("some are deleted", || shop.nicechat().objects(Kind::Product).len() <= 40);
        pass.kill();
        shop.nicechat().clear_faults();
        sync(&shop).ended(0);
        assert_eq!(shop.nicechat().objects(Kind::Product).len(), left, "{left}");
        // It was for that, and for nothing else.
        publish(&shop, &goods("q", 60));
        sync(&shop);
        publish(&shop, &goods("r", 60));
        sync(&shop).ended(4);
    }
}

/// It is for once, also where something else fails in every pass.
#[test]
fn a_word_is_spent_when_it_is_done_whatever_else_fails() {
    let shop = synced(&goods("p", 60), "[nicechat]\nstrategy = \"api\"\nretries = 0");
    let repriced = |count| {
        let mut goods = goods("p", count);
        goods[0].price = "11.00".to_owned();
        goods
    };
    shop.nicechat().add_fault(Rule {
        id: Some("p000".to_owned()),
        method: Some("PATCH".to_owned()),
        ..Rule::new(Fault::status(500))
    });
    publish(&shop, &repriced(10));
    sync(&shop);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    sync(&shop).ended(1);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 10);
    publish(&shop, &repriced(60));
    sync(&shop).ended(1);
    publish(&shop, &repriced(10));
    sync(&shop);
    assert_eq!(held(&shop), is("delete", 50, 60));
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 60);
}

/// What is left of it may be too much for one of its risks, and no more for the other.
#[test]
fn a_word_for_two_risks_holds_for_what_is_left_of_each() {
    let shop = synced(&goods("p", 100), "[nicechat]\nstrategy = \"api\"");
    let next: Vec<_> = goods("p", 100)
        .into_iter()
        .map(|good| good.with(|good| (good.price, good.description) = ("100.00".to_owned(), String::new())))
        .collect();
    publish(&shop, &next);
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    shop.nicechat().add_fault(Rule { method: Some("PATCH".to_owned()), after: 85, ..Rule::new(Fault::Hang) });
    let is_done = |object: &Object| object.get("description").is_none_or(|text| text.is_null());
    let done = || shop.nicechat().objects(Kind::Product).values().filter(|object| is_done(object)).count();
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("most are changed", || done() >= 85);
    pass.kill();
    shop.nicechat().clear_faults();
    sync(&shop).ended(0);
    assert_equal(&shop, &next);
}

/// NiceChat refuses to move the products that are in them, until the feed has these otherwise.
#[test]
fn a_word_for_categories_that_products_are_still_in_is_kept() {
    let many = |categories: usize, price: &str| -> Vec<Good> {
        let all = goods("p", 40).into_iter().enumerate();
        let all = all.map(|(n, good)| good.in_category(&format!("Category {}", n.min(categories - 1))));
        all.map(|good| good.at_price(price)).collect()
    };
    let shop = synced(&many(20, "10.00"), "[nicechat]\nstrategy = \"api\"");
    let refused = Rule { method: Some("PATCH".to_owned()), kind: Some(Kind::Product), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(refused);
    publish(&shop, &many(9, "10.00"));
    let pass = run(&shop, &["run", "--once", "--force"]).ended(3);
    assert_eq!(pass.tally(), "31 PATCH products");
    assert_eq!(sync(&shop).ended(3).tally(), "", "refused once");
    shop.nicechat().clear_faults();
    publish(&shop, &many(9, "11.00"));
    assert_eq!(sync(&shop).ended(0).tally(), "11 DELETE categories, 40 PATCH products");
    assert_equal(&shop, &many(9, "11.00"));
}

/// As long as it is refused, nobody is asked about it once more.
#[test]
fn a_word_for_what_nicechat_refuses_is_kept() {
    let mut next = goods("p", 30);
    let shop = synced(&next, "[nicechat]\nstrategy = \"api\"");
    next[..12].iter_mut().for_each(|good| good.price.clear());
    publish(&shop, &next);
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    shop.nicechat().add_fault(Rule { method: Some("PATCH".to_owned()), ..Rule::new(Fault::status(400)) });
    assert_eq!(sync(&shop).ended(3).tally(), "12 PATCH products");
    next[29].price = "11.00".to_owned();
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(3).lines(), ["PATCH products p029"]);
    assert_eq!(held(&shop), []);
    shop.nicechat().clear_faults();
    resync(&shop).ended(0);
    assert_equal(&shop, &next);
}

/// The same where it refuses to delete, or to put out of stock until then.
#[test]
fn a_word_for_what_nicechat_refuses_of_what_is_gone_is_kept() {
    let patient = "[guard]\ndelete_after = \"48h\"\nmissing = \"out_of_stock\"";
    for (config, method) in [("", "DELETE"), (patient, "PATCH")] {
        let all = goods("p", 30);
        let shop = synced(&all, &format!("[nicechat]\nstrategy = \"api\"\n{config}"));
        let mut next = goods("p", 12);
        publish(&shop, &next);
        sync(&shop).ended(4);
        shop.run(&["approve", &digest(&shop)]).expect_code(0);
        shop.nicechat().add_fault(Rule { method: Some(method.to_owned()), ..Rule::new(Fault::status(400)) });
        assert_eq!(sync(&shop).ended(3).tally(), format!("18 {method} products"));
        next[11].price = "11.00".to_owned();
        publish(&shop, &next);
        assert_eq!(sync(&shop).ended(3).lines(), ["PATCH products p011"]);
        assert_eq!(held(&shop), []);
        shop.nicechat().clear_faults();
        resync(&shop).ended(0);
        let missing = all[12..].iter().cloned().map(|good| good.with(|good| good.is_in_stock = false));
        next.extend(missing.filter(|_| method == "PATCH"));
        assert_equal(&shop, &next);
    }
}

#[test]
fn a_word_for_another_kind_of_feed_takes_none_from_what_is_refused() {
    let shop = synced(&goods("p", 30), "[nicechat]\nstrategy = \"api\"");
    publish(&shop, &goods("p", 18));
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    shop.nicechat().add_fault(Rule { method: Some("DELETE".to_owned()), ..Rule::new(Fault::status(400)) });
    sync(&shop).ended(3);
    let offer = |n| format!("<offer id=\"p{n:03}\"><name>X</name><price>1</price><currencyId>USD</currencyId></offer>");
    let offers: String = (0..18).map(offer).collect();
    shop.put_feed(format!("<yml_catalog><shop><offers>{offers}</offers></shop></yml_catalog>"));
    sync(&shop).ended(4);
    shop.run(&["approve", &digest(&shop)]).expect_code(0);
    sync(&shop).ended(3);
    shop.nicechat().clear_faults();
    resync(&shop);
    assert_eq!(held(&shop), []);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 18);
}

/// What may never have been there is no loss, on a later day's count neither.
#[test]
fn what_was_never_acknowledged_counts_for_no_later_pass() {
    let shop = synced(&goods("p", 50), "[nicechat]\nstrategy = \"api\"\nretries = 0");
    shop.nicechat().add_fault(Rule { method: Some("POST".to_owned()), ..Rule::new(Fault::status(503)) });
    publish(&shop, &[goods("p", 50), goods("q", 16)].concat());
    sync(&shop).ended(1);
    shop.nicechat().clear_faults();
    publish(&shop, &goods("p", 50));
    sync(&shop).ended(0);
    publish(&shop, &goods("p", 49));
    sync(&shop).ended(0);
    assert_equal(&shop, &goods("p", 49));
}
