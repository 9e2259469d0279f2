//! Answers that are late, wrong or missing: there are never two of an event, and nobody else's is taken for ours.

#![allow(clippy::expect_used, reason = "a test has nothing better to do")]

#[path = "support/events.rs"]
mod events;
mod support;

use events::{add, configure, content, contents, declared, pass, shop};
use serde_json::json;
use shelfkeeper::sandbox::{DEMO_STORE, Fault, Rule};

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
