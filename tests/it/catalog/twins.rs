//! Ids that differ in case only: two objects for one NiceChat, and one object for another. Neither may lose what
//! the feed wants with what it no longer has.

use crate::kit::goods::{Good, assert_equal, good, goods as many, publish, resync, run, sync};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};
use sandbox::{Fault, Kind, Rule, Rules};
use serde_json::json;

fn shop(ignore_case: bool, feed: &[Good]) -> Shop {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0");
    shop.nicechat().set_rules(Rules { ignore_case, ..Rules::default() });
    publish(&shop, feed);
    sync(&shop).ended(0);
    shop
}

fn settled(shop: &Shop, feed: &[Good]) {
    assert_equal(shop, feed);
    assert_eq!(sync(shop).ended(0).fetch_statuses(), [304]);
    assert_eq!(resync(shop).ended(0).tally(), "1 GET categories, 1 GET products");
}

#[test]
fn an_id_that_changes_its_case_keeps_its_product() {
    for ignore_case in [false, true] {
        let shop = shop(ignore_case, &[good("abc"), good("ж-1"), good("7")]);
        let renamed = [good("ABC"), good("Ж-1"), good("7")];
        publish(&shop, &renamed);
        let pass = sync(&shop).ended(0);
        assert_eq!(pass.tally(), "2 DELETE products, 2 POST products");
        assert!(pass.lines()[..2].iter().all(|line| line.starts_with("DELETE")), "{:?}", pass.lines());
        settled(&shop, &renamed);
    }
}

#[test]
fn a_product_that_goes_does_not_take_the_one_that_stays() {
    for ignore_case in [false, true] {
        // What stays is unchanged, dearer, or in a row that can't be read.
        for (price, code, left) in [("10.00", 0, "10.00"), ("12.00", 0, "12.00"), ("1,234", 3, "10.00")] {
            let shop = shop(ignore_case, &[good("abc"), good("ABC"), good("7")]);
            publish(&shop, &[good("ABC").at_price(price), good("7")]);
            let plan = run(&shop, &["plan", "--format", "json"]).output.json();
            assert_eq!(plan["summary"], json!({"create": 0, "update": 1, "delete": 1, "disable": 0}));
            let sent = sync(&shop).ended(code).lines();
            assert_eq!(sent[..2], ["DELETE products abc", "PATCH products ABC"]);
            assert_eq!(sent.len(), if ignore_case { 3 } else { 2 }, "{sent:?}");
            assert_equal(&shop, &[good("ABC").at_price(left), good("7")]);
            assert_eq!(sync(&shop).ended(code).fetch_statuses(), [304]);
        }
    }
}

#[test]
fn a_deletion_that_waited_does_not_take_the_twin_that_came() {
    for ignore_case in [false, true] {
        let shop = shop(ignore_case, &[good("abc"), good("7")]);
        let fault = Rule { method: Some("DELETE".into()), times: Some(2), ..Rule::new(Fault::status(500)) };
        shop.nicechat().add_fault(fault);
        let renamed = [good("ABC"), good("7")];
        publish(&shop, &renamed);
        for _ in 0..2 {
            sync(&shop).ended(1);
        }
        sync(&shop).ended(0);
        settled(&shop, &renamed);
    }
}

#[test]
fn a_crash_between_the_two_loses_neither() {
    for ignore_case in [false, true] {
        for (method, applied) in [("DELETE", true), ("DELETE", false), ("PATCH", false), ("PATCH", true)] {
            let shop = shop(ignore_case, &[good("abc"), good("ABC"), good("7")]);
            let last = [good("ABC"), good("7")];
            publish(&shop, &last);
            let hang = Rule { method: Some(method.into()), applied, ..Rule::new(Fault::Hang) };
            shop.nicechat().add_fault(hang);
            shop.nicechat().take_requests();
            let pass = Process::start(shop.command(&["run", "--once"]));
            let hangs = || shop.nicechat().requests().iter().any(|request| request.method == method);
            wait_until("the request hangs", hangs);
            pass.kill();
            shop.nicechat().clear_faults();
            sync(&shop).ended(0);
            assert_equal(&shop, &last);
            settled(&shop, &last);
        }
    }
}

#[test]
fn a_key_that_fails_between_the_two_loses_neither() {
    for ignore_case in [false, true] {
        let shop = shop(ignore_case, &[good("abc"), good("ABC"), good("7")]);
        let last = [good("ABC"), good("7")];
        publish(&shop, &last);
        shop.nicechat().add_fault(Rule { after: 1, ..Rule::new(Fault::status(401)) });
        sync(&shop).ended(1);
        shop.nicechat().clear_faults();
        sync(&shop).ended(0);
        settled(&shop, &last);
    }
}

#[test]
fn a_listing_that_has_both_says_that_they_are_two() {
    let shop = shop(false, &[good("abc"), good("ABC"), good("7")]);
    publish(&shop, &[good("ABC"), good("7")]);
    assert_eq!(resync(&shop).ended(0).lines(), ["DELETE products abc"]);
    settled(&shop, &[good("ABC"), good("7")]);
}

#[test]
fn many_ids_may_change_their_case_at_once() {
    for ignore_case in [false, true] {
        let shop = shop(ignore_case, &many("p", 60));
        publish(&shop, &many("P", 60));
        let held = run(&shop, &["run", "--once"]).ended(4);
        assert!(!held.lines().iter().any(|line| line.starts_with("DELETE")), "{:?}", held.lines());
        assert!(held.output.stdout.contains("60 of 60 products (100 %) would go"), "{}", held.output.stdout);
        run(&shop, &["run", "--once", "--force"]).ended(0);
        settled(&shop, &many("P", 60));
    }
}

/// As long as nothing goes, nothing can be lost with it.
#[test]
fn nothing_is_asked_about_the_twins_of_what_is_held() {
    for ignore_case in [false, true] {
        let shop = shop(ignore_case, &many("p", 60));
        publish(&shop, &many("P", 60));
        sync(&shop).ended(4);
        for _ in 0..2 {
            assert_eq!(sync(&shop).ended(4).tally(), "");
        }
        run(&shop, &["run", "--once", "--force"]).ended(0);
        settled(&shop, &many("P", 60));
    }
}

fn yml(id: &str, more: &str) -> String {
    format!(
        "<yml_catalog><shop><categories><category id='{id}'>Lamps</category>{more}</categories><offers>\
         <offer id='1'><name>N</name><price>5</price><currencyId>EUR</currencyId><categoryId>{id}</categoryId></offer>\
         </offers></shop></yml_catalog>"
    )
}

#[test]
fn a_category_that_changes_the_case_of_its_id_is_there_and_on_in_the_end() {
    for ignore_case in [false, true] {
        for vanished in ["delete", "disable"] {
            let shop = Shop::new();
            shop.config(&format!("[nicechat]\nvanished_category = \"{vanished}\""));
            shop.nicechat().set_rules(Rules { ignore_case, ..Rules::default() });
            shop.put_feed(yml("lamps", ""));
            shop.pass(0);
            shop.put_feed(yml("LAMPS", ""));
            shop.pass(0);
            let categories = shop.nicechat().objects(Kind::Category);
            let on: Vec<_> = categories.values().filter(|held| held["is_enabled"] == json!(true)).collect();
            assert_eq!(on.len(), 1, "{ignore_case}, {vanished}: {categories:?}");
            assert!(on[0]["id"].as_str().is_some_and(|id| id == "LAMPS" || (ignore_case && vanished == "disable")));
            shop.nicechat().take_requests();
            shop.pass(0);
            assert_eq!(shop.take_writes(), [""; 0]);
        }
    }
}
