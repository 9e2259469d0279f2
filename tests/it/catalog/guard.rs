//! What protects a shop from its own feed: the delete guard, and rows that are not taken.

use crate::kit::Shop;
use crate::kit::goods::{Good, Ran, assert_equal, category_id, good, goods, publish, resync, run, sync, synced};
use sandbox::{Fault, Kind, Rule};
use serde_json::json;

use super::risks::{digest, held, is};

fn assert_refused(pass: &Ran) {
    assert_eq!(pass.tally(), "", "nothing is sent");
    let told = format!("{}{}", pass.output.stdout, pass.output.stderr);
    assert!(told.contains("guard") && told.contains("--force"), "{told}");
}

#[test]
fn more_than_the_percentage_and_more_than_ten_are_refused_until_forced() {
    let shop = synced(&goods("p", 54), "");
    let left = goods("p", 43);
    publish(&shop, &left);
    // Eleven of 54: 20.4 %. The same feed is refused again, whether its host says 304 or not.
    for _ in 0..3 {
        assert_refused(&sync(&shop).ended(4));
    }
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["last_pass"]["outcome"], &status["owned"]["products"]), (&json!("held"), &json!(54)));
    let plan = run(&shop, &["plan", "--format", "json", "--detailed-exitcode"]).ended(4).output.json();
    let risk = &plan["guard"]["held"][0];
    assert_eq!((&risk["risk"], &risk["count"], &risk["of"]), (&json!("delete"), &json!(11), &json!(54)), "{plan}");
    assert_eq!(plan["held_operations"].as_array().map(Vec::len), Some(11), "{plan}");
    run(&shop, &["plan", "--force"]).ended(0);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 54);

    let forced = run(&shop, &["run", "--once", "--force"]).ended(0);
    assert_eq!(forced.tally(), "11 DELETE products");
    assert_equal(&shop, &left);
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn a_refused_feed_that_is_taken_back_needs_no_request() {
    let shop = synced(&goods("p", 54), "");
    publish(&shop, &goods("p", 20));
    assert_refused(&sync(&shop).ended(4));
    publish(&shop, &goods("p", 54));
    assert_eq!(sync(&shop).ended(0).tally(), "");
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn what_is_held_keeps_nothing_else_waiting() {
    let shop = synced(&goods("p", 20), "");
    let mut next = goods("p", 5);
    next[0] = next[0].clone().at_price("1.00");
    next.push(good("new"));
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).tally(), "1 PATCH products, 1 POST products");
    let mut there = goods("p", 20);
    there[0] = next[0].clone();
    there.push(good("new"));
    assert_equal(&shop, &there);
}

#[test]
fn what_is_refused_beside_what_is_held_is_set_aside_and_may_go() {
    let before = goods("p", 30);
    let shop = synced(&before, "");
    let mut next: Vec<Good> = before.iter().cloned().map(|good| good.at_price("")).collect();
    next[0].title.push_str(" new");
    let method = Some("PATCH".to_owned());
    shop.nicechat().add_fault(Rule { method, ..Rule::new(Fault::status(400)) });
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).lines(), ["PATCH products p000"]);
    let first = (held(&shop), digest(&shop));
    assert_eq!(first.0, is("emptied:price", 30, 30));
    assert_eq!(sync(&shop).ended(4).tally(), "", "refused once");
    assert_eq!((held(&shop), digest(&shop)), first);
    publish(&shop, &before[1..]);
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products p000"]);
    assert_equal(&shop, &before[1..]);
}

/// Without it the others would be ten, which need no word.
#[test]
fn what_is_refused_releases_nothing_that_is_held() {
    let mut next = goods("p", 30);
    let shop = synced(&next, "");
    next[..11].iter_mut().for_each(|good| good.price.clear());
    next[0].title.push_str(" new");
    let (method, id) = (Some("PATCH".to_owned()), Some("p000".to_owned()));
    shop.nicechat().add_fault(Rule { method, id, ..Rule::new(Fault::status(400)) });
    publish(&shop, &next);
    assert_eq!(sync(&shop).ended(4).lines(), ["PATCH products p000"]);
    let first = digest(&shop);
    assert_eq!(sync(&shop).ended(4).tally(), "");
    assert_eq!(held(&shop), is("emptied:price", 11, 30));
    shop.run(&["approve", &first]).expect_code(0);
    assert_eq!(sync(&shop).ended(3).tally(), "10 PATCH products");
    shop.nicechat().clear_faults();
    resync(&shop).ended(0);
    assert_equal(&shop, &next);
}

#[test]
fn exactly_the_percentage_or_no_more_than_ten_may_go() {
    // Eleven of 55 are exactly 20 %.
    let shop = synced(&goods("p", 55), "");
    publish(&shop, &goods("p", 44));
    assert_eq!(sync(&shop).ended(0).tally(), "11 DELETE products");
    // Ten of eleven are many, but only ten.
    let shop = synced(&goods("p", 11), "[nicechat]\nmax_delete_percent = 0");
    publish(&shop, &goods("p", 1));
    assert_eq!(sync(&shop).ended(0).tally(), "10 DELETE products");
}

#[test]
fn categories_count_by_themselves() {
    let many = |categories: usize| -> Vec<Good> {
        let spread = |(n, good): (usize, Good)| good.in_category(&format!("Category {}", n.min(categories - 1)));
        goods("p", 60).into_iter().enumerate().map(spread).collect()
    };
    for (setting, sent) in [("delete", "DELETE"), ("disable", "PATCH")] {
        let shop = synced(&many(20), &format!("[nicechat]\nvanished_category = {setting:?}"));
        publish(&shop, &many(9));
        assert_eq!(sync(&shop).ended(4).tally(), "51 PATCH products");
        // People know them by their names.
        let held = shop.json(&["status", "--format", "json"])["held"]["held"][0].clone();
        assert!(held["examples"][0]["old"].to_string().starts_with("\"Category "), "{held}");
        let forced = run(&shop, &["run", "--once", "--force"]).ended(0);
        assert_eq!(forced.tally(), format!("11 {sent} categories"));
    }
}

#[test]
fn a_feed_without_any_item_is_refused() {
    let shop = synced(&goods("p", 3), "");
    publish(&shop, &[]);
    for _ in 0..2 {
        assert_refused(&sync(&shop).ended(4));
    }
    // Rows there are, but none that could be taken.
    publish(&shop, &[good("p000").with(|good| good.title.clear())]);
    assert_refused(&sync(&shop).ended(4));
    assert_equal(&shop, &goods("p", 3));
    publish(&shop, &[]);
    let forced = run(&shop, &["run", "--once", "--force"]).ended(0);
    assert_eq!(forced.tally(), "1 DELETE categories, 3 DELETE products");
    assert_equal(&shop, &[]);
}

#[test]
fn a_body_that_is_no_whole_feed_fails_and_changes_nothing() {
    let shop = synced(&goods("p", 3), "");
    let broken: [&[u8]; 3] = [b"", b"<!DOCTYPE html><html><body>Sorry</body></html>", b"<yml_catalog><shop><offers>"];
    for body in broken {
        shop.put_feed(body);
        let pass = sync(&shop).ended(1);
        assert_eq!(pass.tally(), "");
        assert!(pass.output.stderr.contains("products.txt"), "{}", pass.output.stderr);
    }
    assert_equal(&shop, &goods("p", 3));
    publish(&shop, &goods("p", 3));
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

#[test]
fn a_row_with_a_typo_keeps_its_product_and_its_category() {
    let known = vec![good("a"), good("b").in_category("Only mine")];
    let shop = synced(&known, "");
    let typo = |field: fn(&mut Good)| vec![good("a").at_price("11.00"), known[1].clone().with(field)];
    publish(&shop, &typo(|b| b.price = "12.34.56".into()));
    let pass = sync(&shop).ended(3);
    assert_eq!(pass.lines(), ["PATCH products a"]);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["last_pass"]["outcome"], "partial");
    let row = &status["rejected"][0];
    assert_eq!((&row["line"], &row["id"], &row["field"]), (&json!(3), &json!("b"), &json!("price")), "{status}");
    // 3 as well while nothing changes: 0 would mean that all is well.
    let again = sync(&shop).ended(3);
    assert_eq!((again.fetch_statuses(), again.tally()), (vec![304], String::new()));

    publish(&shop, &typo(|b| b.title.clear()));
    assert_eq!(sync(&shop).ended(3).tally(), "");
    assert_equal(&shop, &[good("a").at_price("11.00"), known[1].clone()]);

    let mended = typo(|b| b.price = "9.00".into());
    publish(&shop, &mended);
    assert_eq!(sync(&shop).ended(0).lines(), ["PATCH products b"]);
    assert_equal(&shop, &mended);
    publish(&shop, &mended[..1]);
    let only_mine = format!("DELETE categories {}", category_id("Only mine"));
    assert_eq!(sync(&shop).ended(0).lines(), ["DELETE products b", only_mine.as_str()]);
}

#[test]
fn a_rejected_row_that_was_never_known_is_just_not_there() {
    let shop = Shop::new();
    publish(&shop, &[good("a"), good("b").in_category("Only mine").at_price("1.2.3")]);
    assert_eq!(sync(&shop).ended(3).tally(), "1 GET categories, 1 GET products, 1 POST categories, 1 POST products");
    assert_equal(&shop, &[good("a")]);
}

#[test]
fn of_rows_with_the_same_id_the_first_counts() {
    let shop = Shop::new();
    let twice = |first: &str| vec![good("a").at_price(first), good("b"), good("a").at_price("99.00")];
    publish(&shop, &twice("1.00"));
    sync(&shop).ended(3);
    assert_equal(&shop, &twice("1.00")[..2]);
    let rejected = shop.json(&["status", "--format", "json"])["rejected"].clone();
    assert_eq!((&rejected[0]["line"], &rejected[0]["id"]), (&json!(4), &json!("a")), "{rejected}");
    assert_eq!(rejected.as_array().map(Vec::len), Some(1));
    publish(&shop, &twice("2.00"));
    let pass = sync(&shop).ended(3);
    assert_eq!(pass.lines(), ["PATCH products a"]);
    assert_eq!(pass.body("PATCH", "a").to_string(), r#"{"price":2.00}"#);
    // The same rows without the second one are the same catalogue, and nothing is wrong any more.
    publish(&shop, &twice("2.00")[..2]);
    assert_eq!(sync(&shop).ended(0).tally(), "");
}

#[test]
fn rejected_rows_do_not_count_as_deleted() {
    let shop = synced(&goods("p", 30), "");
    let rows = goods("p", 30).into_iter().enumerate();
    let mangled: Vec<Good> =
        rows.map(|(n, good)| if n < 20 { good.with(|good| good.price = "cheap".into()) } else { good }).collect();
    publish(&shop, &mangled);
    assert_eq!(sync(&shop).ended(3).tally(), "");
    assert_equal(&shop, &goods("p", 30));
}
