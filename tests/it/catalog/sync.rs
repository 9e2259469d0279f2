//! What a sync sends: as little as will do, and in what order.

use crate::kit::goods::{
    self, Good, assert_equal, category, category_id, good, goods, publish, resync, run, sync, synced,
};
use crate::kit::{FEED, Shop};
use sandbox::{Feed, Kind};
use serde_json::{Value, json};

/// Two categories with two products each.
fn four() -> Vec<Good> {
    let in_garden = |id| good(id).in_category("Home > Garden");
    vec![good("a"), good("b"), in_garden("c"), in_garden("d")]
}

#[test]
fn a_first_load_lists_once_and_creates_each_object_once_categories_first() {
    let shop = Shop::new();
    publish(&shop, &four());
    let first = sync(&shop).ended(0);
    assert_eq!(first.tally(), "1 GET categories, 1 GET products, 2 POST categories, 4 POST products");
    assert_equal(&shop, &four());
    let lines = first.lines();
    assert!(lines.iter().take(2).all(|line| line.starts_with("POST categories")), "{lines:?}");
    let body = first.body("POST", "a");
    assert!(body.to_string().contains(r#""price":10.00"#), "the feed's digits: {body}");
    let status = shop.json(&["status", "--format", "json"]);
    let last = &status["last_pass"];
    assert_eq!(last["outcome"], "ok");
    assert_eq!((&last["read"], &last["created"], &last["requests"]), (&json!(4), &json!(6), &json!(8)));
    assert_eq!(status["owned"], json!({"categories": 2, "products": 4}));
    assert_eq!(status["pending"], 0);
}

#[test]
fn an_unchanged_feed_costs_one_conditional_get_and_nothing_else() {
    let shop = synced(&four(), "");
    for _ in 0..2 {
        let again = sync(&shop).ended(0);
        assert_eq!((again.fetch_statuses(), again.tally()), (vec![304], String::new()));
    }
    assert_eq!(shop.json(&["status", "--format", "json"])["last_pass"]["outcome"], "unchanged");
}

#[test]
fn the_same_bytes_send_nothing_when_the_host_knows_no_conditions() {
    let shop = Shop::new();
    let bytes = goods::feed(&four());
    shop.shop().put_with(FEED, Feed { body: bytes.into(), etag: false, ..Feed::default() });
    sync(&shop).ended(0);
    let again = sync(&shop).ended(0);
    assert_eq!((again.fetch_statuses(), again.tally()), (vec![200], String::new()));
    assert_eq!(shop.json(&["status", "--format", "json"])["last_pass"]["outcome"], "unchanged");
}

#[test]
fn a_feed_in_a_file_is_read_again_and_sends_nothing() {
    let shop = Shop::new();
    let path = shop.write("feed.txt", goods::feed(&four()));
    shop.config(&format!("[source]\nlocation = {path:?}"));
    sync(&shop).ended(0);
    assert_equal(&shop, &four());
    let again = sync(&shop).ended(0);
    assert_eq!((again.tally(), again.fetched.len()), (String::new(), 0));
    assert_eq!(shop.json(&["status", "--format", "json"])["last_pass"]["outcome"], "unchanged");
}

#[test]
fn order_and_format_of_the_feed_do_not_matter() {
    let shop = synced(&four(), "");
    let mut moved = four();
    moved.reverse();
    moved[0] = moved[0].clone().at_price("10");
    let text = goods::feed(&moved).replace("Home > Garden", " Home  >Garden ").replace('\n', "\r\n");
    shop.put_feed(format!("\u{feff}{text}").replace("USD", "usd"));
    let again = sync(&shop).ended(0);
    assert_eq!((again.fetch_statuses(), again.tally()), (vec![200], String::new()));
    // From now on these bytes are the known ones.
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn n_changed_objects_are_n_patches_of_the_changed_fields_alone() {
    let shop = synced(&four(), "");
    let changed = vec![
        good("a").at_price("12.50"),
        good("b").with(|b| b.title = "Better".into()),
        good("c").in_category("Home > Garden").with(|c| c.image = "https://shop.example/2.jpg".into()),
        good("d").in_category("Home > Light").with(|d| {
            d.is_in_stock = false;
            d.link = "https://shop.example/d?x=1&y=2".into();
        }),
    ];
    let fetched = shop.nicechat().image_fetches();
    publish(&shop, &changed);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "4 PATCH products");
    assert_eq!(pass.body("PATCH", "a").to_string(), r#"{"price":12.50}"#);
    assert_eq!(pass.body("PATCH", "b"), json!({"title": "Better"}));
    assert_eq!(pass.body("PATCH", "c"), json!({"image_url": "https://shop.example/2.jpg"}));
    let light = category_id("Home > Light");
    let url = "https://shop.example/d?x=1&y=2";
    assert_eq!(pass.body("PATCH", "d"), json!({"category": light, "in_stock": false, "url": url}));
    assert_eq!(shop.nicechat().image_fetches(), fetched + 1, "one picture changed");
    assert_equal(&shop, &changed);
}

#[test]
fn a_field_that_goes_away_is_sent_as_null_and_comes_back_as_it_is() {
    let shop = synced(&four(), "");
    let bare = good("a").with(|a| {
        for field in [&mut a.price, &mut a.description, &mut a.link, &mut a.image, &mut a.category] {
            field.clear();
        }
    });
    let less: Vec<Good> = four().into_iter().map(|good| if good.id == "a" { bare.clone() } else { good }).collect();
    publish(&shop, &less);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "1 PATCH products");
    let nulls = json!({"price": null, "currency": null, "description": null, "url": null,
        "image_url": null, "category": null});
    assert_eq!(pass.body("PATCH", "a"), nulls);
    assert_equal(&shop, &less);
    publish(&shop, &four());
    assert_eq!(sync(&shop).ended(0).tally(), "1 PATCH products");
    assert_equal(&shop, &four());
}

#[test]
fn the_order_is_categories_changes_product_deletes_category_deletes() {
    let shop = synced(&four(), "");
    let next = vec![good("a").at_price("9.00"), good("e").in_category("Toys")];
    publish(&shop, &next);
    let lines = sync(&shop).ended(0).lines();
    let place = |line: String| lines.iter().position(|other| *other == line).unwrap_or_else(|| panic!("{line}"));
    let toys = place(format!("POST categories {}", category_id("Toys")));
    let garden = place(format!("DELETE categories {}", category_id("Home > Garden")));
    assert_eq!((lines.len(), toys, garden), (7, 0, 6), "{lines:?}");
    for change in ["PATCH products a", "POST products e"] {
        assert!([1, 2].contains(&place(change.to_owned())), "{lines:?}");
    }
    for delete in ["DELETE products b", "DELETE products c", "DELETE products d"] {
        assert!([3, 4, 5].contains(&place(delete.to_owned())), "{lines:?}");
    }
    assert_equal(&shop, &next);
}

#[test]
fn the_urgent_goes_first() {
    let shop = synced(&goods("p", 8), "[nicechat]\nconcurrency = 1");
    let mut next = goods("p", 8);
    next[0].title = "Another".into();
    next[1] = next[1].clone().at_price("11.00");
    next[2].is_in_stock = false;
    next[6].is_in_stock = false;
    next[7] = next[7].clone().at_price("11.00");
    next.push(good("o-new"));
    publish(&shop, &next);
    let lines = sync(&shop).ended(0).lines();
    let ids: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(ids, ["p002", "p006", "p001", "p007", "o-new", "p000"]);
    assert_eq!(shop.nicechat().max_in_flight(), 1);
}

#[test]
fn concurrency_is_used_and_never_exceeded() {
    let shop = Shop::new();
    shop.config("[nicechat]\nconcurrency = 3");
    let mut rules = shop.nicechat().rules();
    rules.latency = std::time::Duration::from_millis(5);
    shop.nicechat().set_rules(rules);
    publish(&shop, &goods("p", 60));
    sync(&shop).ended(0);
    assert_eq!(shop.nicechat().max_in_flight(), 3);
}

#[test]
fn vanished_categories_are_disabled_when_told_so_and_come_back() {
    let garden = category_id("Home > Garden");
    let shop = synced(&four(), "[nicechat]\nvanished_category = \"disable\"");
    publish(&shop, &four()[..2]);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "2 DELETE products, 1 PATCH categories");
    assert_eq!(pass.body("PATCH", &garden), json!({"is_enabled": false}));
    assert_eq!(pass.lines().last(), Some(&format!("PATCH categories {garden}")));
    // It stays disabled without being told again.
    publish(&shop, &[good("a").at_price("11.00"), good("b")]);
    assert_eq!(sync(&shop).ended(0).tally(), "1 PATCH products");
    publish(&shop, &four());
    let back = sync(&shop).ended(0);
    assert_eq!(back.tally(), "1 PATCH categories, 1 PATCH products, 2 POST products");
    assert_eq!(back.body("PATCH", &garden), json!({"is_enabled": true}));
    assert_equal(&shop, &four());
}

#[test]
fn prune_says_what_may_be_deleted() {
    let theirs = goods::object(json!({"id": "theirs", "title": "Theirs"}));
    for (prune, sent, left) in [
        ("owned", "1 DELETE categories, 2 DELETE products", vec!["a", "b", "theirs"]),
        ("all", "1 DELETE categories, 3 DELETE products", vec!["a", "b"]),
        ("none", "", vec!["a", "b", "c", "d", "theirs"]),
    ] {
        let shop = synced(&four(), &format!("[nicechat]\nprune = {prune:?}"));
        shop.nicechat().put(Kind::Product, theirs.clone());
        publish(&shop, &four()[..2]);
        let pass = if prune == "all" { resync(&shop) } else { sync(&shop) }.ended(0);
        let writes: Vec<_> = pass.requests.into_iter().filter(|request| request.method != "GET").collect();
        assert_eq!(goods::tally(&writes), sent, "{prune}");
        let held = shop.nicechat().objects(Kind::Product);
        assert_eq!(held.keys().map(String::as_str).collect::<Vec<_>>(), left, "{prune}");
    }
}

#[test]
fn a_setting_that_changes_what_is_wanted_is_seen_on_an_unchanged_feed() {
    let shop = Shop::new();
    shop.feed_tsv(&["a|Lamp|10.00|in stock|", "b|Bulb|2.00|in stock|Home"]);
    sync(&shop).ended(0);
    shop.config("[source]\ndefault_currency = \"eur\"");
    let currency = sync(&shop).ended(0);
    assert_eq!(currency.tally(), "2 PATCH products");
    assert_eq!(currency.body("PATCH", "a"), json!({"currency": "eur"}));
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);

    shop.config("[source]\ndefault_currency = \"eur\"\ndefault_category = \"7\"");
    let category = sync(&shop).ended(0);
    assert_eq!(category.tally(), "1 PATCH products", "the category itself is not ours to make");
    assert_eq!(category.body("PATCH", "a"), json!({"category": "7"}));

    // What was spared while nothing might be deleted goes once it may.
    let kept = "[source]\ndefault_currency = \"eur\"\ndefault_category = \"7\"\n[nicechat]\nprune = ";
    shop.config(&format!("{kept}\"none\""));
    shop.feed_tsv(&["a|Lamp|10.00|in stock|"]);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    shop.config(&format!("{kept}\"owned\""));
    assert_eq!(sync(&shop).ended(0).tally(), "1 DELETE categories, 1 DELETE products");
    // What changes nothing that is wanted is no reason to read again.
    shop.config(&format!("{kept}\"owned\"\nconcurrency = 2\nretries = 1"));
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn ids_of_any_letters_are_created_changed_and_deleted() {
    let ids = ["a/b", "50%", "%2F", "#1", "who?", "two words", "чай №1", "a+b&c=d", "..x", "ß:;@,'()"];
    let all = |price: &str| ids.map(|id| good(id).at_price(price)).to_vec();
    let shop = synced(&all("1.00"), "");
    publish(&shop, &all("2.00"));
    assert_eq!(sync(&shop).ended(0).tally(), "10 PATCH products");
    assert_equal(&shop, &all("2.00"));
    let left = [good("left")];
    publish(&shop, &left);
    assert_eq!(sync(&shop).ended(0).tally(), "10 DELETE products, 1 POST products");
    assert_equal(&shop, &left);
}

#[test]
fn force_and_plan_agree_with_the_pass() {
    let shop = synced(&four(), "");
    publish(&shop, &[good("a").at_price("3.00"), good("n")]);
    let plan = run(&shop, &["plan", "--format", "json", "--detailed-exitcode"]).ended(10);
    assert_eq!(plan.tally(), "", "a plan sends nothing");
    let plan = plan.output.json();
    let planned: Vec<String> = plan["operations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|operation| format!("{} {}", operation["op"], operation["id"]).replace('"', ""))
        .collect();
    let sent = sync(&shop).ended(0).lines();
    let as_planned = |line: &String| {
        let words: Vec<&str> = line.split(' ').collect();
        let op = match words[0] {
            "POST" => "create",
            "PATCH" => "update",
            _ => "delete",
        };
        format!("{op} {}", words[2])
    };
    let (mut planned, mut sent) = (planned, sent.iter().map(as_planned).collect::<Vec<_>>());
    planned.sort();
    sent.sort();
    assert_eq!(planned, sent);
    assert_eq!(run(&shop, &["plan", "--detailed-exitcode"]).ended(0).output.code, 0);
    assert_eq!(shop.nicechat().object(Kind::Category, &category_id("Home > Light")), Some(category("Home > Light")));
    assert_eq!(plan["guard"], Value::Null);
}

#[test]
fn how_many_at_once_is_found_out() {
    let shop = Shop::new();
    let mut rules = shop.nicechat().rules();
    rules.latency = std::time::Duration::from_millis(200);
    shop.nicechat().set_rules(rules);
    publish(&shop, &goods("p", 120));
    sync(&shop).ended(0);
    let first = shop.nicechat().max_in_flight();
    assert!((9..=64).contains(&first), "more than it began with, as more were answered: {first}");
    assert_equal(&shop, &goods("p", 120));
}

#[test]
fn a_service_that_takes_so_many_a_second_refuses_few_and_gets_all() {
    for refused_for in [0, 1] {
        let shop = Shop::new();
        shop.nicechat().set_rules(sandbox::Rules { most_per_second: 100, refused_for, ..shop.nicechat().rules() });
        publish(&shop, &goods("p", 250));
        let pass = sync(&shop).ended(0);
        assert_equal(&shop, &goods("p", 250));
        let refused = pass.requests.iter().filter(|request| request.status == 429).count();
        assert!((1..=80).contains(&refused), "{refused} refused");
    }
}
