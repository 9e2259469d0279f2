//! Answers that are late, wrong or missing: there are never two of an event, and nobody else's is taken for ours.

use crate::kit::events::{add, configure, content, contents, declared, pass, run, shop};
use sandbox::{DEMO_STORE, Fault, LagerkollRules, Rule};
use serde_json::json;

fn post(fault: Fault, times: usize) -> Rule {
    Rule { method: Some("POST".to_owned()), times: Some(times), ..Rule::new(fault) }
}

#[test]
fn an_add_that_was_taken_twice_after_all_is_removed_once() {
    let shop = shop(&format!("retries = 2\n{}", declared("a", "08:00")));
    shop.lagerkoll().add_fault(post(Fault::Reset, 1));
    assert_eq!(pass(&shop).ended(0).tally(), "2 GET events, 2 POST events");
    // What got lost arrives when nobody expects it any more.
    let late = add(&shop, content("a", "08:00"));
    assert_eq!(pass(&shop).ended(0).lines(), [format!("DELETE 4711 {late}")]);
    assert_eq!(contents(&shop, DEMO_STORE), [content("a", "08:00")]);
    // From now on the doubt is over: the next one is somebody's own.
    add(&shop, content("a", "08:00"));
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn an_answer_about_somebody_elses_event_does_not_make_it_ours() {
    let shop = shop(&declared("a", "08:00"));
    let theirs = add(&shop, content("b", "09:00"));
    shop.lagerkoll().add_fault(post(Fault::json(json!({"id": theirs, "actionType": "SEND_EMAIL"})), 1));
    let ran = pass(&shop).ended(3);
    assert!(ran.output.stderr.contains("was there before and is not ours"), "{}", ran.output.stderr);
    configure(&shop, "");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    assert_eq!(contents(&shop, DEMO_STORE), [content("b", "09:00")]);
}

#[test]
fn a_service_that_is_away_ends_the_pass_and_what_failed_comes_last_in_the_next_one() {
    let many: String = (0..8).map(|n| declared(&format!("e{n}"), &format!("0{n}:00"))).collect();
    let shop = shop(&format!("retries = 0\n{many}"));
    shop.lagerkoll().add_fault(post(Fault::status(503), 100));
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.tally(), "1 GET events, 3 POST events", "three in a row are enough");
    assert!(ran.output.stderr.contains("8 of 8 changes of events failed"), "{}", ran.output.stderr);
    shop.lagerkoll().clear_faults();
    let next = pass(&shop).ended(0);
    assert_eq!(next.tally(), "1 GET events, 8 POST events");
    assert_eq!(next.requests[1].body, Some(content("e3", "03:00")));
}

#[test]
fn a_removal_whose_answer_was_lost_is_done() {
    let shop = shop(&format!("retries = 2\n{}", declared("a", "08:00")));
    pass(&shop).ended(0);
    configure(&shop, "retries = 2\n");
    let delete = Rule { method: Some("DELETE".to_owned()), ..post(Fault::Reset, 1) };
    shop.lagerkoll().add_fault(Rule { applied: true, ..delete });
    assert_eq!(pass(&shop).ended(0).tally(), "2 DELETE event, 1 GET events", "the second try finds nothing left");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn what_the_service_makes_of_an_event_is_no_difference() {
    let shop = shop(&declared("a", "08:00"));
    pass(&shop).ended(0);
    let id = *shop.lagerkoll().events(DEMO_STORE).keys().next().expect("ours");
    // Its own spelling, before we have seen it listed; then a field of its own that goes on changing.
    shop.lagerkoll().edit(DEMO_STORE, id, |event| event["trigger"]["time"] = json!("08:00:00"));
    for run in 1..4 {
        assert_eq!(pass(&shop).ended(0).tally(), "1 GET events", "{run}");
        shop.lagerkoll().edit(DEMO_STORE, id, |event| event["trigger"]["lastRun"] = json!(run));
    }
}

#[test]
fn an_event_that_the_service_changed_on_its_way_is_not_added_again_and_again() {
    let shop = shop(&format!("retries = 3\n{}{}", declared("a", "08:00"), declared("b", "09:00")));
    shop.lagerkoll().set_rules(LagerkollRules { adds_seconds: true, ..LagerkollRules::default() });
    let unreadable = Rule { applied: true, ..post(Fault::HalfJson, 2) };
    shop.lagerkoll().add_fault(unreadable);
    // Each is looked for once, and what may be it is seen.
    let first = pass(&shop).ended(3);
    assert_eq!(first.tally(), "3 GET events, 2 POST events");
    assert!(first.output.stderr.contains("neither changed nor added again"), "{}", first.output.stderr);
    for arguments in [["run", "--once"], ["run", "--resync"]] {
        assert_eq!(run(&shop, &arguments).ended(3).tally(), "1 GET events", "{arguments:?}");
    }
    let status = shop.run(&["status", "--format", "json"]).expect_code(0).json();
    assert_eq!((&status["failed"][0]["id"], &status["failed"][0]["store"]), (&json!("a"), &json!(DEMO_STORE)));
    assert!(run(&shop, &["plan"]).ended(0).output.stdout.contains("nothing to do"));
    // What is taken away by hand is added anew; the other one can be told to be somebody else's.
    let ids: Vec<i64> = shop.lagerkoll().events(DEMO_STORE).into_keys().collect();
    shop.lagerkoll().remove(DEMO_STORE, ids[1]);
    assert_eq!(pass(&shop).ended(3).lines(), ["POST 4711"]);
    assert_eq!(run(&shop, &["run", "--once", "--force"]).ended(0).lines(), ["POST 4711"]);
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    configure(&shop, "");
    assert_eq!(pass(&shop).ended(0).tally(), "2 DELETE event, 1 GET events");
    assert_eq!(shop.lagerkoll().events(DEMO_STORE).into_keys().collect::<Vec<i64>>(), [ids[0]]);
}

#[test]
fn a_listing_that_is_out_of_date_leaves_nothing_twice() {
    let shop = shop(&declared("a", "08:00"));
    pass(&shop).ended(0);
    let get = Rule { method: Some("GET".to_owned()), ..post(Fault::json(json!({"events": []})), 1) };
    shop.lagerkoll().add_fault(get);
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events, 1 POST events");
    assert_eq!(pass(&shop).ended(0).tally(), "1 DELETE event, 1 GET events");
    assert_eq!(contents(&shop, DEMO_STORE), [content("a", "08:00")]);
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn many_events_that_are_not_listed_any_more_are_not_added_twice() {
    let many: String = (0..12).map(|n| declared(&format!("e{n}"), &format!("{n:02}:00"))).collect();
    let shop = shop(&many);
    pass(&shop).ended(0);
    let get = Rule { method: Some("GET".to_owned()), ..post(Fault::json(json!({"events": []})), 1) };
    shop.lagerkoll().add_fault(get);
    let refused = pass(&shop).ended(4);
    assert_eq!(refused.tally(), "1 GET events");
    assert!(refused.output.stdout.contains("12 of 12 events (100 %) that we added"), "{}", refused.output.stdout);
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    // They may be gone in earnest.
    shop.lagerkoll().events(DEMO_STORE).into_keys().for_each(|id| drop(shop.lagerkoll().remove(DEMO_STORE, id)));
    pass(&shop).ended(4);
    assert_eq!(run(&shop, &["run", "--once", "--force"]).ended(0).tally(), "1 GET events, 12 POST events");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn adds_that_keep_failing_do_not_keep_removals_waiting() {
    let many: String = (0..4).map(|n| declared(&format!("e{n}"), &format!("0{n}:00"))).collect();
    let shop = shop(&format!("retries = 0\n{}", declared("old", "20:00")));
    pass(&shop).ended(0);
    configure(&shop, &format!("retries = 0\n{many}"));
    shop.lagerkoll().add_fault(post(Fault::status(503), 100));
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.tally(), "1 DELETE event, 1 GET events, 3 POST events");
    assert!(ran.output.stderr.contains("4 of 5 changes of events failed"), "{}", ran.output.stderr);
    assert_eq!(contents(&shop, DEMO_STORE), [json!(null); 0]);
    shop.lagerkoll().clear_faults();
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events, 4 POST events");
}

#[test]
fn removals_that_keep_failing_do_not_keep_adds_waiting() {
    let olds: String = (0..4).map(|n| declared(&format!("old{n}"), &format!("0{n}:00"))).collect();
    let shop = shop(&format!("retries = 0\n{olds}"));
    pass(&shop).ended(0);
    configure(&shop, &format!("retries = 0\n{}", declared("new", "20:00")));
    let delete = |fault: Fault| Rule { method: Some("DELETE".to_owned()), ..Rule::new(fault) };
    shop.lagerkoll().add_fault(delete(Fault::status(503)));
    shop.lagerkoll().add_fault(post(Fault::status(503), 1));
    assert_eq!(pass(&shop).ended(1).tally(), "3 DELETE event, 1 GET events, 1 POST events");
    // What failed before comes last, and is tried all the same.
    assert_eq!(pass(&shop).ended(1).tally(), "3 DELETE event, 1 GET events, 1 POST events");
    assert!(contents(&shop, DEMO_STORE).contains(&content("new", "20:00")));
    // Who refuses something isn't away.
    shop.lagerkoll().clear_faults();
    let body = json!({"errorCode": 907_004, "errorMessage": "No", "errorField": null, "errorData": null});
    shop.lagerkoll().add_fault(delete(Fault::Json { code: 400, body }));
    assert_eq!(pass(&shop).ended(1).tally(), "4 DELETE event, 1 GET events");
}

#[test]
fn somebody_elses_event_that_says_the_same_stays_theirs() {
    let shop = shop(&format!("retries = 0\n{}", declared("a", "08:00")));
    pass(&shop).ended(0);
    configure(&shop, &format!("retries = 0\n{}{}", declared("a", "08:00"), declared("b", "09:00")));
    shop.lagerkoll().add_fault(Rule { applied: true, ..post(Fault::Reset, 1) });
    pass(&shop).ended(1);
    // Meanwhile another person makes the same, and one by our own key that says more.
    let mut theirs = content("b", "09:00");
    theirs["createdBy"] = json!(8);
    let mut more = content("b", "09:00");
    more["action"]["more"] = json!(true);
    let theirs = [add(&shop, theirs), add(&shop, more)];
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    configure(&shop, "");
    assert_eq!(pass(&shop).ended(0).tally(), "2 DELETE event, 1 GET events");
    assert_eq!(shop.lagerkoll().events(DEMO_STORE).into_keys().collect::<Vec<i64>>(), theirs);
}

#[test]
fn what_is_held_back_is_named_until_it_is_resolved() {
    let shop = shop(&format!("retries = 2\n{}", declared("a", "08:00")));
    shop.lagerkoll().set_rules(LagerkollRules { adds_seconds: true, ..LagerkollRules::default() });
    shop.lagerkoll().add_fault(Rule { applied: true, ..post(Fault::HalfJson, 1) });
    pass(&shop).ended(3);
    for more in [declared("a", "08:30"), String::new()] {
        configure(&shop, &more);
        assert_eq!(pass(&shop).ended(3).tally(), "1 GET events");
        assert!(
            shop.run(&["status"]).stdout.contains("event a in store 4711: refused: the answer to adding it was lost")
        );
    }
    shop.lagerkoll().events(DEMO_STORE).into_keys().for_each(|id| drop(shop.lagerkoll().remove(DEMO_STORE, id)));
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn a_secret_that_the_service_repeats_is_hidden_before_its_words_are_cut() {
    let key = sandbox::DEMO_STORE_KEY;
    let shop = shop("retries = 0\n");
    let message = format!("{}{key}", "x".repeat(250));
    let body = json!({"errorCode": 900_101, "errorMessage": message, "errorData": {"key": key}});
    shop.lagerkoll().add_fault(Rule::new(Fault::json(body)));
    let output = shop.run(&["-vv", "run", "--once"]).expect_code(1);
    let status = shop.run(&["status"]);
    let state = String::from_utf8_lossy(&std::fs::read(shop.state_path()).expect("a state")).into_owned();
    for text in [output.stdout, output.stderr, status.stdout, state] {
        assert!(!text.contains(&key[..20]), "{text}");
    }
}
