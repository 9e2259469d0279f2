//! A config that somebody has just broken: who only looks at the state, or gives their word, needs to know where it is.

use crate::kit::Shop;
use crate::kit::goods::{goods, publish, sync, synced};
use sandbox::DEMO_STORE;
use serde_json::json;

/// Writes the config anew, changed.
fn change(shop: &Shop, change: impl FnOnce(&str) -> String) -> String {
    let right = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    shop.write("shelfkeeper.toml", change(&right));
    right
}

/// Fifteen of forty prices are a hundred times what they were.
fn held() -> (Shop, String) {
    let shelf = goods("p", 40);
    let shop = synced(&shelf, "");
    let mut next = shelf;
    next.iter_mut().take(15).for_each(|good| good.price = "1000.00".to_owned());
    publish(&shop, &next);
    sync(&shop).ended(4);
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned();
    (shop, digest)
}

#[test]
fn a_typo_elsewhere_keeps_nobody_from_looking_and_approving() {
    let (shop, digest) = held();
    let right = change(&shop, |right| right.replace("resync_schedule", "resink_schedule"));
    shop.run(&["plan"]).expect_code(2);

    let status = shop.run(&["status"]).expect_code(0);
    let told = status.stdout.lines().nth(1).unwrap_or_default();
    assert!(told.starts_with("The config is broken: ") && told.contains("shelfkeeper.toml:"), "{status:?}");
    assert!(told.contains("resink_schedule"), "{status:?}");
    assert!(status.stdout.contains(&digest) && status.stdout.contains("Last passes (sync)"), "{status:?}");
    let json = shop.run(&["status", "--format", "json"]).expect_code(0);
    assert!(json.stderr.contains("the config has errors") && json.stderr.contains("resink_schedule"), "{json:?}");
    assert_eq!(json.json()["held"]["digest"], json!(digest));

    for command in [&["history"][..], &["rejected"], &["history", "--format", "json"]] {
        let told = shop.run(command).expect_code(0);
        assert!(told.stderr.contains("the config has errors") && !told.stdout.is_empty(), "{told:?}");
    }
    let approved = shop.run(&["approve", &digest]).expect_code(0);
    assert!(approved.stdout.contains(&format!("Approved {digest}")), "{approved:?}");
    assert!(approved.stderr.contains("the config has errors"), "{approved:?}");
    shop.write("shelfkeeper.toml", right);
    sync(&shop).ended(0);
}

#[test]
fn a_line_that_is_no_toml_is_no_hindrance_where_it_says_nothing_of_the_state() {
    let (shop, digest) = held();
    let right = change(&shop, |right| format!("{right}\n[lagerkoll]\nstore = \"abc\n"));
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("\nThe config is broken: ") && status.contains(&digest), "{status}");
    shop.run(&["approve", &digest]).expect_code(0);
    // This may be another one's.
    shop.write("shelfkeeper.toml", right.replace("shelfkeeper.db\"", "shelfkeeper.db"));
    for command in [&["status"][..], &["approve"], &["history"]] {
        shop.run(command).expect_code(2);
    }
}

#[test]
fn events_are_told_unless_it_is_their_own_section_that_is_broken() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.config(&shop.lagerkoll_section());
    let mut event = serde_json::Map::new();
    event.insert("name".to_owned(), json!("report"));
    shop.lagerkoll().add(DEMO_STORE, event);
    shop.pass(0);
    let right = change(&shop, |right| right.replace("resync_schedule", "resink_schedule"));
    let told = shop.run(&["events", "--format", "json"]).expect_code(0);
    assert_eq!(told.json().as_array().map(Vec::len), Some(1));
    assert!(told.stderr.contains("resink_schedule"), "{told:?}");
    shop.write("shelfkeeper.toml", right.replace("store =", "stoer ="));
    let told = shop.run(&["events"]).expect_code(2);
    assert!(told.stderr.contains("stoer"), "{told:?}");
}

#[test]
fn a_disk_that_is_nearly_full_is_told() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.config("[notify]\ndisk_low = \"1000TiB\"\n");
    let told = |shop: &Shop| shop.run(&["status"]).expect_code(0).stdout;
    assert!(told(&shop).contains("\nThe disk is nearly full: "), "{}", told(&shop));
    shop.pass(0);
    let text = told(&shop);
    let line = text.lines().nth(1).unwrap_or_default();
    assert!(line.starts_with("The disk is nearly full: ") && line.contains("are free in"), "{text}");
    shop.config("[notify]\ndisk_low = 1\n");
    assert!(!told(&shop).contains("The disk"), "{}", told(&shop));
}
