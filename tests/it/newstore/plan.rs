//! `newstore plan`: what it tells, what it asks, and what it leaves alone.

use sandbox::{DEMO_NEWSTORE_TENANT, Fault, NewStorePaths, NewStoreRules, Rule};
use serde_json::{Value, json};

use super::{LOWEST, MIAMI, NEXT, chosen, configure, digest, fixed, offer, plan, shop, take_writes};
use crate::kit::Shop;

fn stores() -> String {
    format!("{}{}enable = true\n", fixed("10001", MIAMI), chosen("10002"))
}

#[test]
fn its_json_has_the_shape_that_programs_rely_on() {
    let shop = shop("ecom_link = \"https://shop.example\"", &stores());
    let plan = plan(&shop);
    let digest = plan["digest"].as_str().expect("a digest");
    assert!(digest.len() == 12 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{digest}");
    let expected = json!({
        "tenant": DEMO_NEWSTORE_TENANT,
        "digest": digest,
        "retailer": {"op": "configure", "ecom_link": "https://shop.example", "reason": null},
        "stores": [
            {"id": "10001", "op": "onboard", "phone_number": MIAMI, "locality": "Miami", "region": "FL", "fitting": 1,
             "enable": false, "reason": null},
            {"id": "10002", "op": "onboard", "phone_number": LOWEST, "locality": "Jacksonville", "region": "FL",
             "fitting": 3, "enable": true, "reason": null},
        ],
        "summary": {"configure": 1, "onboard": 2, "blocked": 0, "doubt": 0},
        "remote": null,
    });
    assert_eq!(plan, expected);
    shop.run(&["newstore", "plan"]).expect_code(0);
    shop.run(&["newstore", "plan", "--detailed-exitcode"]).expect_code(10);
    shop.run(&["newstore", "--detailed-exitcode", "--format", "json"]).expect_code(10);
}

#[test]
fn it_asks_for_one_token_and_one_list_a_store_and_leaves_nothing_behind() {
    let shop = shop("ecom_link = \"https://shop.example\"", &stores());
    plan(&shop);
    let requests = shop.newstore().take_requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.rsplit('/').next().expect("a name")).collect();
    assert_eq!(paths, ["token", "available-phone-numbers", "available-phone-numbers"]);
    assert!(requests.iter().all(|request| request.tenant.as_deref() == Some(DEMO_NEWSTORE_TENANT)));
    assert!(!shop.path("state").exists());
}

#[test]
fn nothing_is_asked_where_nothing_is_to_be_done() {
    let shop = shop("status_path = \"GET /clienteling/status\"", "");
    assert_eq!(plan(&shop)["stores"], json!([]));
    configure(&shop, "ecom_link = \"https://shop.example\"", "");
    assert_eq!(plan(&shop)["retailer"]["op"], "configure");
    assert!(shop.newstore().requests().is_empty());
    configure(&shop, "", &fixed("10001", MIAMI));
    shop.run(&["newstore", "settle", "10001", "onboarded"]).expect_code(0);
    let plan = shop.run(&["newstore", "--detailed-exitcode", "--format", "json"]).expect_code(0).json();
    assert_eq!((&plan["stores"][0]["op"], &plan["stores"][0]["phone_number"]), (&json!("none"), &json!(MIAMI)));
    assert!(shop.newstore().requests().is_empty());
}

#[test]
fn the_lowest_that_fits_and_is_nobody_elses_is_chosen() {
    let both = chosen("10001") + &chosen("10002");
    let shop = shop("", &both);
    let numbers = |shop: &Shop| {
        let plan = plan(shop);
        let stores = plan["stores"].as_array().expect("stores").clone();
        stores.into_iter().map(|store| store["phone_number"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&shop), [LOWEST, NEXT]);
    // One that another store is declared to have is free for nobody.
    configure(&shop, "", &(both.clone() + &fixed("10003", LOWEST)));
    assert_eq!(numbers(&shop), [NEXT, "+19045550103", LOWEST]);
    // Nor one that another store has, or had when it was in the config.
    configure(&shop, "", &fixed("10003", LOWEST));
    shop.run(&["newstore", "settle", "10003", "onboarded"]).expect_code(0);
    configure(&shop, "", &both);
    let told = plan(&shop);
    assert_eq!((&told["stores"][0]["phone_number"], &told["stores"][2]["op"]), (&json!(NEXT), &json!("left")));
    // A shorter number is lower.
    offer(&shop, "+49301234");
    assert_eq!(numbers(&shop)[0], "+49301234");
}

#[test]
fn what_can_not_be_chosen_is_blocked() {
    let town = |id: &str, town: &str| format!("[[newstore.store]]\nid = {id:?}\nchoose = {{ locality = {town:?} }}\n");
    let shop = shop("", &(town("10001", "Miami") + &town("10002", "miami") + &town("10003", "Tampa")));
    let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    let reason = |at: usize| plan["stores"][at]["reason"].as_str().map(str::to_owned);
    assert_eq!((&plan["stores"][0]["op"], reason(0)), (&json!("onboard"), None));
    assert!(reason(1).is_some_and(|reason| reason.contains("all 1 that fit are for other stores")), "{plan}");
    assert!(reason(2).is_some_and(|reason| reason.contains("none of the 4 that are offered fits")), "{plan}");
    assert_eq!(plan["summary"], json!({"configure": 0, "onboard": 1, "blocked": 2, "doubt": 0}));
    shop.newstore().set_numbers(Vec::new());
    let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    assert!(plan["stores"][0]["reason"].as_str().is_some_and(|reason| reason.contains("none is offered")), "{plan}");
}

#[test]
fn a_number_that_is_not_offered_is_told_and_not_refused() {
    let shop = shop("", &fixed("10001", "+13055559999"));
    let told = shop.run(&["newstore", "--format", "json"]).expect_code(0).json();
    let store = &told["stores"][0];
    assert_eq!((&store["op"], &store["fitting"], &store["locality"]), (&json!("onboard"), &json!(0), &Value::Null));
    assert!(store["reason"].as_str().is_some_and(|reason| reason.contains("may be yours already")), "{store}");
}

#[test]
fn what_is_sent_again_is_one_of_those_that_fit() {
    let shop = shop("", &chosen("10001"));
    let lost = Rule { id: Some("10001".into()), method: Some("POST".into()), ..Rule::new(Fault::Reset) };
    shop.newstore().add_fault(lost);
    shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
    shop.newstore().clear_faults();
    offer(&shop, "+19045550100");
    let told = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    let store = &told["stores"][0];
    assert_eq!((&store["op"], &store["phone_number"], &store["fitting"]), (&json!("doubt"), &json!(LOWEST), &json!(4)));
    let told = shop.run(&["newstore"]).expect_code(3).stdout;
    assert!(told.contains("; one of 4 that fit\n"), "{told}");
}

#[test]
fn what_is_no_number_is_left_out_and_told() {
    let shop = shop("", &chosen("10001"));
    for odd in ["904 555 0100", "19045550100", "+1904"] {
        offer(&shop, odd);
    }
    let told = shop.run(&["newstore"]).expect_code(0).stdout;
    let line = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        line.contains("3 entries that are no E.164 numbers are left out") && line.contains("904 555 0100"),
        "{told}"
    );
    let json = shop.run(&["newstore", "--format", "json"]);
    assert!(json.stderr.contains("904 555 0100"), "{}", json.stderr);
    assert_eq!(json.json()["stores"][0]["fitting"], 3);
}

#[test]
fn a_number_that_is_sold_makes_it_another_plan_and_nothing_else_does() {
    let shop = shop("", &(chosen("10001") + &fixed("10002", MIAMI)));
    let first = digest(&shop);
    assert_eq!(digest(&shop), first);
    shop.newstore().remove_number("+19045550103");
    assert_eq!(digest(&shop), first, "nobody was to have it");
    shop.newstore().remove_number(LOWEST);
    let second = digest(&shop);
    assert_ne!(second, first);
    shop.newstore().remove_number(MIAMI);
    assert_ne!(digest(&shop), second, "it is planned all the same, but no longer offered");
}

#[test]
fn the_status_is_shown_whole_where_there_is_one() {
    let shop = shop("status_path = \"GET /clienteling/status\"", &fixed("10001", MIAMI));
    let paths = NewStorePaths { status: "GET /clienteling/status".to_owned(), ..NewStorePaths::default() };
    shop.newstore().set_rules(NewStoreRules { paths, ..NewStoreRules::default() });
    let expected = json!({"tenant": DEMO_NEWSTORE_TENANT, "onboarded": false});
    assert_eq!(plan(&shop)["remote"], expected);
    assert!(shop.run(&["newstore"]).expect_code(0).stdout.contains("\"onboarded\":false"));
    assert!(take_writes(&shop).is_empty());
}

#[test]
fn addresses_that_nobody_has_looked_up_are_told() {
    let shop = Shop::new();
    let section = shop.newstore_section();
    let section: Vec<&str> = section.lines().filter(|line| !line.contains("_path")).collect();
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    let config = format!("{state}{}\necom_link = \"https://shop.example\"\n{}", section.join("\n"), stores());
    shop.write("shelfkeeper.toml", config);
    let told = shop.run(&["newstore"]).expect_code(0).stdout;
    assert!(told.contains("retailer_path and onboard_path"), "{told}");
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(2).stderr;
    assert!(told.contains("newstore.retailer_path and newstore.onboard_path"), "{told}");
    // Without the retailer its address isn't needed.
    let told = shop.run(&["newstore", "apply", "--yes", "--store", "10001"]).expect_code(2).stderr;
    assert!(told.contains("newstore.onboard_path is not in the config") && !told.contains("retailer_path"), "{told}");
    assert!(take_writes(&shop).is_empty());
}
