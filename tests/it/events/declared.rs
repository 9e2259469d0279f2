//! Declared events: made to exist, with the fewest requests, once, and nobody else's touched.

use std::time::Duration;

use crate::kit::events::{add, changes, configure, content, contents, declared, mirrored, pass, run, shop};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};
use sandbox::{DEMO_STORE, Fault, Rule};
use serde_json::{Value, json};

/// Somebody else's event.
fn foreign() -> Value {
    json!({"id": 5, "triggerType": "EVENT", "trigger": {"name": "ORDER"}, "actionType": "SEND_EMAIL", "action": {}})
}

/// A shop with one event of somebody else's and these declared ones, which a pass has made.
fn made(declared: &str) -> Shop {
    let shop = shop(declared);
    add(&shop, foreign());
    pass(&shop).ended(0);
    shop
}

fn others(shop: &Shop) -> Vec<Value> {
    contents(shop, DEMO_STORE).into_iter().skip(1).collect()
}

fn post(fault: Fault) -> Rule {
    Rule { method: Some("POST".to_owned()), ..Rule::new(fault) }
}

#[test]
fn a_declared_event_is_made_once_and_costs_one_read_from_then_on() {
    let shop = shop(&(declared("a", "08:00") + &declared("b", "09:00")));
    add(&shop, foreign());
    let ran = pass(&shop).ended(0);
    assert_eq!(ran.tally(), "1 GET events, 2 POST events");
    assert_eq!(ran.requests[1].body, Some(content("a", "08:00")));
    assert!(ran.summary().contains("2 added by us, 3 requests"), "{}", ran.summary());
    assert_eq!(others(&shop), [content("a", "08:00"), content("b", "09:00")]);
    assert_eq!(mirrored(&shop).as_array().map(Vec::len), Some(3), "what we add is mirrored at once");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    // Another name, and another order in the file.
    configure(&shop, &(declared("b", "09:00") + &declared("a", "08:00").replacen("\"a\"", "\"c\"", 1)));
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    assert_eq!(changes(&shop).len(), 3);
}

#[test]
fn a_different_one_is_added_before_the_old_one_goes() {
    let shop = made(&declared("a", "08:00"));
    let old = *shop.lagerkoll().events(DEMO_STORE).keys().last().expect("ours");
    configure(&shop, &declared("a", "09:00"));
    let ran = pass(&shop).ended(0);
    assert_eq!(ran.lines(), ["POST 4711".to_owned(), format!("DELETE 4711 {old}")]);
    assert_eq!(
        (ran.tally().as_str(), others(&shop)),
        ("1 DELETE event, 1 GET events, 1 POST events", vec![content("a", "09:00")])
    );
    assert!(ran.summary().contains("1 replaced by us"), "{}", ran.summary());
    // How Lagerkoll spells it is learned from the first listing that has it; from then on an edit is one.
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    // Edited or removed by somebody: put right.
    let id = *shop.lagerkoll().events(DEMO_STORE).keys().last().expect("ours");
    shop.lagerkoll().edit(DEMO_STORE, id, |event| event["trigger"] = json!({"time": "10:00"}));
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4711".to_owned(), format!("DELETE 4711 {id}")]);
    let id = *shop.lagerkoll().events(DEMO_STORE).keys().last().expect("ours");
    shop.lagerkoll().remove(DEMO_STORE, id);
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4711"]);
    assert_eq!(others(&shop), [content("a", "09:00")]);
}

#[test]
fn a_404_says_nothing_of_the_event() {
    let shop = made(&declared("a", "08:00"));
    configure(&shop, &declared("a", "09:00"));
    shop.lagerkoll().add_fault(post(Fault::Json { code: 404, body: json!({"message": "default backend"}) }));
    pass(&shop).ended(1);
    shop.lagerkoll().clear_faults();
    assert_eq!(pass(&shop).ended(0).lines().len(), 2, "tried again without being asked");
    assert_eq!(others(&shop), [content("a", "09:00")]);
}

#[test]
fn a_404_to_a_removal_does_not_make_the_event_somebody_elses() {
    let shop = made(&declared("a", "08:00"));
    configure(&shop, &declared("a", "09:00"));
    let backend = Fault::Json { code: 404, body: json!({"message": "default backend"}) };
    shop.lagerkoll().add_fault(Rule { times: Some(1), method: Some("DELETE".to_owned()), ..Rule::new(backend) });
    pass(&shop).ended(0);
    assert_eq!(others(&shop), [content("a", "08:00"), content("a", "09:00")]);
    assert_eq!(pass(&shop).ended(0).tally(), "1 DELETE event, 1 GET events");
    assert_eq!(others(&shop), [content("a", "09:00")]);
    assert_eq!(changes(&shop).len(), 4, "the old one was there until it was removed");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn a_refused_new_one_leaves_the_old_one() {
    let shop = made(&declared("a", "08:00"));
    configure(&shop, &declared("a", "09:00"));
    let body = json!({"errorCode": 907_002, "errorMessage": "No", "errorField": "trigger.time", "errorData": null});
    shop.lagerkoll().add_fault(post(Fault::Json { code: 400, body }));
    let ran = pass(&shop).ended(3);
    assert_eq!((ran.lines(), others(&shop)), (vec!["POST 4711".to_owned()], vec![content("a", "08:00")]));
    assert!(ran.output.stderr.contains("code 907002, field trigger.time"), "{}", ran.output.stderr);
    // Not asked for again, and still not well.
    assert_eq!(pass(&shop).ended(3).tally(), "1 GET events");
    let failed = &shop.json(&["status", "--format", "json"])["failed"];
    assert_eq!((&failed[0]["type"], &failed[0]["id"]), (&json!("event"), &json!("a")), "{failed}");
    let plan = run(&shop, &["plan"]).ended(0).output.stdout;
    assert!(plan.contains("Set aside: 1 event;"), "{plan}");
    // A resync asks again.
    shop.lagerkoll().clear_faults();
    assert_eq!(run(&shop, &["run", "--resync"]).ended(0).lines().len(), 2);
    assert_eq!(others(&shop), [content("a", "09:00")]);
    assert_eq!(shop.json(&["status", "--format", "json"])["failed"], json!([]));
}

#[test]
fn taken_out_of_the_config_it_is_removed_and_nobody_elses_is() {
    let shop = made(&(declared("a", "08:00") + &declared("b", "09:00")));
    // Made by somebody else, with the very same content.
    let twin = add(&shop, content("a", "08:00"));
    configure(&shop, &declared("b", "09:00"));
    assert_eq!(pass(&shop).ended(0).lines().len(), 1);
    let left = shop.lagerkoll().events(DEMO_STORE);
    assert!(left.len() == 3 && left.contains_key(&5) && left.contains_key(&twin), "{left:?}");
    configure(&shop, "");
    assert_eq!(pass(&shop).ended(0).tally(), "1 DELETE event, 1 GET events");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    let left: Vec<i64> = shop.lagerkoll().events(DEMO_STORE).into_keys().collect();
    assert_eq!(left, [5, twin]);
    // An event just as wanted is there already: it will do, and stays theirs.
    configure(&shop, &declared("a", "08:00"));
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    configure(&shop, "");
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
}

#[test]
fn a_plan_tells_it_all_and_changes_nothing() {
    let shop = made(&(declared("a", "08:00") + &declared("b", "09:00")));
    let [a, b] = [1, 2].map(|nth| *shop.lagerkoll().events(DEMO_STORE).keys().nth(nth).expect("ours"));
    configure(&shop, &(declared("a", "08:30") + &declared("c", "10:00")));
    let state = std::fs::read(shop.state_path()).expect("a state file");
    let ran = run(&shop, &["plan", "--format", "json"]).ended(0);
    assert_eq!(ran.tally(), "1 GET events");
    let plan = ran.output.json();
    let operation = |op: &str, id: &str, fields: Value| json!({"op": op, "type": "event", "id": id, "store": DEMO_STORE, "fields": fields});
    let mut found = plan["operations"].as_array().expect("a list").clone();
    found.sort_by_key(|operation| operation["op"].to_string());
    let wanted = [
        operation("create", "c", content("c", "10:00")),
        operation("delete", &b.to_string(), json!({})),
        operation("update", &a.to_string(), content("a", "08:30")),
    ];
    assert_eq!(found, wanted);
    assert_eq!(plan["summary"], json!({"create": 1, "update": 1, "delete": 1, "disable": 0}));
    let text = run(&shop, &["plan", "--detailed-exitcode"]).ended(10).output.stdout;
    for part in [
        "Events at Lagerkoll: 1 to add, 1 to replace, 1 to remove.",
        "+ c  TIME daily at 10:00",
        "trigger.time     \"08:00\" → \"08:30\"",
        &format!("- {b}  "),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(std::fs::read(shop.state_path()).expect("a state file") == state, "a plan writes nothing");
    assert_eq!(pass(&shop).ended(0).lines().len(), 4);
    let text = run(&shop, &["plan", "--detailed-exitcode"]).ended(0).output.stdout;
    assert!(text.contains("Events at Lagerkoll: nothing to do."), "{text}");
}

#[test]
fn an_add_whose_answer_was_lost_is_found_and_not_repeated() {
    for (retries, code, tally) in [
        // Found by the same pass: the listing is read again before anything is sent again.
        (2, 0, "2 GET events, 1 POST events"),
        // Or by the next one.
        (0, 1, "1 GET events, 1 POST events"),
    ] {
        for fault in [Fault::Reset, Fault::CutBody, Fault::Html200, Fault::Xml, Fault::status(502)] {
            let shop = shop(&format!("retries = {retries}\n{}", declared("a", "08:00")));
            add(&shop, foreign());
            shop.lagerkoll().add_fault(Rule { applied: true, times: Some(1), ..post(fault.clone()) });
            assert_eq!(pass(&shop).ended(code).tally(), tally, "{fault:?}");
            assert_eq!(pass(&shop).ended(0).tally(), "1 GET events", "{fault:?}");
            assert_eq!(others(&shop), [content("a", "08:00")], "{fault:?}");
            // It is known to be ours.
            configure(&shop, "");
            assert_eq!(pass(&shop).ended(0).lines().len(), 1);
            assert!(others(&shop).is_empty());
        }
    }
}

#[test]
fn an_add_that_was_not_taken_is_sent_again() {
    let shop = shop(&format!("retries = 2\n{}", declared("a", "08:00")));
    add(&shop, foreign());
    shop.lagerkoll().add_fault(Rule { times: Some(1), ..post(Fault::Reset) });
    assert_eq!(pass(&shop).ended(0).tally(), "2 GET events, 2 POST events");
    assert_eq!(others(&shop), [content("a", "08:00")]);
}

#[test]
fn a_twin_of_somebody_elses_is_not_taken_for_the_lost_one() {
    // Both are wanted, and one is there: the other is added once, whatever becomes of the answer.
    let second = declared("a", "08:00").replacen("\"a\"", "\"b\"", 1);
    let shop = shop(&format!("retries = 0\n{}{second}", declared("a", "08:00")));
    let twin = add(&shop, content("a", "08:00"));
    shop.lagerkoll().add_fault(Rule { applied: true, times: Some(1), ..post(Fault::Reset) });
    pass(&shop).ended(1);
    assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    assert_eq!(contents(&shop, DEMO_STORE), [content("a", "08:00"), content("a", "08:00")]);
    configure(&shop, "");
    pass(&shop).ended(0);
    let left: Vec<i64> = shop.lagerkoll().events(DEMO_STORE).into_keys().collect();
    assert_eq!(left, [twin]);
}

#[test]
fn killed_between_an_add_and_its_answer_there_are_never_two() {
    for applied in [true, false] {
        let shop = shop(&declared("a", "08:00"));
        add(&shop, foreign());
        shop.lagerkoll().add_fault(Rule { applied, ..post(Fault::Hang) });
        let process = Process::start(shop.command(&["run", "--once"]));
        wait_until("the add is in flight", || shop.lagerkoll().counts().contains_key("POST events"));
        process.kill();
        shop.lagerkoll().clear_faults();
        let adds = usize::from(!applied);
        assert_eq!(pass(&shop).ended(0).lines().len(), adds);
        assert_eq!(others(&shop), [content("a", "08:00")]);
        configure(&shop, "");
        assert_eq!(pass(&shop).ended(0).lines().len(), 1, "it is ours");
    }
}

#[test]
fn killed_before_the_old_one_is_removed_the_next_pass_removes_it() {
    for applied in [true, false] {
        let shop = made(&declared("a", "08:00"));
        configure(&shop, &declared("a", "09:00"));
        shop.lagerkoll().take_requests();
        shop.lagerkoll().add_fault(Rule { applied, method: Some("DELETE".to_owned()), ..Rule::new(Fault::Hang) });
        let process = Process::start(shop.command(&["run", "--once"]));
        wait_until("the removal is in flight", || shop.lagerkoll().counts().contains_key("DELETE event"));
        process.kill();
        shop.lagerkoll().clear_faults();
        assert_eq!(pass(&shop).ended(0).lines().len(), usize::from(!applied));
        assert_eq!(others(&shop), [content("a", "09:00")]);
        assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
    }
}

#[test]
fn an_interrupted_pass_tells_what_it_has_done() {
    let many: String = (0..4).map(|n| declared(&format!("e{n}"), &format!("0{n}:00"))).collect();
    let shop = shop(&many);
    shop.lagerkoll().add_fault(Rule { after: 2, ..post(Fault::Hang) });
    let mut process = Process::start(shop.command(&["run", "--once"]));
    wait_until("the third is in flight", || shop.lagerkoll().counts().get("POST events") == Some(&3));
    process.signal("TERM");
    assert_eq!(process.ends_within(Duration::from_secs(5)), Some(1), "{}", process.log());
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("failed, 0 listed, 2 added by us, "), "{status}");
}

#[test]
fn one_that_fails_does_not_keep_the_others_waiting() {
    let shop = shop(&format!("retries = 0\n{}{}", declared("a", "08:00"), declared("b", "09:00")));
    add(&shop, foreign());
    shop.lagerkoll().add_fault(Rule { times: Some(1), ..post(Fault::status(500)) });
    let ran = pass(&shop).ended(1);
    assert!(ran.output.stderr.contains("1 of 2 changes of events failed"), "{}", ran.output.stderr);
    assert_eq!(others(&shop), [content("b", "09:00")]);
    assert_eq!(pass(&shop).ended(0).lines(), ["POST 4711"]);
    // Somebody's wrong key ends it at once.
    configure(&shop, &(declared("a", "10:00") + &declared("b", "10:00")));
    shop.lagerkoll().add_fault(post(Fault::status(401)));
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.lines(), ["POST 4711"]);
    assert!(ran.output.stderr.contains("2 of 2 changes of events failed"), "{}", ran.output.stderr);
}
