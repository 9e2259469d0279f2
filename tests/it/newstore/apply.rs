//! `newstore apply`: whose word it takes, and what it sends.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use sandbox::{Fault, NewStoreNumber, NewStoreRules, Rule};
use serde_json::json;

use super::{
    LOWEST, MIAMI, NEXT, bought, chosen, configure, digest, fixed, onboarding, plan, shop, standing, state, take_writes,
};
use crate::kit::process::{PATIENCE, Process};
use crate::kit::wait_until;

const LINK: &str = "ecom_link = \"https://shop.example\"";

#[test]
fn exactly_the_plan_that_was_shown_is_carried_out_once() {
    let shop = shop(LINK, &(fixed("10001", MIAMI) + &chosen("10002") + "enable = true\n"));
    let digest = digest(&shop);
    take_writes(&shop);
    let told = shop.run(&["newstore", "apply", "--plan", &digest]).expect_code(0).stdout;
    assert!(told.contains(&format!("store 10002: enabled with {LOWEST}")), "{told}");
    let second = format!("/clienteling/stores/10002/onboard?enable=true {{\"phone_number\":\"{LOWEST}\"}}");
    let retailer = "/clienteling/retailers {\"ecom_link\":\"https://shop.example\"}".to_owned();
    assert_eq!(take_writes(&shop), [retailer, onboarding("10001", MIAMI), second]);
    let standing = standing(&shop, "10001");
    assert_eq!((&standing["state"], &standing["phone_number"]), (&json!("onboarded"), &json!(MIAMI)));
    assert!(standing["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{standing}");
    assert_eq!(state(&shop, "10002"), "enabled");
    // Nothing is left to be done, and nothing is asked.
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(0).stdout;
    assert!(told.contains("nothing was to be done"), "{told}");
    assert!(shop.newstore().take_requests().is_empty());
    assert_eq!(plan(&shop)["summary"], json!({"configure": 0, "onboard": 0, "blocked": 0, "doubt": 0}));
}

#[test]
fn a_plan_that_is_another_one_by_now_is_not_carried_out() {
    let shop = shop("", &chosen("10001"));
    let digest = digest(&shop);
    shop.newstore().remove_number(LOWEST);
    let output = shop.run(&["newstore", "apply", "--plan", &digest]).expect_code(4);
    assert!(output.stderr.contains("not the plan that was shown"), "{}", output.stderr);
    assert!(output.stdout.contains(NEXT), "{}", output.stdout);
    assert!(take_writes(&shop).is_empty());
    shop.run(&["newstore", "apply", "--plan", &super::digest(&shop)]).expect_code(0);
    assert_eq!(bought(&shop, "10001").as_deref(), Some(NEXT));
}

#[test]
fn nobody_is_taken_at_their_word_who_hasnt_given_it() {
    let shop = shop("", &fixed("10001", MIAMI));
    let told = shop.run(&["newstore", "apply"]).expect_code(2).stderr;
    assert!(told.contains("--plan DIGEST") && told.contains("--yes"), "{told}");
    shop.run(&["newstore", "apply", "--yes", "--plan", "3f2a9c51b0de"]).expect_code(2);
    assert!(shop.newstore().requests().is_empty());
}

#[test]
fn some_stores_of_it_leave_the_retailer_and_the_others_alone() {
    let shop = shop(LINK, &(chosen("10001") + &chosen("10002") + &fixed("10003", MIAMI)));
    let digest = digest(&shop);
    take_writes(&shop);
    let arguments = ["newstore", "apply", "--plan", &digest, "--store", "10002", "--store", "10003"];
    shop.run(&arguments).expect_code(0);
    // The plan is the whole one: the first store's number stays the first store's.
    assert_eq!(take_writes(&shop), [onboarding("10002", NEXT), onboarding("10003", MIAMI)]);
    assert_eq!((shop.newstore().retailer(), state(&shop, "10001")), (None, "open".to_owned()));
    let told = shop.run(&["newstore", "apply", "--yes", "--store", "nowhere"]).expect_code(2).stderr;
    assert!(told.contains("--store nowhere"), "{told}");
}

#[test]
fn a_second_one_at_the_same_time_is_told_so() {
    let shop = shop("", &fixed("10001", MIAMI));
    shop.newstore().set_rules(NewStoreRules { latency: Duration::from_millis(600), ..NewStoreRules::default() });
    let mut first = Process::start(shop.command(&["newstore", "apply", "--yes"]));
    wait_until("it has begun", || shop.path("state/newstore-sandbox-staging.db").exists());
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(5).stderr;
    assert!(told.contains("another `shelfkeeper newstore apply`") && told.contains(&first.id().to_string()), "{told}");
    shop.run(&["newstore", "settle", "10001", "free"]).expect_code(5);
    // Looking is free.
    shop.run(&["newstore"]);
    assert_eq!(first.ends_within(PATIENCE), Some(0), "{}", first.log());
    assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI)]);
}

#[test]
fn it_works_beside_a_daemon_which_sends_nothing_itself() {
    let shop = shop(LINK, &fixed("10001", MIAMI));
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log("Nothing to do", 1);
    assert!(daemon.log().contains("shelfkeeper newstore"), "{}", daemon.log());
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(take_writes(&shop).len(), 2);
    daemon.signal("USR1");
    daemon.signal("HUP");
    daemon.wait_for_log("Nothing to do", 2);
    assert!(shop.newstore().requests().is_empty());
}

#[test]
fn a_pause_holds_for_it_too() {
    let shop = shop("", &fixed("10001", MIAMI));
    shop.run(&["run", "--once"]).expect_code(0);
    shop.run(&["pause"]).expect_code(0);
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(4).stderr;
    assert!(told.contains("shelfkeeper resume"), "{told}");
    assert!(shop.newstore().requests().is_empty());
}

#[test]
fn a_pause_that_begins_meanwhile_keeps_the_rest_from_being_sent() {
    let shop = shop("", &(fixed("10001", MIAMI) + &chosen("10002") + &chosen("10003")));
    shop.run(&["run", "--once"]).expect_code(0);
    let later = Fault::Status { code: 429, retry_after: Some("120".to_owned()), html: false };
    let path = Some("clienteling/stores/10002/onboard".to_owned());
    shop.newstore().add_fault(Rule { path, times: Some(1), ..Rule::new(later) });
    let mut apply = Process::start(shop.command(&["newstore", "apply", "--yes"]));
    wait_until("the second one is asked to wait", || shop.newstore().counts().get("POST onboard") == Some(&2));
    shop.run(&["pause", "--reason", "stocktaking"]).expect_code(0);
    assert_eq!(apply.ends_within(PATIENCE), Some(4), "{}", apply.log());
    let told = "the rest was not sent: paused: stocktaking; `shelfkeeper resume` ends it";
    assert!(apply.log().contains(told), "{}", apply.log());
    assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI), onboarding("10002", LOWEST)]);
    let states = ["10001", "10002", "10003"].map(|id| state(&shop, id));
    assert_eq!(states, ["onboarded", "open", "open"]);
}

#[test]
fn what_was_done_is_kept_apart_from_everybody_and_for_one_address() {
    let shop = shop("", &fixed("10001", MIAMI));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    let file = shop.path("state/newstore-sandbox-staging.db");
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o7777, 0o600);
    assert!(!shop.state_path().exists());
    take_writes(&shop);
    configure(&shop, "base_url = \"http://127.0.0.1:9/other\"", &fixed("10001", MIAMI));
    for arguments in [&["newstore"][..], &["newstore", "apply", "--yes"], &["newstore", "settle", "10001", "free"]] {
        let told = shop.run(arguments).expect_code(2).stderr;
        assert!(told.contains("newstore-sandbox-staging.db") && told.contains("127.0.0.1:9/other"), "{told}");
    }
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("127.0.0.1:9/other"), "{status}");
    // Another tenant has a file of its own.
    configure(&shop, "tenant = \"sandbox-other\"", &fixed("10001", MIAMI));
    assert_eq!(state(&shop, "10001"), "open");
    // A damaged one is no empty one: what was bought would be bought again.
    configure(&shop, "", &fixed("10001", MIAMI));
    std::fs::write(&file, "no database, but longer than nothing at all").expect("written");
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stderr;
    assert!(told.contains("damaged") && told.contains("numbers were bought"), "{told}");
    assert!(take_writes(&shop).is_empty());
}

#[test]
fn what_is_refused_waits_for_another_declaration() {
    let shop = shop("", &(fixed("10001", "+13055559999") + &chosen("10002")));
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(3).stdout;
    let line = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("The phone number is not available. (request_id ckdk5bwy00009ztlo16062bce)"), "{told}");
    assert_eq!(bought(&shop, "10002").as_deref(), Some(LOWEST), "the other one is not concerned");
    assert_eq!(
        (state(&shop, "10001"), standing(&shop, "10001")["phone_number"].is_null()),
        ("refused".to_owned(), true)
    );
    take_writes(&shop);
    let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    assert_eq!(plan["stores"][0]["op"], "blocked");
    shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    assert!(shop.newstore().requests().is_empty());
    configure(&shop, "", &(fixed("10001", MIAMI) + &chosen("10002")));
    let now = standing(&shop, "10001");
    assert_eq!((&now["state"], &now["phone_number"], now["reason"].is_null()), (&json!("open"), &json!(MIAMI), true));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI)]);
}

#[test]
fn a_number_that_is_yours_already_is_used() {
    let shop = shop("", &fixed("10001", "+13055559999"));
    let (phone_number, owned) = ("+13055559999".to_owned(), true);
    shop.newstore().put_number(NewStoreNumber { phone_number, owned, ..NewStoreNumber::default() });
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(bought(&shop, "10001").as_deref(), Some("+13055559999"));
}

#[test]
fn what_the_api_has_no_way_for_is_told() {
    let shop = shop(LINK, &fixed("10001", MIAMI));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    take_writes(&shop);
    for (settings, store) in [
        (LINK, fixed("10001", "+13055550199")),
        (LINK, fixed("10001", MIAMI) + "enable = true\n"),
        (LINK, fixed("10001", "+13055550199") + "enable = true\n"),
        ("ecom_link = \"https://other.example\"", fixed("10001", MIAMI)),
    ] {
        configure(&shop, settings, &store);
        let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
        let reasons = [&plan["retailer"], &plan["stores"][0]].map(|part| part["reason"].as_str().unwrap_or_default());
        let told = reasons.concat();
        // What a person does by hand is all that is declared.
        if store.contains("50199\"\nenable") {
            assert!(told.contains("settle 10001 enabled --number +13055550199"), "{told}");
        }
        assert!(told.contains("Omnichannel Manager (Settings › Clienteling)") && told.contains("settle"), "{plan}");
        shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    }
    assert!(shop.newstore().requests().is_empty());
    // Once a person has done it, that is true from then on.
    shop.run(&["newstore", "settle", "--retailer", "configured"]).expect_code(0);
    shop.run(&["newstore"]).expect_code(0);
}

#[test]
fn a_store_that_is_declared_no_more_is_left_as_it_is() {
    let shop = shop("", &(fixed("10001", MIAMI) + &fixed("10002", LOWEST)));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    configure(&shop, "", &fixed("10002", LOWEST));
    let plan = shop.run(&["newstore", "--format", "json"]).expect_code(0).json();
    let left = json!({"id": "10001", "op": "left", "phone_number": MIAMI, "locality": null, "region": null, "fitting": 0,
                      "enable": false, "reason": null});
    assert_eq!(plan["stores"][1], left);
    assert_eq!(state(&shop, "10001"), "left");
    // Its number is nobody else's.
    configure(&shop, "", &fixed("10003", MIAMI));
    let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    assert!(
        plan["stores"][0]["reason"].as_str().is_some_and(|reason| reason.contains("that of store 10001")),
        "{plan}"
    );
    configure(&shop, "", &fixed("10001", MIAMI));
    assert_eq!(state(&shop, "10001"), "onboarded");
}

#[test]
fn nothing_more_is_sent_once_the_disk_says_no() {
    let shop = shop("", &(fixed("10001", MIAMI) + &chosen("10002")));
    shop.newstore().set_rules(NewStoreRules { latency: Duration::from_millis(400), ..NewStoreRules::default() });
    let mut apply = Process::start(shop.command(&["newstore", "apply", "--yes"]));
    // The file goes while the first store is being onboarded: nobody would read what is written to it.
    wait_until("the first one is written down", || state(&shop, "10001") == "doubt");
    std::fs::remove_file(shop.path("state/newstore-sandbox-staging.db")).expect("gone");
    assert_eq!(apply.ends_within(PATIENCE), Some(1), "{}", apply.log());
    assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI)]);
    assert!(apply.log().contains("newstore-sandbox-staging.db"), "{}", apply.log());
    // What came of the request is told all the same: nobody else remembers it.
    let words = apply.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("store 10001: onboarded with {MIAMI}; this can't be written down")), "{words}");
}

#[test]
fn a_file_that_has_lost_all_it_said_is_no_new_one() {
    let shop = shop("", &chosen("10001"));
    let file = shop.path("state/newstore-sandbox-staging.db");
    // Made, and nothing written to it yet: a kill leaves that.
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(&file, "").expect("written");
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    take_writes(&shop);
    std::fs::write(&file, "").expect("written");
    for arguments in [&["newstore"][..], &["newstore", "apply", "--yes"], &["newstore", "settle", "10001", "free"]] {
        let told = shop.run(arguments).expect_code(1).stderr;
        assert!(told.contains("damaged") && told.contains("it is empty"), "{told}");
    }
    assert!(shop.run(&["status"]).expect_code(0).stdout.contains("is empty"));
    assert!(shop.newstore().requests().is_empty());
    // Moved away by a person, it is a new one.
    std::fs::remove_file(&file).expect("gone");
    assert_eq!(state(&shop, "10001"), "open");
    shop.run(&["newstore", "settle", "10001", "onboarded", "--number", LOWEST]).expect_code(0);
    shop.run(&["newstore"]).expect_code(0);
}
