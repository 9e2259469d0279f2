//! Killed at every request, whether it had its effect or not: no store gets two numbers, and none a number that nobody
//! knows of.

use std::process::Command;
use std::time::Duration;

use sandbox::{Fault, NewStoreRules, Rule};
use serde_json::json;

use super::{
    LOWEST, MIAMI, bought, chosen, configure, fixed, offer, onboarding, plan, shop, standing, state, take_writes,
};
use crate::kit::process::{PATIENCE, Process};
use crate::kit::{Shop, wait_until};

const LINK: &str = "ecom_link = \"https://shop.example\"";

fn three_stores() -> Shop {
    shop(LINK, &(fixed("10001", MIAMI) + &chosen("10002") + &chosen("10003") + "enable = true\n"))
}

/// Starts an apply whose n-th write is never answered, and kills it there.
fn killed_at(shop: &Shop, nth: usize, applied: bool) {
    let rule = Rule {
        method: Some("POST".into()),
        path: Some("clienteling/".into()),
        applied,
        after: nth,
        ..Rule::new(Fault::Hang)
    };
    shop.newstore().add_fault(rule);
    let process = Process::start(shop.command(&["newstore", "apply", "--yes"]));
    let newstore = shop.newstore();
    let writes =
        || newstore.requests().iter().filter(|it| it.path.starts_with("/clienteling") && it.method == "POST").count();
    wait_until("it hangs", || writes() == nth + 1);
    process.kill();
    shop.newstore().clear_faults();
}

#[test]
fn a_kill_at_any_request_buys_nothing_twice() {
    for applied in [false, true] {
        for nth in 0..4 {
            let shop = three_stores();
            killed_at(&shop, nth, applied);
            let before = take_writes(&shop);
            assert_eq!(before.len(), nth + 1);
            if nth > 0 {
                let id = ["10001", "10002", "10003"][nth - 1];
                assert_eq!(state(&shop, id), "doubt");
                let told = plan(&shop);
                let reason = told["stores"][nth - 1]["reason"].as_str().expect("a reason").to_owned();
                let expected = if applied { "isn't offered any more" } else { "will be sent again" };
                assert!(reason.contains(expected), "{reason}");
                take_writes(&shop);
            }
            let code = if applied && nth > 0 { 1 } else { 0 };
            shop.run(&["newstore", "apply", "--yes"]).expect_code(code);
            let after = take_writes(&shop);
            if applied && nth > 0 {
                // Whether it has its number only a person can tell.
                assert!(!after.contains(&before[nth]), "{after:?}");
                let word = if nth == 3 { "enabled" } else { "onboarded" };
                shop.run(&["newstore", "settle", ["10001", "10002", "10003"][nth - 1], word]).expect_code(0);
            } else {
                assert!(after.contains(&before[nth]), "the same request again: {after:?}");
            }
            assert!(before[..nth].iter().all(|done| !after.contains(done)), "{before:?} {after:?}");
            shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
            assert!(take_writes(&shop).is_empty());
            let status = shop.json(&["status", "--format", "json"]);
            for (at, id) in ["10001", "10002", "10003"].iter().enumerate() {
                assert_eq!(status["newstore"][at]["phone_number"].as_str(), bought(&shop, id).as_deref(), "{id}");
            }
            assert_eq!(shop.newstore().numbers().len(), 1);
        }
    }
}

#[test]
fn a_kill_between_an_effect_and_its_answer_forgets_nothing() {
    let shop = three_stores();
    // Half of it passes after a request has had its effect.
    shop.newstore().set_rules(NewStoreRules { latency: Duration::from_millis(100), ..NewStoreRules::default() });
    for seen in 1..12 {
        shop.newstore().take_requests();
        let mut process = Process::start(shop.command(&["newstore", "apply", "--yes"]));
        let newstore = shop.newstore();
        wait_until("it sends so much, or ends", || newstore.requests().len() >= seen || !process.is_running());
        process.kill();
        let known = shop.json(&["status", "--format", "json"])["newstore"].clone();
        for (at, id) in ["10001", "10002", "10003"].iter().enumerate() {
            let (known, bought) = (known[at]["phone_number"].as_str(), bought(&shop, id));
            assert!(bought.is_none() || bought.as_deref() == known, "{id}: {bought:?} {known:?}");
        }
    }
}

#[test]
fn a_store_in_doubt_never_gets_another_number() {
    let shop = shop("", &chosen("10001"));
    killed_at(&shop, 0, true);
    take_writes(&shop);
    // Whatever is declared from now on, and however often it is applied.
    for store in [chosen("10001"), fixed("10001", MIAMI), chosen("10001") + "enable = true\n"] {
        configure(&shop, "", &store);
        shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
        assert!(take_writes(&shop).is_empty());
    }
    // Nor while its number is still offered, when it is not the number that is declared.
    let shop = super::shop("", &chosen("10001"));
    killed_at(&shop, 0, false);
    take_writes(&shop);
    configure(&shop, "", &fixed("10001", MIAMI));
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
    assert!(take_writes(&shop).is_empty(), "{told:?}");
    // Its number is nobody else's meanwhile.
    configure(&shop, "", &(chosen("10001") + &chosen("10002")));
    shop.run(&["newstore", "apply", "--yes", "--store", "10002"]).expect_code(0);
    assert_eq!(take_writes(&shop), [onboarding("10002", super::NEXT)]);
    configure(&shop, "", "");
    assert_eq!(plan(&shop)["stores"][0]["op"], "doubt", "also when it is declared no more");
}

#[test]
fn a_refusal_of_what_is_sent_again_ends_no_doubt() {
    let shop = shop("", &chosen("10001"));
    killed_at(&shop, 0, true);
    // It was bought, but the list is late.
    offer(&shop, LOWEST);
    let body = json!({"request_id": "r1", "message": "The store is onboarded already."});
    let rule = Rule {
        method: Some("POST".into()),
        path: Some("clienteling/".into()),
        ..Rule::new(Fault::Json { code: 400, body })
    };
    shop.newstore().add_fault(rule);
    take_writes(&shop);
    shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    assert_eq!(take_writes(&shop), [onboarding("10001", LOWEST)], "the same request, once");
    shop.newstore().clear_faults();
    // Not for any other declaration may it get another one.
    for store in [chosen("10001"), fixed("10001", MIAMI), chosen("10001") + "enable = true\n"] {
        configure(&shop, "", &store);
        let told = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
        let reason = told["stores"][0]["reason"].as_str().expect("a reason");
        assert!(
            reason.contains("is onboarded already") && reason.contains("settle 10001 onboarded` (or free)"),
            "{told}"
        );
        shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
        assert!(take_writes(&shop).is_empty());
    }
    assert_eq!(
        (state(&shop, "10001"), standing(&shop, "10001")["phone_number"].clone()),
        ("refused".to_owned(), json!(LOWEST))
    );
    configure(&shop, "", "");
    assert_eq!(plan(&shop)["stores"][0]["op"], "doubt", "also when it is declared no more");
    configure(&shop, "", &chosen("10001"));
    shop.run(&["newstore", "settle", "10001", "onboarded"]).expect_code(0);
    assert_eq!(standing(&shop, "10001")["phone_number"], LOWEST);
}

/// Nor that the store is there already: it may be because the first request was done.
#[test]
fn a_conflict_of_what_is_sent_again_forgets_no_number() {
    let shop = shop("", &chosen("10001"));
    killed_at(&shop, 0, true);
    // It was bought, but the list is late.
    offer(&shop, LOWEST);
    take_writes(&shop);
    shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    assert_eq!(take_writes(&shop), [onboarding("10001", LOWEST)], "the same request, once");
    assert_eq!(
        (state(&shop, "10001"), standing(&shop, "10001")["phone_number"].clone()),
        ("refused".to_owned(), json!(LOWEST))
    );
    shop.run(&["newstore", "settle", "10001", "onboarded"]).expect_code(0);
    assert_eq!(standing(&shop, "10001")["phone_number"], LOWEST);
    // Nobody else gets it.
    configure(&shop, "", &(chosen("10001") + &chosen("10002")));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(take_writes(&shop), [onboarding("10002", super::NEXT)]);
}

/// Nor of another link than the one that was sent first.
#[test]
fn a_refusal_ends_no_doubt_of_the_retailer() {
    let shop = shop(LINK, "");
    let retailer = |applied, fault| Rule { path: Some("clienteling/retailers".into()), applied, ..Rule::new(fault) };
    let apply = |code| {
        let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(code).stdout;
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    shop.newstore().add_fault(retailer(true, Fault::status(500)));
    apply(1);
    shop.newstore().clear_faults();
    let body = json!({"request_id": "r1", "message": "There is a link."});
    shop.newstore().add_fault(retailer(false, Fault::Json { code: 400, body }));
    configure(&shop, "ecom_link = \"https://other.example\"", "");
    let told = apply(1);
    let expected = "There is a link. (request_id r1); IN DOUBT, whether https://shop.example was taken:";
    assert!(told.contains(expected) && told.contains("newstore: 1 in doubt"), "{told}");
    assert_eq!(plan(&shop)["summary"]["doubt"], 1);
    shop.newstore().clear_faults();
    configure(&shop, LINK, "");
    let told = apply(0);
    assert!(told.contains("configured with https://shop.example, by an earlier request of ours"), "{told}");
}

/// Either may be the one that it has.
#[test]
fn of_two_links_in_doubt_a_conflict_tells_neither() {
    let other = "ecom_link = \"https://other.example\"";
    let shop = shop(LINK, "");
    for (link, applied) in [(LINK, false), (other, true)] {
        configure(&shop, link, "");
        let path = Some("clienteling/retailers".to_owned());
        shop.newstore().add_fault(Rule { path, applied, ..Rule::new(Fault::status(500)) });
        shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
        shop.newstore().clear_faults();
    }
    let words = |output: String| output.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = words(shop.run(&["status"]).expect_code(0).stdout);
    assert!(told.contains("https://shop.example, then https://other.example was sent"), "{told}");
    configure(&shop, LINK, "");
    let told = words(shop.run(&["newstore", "apply", "--yes"]).expect_code(0).stdout);
    assert!(told.contains("with https://other.example or with https://shop.example: look in Omnichannel"), "{told}");
    let told = plan(&shop)["retailer"]["reason"].as_str().map(str::to_owned);
    assert!(told.as_ref().is_some_and(|told| told.contains("nor with which link")), "{told:?}");
}

#[test]
fn who_waits_to_send_it_again_does_not_once_they_are_told_to_stop() {
    for (settings, store, path) in [
        ("", fixed("10001", MIAMI), "clienteling/stores/10001/onboard"),
        (LINK, String::new(), "clienteling/retailers"),
    ] {
        let shop = shop(settings, &store);
        let later = Fault::Status { code: 429, retry_after: Some("120".to_owned()), html: false };
        shop.newstore().add_fault(Rule { path: Some(path.to_owned()), times: Some(1), ..Rule::new(later) });
        let mut apply = Process::start(shop.command(&["newstore", "apply", "--yes"]));
        let newstore = shop.newstore();
        let is_sent = || newstore.requests().iter().any(|request| request.path.trim_start_matches('/') == path);
        wait_until("it is asked to wait", is_sent);
        apply.signal("INT");
        assert_eq!(apply.ends_within(PATIENCE), Some(1), "{}", apply.log());
        assert!(apply.log().contains("interrupted; the rest was not sent"), "{}", apply.log());
        assert_eq!(take_writes(&shop).len(), 1, "{path}");
        // It had no effect, so nothing is in doubt.
        assert_eq!(plan(&shop)["summary"]["doubt"], 0, "{path}");
    }
}

#[test]
fn who_is_told_to_stop_hears_the_request_under_way_to_its_end() {
    // Also when the terminal is closed; with nohup that stops nothing.
    for (signal, is_deaf) in [("INT", false), ("TERM", false), ("HUP", false), ("HUP", true)] {
        let shop = shop("", &(fixed("10001", MIAMI) + &chosen("10002")));
        shop.newstore().set_rules(NewStoreRules { latency: Duration::from_secs(1), ..NewStoreRules::default() });
        let command = shop.command(&["newstore", "apply", "--yes"]);
        let mut apply = Process::start(hearing_hangups(&command, !is_deaf));
        wait_until("the first one is under way", || state(&shop, "10001") == "doubt");
        apply.signal(signal);
        let code = apply.ends_within(PATIENCE);
        assert_eq!(code, Some(if is_deaf { 0 } else { 1 }), "{signal}: {}", apply.log());
        assert_eq!(state(&shop, "10001"), "onboarded", "{signal}");
        assert_eq!(state(&shop, "10002"), if is_deaf { "onboarded" } else { "open" }, "{signal}");
    }
}

/// The same command, as a terminal or as `nohup` runs it, whoever runs the tests.
fn hearing_hangups(command: &Command, hears: bool) -> Command {
    let mut other = Command::new("env");
    other.arg(if hears { "--default-signal=HUP" } else { "--ignore-signal=HUP" });
    other.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}
