//! What other commands say of it, and that none of them sends anything.

use std::os::unix::fs::PermissionsExt as _;

use sandbox::{Fault, Rule};
use serde_json::{Value, json};

use super::{MIAMI, chosen, configure, fixed, shop, standing};
use crate::kit::Shop;

fn two_stores() -> Shop {
    shop("ecom_link = \"https://shop.example\"", &(fixed("10001", MIAMI) + &chosen("10002")))
}

#[test]
fn only_its_own_commands_send_anything() {
    let shop = two_stores();
    let told = shop.run(&["run", "--once"]).expect_code(0).stdout;
    assert!(told.contains("Nothing to do") && told.contains("shelfkeeper newstore"), "{told}");
    for arguments in [&["run", "--resync"][..], &["plan", "--resync"], &["status"], &["check"], &["config", "dump"]] {
        shop.run(arguments).expect_code(0);
    }
    let told = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(told.contains("shelfkeeper newstore"), "{told}");
    assert_eq!(shop.json(&["plan", "--format", "json"])["operations"], json!([]));
    assert!(shop.newstore().requests().is_empty());
}

#[test]
fn it_is_told_beside_a_shop_and_without_one() {
    let shop = two_stores();
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("NewStore store 10001: open") && !status.contains("There is no state"), "{status}");
    let output = shop.run(&["status", "--format", "json"]).expect_code(0);
    assert!(!format!("{output:?}").contains("There is no state"), "nobody misses it: {output:?}");
    let open = json!({"id": "10001", "state": "open", "phone_number": MIAMI, "since": null, "reason": null});
    assert_eq!(standing(&shop, "10001"), open);
    assert_eq!(standing(&shop, "10002")["phone_number"], Value::Null);
    let beside = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    beside.config(&format!("{}{}", beside.newstore_section(), fixed("10001", MIAMI)));
    let status = beside.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("There is no state") && status.contains("NewStore store 10001: open"), "{status}");
    let told = beside.pass(0).stdout;
    assert!(told.contains("2 created") && !told.contains("Nothing to do"), "{told}");
    let status = beside.run(&["status"]).expect_code(0).stdout;
    assert!(status.starts_with("Equal:") && status.contains("NewStore store 10001: open"), "{status}");
    assert!(beside.newstore().requests().is_empty());
    let without = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    assert_eq!(without.json(&["status", "--format", "json"])["newstore"], Value::Null);
    assert!(without.run(&["newstore"]).expect_code(2).stderr.contains("no section [newstore]"));
}

#[test]
fn how_it_stands_goes_by_the_retailer_too() {
    for (fault, code, state, text) in [
        (Some(500), 1, "behind", "Behind: NewStore, 1 in doubt; see `shelfkeeper newstore`."),
        (Some(400), 3, "rows", "Equal but for 1 that NewStore refuses."),
        (None, 0, "equal", "Equal: what was sent to NewStore was acknowledged."),
    ] {
        let shop = shop("ecom_link = \"https://shop.example\"", "");
        if let Some(status) = fault {
            let path = Some("clienteling/retailers".to_owned());
            shop.newstore().add_fault(Rule { path, ..Rule::new(Fault::status(status)) });
        }
        shop.run(&["newstore", "apply", "--yes"]).expect_code(code);
        let headline = shop.json(&["status", "--format", "json"])["headline"].clone();
        assert_eq!((&headline["state"], &headline["text"]), (&json!(state), &json!(text)));
    }
}

/// Nothing would end a doubt of one that the config leaves alone.
#[test]
fn a_retailer_that_is_left_alone_is_told_and_not_counted() {
    let shop = shop("ecom_link = \"https://shop.example\"", "");
    let path = Some("clienteling/retailers".to_owned());
    shop.newstore().add_fault(Rule { path, ..Rule::new(Fault::status(500)) });
    shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
    configure(&shop, "", "");
    assert_eq!(shop.json(&["status", "--format", "json"])["headline"]["state"], "none");
    let told = shop.run(&["status"]).expect_code(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("NewStore retailer: open; https://shop.example was sent"), "{told}");
}

#[test]
fn check_says_whether_it_would_work() {
    let shop = two_stores();
    let told = shop.run(&["check"]).expect_code(0).stdout;
    assert!(told.contains("NewStore http://127.0.0.1") && told.contains("nothing was done yet"), "{told}");
    assert!(shop.newstore().requests().is_empty());
    let told = shop.run(&["check", "--online"]).expect_code(0).stdout;
    assert!(told.contains("NewStore  ok   takes the token (store 10001: 4 numbers offered)"), "{told}");
    assert_eq!(shop.newstore().take_requests().len(), 2);
    configure(&shop, "client_secret = \"wrong\"", "");
    let told = shop.run(&["check", "--online"]).expect_code(1).stdout;
    assert!(told.contains("NewStore  FAIL") && told.contains("check client_id, client_secret"), "{told}");
    configure(&shop, "numbers_path = \"GET /elsewhere/{store_id}\"", &fixed("10001", MIAMI));
    let told = shop.run(&["check", "--online"]).expect_code(1).stdout;
    assert!(told.contains("newstore.numbers_path"), "{told}");
}

#[test]
fn plain_http_to_others_is_told() {
    let shop = shop("base_url = \"http://newstore.example\"", "");
    let told = shop.run(&["check"]).expect_code(0).stdout;
    assert!(told.contains("newstore.base_url is http, not https: the token can be read on the way"), "{told}");
}

#[test]
fn the_config_is_told_without_secrets() {
    let shop = two_stores();
    let dumped = shop.json(&["config", "dump", "--format", "json"]);
    let settings = &dumped["settings"];
    assert_eq!(settings["newstore"]["client_secret"]["value"], "***");
    assert_eq!(settings["newstore"]["retries"], json!({"value": 1, "from": settings["newstore"]["retries"]["from"]}));
    assert_eq!(settings["newstore"]["status_path"], json!({"value": "", "from": "default"}));
    assert_eq!(settings["newstore.store"][1]["choose"]["value"], json!({"locality": "Jacksonville"}));
    assert_eq!(settings["newstore.store"][0]["enable"], json!({"value": false, "from": "default"}));
}

#[test]
fn a_backup_has_what_was_bought() {
    let shop = two_stores();
    let told = shop.run(&["backup", "copy.db"]).expect_code(1).stderr;
    assert!(told.contains("There is no state"), "{told}");
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    let told = shop.run(&["backup", "copy.db"]).expect_code(0).stdout;
    assert!(told.starts_with("wrote copy.db.newstore-sandbox-staging.db, ") && told.lines().count() == 1, "{told}");
    let copy = shop.path("copy.db.newstore-sandbox-staging.db");
    assert_eq!(std::fs::metadata(&copy).map(|file| file.permissions().mode() & 0o777).ok(), Some(0o600));
    // Never over another file, and then nothing at all is written.
    let told = shop.run(&["backup", "copy.db"]).expect_code(1).stderr;
    assert!(told.contains("copy.db.newstore-sandbox-staging.db is there already"), "{told}");
    // Put back, it is as it was.
    let before = shop.json(&["status", "--format", "json"])["newstore"].clone();
    std::fs::rename(&copy, shop.path("state/newstore-sandbox-staging.db")).expect("put back");
    assert_eq!(shop.json(&["status", "--format", "json"])["newstore"], before);
    shop.newstore().take_requests();
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert!(shop.newstore().requests().is_empty());

    let beside = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    beside.config(&format!("{}{}", beside.newstore_section(), fixed("10001", MIAMI)));
    beside.pass(0);
    beside.run(&["backup", "first.db"]).expect_code(0);
    assert!(!beside.path("first.db.newstore-sandbox-staging.db").exists(), "nothing was done yet");
    beside.run(&["newstore", "apply", "--yes"]).expect_code(0);
    let told = beside.run(&["backup", "second.db"]).expect_code(0).stdout;
    assert!(told.contains("wrote second.db, ") && told.contains("wrote second.db.newstore-sandbox"), "{told}");
    std::fs::remove_file(beside.path("second.db")).expect("gone");
    beside.run(&["backup", "second.db"]).expect_code(1);
    assert!(!beside.path("second.db").exists(), "half a backup is none");
    // What can't be read is told, not copied.
    std::fs::write(beside.path("state/newstore-sandbox-staging.db"), "no database").expect("written");
    let told = beside.run(&["backup", "third.db"]).expect_code(1).stderr;
    assert!(told.contains("numbers were bought") && !beside.path("third.db").exists(), "{told}");
}
