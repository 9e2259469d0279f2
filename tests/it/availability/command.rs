//! `availability`, and what other commands say of advisors.

use sandbox::{Fault, Rule};
use serde_json::{Value, json};

use super::{BEDS, SOFAS, configure, shop, standing};
use crate::kit::Shop;

#[test]
fn without_a_state_everything_is_unknown_and_nothing_is_made() {
    let shop = shop("", &format!("{SOFAS}{BEDS}"));
    let told = shop.run(&["availability", "--format", "json"]).expect_code(3).json();
    let none =
        |watch: &str| json!({"watch": watch, "state": "unknown", "since": null, "checked": null, "trouble": null});
    assert_eq!(told, json!([none("sofas"), none("beds")]));
    let text = shop.run(&["availability"]).expect_code(3).stdout;
    assert_eq!(text.lines().count(), 2, "{text}");
    assert_eq!(shop.run(&["availability", "--history", "--format", "json"]).json(), json!([]));
    assert!(!shop.state_path().exists());
}

#[test]
fn who_is_asked_for_decides() {
    let shop = shop("", &format!("{SOFAS}{BEDS}"));
    shop.emplifi().add_fault(Rule { id: Some("bed-team".into()), ..Rule::new(Fault::status(503)) });
    shop.pass(3);
    shop.run(&["availability"]).expect_code(3);
    let text = shop.run(&["availability", "sofas"]).expect_code(0).stdout;
    assert!(text.starts_with("sofas") && text.contains("available since") && text.lines().count() == 1, "{text}");
    shop.run(&["availability", "beds", "sofas"]).expect_code(3);
    let told = shop.run(&["availability", "cupboards"]).expect_code(2).stderr;
    assert!(told.contains("cupboards") && told.contains("sofas") && told.contains("beds"), "{told}");
    let standing = standing(&shop);
    let keys: Vec<&str> = standing[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["checked", "since", "state", "trouble", "watch"]);
    assert_eq!(standing[0]["since"], standing[0]["checked"]);
}

#[test]
fn of_another_question_nothing_is_known_yet() {
    let shop = shop("", SOFAS);
    shop.pass(0);
    configure(&shop, "", &SOFAS.replace("sofa-team", "bed-team"));
    shop.emplifi().add_fault(Rule { id: Some("bed-team".into()), ..Rule::new(Fault::status(503)) });
    for _ in 0..2 {
        let history = shop.json(&["availability", "--history", "--format", "json"]);
        let spans = history.as_array().expect("a list");
        let states: Vec<&Value> = spans.iter().map(|span| &span["state"]).collect();
        assert_eq!(states, ["available", "unknown"], "{history:#}");
        let ended: jiff::Timestamp = spans[0]["to"].as_str().expect("an end").parse().expect("a time");
        assert!(ended <= jiff::Timestamp::now() && spans[1]["to"].is_null(), "{history:#}");
        shop.pass(1);
    }
}

#[test]
fn a_watch_that_began_while_the_clock_was_ahead_has_a_history_once_it_is_right() {
    let shop = shop("", SOFAS);
    shop.pass(0);
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
    assert_eq!(state.execute("UPDATE watch SET began = began + 86400000", []), Ok(1));
    drop(state);
    shop.pass(0);
    let history = shop.json(&["availability", "--history", "--format", "json"]);
    assert_eq!(history[0]["from"], standing(&shop)[0]["since"], "{history:#}");
    let hours = shop.json(&["availability", "--by-hour", "--format", "json"]);
    assert!(hours.as_array().expect("a list").iter().any(|hour| hour["available"].as_f64() == Some(1.0)));
}

#[test]
fn a_state_that_a_clock_of_1970_brought_makes_no_watch_older() {
    let shop = shop("", SOFAS);
    shop.pass(0);
    let began = standing(&shop)[0]["since"].clone();
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
    assert_eq!(state.execute("UPDATE watch SET since = 0", []), Ok(1));
    drop(state);
    shop.pass(0);
    let history = shop.json(&["availability", "--history", "--format", "json"]);
    assert_eq!(history[0]["from"], began, "{history:#}");
}

#[test]
fn hours_are_told_for_every_weekday() {
    let shop = shop("timezone = \"Europe/Berlin\"\n", SOFAS);
    shop.pass(0);
    let hours = shop.json(&["availability", "--by-hour", "--format", "json", "--days", "7"]);
    let hours = hours.as_array().expect("a list");
    assert_eq!(hours.len(), 168);
    assert_eq!((&hours[0]["weekday"], &hours[0]["hour"], &hours[167]["hour"]), (&json!(1), &json!(0), &json!(23)));
    let known: Vec<&Value> = hours.iter().filter(|hour| hour["available"] != Value::Null).collect();
    assert!((1..=2).contains(&known.len()), "{known:?}");
    assert_eq!((known[0]["available"].as_f64(), known[0]["watched"].as_f64()), (Some(1.0), Some(1.0)));
    let text = shop.run(&["availability", "--by-hour"]).expect_code(0).stdout;
    assert!(text.contains("Mon") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(
        text.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit())).count() == 24,
        "{text}"
    );
}

#[test]
fn the_section_stands_alone_or_beside_others() {
    let shop = shop("", SOFAS);
    let check = shop.run(&["check", "--online"]).expect_code(0).stdout;
    assert!(check.contains("Emplifi") && check.contains("takes the key"), "{check}");
    assert_eq!(shop.emplifi().take_requests().len(), 1);
    shop.pass(0);
    assert!(shop.nicechat().take_requests().is_empty() && shop.fetches().is_empty());
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("sofas: available") && !status.contains("No pass"), "{status}");
    let beside = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    beside.config(&format!("{}{SOFAS}", beside.emplifi_section()));
    beside.pass(0);
    assert_eq!(super::state(&beside, 0), "available");
    let alone = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    assert_eq!(alone.json(&["status", "--format", "json"])["availability"], Value::Null);
    assert!(alone.run(&["availability"]).expect_code(2).stderr.contains("no section [emplifi]"));
}

#[test]
fn a_wrong_key_fails_the_check() {
    let shop = shop("", SOFAS);
    shop.emplifi().fail_next(Fault::status(401), 1);
    let check = shop.run(&["check", "--online"]).expect_code(1).stdout;
    assert!(check.contains("Emplifi   FAIL") && check.contains("api_key"), "{check}");
}
