//! Copies: the store's events in other stores, with what is theirs left alone.

use crate::kit::Shop;
use crate::kit::events::{self, add, as_set, configure, content, contents, copy_to, declared, object, pass, run, shop};
use sandbox::{DEMO_STORE, Fault, Rule};
use serde_json::{Value, json};

const TWO: &str = "4712";
const THREE: &str = "4713";

fn copies() -> String {
    copy_to(TWO, "key of two") + &copy_to(THREE, "key of three")
}

/// A shop whose store has so many events, which are to be copied to two others; no pass was made yet.
fn copied(count: usize) -> Shop {
    let shop = shop(&format!("retries = 0\n{}", copies()));
    shop.lagerkoll().add_store(TWO, "key of two");
    shop.lagerkoll().add_store(THREE, "key of three");
    for nth in 0..count {
        add(&shop, content(&format!("e{nth}"), "08:00"));
    }
    shop
}

/// What becomes of adds to a store.
fn adds_to(store: &str, fault: Fault) -> Rule {
    Rule { store: Some(store.to_owned()), method: Some("POST".to_owned()), ..Rule::new(fault) }
}

fn theirs() -> Value {
    json!({"triggerType": "EVENT", "trigger": {}, "actionType": "SEND_EMAIL", "action": {"to": "them"}})
}

#[track_caller]
fn assert_equal(shop: &Shop) {
    for store in [TWO, THREE] {
        assert_eq!(as_set(shop, store), as_set(shop, DEMO_STORE), "{store}");
    }
}

#[test]
fn other_stores_are_kept_equal_and_equal_ones_cost_a_read_each() {
    let shop = copied(2);
    let ran = pass(&shop).ended(0);
    assert_eq!((ran.tally().as_str(), ran.lines().len()), ("3 GET events, 4 POST events", 4));
    assert_equal(&shop);
    assert_eq!(pass(&shop).ended(0).tally(), "3 GET events");
    let lagerkoll = shop.lagerkoll();
    let ids: Vec<i64> = lagerkoll.events(DEMO_STORE).into_keys().collect();
    lagerkoll.edit(DEMO_STORE, ids[0], |event| event["trigger"] = json!({"time": "09:30"}));
    lagerkoll.remove(DEMO_STORE, ids[1]);
    add(&shop, content("new", "07:00"));
    assert_eq!(pass(&shop).ended(0).tally(), "4 DELETE event, 3 GET events, 4 POST events");
    assert_equal(&shop);
    assert_eq!(pass(&shop).ended(0).tally(), "3 GET events");
    // Only the store itself is mirrored.
    assert_eq!(events::mirrored(&shop).as_array().map(Vec::len), Some(2));
}

#[test]
fn declared_events_are_copied_in_the_same_pass() {
    let shop = copied(0);
    configure(&shop, &(declared("a", "08:00") + &copies()));
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4711", "POST 4712", "POST 4713"]);
    assert_equal(&shop);
    configure(&shop, &(declared("a", "09:00") + &copies()));
    assert_eq!(pass(&shop).ended(0).tally(), "3 DELETE event, 3 GET events, 3 POST events");
    assert_equal(&shop);
    assert_eq!(contents(&shop, TWO), [content("a", "09:00")]);
}

#[test]
fn what_is_theirs_is_left_alone() {
    let shop = copied(1);
    let lagerkoll = shop.lagerkoll();
    let id = lagerkoll.add(TWO, object(theirs())).expect("a store");
    // One is there already, made by them: it will do.
    let twin = lagerkoll.add(TWO, object(content("e0", "08:00"))).expect("a store");
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4713"]);
    let source = *lagerkoll.events(DEMO_STORE).keys().next().expect("an event");
    lagerkoll.edit(DEMO_STORE, source, |event| event["trigger"] = json!({"time": "12:00"}));
    assert_eq!(pass(&shop).ended(0).lines().len(), 3, "added to both, and our own old one removed");
    let there = lagerkoll.events(TWO);
    assert!(there.len() == 3 && there.contains_key(&id) && there.contains_key(&twin), "{there:?}");
    // No copies any more: what was copied stays, nobody asks those stores, and that is told.
    configure(&shop, "");
    let ran = pass(&shop).ended(0);
    assert_eq!(ran.tally(), "1 GET events");
    let told = |text: &str| text.contains("store 4712") && text.contains("stay in stores that the config doesn't name");
    assert!(told(&ran.output.stderr), "{}", ran.output.stderr);
    assert!(told(&run(&shop, &["plan"]).ended(0).output.stdout));
    assert!(!told(&pass(&shop).ended(0).output.stderr), "told once");
}

#[test]
fn declared_events_that_change_are_replaced_in_copies_however_many_they_are() {
    let many = |minute: u32| -> String {
        (0..12).map(|n| declared(&format!("e{n}"), &format!("{n:02}:{minute:02}"))).collect()
    };
    let shop = copied(0);
    let settings = |minute: u32| format!("retries = 0\n{}{}", many(minute), copies());
    configure(&shop, &settings(0));
    pass(&shop).ended(0);
    configure(&shop, &settings(30));
    let plan = run(&shop, &["plan", "--format", "json"]).ended(0).output.json();
    let ops = plan["operations"].as_array().expect("a list");
    assert!(ops.len() == 36 && ops.iter().all(|op| op["op"] == "update"), "{plan}");
    // One store fails: the others don't wait, and it is no loss there that the next pass has to refuse.
    shop.lagerkoll().add_fault(adds_to(TWO, Fault::status(503)));
    pass(&shop).ended(1);
    assert_eq!(as_set(&shop, THREE), as_set(&shop, DEMO_STORE));
    assert_eq!(contents(&shop, TWO).len(), 12);
    shop.lagerkoll().clear_faults();
    assert_eq!(pass(&shop).ended(0).tally(), "12 DELETE event, 3 GET events, 12 POST events");
    assert_equal(&shop);
    assert_eq!(pass(&shop).ended(0).tally(), "3 GET events");
}

#[test]
fn a_copy_waits_for_its_successor_and_others_do_not() {
    let shop = copied(1);
    let other = json!({"triggerType": "EVENT", "trigger": {}, "actionType": "BEST_BEFORE_EMAIL", "action": {}});
    let other = add(&shop, other);
    pass(&shop).ended(0);
    // Somebody replaces one event and removes the other one; the new one can't be copied yet.
    let lagerkoll = shop.lagerkoll();
    let old = *lagerkoll.events(DEMO_STORE).keys().find(|id| **id != other).expect("an event");
    lagerkoll.remove(DEMO_STORE, old);
    lagerkoll.remove(DEMO_STORE, other);
    add(&shop, content("new", "09:00"));
    lagerkoll.add_fault(Rule { method: Some("POST".to_owned()), ..Rule::new(Fault::status(503)) });
    for _ in 0..2 {
        pass(&shop).ended(1);
        assert_eq!(contents(&shop, TWO), [content("e0", "08:00")]);
    }
    lagerkoll.clear_faults();
    pass(&shop).ended(0);
    pass(&shop).ended(0);
    assert_equal(&shop);
}

#[test]
fn adds_that_keep_failing_do_not_keep_removals_of_another_kind_waiting() {
    let shop = copied(0);
    let other = json!({"triggerType": "EVENT", "trigger": {}, "actionType": "BEST_BEFORE_EMAIL", "action": {}});
    let other = add(&shop, other);
    pass(&shop).ended(0);
    shop.lagerkoll().remove(DEMO_STORE, other);
    for nth in 0..4 {
        add(&shop, content(&format!("e{nth}"), "08:00"));
    }
    shop.lagerkoll().add_fault(adds_to(TWO, Fault::status(500)));
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.tally(), "2 DELETE event, 3 GET events, 7 POST events", "three in a row are enough");
    assert_eq!(contents(&shop, TWO), [json!(null); 0]);
    shop.lagerkoll().clear_faults();
    pass(&shop).ended(0);
    assert_equal(&shop);
}

#[test]
fn what_the_service_keeps_by_itself_makes_no_new_copies() {
    let shop = copied(1);
    let lagerkoll = shop.lagerkoll();
    let ran = |store: &str, id: i64, when: i64| {
        assert!(lagerkoll.edit(store, id, |event| event["trigger"]["lastRun"] = json!(when)), "{store}");
    };
    let source = *lagerkoll.events(DEMO_STORE).keys().next().expect("an event");
    ran(DEMO_STORE, source, 1);
    // Theirs, which ran at another time, will do.
    let twin = lagerkoll.add(TWO, object(content("e0", "08:00"))).expect("a store");
    ran(TWO, twin, 2);
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4713"]);
    assert_eq!(contents(&shop, THREE), [content("e0", "08:00")]);
    let copy = *lagerkoll.events(THREE).keys().next().expect("a copy");
    for when in 3..6 {
        ran(DEMO_STORE, source, when);
        assert_eq!(pass(&shop).ended(0).tally(), "3 GET events", "{when}");
        ran(THREE, copy, when);
    }
}

#[test]
fn a_copy_stays_while_what_it_is_of_cannot_be_added_again() {
    let shop = copied(1);
    configure(&shop, &format!("retries = 0\n{}{}", declared("a", "08:00"), copies()));
    pass(&shop).ended(0);
    let lagerkoll = shop.lagerkoll();
    let ours = *lagerkoll.events(DEMO_STORE).keys().last().expect("ours");
    lagerkoll.remove(DEMO_STORE, ours);
    lagerkoll.add_fault(adds_to(DEMO_STORE, Fault::status(500)));
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.tally(), "3 GET events, 1 POST events");
    assert_eq!(contents(&shop, TWO).len(), 2);
    lagerkoll.clear_faults();
    pass(&shop).ended(0);
    pass(&shop).ended(0);
    assert_equal(&shop);
}

#[test]
fn copies_are_of_what_was_sent_where_the_answer_tells_less() {
    let shop = copied(0);
    configure(&shop, &(declared("a", "08:00") + &copies()));
    let id = add(&shop, content("other", "09:00")) + 1;
    let sparse = Fault::json(json!({"id": id}));
    let rule = Rule { applied: true, times: Some(1), ..adds_to(DEMO_STORE, sparse) };
    shop.lagerkoll().add_fault(rule);
    pass(&shop).ended(0);
    assert_equal(&shop);
    assert_eq!(pass(&shop).ended(0).tally(), "3 GET events");
}

#[test]
fn a_plan_shows_what_can_be_known() {
    let shop = copied(1);
    shop.lagerkoll().add_fault(Rule { store: Some(TWO.to_owned()), ..Rule::new(Fault::status(503)) });
    let text = run(&shop, &["plan", "--detailed-exitcode"]).ended(1).output;
    assert!(text.stdout.contains("Plan: 2 to create") && text.stdout.contains("Events in store 4713 (1)"), "{text:?}");
    assert!(text.stderr.contains("the events of store 4712 could not be read"), "{text:?}");
    let json = run(&shop, &["plan", "--format", "json"]).ended(1).output.json();
    assert!(json["errors"][0].as_str().is_some_and(|error| error.contains("4712")), "{json}");
    shop.lagerkoll().clear_faults();
    shop.put_feed("");
    let text = run(&shop, &["plan"]).ended(1).output;
    assert!(text.stdout.contains("Events in store 4712 (1)") && text.stderr.contains("the feed"), "{text:?}");
}

#[test]
fn a_plan_names_the_stores_and_writes_nothing() {
    let shop = copied(1);
    let ran = run(&shop, &["plan", "--format", "json", "--detailed-exitcode"]).ended(10);
    assert_eq!(ran.tally(), "3 GET events");
    let plan = ran.output.json();
    let stores: Vec<&str> =
        plan["operations"].as_array().expect("a list").iter().filter_map(|op| op["store"].as_str()).collect();
    assert_eq!(stores, [TWO, THREE]);
    let text = run(&shop, &["plan"]).ended(0).output.stdout;
    assert!(text.contains("Events in store 4712 (1)") && text.contains("Events in store 4713 (1)"), "{text}");
    assert!(!shop.state_path().exists());
}

#[test]
fn the_guard_keeps_copies_until_it_is_forced() {
    let shop = copied(12);
    pass(&shop).ended(0);
    let lagerkoll = shop.lagerkoll();
    let ids: Vec<i64> = lagerkoll.events(DEMO_STORE).into_keys().collect();
    ids[1..].iter().for_each(|id| drop(lagerkoll.remove(DEMO_STORE, *id)));
    // A failure of the other job is the greater evil, the catalogue's rejected row the lesser one.
    shop.put_feed("");
    pass(&shop).ended(1);
    run(&shop, &["plan"]).ended(1);
    shop.feed_tsv(&[events::ROW, "2||20.00 USD|in stock|Home"]);
    let ran = pass(&shop).ended(4);
    assert_eq!(ran.tally(), "3 GET events");
    assert!(
        ran.output.stdout.contains("Refused by the guard, nothing was sent to Lagerkoll: store 4712: 11 of 12"),
        "{}",
        ran.output.stdout
    );
    assert_eq!(events::mirrored(&shop).as_array().map(Vec::len), Some(1), "the mirror tells what is");
    assert_eq!(contents(&shop, TWO).len(), 12);
    let plan = run(&shop, &["plan"]).ended(4).output.stdout;
    assert!(plan.contains("REFUSED by the guard: store 4712"), "{plan}");
    assert!(run(&shop, &["plan", "--format", "json"]).ended(4).output.json()["guard"]["reason"].is_string());
    run(&shop, &["plan", "--force"]).ended(0);
    assert_eq!(run(&shop, &["run", "--once", "--force"]).ended(3).tally(), "22 DELETE event, 3 GET events");
    assert_equal(&shop);
    // No event at all is as suspicious as an empty feed.
    lagerkoll.remove(DEMO_STORE, ids[0]);
    let ran = pass(&shop).ended(4);
    assert!(ran.output.stdout.contains("lists no event, and all 1 copies would go"), "{}", ran.output.stdout);
    assert_eq!(run(&shop, &["run", "--once", "--force"]).ended(3).tally(), "2 DELETE event, 3 GET events");
    assert_equal(&shop);
}

#[test]
fn what_the_guard_holds_no_more_is_told_no_more_while_paused() {
    let shop = copied(12);
    pass(&shop).ended(0);
    let lagerkoll = shop.lagerkoll();
    let there = lagerkoll.events(DEMO_STORE);
    there.keys().skip(1).for_each(|id| drop(lagerkoll.remove(DEMO_STORE, *id)));
    let held = || shop.json(&["status", "--format", "json"])["held"].clone();
    pass(&shop).ended(4);
    assert!(held()["digest"].is_string(), "{}", held());
    for event in there.into_values() {
        lagerkoll.add(DEMO_STORE, event).expect("a store");
    }
    shop.run(&["pause"]).expect_code(0);
    assert_eq!(pass(&shop).ended(4).tally(), "3 GET events");
    assert_eq!(held(), json!(null));
}

#[test]
fn what_the_guard_holds_is_approved_by_its_digest() {
    let shop = copied(12);
    pass(&shop).ended(0);
    let lagerkoll = shop.lagerkoll();
    let ids: Vec<i64> = lagerkoll.events(DEMO_STORE).into_keys().collect();
    ids[2..].iter().for_each(|id| drop(lagerkoll.remove(DEMO_STORE, *id)));
    run(&shop, &["run", "--once"]).ended(0);
    assert_equal(&shop);
    for _ in 0..12 {
        add(&shop, content("more", "08:00"));
    }
    pass(&shop).ended(0);
    let ids: Vec<i64> = lagerkoll.events(DEMO_STORE).into_keys().collect();
    ids[2..].iter().for_each(|id| drop(lagerkoll.remove(DEMO_STORE, *id)));
    // The catalogue's guard has nothing to do with it, and its word lets none of it through.
    let held = |shop: &Shop| shop.json(&["status", "--format", "json"])["held"].clone();
    pass(&shop).ended(4);
    let first = held(&shop);
    assert_eq!(
        (&first["held"][0]["risk"], &first["held"][0]["count"], &first["held"][0]["of"]),
        (&json!("events"), &json!(12), &json!(14))
    );
    let told = shop.run(&["approve"]).expect_code(2);
    assert!(
        told.stdout.contains("store 4712: 12 of 14 events") && !told.stdout.contains("Nothing is held"),
        "{told:?}"
    );
    let digest = first["digest"].as_str().expect("a digest");
    let has_word = || {
        let folder = shop.state_path().parent().expect("a folder").read_dir().expect("a folder");
        folder.flatten().any(|entry| entry.file_name().to_string_lossy().contains("approved-events"))
    };
    // One event more is something else, and the word isn't kept for the day when it would fit.
    lagerkoll.remove(DEMO_STORE, ids[1]);
    shop.run(&["approve", digest]).expect_code(0);
    assert!(has_word());
    pass(&shop).ended(4);
    assert!(!has_word());
    let second = held(&shop);
    assert_ne!(first["digest"], second["digest"]);
    let digest = second["digest"].as_str().expect("a digest");
    assert!(shop.run(&["status"]).expect_code(0).stdout.contains(&format!("approve {digest}")));
    shop.run(&["approve", digest]).expect_code(0);
    run(&shop, &["plan"]).ended(0);
    pass(&shop).ended(0);
    assert_equal(&shop);
    assert_eq!(
        (held(&shop), shop.run(&["approve"]).expect_code(0).stdout),
        (json!(null), "Nothing is held.\n".to_owned())
    );
    assert!(!has_word(), "a word is taken once");
}

#[test]
fn a_store_that_fails_does_not_stop_the_others() {
    let shop = copied(1);
    let lagerkoll = shop.lagerkoll();
    lagerkoll.add_fault(Rule { store: Some(TWO.to_owned()), ..Rule::new(Fault::status(401)) });
    let ran = pass(&shop).ended(1);
    assert!(ran.output.stderr.contains("the events of store 4712 could not be read"), "{}", ran.output.stderr);
    assert_eq!((ran.tally().as_str(), ran.lines()), ("3 GET events, 1 POST events", vec!["POST 4713".to_owned()]));
    lagerkoll.clear_faults();
    lagerkoll.add_fault(adds_to(TWO, Fault::status(503)));
    add(&shop, content("new", "07:00"));
    let ran = pass(&shop).ended(1);
    assert!(ran.output.stderr.contains("store 4712: 2 of 2 changes of events failed"), "{}", ran.output.stderr);
    assert_eq!(as_set(&shop, THREE), as_set(&shop, DEMO_STORE));
    lagerkoll.clear_faults();
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4712", "POST 4712"]);
    assert_equal(&shop);
}

#[test]
fn a_store_that_cannot_be_read_is_not_emptied_elsewhere() {
    let shop = copied(2);
    pass(&shop).ended(0);
    shop.lagerkoll().add_fault(Rule { store: Some(DEMO_STORE.to_owned()), ..Rule::new(Fault::HalfJson) });
    assert_eq!(pass(&shop).ended(1).tally(), "1 GET events");
    assert_eq!((contents(&shop, TWO).len(), contents(&shop, THREE).len()), (2, 2));
}

#[test]
fn a_copy_whose_answer_was_lost_is_not_made_twice() {
    let shop = copied(1);
    shop.lagerkoll().add_fault(Rule {
        applied: true,
        times: Some(1),
        method: Some("POST".to_owned()),
        ..Rule::new(Fault::Reset)
    });
    pass(&shop).ended(1);
    assert_eq!(pass(&shop).ended(0).tally(), "3 GET events");
    assert_equal(&shop);
}
