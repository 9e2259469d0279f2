//! `newstore settle`: a person tells what is true there.

use sandbox::{Fault, NewStoreStore, Rule};
use serde_json::json;

use super::{LOWEST, MIAMI, chosen, configure, fixed, plan, shop, standing, state, take_writes};
use crate::kit::Shop;

fn settle(shop: &Shop, arguments: &[&str], code: i32) -> String {
    let arguments: Vec<&str> = ["newstore", "settle"].iter().chain(arguments).copied().collect();
    let output = shop.run(&arguments).expect_code(code);
    output.stdout + &output.stderr
}

/// The first store is in doubt.
fn in_doubt() -> Shop {
    let shop = shop("", &(chosen("10001") + &fixed("10002", MIAMI)));
    shop.newstore().add_fault(Rule {
        id: Some("10001".into()),
        method: Some("POST".into()),
        applied: true,
        ..Rule::new(Fault::Reset)
    });
    shop.run(&["newstore", "apply", "--yes", "--store", "10001"]).expect_code(1);
    shop.newstore().clear_faults();
    shop.newstore().take_requests();
    shop
}

#[test]
fn doubt_ends_with_a_word() {
    let shop = in_doubt();
    let told = settle(&shop, &["10001", "onboarded"], 0);
    assert!(told.contains(&format!("store 10001: onboarded with {LOWEST}")), "{told}");
    let standing = standing(&shop, "10001");
    assert_eq!((&standing["state"], &standing["phone_number"]), (&json!("onboarded"), &json!(LOWEST)));
    let shop = in_doubt();
    settle(&shop, &["10001", "free"], 0);
    assert_eq!(plan(&shop)["stores"][0]["phone_number"], "+19045550102", "what was bought is offered no more");
    let shop = in_doubt();
    settle(&shop, &["10001", "enabled", "--number", "+19045550199"], 0);
    assert_eq!(
        (state(&shop, "10001"), super::standing(&shop, "10001")["phone_number"].clone()),
        ("enabled".to_owned(), json!("+19045550199"))
    );
    assert!(shop.newstore().requests().is_empty());
}

/// What was sent may not be what it has.
#[test]
fn of_a_store_that_is_there_already_nobody_has_to_know_the_number() {
    for (declared, number, told) in
        [(chosen("10001"), json!(null), "a number that nobody has told"), (fixed("10001", MIAMI), json!(MIAMI), MIAMI)]
    {
        let shop = shop("", &chosen("10001"));
        let there = Rule { id: Some("10001".into()), method: Some("POST".into()), ..Rule::new(Fault::status(409)) };
        shop.newstore().add_fault(there);
        shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
        configure(&shop, "", &declared);
        for word in ["onboarded", "enabled"] {
            let output = settle(&shop, &["10001", word], 0);
            assert!(output.contains(&format!("store 10001: {word} with {told}")), "{output}");
            assert_eq!((state(&shop, "10001").as_str(), &standing(&shop, "10001")["phone_number"]), (word, &number));
        }
    }
}

#[test]
fn what_a_plan_says_can_be_typed_whatever_the_id_is() {
    let id = "north one";
    let shop = shop("", &fixed(id, MIAMI));
    shop.newstore().put_store(NewStoreStore { id: id.to_owned(), ..NewStoreStore::default() });
    let there = Rule { id: Some(id.into()), method: Some("POST".into()), ..Rule::new(Fault::status(409)) };
    shop.newstore().add_fault(there);
    shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    let told = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    let reason = told["stores"][0]["reason"].as_str().expect("a reason");
    assert!(reason.ends_with("`shelfkeeper newstore settle --number +... -- 'north one' onboarded`"), "{reason}");
    settle(&shop, &["--number", LOWEST, "--", id, "onboarded"], 0);
    assert_eq!(standing(&shop, id)["phone_number"], LOWEST);
}

#[test]
fn what_can_not_be_so_is_refused() {
    let shop = in_doubt();
    let told = settle(&shop, &["10002", "onboarded", "--number", LOWEST], 2);
    assert!(told.contains("number of store 10001"), "{told}");
    let told = settle(&shop, &["10001", "onboarded", "--number", MIAMI], 2);
    assert!(told.contains("number of store 10002"), "{told}");
    let told = settle(&shop, &["10001", "onboarded", "--number", "+1 (904) 555-0100"], 2);
    assert!(told.contains("did you mean \"+19045550100\"?"), "{told}");
    assert!(settle(&shop, &["10001", "free", "--number", MIAMI], 2).contains("--number"));
    assert!(settle(&shop, &["nowhere", "free"], 2).contains("no store nowhere"));
    settle(&shop, &["10001", "perhaps"], 2);
    settle(&shop, &["10001"], 2);
    assert_eq!(state(&shop, "10001"), "doubt");
}

#[test]
fn it_needs_no_secret_and_sends_nothing() {
    let shop = in_doubt();
    let text = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("the config");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("client_secret")).collect();
    shop.write("shelfkeeper.toml", lines.join("\n"));
    settle(&shop, &["10001", "onboarded"], 0);
    shop.run(&["status"]).expect_code(0);
    shop.run(&["newstore"]).expect_code(2);
    assert!(shop.newstore().requests().is_empty());
}

#[test]
fn a_store_that_is_declared_no_more_can_be_forgotten() {
    let shop = in_doubt();
    configure(&shop, "", "");
    settle(&shop, &["10001", "free"], 0);
    assert_eq!(plan(&shop)["stores"], json!([]));
    assert!(settle(&shop, &["10001", "free"], 2).contains("no store 10001"));
    assert!(take_writes(&shop).is_empty());
}

#[test]
fn the_retailer_is_settled_too() {
    let link = "ecom_link = \"https://shop.example\"";
    let shop = shop(link, "");
    settle(&shop, &["--retailer", "configured"], 0);
    assert_eq!(plan(&shop)["retailer"]["op"], "none");
    settle(&shop, &["--retailer", "free"], 0);
    assert_eq!(plan(&shop)["retailer"]["op"], "configure");
    settle(&shop, &["--retailer", "configured", "10001"], 2);
    configure(&shop, "", "");
    assert!(settle(&shop, &["--retailer", "configured"], 2).contains("ecom_link is empty"));
}
