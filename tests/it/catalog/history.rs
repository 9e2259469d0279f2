//! What is remembered of changes, and how it is told.

use std::collections::BTreeMap;

use sandbox::{Fault, Kind, Rule};
use serde_json::{Value, json};

use crate::kit::Shop;
use crate::kit::goods::{Good, feed, good, goods, object, publish, resync, sync, synced};

fn history(shop: &Shop, arguments: &[&str]) -> Vec<Value> {
    let all = [&["history", "--format", "json"], arguments].concat();
    let told = shop.run(&all).expect_code(0).json();
    told.as_array().expect("a list").clone()
}

/// How many changes of each sort.
fn tally(entries: &[Value]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for entry in entries {
        let name =
            format!("{} {}", entry["change"].as_str().expect("a change"), entry["type"].as_str().expect("a type"));
        *tally.entry(name).or_default() += 1;
    }
    tally
}

#[test]
fn a_first_load_is_one_line() {
    let shop = synced(&goods("p", 30), "");
    let entries = history(&shop, &[]);
    assert_eq!(entries.len(), 1, "{entries:?}");
    let Value::Object(entry) = &entries[0] else { panic!("{entries:?}") };
    assert_eq!(entry["why"], "first load");
    assert_eq!(entry["id"], Value::Null);
    assert_eq!(entry["fields"]["products"], json!({"old": 0, "new": 30}));
    assert_eq!(entry["pass"], shop.json(&["status", "--format", "json"])["last_pass"]["started"]);
}

#[test]
fn every_change_has_old_and_new_and_why() {
    let mut shelf = vec![good("a"), good("b"), good("c")];
    let shop = synced(&shelf, "[guard]\nmax_delete_percent = 100");
    shelf[0] = good("a").at_price("12.00");
    shelf.remove(1);
    shelf.push(good("d").in_category("Home > New"));
    publish(&shop, &shelf);
    sync(&shop).ended(0);
    let entries: Vec<Value> = history(&shop, &[]).into_iter().filter(|entry| entry["why"] != "first load").collect();
    let of = |id: &str| {
        let found = entries.iter().find(|entry| entry["id"] == id);
        found.unwrap_or_else(|| panic!("{id} in {entries:?}")).clone()
    };
    let a = of("a");
    assert_eq!((&a["change"], &a["type"], &a["why"]), (&json!("updated"), &json!("product"), &json!("feed line 2")));
    assert_eq!(a["fields"].to_string(), r#"{"price":{"new":12.00,"old":10.00}}"#.to_owned());
    let b = of("b");
    assert_eq!(b["change"], "deleted");
    let why = b["why"].as_str().expect("why");
    let pass = b["pass"].as_str().expect("a time");
    assert_eq!(why, format!("gone from the feed of {}", &pass[11..16]));
    assert_eq!((&b["fields"]["title"]["new"], b["fields"]["title"]["old"].is_string()), (&Value::Null, true));
    let d = of("d");
    assert_eq!((&d["change"], &d["why"]), (&json!("created"), &json!("feed line 4")));
    assert_eq!(d["fields"]["in_stock"], json!({"old": null, "new": true}));
    assert!(entries.iter().any(|entry| entry["type"] == "category" && entry["change"] == "created"), "{entries:?}");
    let times: Vec<&str> = entries.iter().filter_map(|entry| entry["at"].as_str()).collect();
    assert!(times.iter().all(|at| *at >= pass && at.ends_with('Z')), "{times:?}");
    // The latest first: categories that are created go before products.
    assert_eq!(entries.last().map(|entry| &entry["type"]), Some(&json!("category")));
    // Nothing changed, nothing is added.
    sync(&shop).ended(0);
    assert_eq!(history(&shop, &[]).len(), entries.len() + 1);
}

#[test]
fn what_is_asked_for_is_shown_and_nothing_else() {
    let mut shelf = goods("p", 4);
    let shop = synced(&shelf, "");
    for (at, price) in [(0, "11.00"), (1, "12.00"), (0, "13.00")] {
        shelf[at] = shelf[at].clone().at_price(price);
        publish(&shop, &shelf);
        sync(&shop).ended(0);
    }
    let id = "p000";
    let of_one = history(&shop, &[id]);
    let prices: Vec<String> = of_one.iter().map(|entry| entry["fields"]["price"]["new"].to_string()).collect();
    assert_eq!(prices, ["13.00", "11.00"]);
    assert_eq!(history(&shop, &["--field", "price"]).len(), 3);
    assert_eq!(history(&shop, &["--field", "title"]).len(), 0);
    assert!(
        shop.run(&["history", "--field", "prise"]).expect_code(2).stderr.contains("price"),
        "a slip of the finger is told"
    );
    assert_eq!(history(&shop, &["--kind", "updated", "--since", "1h"]).len(), 3);
    assert_eq!(history(&shop, &["--kind", "deleted"]).len(), 0);
    assert_eq!(history(&shop, &["--until", "1h"]).len(), 0);
    assert_eq!(history(&shop, &["--since", "2999-01-01"]).len(), 0);
    assert_eq!(history(&shop, &["--until", "2999-01-01T00:00:00Z"]).len(), 4);
    assert_eq!(history(&shop, &["nobody"]).len(), 0);
    let told = shop.run(&["history", "--since", "soon"]).expect_code(2);
    assert!(told.stderr.contains("7d"), "{}", told.stderr);
    let text = shop.run(&["history", id]).expect_code(0).stdout;
    assert!(text.contains("price: 11.00 → 13.00") && text.contains("(feed line 2)"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn people_are_shown_the_latest_pass_by_pass() {
    let shelf = goods("p", 120);
    let shop = synced(&shelf, "");
    let next: Vec<Good> = shelf.iter().cloned().map(|good| good.at_price("11.00")).collect();
    publish(&shop, &next);
    sync(&shop).ended(0);
    shop.nicechat().edit(Kind::Product, "p007", object(json!({"title": "Somebody else's"})));
    resync(&shop).ended(0);
    let text = shop.run(&["history"]).expect_code(0).stdout;
    let passes: Vec<&str> = text.lines().filter(|line| line.starts_with("Pass of 20")).collect();
    assert_eq!(passes.len(), 2, "{text}");
    assert!(passes[0].ends_with("Z (resync):") && passes[1].ends_with("Z (sync):"), "{passes:?}");
    assert!(text.starts_with(passes[0]) && text.contains(&format!("\n\n{}\n", passes[1])), "{text}");
    let changes = |text: &str| text.lines().filter(|line| line.contains("  product p")).count();
    assert_eq!(changes(&text), 100, "{text}");
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("… and 22 earlier changes: --since 7d, ") && last.contains("--format csv"), "{last}");
    // Who asks for some is shown all of them.
    for asked in [&["--since", "1h"][..], &["--field", "price"]] {
        let text = shop.run(&[&["history"], asked].concat()).expect_code(0).stdout;
        assert!(changes(&text) >= 120 && !text.contains("earlier change"), "{text}");
    }
    assert_eq!(history(&shop, &[]).len(), 122);
}

#[test]
fn a_repair_and_an_adoption_are_told_as_such() {
    let shelf = vec![good("a"), good("b")];
    let shop = synced(&shelf, "");
    shop.nicechat().edit(Kind::Product, "a", object(json!({"price": 1})));
    shop.nicechat().remove(Kind::Product, "b");
    resync(&shop).ended(0);
    let entries = history(&shop, &["a"]);
    assert_eq!((&entries[0]["change"], &entries[0]["why"]), (&json!("repaired"), &json!("drift")), "{entries:?}");
    assert_eq!(entries[0]["fields"].to_string(), r#"{"price":{"new":10.00,"old":1}}"#);
    let entries = history(&shop, &["b"]);
    assert_eq!((&entries[0]["change"], &entries[0]["why"]), (&json!("created"), &json!("resync")), "{entries:?}");
    let mut more: Vec<Good> = shelf;
    more.push(good("c"));
    shop.nicechat().put(Kind::Product, good("c").object());
    publish(&shop, &more);
    resync(&shop).ended(0);
    let entries = history(&shop, &["c"]);
    assert!(entries.iter().any(|entry| entry["change"] == "adopted"), "{entries:?}");
    assert_eq!(tally(&entries).get("created product"), None, "{entries:?}");
}

#[test]
fn a_spreadsheet_opens_it_and_computes_nothing() {
    let mut shelf = vec![good("=1+1"), good("b")];
    let shop = synced(&shelf, "");
    shelf[0] = good("=1+1").with(|good| good.title = "@SUM(A1), \"new\"".to_owned());
    publish(&shop, &shelf);
    sync(&shop).ended(0);
    let csv = shop.run(&["history", "--format", "csv"]).expect_code(0).stdout;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "\u{feff}at,pass,type,id,change,field,old,new,why,by");
    assert!(lines[1].contains(",product,'=1+1,updated,title,"), "{csv}");
    assert!(lines[1].contains(",\"'@SUM(A1), \"\"new\"\"\",feed line 2"), "{csv}");
}

#[test]
fn it_needs_no_secret_and_says_where_no_state_is() {
    let shop = synced(&[good("a")], "");
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("the config");
    let without: Vec<&str> = config.lines().filter(|line| !line.starts_with("api_")).collect();
    shop.write("bare.toml", without.join("\n") + "\n");
    let bare = shop.path("bare.toml");
    let mut command = crate::kit::program(shop.path("").as_path());
    command.arg("--config").arg(bare).args(["history", "--format", "json"]);
    assert_eq!(crate::kit::finish(command).expect_code(0).json().as_array().map(Vec::len), Some(1));
    let none = Shop::new();
    let told = none.run(&["history", "--format", "json"]).expect_code(0);
    assert!(told.stderr.contains("There is no state at"), "{}", told.stderr);
    assert_eq!(told.json(), json!([]));
}

#[test]
fn only_so_many_are_kept() {
    let mut shelf = goods("p", 10);
    let shop = synced(&shelf, "[state]\nhistory_rows = 7");
    for price in ["11.00", "12.00"] {
        shelf = shelf.into_iter().map(|good| good.at_price(price)).collect();
        publish(&shop, &shelf);
        sync(&shop).ended(0);
    }
    let entries = history(&shop, &[]);
    assert_eq!(entries.len(), 7);
    assert!(entries.iter().all(|entry| entry["fields"]["price"]["new"].as_f64() == Some(12.0)), "{entries:?}");
}

#[test]
fn a_first_load_that_was_cut_off_is_no_million_lines() {
    let shop = Shop::new();
    publish(&shop, &goods("p", 40));
    let cut_off = Rule { method: Some("POST".to_owned()), after: 10, ..Rule::new(Fault::status(401)) };
    shop.nicechat().add_fault(cut_off);
    sync(&shop);
    shop.nicechat().clear_faults();
    sync(&shop);
    let entries = history(&shop, &[]);
    assert!(entries.iter().all(|entry| entry["why"] == "first load"), "{entries:?}");
}

/// What was at NiceChat before is no creation, and what is changed of it is told.
#[test]
fn a_first_load_tells_what_was_there() {
    let before = synced(&goods("p", 12), "");
    let shop = Shop::new();
    for object in before.nicechat().objects(Kind::Product).into_values() {
        shop.nicechat().put(Kind::Product, object);
    }
    let next = goods("p", 14).into_iter().enumerate();
    let next: Vec<Good> = next.map(|(at, good)| if at == 3 { good.at_price("77.00") } else { good }).collect();
    publish(&shop, &next);
    sync(&shop).ended(0);
    let entries = history(&shop, &[]);
    let told = |entry: &Value| (entry["change"].clone(), entry["id"].clone(), entry["fields"].clone());
    let told: Vec<_> = entries.iter().map(told).collect();
    assert_eq!(
        told[0],
        (
            json!("created"),
            Value::Null,
            json!({"categories": {"old": 0, "new": 1}, "products": {"old": 12, "new": 14}})
        )
    );
    assert_eq!(told[1], (json!("adopted"), Value::Null, json!({"products": {"old": 0, "new": 12}})));
    assert_eq!((&told[2].0, &told[2].1), (&json!("updated"), &json!("p003")));
    assert_eq!(told[2].2["price"]["new"].as_f64(), Some(77.0));
    assert_eq!(told.len(), 3, "{told:?}");
}

/// Changes without the first load, the earliest first.
fn later(shop: &Shop) -> Vec<Value> {
    history(shop, &[]).into_iter().filter(|entry| entry["why"] != "first load").rev().collect()
}

#[test]
fn what_is_held_is_told_once_and_what_is_approved_was_so_by_hand() {
    let shelf = goods("p", 40);
    let shop = synced(&shelf, "");
    let mut next = shelf.clone();
    next.iter_mut().take(15).for_each(|good| good.price = "1000.00".to_owned());
    next[0].title = "Another".to_owned();
    publish(&shop, &next);
    sync(&shop).ended(4);
    let entries = later(&shop);
    assert_eq!(tally(&entries), BTreeMap::from([("held product".to_owned(), 15), ("updated product".to_owned(), 1)]));
    let of_one = history(&shop, &["p000", "--kind", "held"]);
    assert_eq!(of_one[0]["fields"].to_string(), r#"{"price":{"new":1000.00,"old":10.00}}"#);
    assert_eq!(of_one[0]["why"], "feed line 2");
    // Not again while it is the same; one more is told alone.
    sync(&shop).ended(4);
    assert_eq!(later(&shop).len(), 16);
    next[20].price = "5000.00".to_owned();
    publish(&shop, &next);
    sync(&shop).ended(4);
    let entries = later(&shop);
    assert_eq!(entries.len(), 17, "{entries:?}");
    assert_eq!((&entries[16]["id"], &entries[16]["change"]), (&json!("p020"), &json!("held")));
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned();
    let mut approve = shop.command(&["approve", &digest]);
    approve.env("SUDO_USER", "anna\u{1b}[1m");
    crate::kit::finish(approve).expect_code(0);
    sync(&shop).ended(0);
    let approved = history(&shop, &["--kind", "updated", "--field", "price"]);
    assert_eq!(approved.len(), 16);
    assert!(
        approved.iter().all(|entry| entry["why"] == "approved by hand" && entry["by"] == "anna [1m"),
        "{approved:?}"
    );
    // What is held anew is told anew.
    next.iter_mut().take(15).for_each(|good| good.price = "10.00".to_owned());
    publish(&shop, &next);
    sync(&shop).ended(4);
    assert_eq!(history(&shop, &["--kind", "held"]).len(), 31);
    // A word that an earlier version left says nothing of who gave it.
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned();
    shop.write("state/shelfkeeper.db.approved", format!("{{\"digest\":{digest:?}}}"));
    sync(&shop).ended(0);
    let approved = history(&shop, &["--kind", "updated", "--field", "price"]);
    assert_eq!((approved.len(), &approved[0]["why"]), (31, &json!("approved by hand")));
    assert_eq!((&approved[30]["why"], &approved[30]["by"]), (&json!("approved by hand"), &json!("anna [1m")));
}

#[test]
fn a_pass_that_is_held_as_a_whole_tells_it_and_force_is_by_hand() {
    let shelf = goods("p", 12);
    let shop = synced(&shelf, "");
    publish(&shop, &[]);
    sync(&shop).ended(4);
    sync(&shop).ended(4);
    let entries = later(&shop);
    assert_eq!(tally(&entries).get("held product"), Some(&12), "{entries:?}");
    let goes = entries.iter().find(|entry| entry["id"] == "p003").expect("one of them");
    assert_eq!(goes["fields"]["price"].to_string(), r#"{"new":null,"old":10.00}"#);
    crate::kit::goods::run(&shop, &["run", "--once", "--force"]).ended(0);
    let gone = history(&shop, &["--kind", "deleted"]);
    assert!(gone.iter().all(|entry| entry["why"] == "approved by hand"), "{gone:?}");
    assert_eq!(tally(&gone).get("deleted product"), Some(&12));
}

/// What a rule leaves out is in the feed still: nobody should look for it there in vain.
#[test]
fn a_rule_that_leaves_a_product_out_is_why() {
    let shop = synced(&[good("a"), good("b")], "");
    let rule = "[[source.rule]]\ninclude = false\nid = \"b\"\n";
    shop.config(rule);
    let told = shop.run(&["explain", "b"]).expect_code(0).stdout;
    assert!(told.contains("Deletes it: a rule leaves it out."), "{told}");
    sync(&shop).ended(0);
    let gone = history(&shop, &["b"]);
    assert_eq!((&gone[0]["change"], &gone[0]["why"]), (&json!("deleted"), &json!("left out by [[source.rule]]")));
    // A file that may still be written proves nothing: it stays, and that is said.
    let shop = synced(&[good("a"), good("b")], "");
    shop.write("feed.tsv", feed(&[good("a"), good("b")]));
    shop.config(&format!("[source]\nlocation = {:?}\n{rule}", shop.path("feed.tsv")));
    let told = shop.run(&["explain", "b"]).expect_code(0).stdout;
    assert!(told.contains("Nothing: it stays, although a rule leaves it out: "), "{told}");
}
