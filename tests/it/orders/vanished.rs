//! Orders that are listed no more: proven, guarded, approved.

use sandbox::{Fault, Rule, Rules};
use serde_json::json;

use crate::kit::Shop;
use crate::kit::orders::{configure, ids, mirrored, order, pass, shop, sold};

fn filled(orders: i64) -> Shop {
    let shop = shop("");
    shop.nicechat().set_rules(Rules { page_size: 4, ..shop.nicechat().rules() });
    for id in 1..=orders {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    }
    pass(&shop, "--once", 0);
    shop
}

#[test]
fn what_a_whole_listing_does_not_have_is_marked_as_gone() {
    let shop = filled(9);
    shop.nicechat().remove_order(&json!(2));
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("1 gone"), "{}", output.stdout);
    assert_eq!(ids(&shop).len(), 8);
    assert!(mirrored(&shop)[1]["gone"].is_string());
    assert_eq!(sold(&shop, "website")[0]["orders"], 8, "what is gone was not sold");
    shop.nicechat().put_order(order(2, "2026-05-01 10:00:02+00:00", 1));
    pass(&shop, "--once", 0);
    assert_eq!(ids(&shop).len(), 9, "it is there again");
}

#[test]
fn a_count_that_disagrees_proves_nothing() {
    let shop = filled(9);
    for id in 1..=5 {
        shop.nicechat().remove_order(&json!(id));
    }
    shop.nicechat().set_rules(Rules { orders_count: Some(7), ..shop.nicechat().rules() });
    let (output, asked) = pass(&shop, "--resync", 0);
    assert_eq!((ids(&shop).len(), asked.len()), (9, 1));
    assert!(!output.stdout.contains("gone"), "{}", output.stdout);
    let standing = || {
        let status = shop.json(&["status", "--format", "json"]);
        (status["headline"]["state"].clone(), status["orders"]["trouble"].as_str().unwrap_or_default().to_owned())
    };
    let (headline, trouble) = standing();
    assert!(headline == "rows" && trouble.contains("its count doesn't prove its pages"), "{headline} {trouble}");
    let told = shop.run(&["status"]).stdout;
    assert!(told.contains("Equal but for what vanished") && told.contains(&trouble), "{told}");
    shop.nicechat().set_rules(Rules { orders_count: None, ..shop.nicechat().rules() });
    pass(&shop, "--once", 0);
    assert_eq!(ids(&shop).len(), 4, "few always may go");
    assert_eq!(standing(), (json!("equal"), String::new()));
}

#[test]
fn a_page_that_vanishes_while_the_listing_is_read_proves_nothing() {
    let shop = filled(9);
    shop.nicechat().remove_order(&json!(1));
    shop.nicechat().put_order(order(10, "2026-05-01 10:00:10+00:00", 1));
    let gone = || Rule { path: Some("orders/".to_owned()), times: Some(1), ..Rule::new(Fault::status(404)) };
    shop.nicechat().add_fault(Rule { after: 2, ..gone() });
    let (output, asked) = pass(&shop, "--resync", 0);
    assert_eq!((ids(&shop).contains(&1), asked.len()), (true, 3), "nothing is gone");
    assert!(!output.stdout.contains("gone") && !output.stderr.contains("check base_url"), "{output:?}");
    let (_, asked) = pass(&shop, "--once", 0);
    assert_eq!((ids(&shop), asked.len()), ((2..=10).collect(), 6), "it is read whole again, and twice");
    // Without the first page there is none at all.
    shop.nicechat().add_fault(gone());
    let (output, _) = pass(&shop, "--once", 1);
    assert!(output.stderr.contains("check base_url"), "{output:?}");
}

#[test]
fn what_is_gone_from_a_state_that_was_put_back_is_told() {
    let shop = filled(5);
    let saved = shop.path("saved.db");
    shop.run(&["backup", &saved.display().to_string()]).expect_code(0);
    shop.nicechat().put_order(order(6, "2026-05-01 10:00:06+00:00", 1));
    pass(&shop, "--once", 0);
    let put_back = || {
        std::fs::copy(&saved, shop.state_path()).expect("put back");
        pass(&shop, "--once", 0).0.stderr
    };
    shop.nicechat().remove_order(&json!(2));
    let told = put_back();
    assert!(told.contains("1 order that is new to it and 1 that is gone are not announced"), "{told}");
    shop.nicechat().remove_order(&json!(6));
    let told = put_back();
    assert!(told.contains("1 order that is gone is not announced"), "{told}");
}

#[test]
fn more_than_a_few_wait_for_somebodys_word() {
    let shop = filled(30);
    for id in 1..=15 {
        shop.nicechat().remove_order(&json!(id));
    }
    let (output, _) = pass(&shop, "--once", 4);
    assert!(output.stdout.contains("15 of 30 orders (50 %) are not listed any more"), "{}", output.stdout);
    assert_eq!(ids(&shop).len(), 30);
    shop.nicechat().put_order(order(31, "2026-05-02 10:00:00+00:00", 1));
    pass(&shop, "--once", 4);
    assert_eq!(ids(&shop).len(), 31, "what is new goes on");
    let status = shop.json(&["status", "--format", "json"]);
    let digest = status["held"]["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(
        (&status["held"]["held"][0]["risk"], &status["held"]["held"][0]["count"]),
        (&json!("orders"), &json!(15))
    );
    let plan = shop.run(&["plan", "--format", "json"]).expect_code(4).json();
    assert_eq!(plan["guard"]["digest"], json!(digest));
    assert!(shop.run(&["status"]).stdout.contains(&format!("shelfkeeper approve {digest}")));
    shop.run(&["approve", "0123456789ab"]).expect_code(1);
    let told = shop.run(&["approve", &digest]).expect_code(0).stdout;
    assert!(told.contains("15 of 31 orders"), "{told}");
    pass(&shop, "--once", 0);
    assert_eq!(ids(&shop).len(), 16);
    assert!(shop.json(&["status", "--format", "json"])["held"].is_null());
}

#[test]
fn what_is_listed_again_is_held_no_more() {
    let shop = filled(30);
    for id in 1..=15 {
        shop.nicechat().remove_order(&json!(id));
    }
    pass(&shop, "--once", 4);
    let held = shop.json(&["status", "--format", "json"])["held"]["digest"].clone();
    for id in 1..=15 {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    }
    pass(&shop, "--once", 0);
    assert!(shop.json(&["status", "--format", "json"])["held"].is_null());
    shop.run(&["plan"]).expect_code(0);
    shop.run(&["approve", held.as_str().expect("a digest")]).expect_code(1);
}

#[test]
fn a_word_is_not_kept_for_the_day_when_the_same_are_missing_once_more() {
    let shop = filled(30);
    let vanish = || (1..=15).for_each(|id| _ = shop.nicechat().remove_order(&json!(id)));
    vanish();
    pass(&shop, "--once", 4);
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].clone();
    shop.run(&["approve", digest.as_str().expect("a digest")]).expect_code(0);
    for id in 1..=15 {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    }
    pass(&shop, "--once", 0);
    vanish();
    pass(&shop, "--once", 4);
    assert_eq!(ids(&shop).len(), 30);
}

#[test]
fn a_number_of_the_shops_is_no_id() {
    let shop = filled(3);
    let mut numbered = order(77, "2026-05-01 10:00:00+00:00", 1);
    numbered["deal"]["num"] = json!("0002");
    shop.nicechat().put_order(numbered);
    pass(&shop, "--once", 0);
    let called = |name: &str| shop.json(&["orders", name, "--format", "json"]).to_string();
    assert!(called("0002").contains("\"id\":77"), "{}", called("0002"));
    assert!(called("2").contains("\"id\":2"), "{}", called("2"));
}

#[test]
fn the_settings_and_force_let_more_go() {
    let shop = filled(30);
    for id in 1..=15 {
        shop.nicechat().remove_order(&json!(id));
    }
    pass(&shop, "--once", 4);
    configure(&shop, "[guard]\nmax_delete_percent = 50\n");
    pass(&shop, "--once", 0);
    assert_eq!(ids(&shop).len(), 15);
    configure(&shop, "[guard]\nmax_delete_percent = 0\nmin_count = 2\n");
    for id in 16..=18 {
        shop.nicechat().remove_order(&json!(id));
    }
    pass(&shop, "--once", 4);
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    assert_eq!(ids(&shop).len(), 12);
}

#[test]
fn what_the_catalog_holds_beside_it_is_approved_by_itself() {
    let rows: Vec<String> = (1..=4).map(|id| format!("{id}|Lamp {id}|10.00 USD|in stock|Home > Light")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let shop = Shop::with_rows(&rows);
    configure(&shop, "[guard]\nmin_count = 1\n");
    for id in 1..=4 {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    }
    pass(&shop, "--once", 0);
    shop.feed_tsv(&rows[..2]);
    for id in 1..=2 {
        shop.nicechat().remove_order(&json!(id));
    }
    pass(&shop, "--once", 4);
    let held = shop.json(&["status", "--format", "json"])["held"].clone();
    let plan = shop.run(&["plan", "--format", "json"]).expect_code(4).json();
    assert_eq!(plan["guard"], held, "both are told, each with its digest");
    let digest = |value: &serde_json::Value| value["digest"].as_str().expect("a digest").to_owned();
    let digests = [digest(&held), digest(&held["held"][1])];
    let asked = shop.run(&["approve"]).expect_code(2);
    let unknown = shop.run(&["approve", "0123456789ab"]).expect_code(1).stderr;
    for digest in &digests {
        assert!(asked.stdout.contains(&format!("HELD by the guard ({digest})")), "{}", asked.stdout);
        assert!(asked.stderr.contains(digest) && unknown.contains(digest), "{} {unknown}", asked.stderr);
        shop.run(&["approve", digest]).expect_code(0);
    }
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("2 deleted") && output.stdout.contains("2 gone"), "{}", output.stdout);
}
