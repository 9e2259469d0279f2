//! The mirror of Lagerkoll's events: what it keeps, what it tells, and what leaves it as it is.

use std::time::Duration;

use crate::kit::Shop;
use crate::kit::events::{self, ROW, add, changes, configure, history, mirrored, object, pass, run, shop};
use sandbox::{
    Credentials, DEMO_STORE, DEMO_STORE_KEY, DEMO_USER_ID, DEMO_USER_TOKEN, Fault, Kind, LagerkollRules, RetryAfter,
    Rule,
};
use serde_json::{Value, json};

/// An event with everything that is easily lost: ids that only 64 bits can hold, digits, fields and types that
/// nobody documented, maps in maps.
const STRANGE: &str = r#"{"id": 9223372036854775807, "triggerType": "MOON", "trigger": {"phase": {"of": ["full", null]}},
    "actionType": "RING", "action": {"volume": 1.50, "huge": 1e400}, "createdBy": -9223372036854775808,
    "createdName": "Änne", "news": {"deep": [{"er": true}]}}"#;

fn strange() -> Value {
    serde_json::from_str(STRANGE).expect("JSON")
}

fn daily(id: i64, time: &str) -> Value {
    json!({
        "id": id, "triggerType": "TIME", "trigger": {"time": time}, "actionType": "SEND_EMAIL",
        "action": {"to": ["warehouse@shop.example"], "subject": "Stock"}, "createdBy": 4787, "createdName": "Warehouse",
    })
}

/// A shop with events that a pass has mirrored.
fn filled() -> Shop {
    let shop = shop("retries = 0\n");
    for event in [daily(1, "08:00"), daily(2, "09:00"), strange()] {
        add(&shop, event);
    }
    pass(&shop).ended(0);
    shop
}

#[test]
fn events_are_mirrored_whole_with_one_request() {
    let shop = shop("");
    for event in [strange(), daily(-5, "08:00")] {
        add(&shop, event);
    }
    let ran = pass(&shop).ended(0);
    assert_eq!(ran.tally(), "1 GET events");
    assert!(ran.summary().starts_with("events: ok, 2 listed, 2 new, 1 request in "), "{}", ran.summary());
    let [request] = &ran.requests[..] else { panic!("{:?}", ran.requests) };
    assert_eq!((request.store.as_deref(), request.credentials), (Some(DEMO_STORE), Credentials::ApiKey));
    assert_eq!(request.path, "/v1/events/");
    assert_eq!(mirrored(&shop), json!([daily(-5, "08:00"), strange()]));
    let text = shop.run(&["events", "--format", "json"]).stdout;
    for kept in ["9223372036854775807", "-9223372036854775808", "1.50", "1e+400"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 1, "the catalogue has its pass as well");
    let ran = pass(&shop).ended(0);
    assert!(ran.summary().starts_with("events: ok, 2 listed, 1 request in "), "{}", ran.summary());
    assert_eq!(changes(&shop), ["added -5", "added 9223372036854775807"]);
}

#[test]
fn changes_are_remembered_as_they_were_and_as_they_are() {
    let shop = filled();
    let lagerkoll = shop.lagerkoll();
    assert!(lagerkoll.edit(DEMO_STORE, 1, |event| {
        event["trigger"] = json!({"time": "10:30", "zone": {"name": "Europe/Stockholm"}});
        event.remove("createdName");
    }));
    assert!(lagerkoll.remove(DEMO_STORE, 2).is_some());
    add(&shop, daily(3, "11:00"));
    let ran = pass(&shop).ended(0);
    assert!(
        ran.summary().starts_with("events: ok, 3 listed, 1 new, 1 changed, 1 gone, 1 request"),
        "{}",
        ran.summary()
    );
    assert_eq!(changes(&shop)[3..], ["changed 1", "added 3", "removed 2"]);
    let history = history(&shop);
    assert_eq!((&history[3]["old"], &history[5]["event"]), (&daily(1, "08:00"), &daily(2, "09:00")));
    assert_eq!(history[3]["event"]["trigger"]["zone"], json!({"name": "Europe/Stockholm"}));
    for change in &history {
        let at: Result<jiff::Timestamp, _> = change["at"].as_str().expect("a time").parse();
        assert!(at.is_ok(), "{change}");
    }
    let text = shop.run(&["events", "--history"]).expect_code(0).stdout;
    let line = |parts: [&str; 2]| text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    for parts in [
        ["changed", "  1  TIME"],
        ["trigger.time", "\"08:00\" → \"10:30\""],
        ["trigger.zone", "nothing → {\"name\":\"Europe/Stockholm\"}"],
        ["createdName", "\"Warehouse\" → nothing"],
        ["removed", "  2  TIME daily at 09:00"],
    ] {
        assert!(line(parts), "{parts:?} in {text}");
    }
}

#[test]
fn history_is_kept_for_as_long_as_was_asked() {
    let shop = shop("history_days = 1\n");
    add(&shop, daily(1, "08:00"));
    pass(&shop).ended(0);
    // The clock of the state is moved, not ours.
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state file");
    let moved = state.execute("UPDATE event_change SET at = '2020-01-01T00:00:00Z'", []).expect("written");
    drop(state);
    assert_eq!((moved, changes(&shop).len()), (1, 1));
    pass(&shop).ended(0);
    assert_eq!((changes(&shop).len(), mirrored(&shop)), (0, json!([daily(1, "08:00")])));
}

#[test]
fn the_order_of_keys_is_no_change() {
    let shop = filled();
    shop.lagerkoll().set_rules(LagerkollRules { reverse_keys: true, ..LagerkollRules::default() });
    let ran = pass(&shop).ended(0);
    assert!(ran.summary().starts_with("events: ok, 3 listed, 1 request in "), "{}", ran.summary());
    assert_eq!(changes(&shop).len(), 3);
}

#[test]
fn a_reply_that_is_not_whole_changes_nothing() {
    let shop = filled();
    let (before, told) = (mirrored(&shop), history(&shop));
    shop.lagerkoll().remove(DEMO_STORE, 1);
    let status = |code| Fault::Status { code, retry_after: None, html: true };
    for (fault, words) in [
        (Fault::Xml, "answered 200 with XML although JSON was asked for"),
        (Fault::CutBody, "no answer from 127.0.0.1"),
        (Fault::Reset, "no answer from 127.0.0.1"),
        (Fault::HalfJson, "JSON that is cut short"),
        (Fault::Html200, "an HTML page instead of JSON"),
        (status(502), "answered 502 with an HTML page"),
        (status(404), "answered 404"),
        (Fault::json(json!([])), "another shape than documented: it is no object"),
        (Fault::json(json!({})), "it has no list of events"),
        (Fault::json(json!({"events": null})), "it has no list of events"),
        (Fault::json(json!({"events": [daily(1, "1"), daily(1, "2")]})), "event 1 is in it twice"),
        (Fault::json(json!({"events": [{"trigger": {}}]})), "an event has no id of 64 bits"),
        (Fault::json(json!({"events": [{"id": 1.5}]})), "an event has no id of 64 bits"),
        (Fault::json(json!({"events": [{"id": 7, "trigger": "daily"}]})), "trigger of event 7 is not a map"),
    ] {
        shop.lagerkoll().fail_next(fault.clone(), 1);
        let ran = pass(&shop).ended(1);
        assert_eq!(ran.tally(), "1 GET events", "{fault:?}");
        let error = &ran.output.stderr;
        assert!(error.contains(&format!("events of store {DEMO_STORE} could not be read")), "{fault:?}: {error}");
        assert!(error.contains(words), "{fault:?}: {error}");
        assert!(ran.output.stdout.starts_with("sync: unchanged"), "the catalogue goes on: {}", ran.output.stdout);
        assert_eq!((mirrored(&shop), history(&shop)), (before.clone(), told.clone()), "{fault:?}");
    }
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("Events: 3 mirrored") && status.contains("trigger of event 7"), "{status}");
    assert_eq!(shop.json(&["status", "--format", "json"])["events"]["count"], 3);
    pass(&shop).ended(0);
    assert_eq!(changes(&shop)[3..], ["removed 1"]);
}

#[test]
fn only_what_may_pass_is_tried_again() {
    let shop = shop("retries = 2\n");
    for (fault, tries) in [
        (Fault::status(500), 3),
        (Fault::HalfJson, 3),
        (Fault::Xml, 1),
        (Fault::status(401), 1),
        // It comes with code 900101, "common error", and without a field: nothing is wrong with the request.
        (Fault::status(400), 3),
        (Fault::json(json!({"events": 7})), 1),
    ] {
        shop.lagerkoll().add_fault(Rule::new(fault.clone()));
        assert_eq!(pass(&shop).ended(1).tally(), format!("{tries} GET events"), "{fault:?}");
        shop.lagerkoll().clear_faults();
    }
    shop.lagerkoll().fail_next(Fault::Reset, 2);
    let ran = pass(&shop).ended(0);
    assert!(ran.summary().contains("3 requests in"), "{}", ran.summary());
}

#[test]
fn error_codes_are_told_in_words() {
    let shop = filled();
    for (http, code, words) in [
        (400, 900_101, "Lagerkoll's common error"),
        (400, 907_001, "Lagerkoll could not get the scheduled events"),
        (200, 907_001, "Lagerkoll could not get the scheduled events"),
        (403, 900_001, "the credentials don't match"),
        (200, 900_001, "the credentials don't match"),
        (400, 907_003, "Lagerkoll could not update the scheduled event"),
        (400, 1234, "an error that its page doesn't name"),
    ] {
        let body = json!({"errorCode": code, "errorMessage": "No\nluck", "errorField": "store", "errorData": null});
        shop.lagerkoll().fail_next(Fault::Json { code: http, body }, 1);
        let ran = pass(&shop).ended(1);
        let wanted = format!("{words}: No luck (code {code}, field store)");
        assert!(ran.output.stderr.contains(&wanted), "{wanted} in {}", ran.output.stderr);
        assert_eq!(ran.tally(), "1 GET events");
    }
}

#[test]
fn a_wrong_key_is_told_and_never_shown() {
    let shop = shop("retries = 3\n");
    let section = shop.lagerkoll_section().replace(DEMO_STORE_KEY, "another-key");
    shop.config(&section);
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.tally(), "1 GET events");
    assert!(ran.output.stderr.contains("check store, and api_key"), "{}", ran.output.stderr);
    let online = run(&shop, &["check", "--online"]).ended(1);
    assert!(online.output.stdout.contains("code 900001"), "{}", online.output.stdout);
    let state = std::fs::read(shop.state_path()).expect("a state file");
    let printed = [ran.output.stdout, ran.output.stderr, online.output.stdout, online.output.stderr].concat();
    assert!(!printed.contains("another-key") && !String::from_utf8_lossy(&state).contains("another-key"));
}

#[test]
fn a_user_logs_in_and_may_mirror_only_their_own() {
    let shop = Shop::with_rows(&[ROW]);
    let mine = add(&shop, json!({"triggerType": "TIME", "createdBy": DEMO_USER_ID}));
    let other = add(&shop, json!({"triggerType": "EVENT"}));
    let section = |scope: &str| {
        let url = shop.lagerkoll_url();
        format!(
            "[lagerkoll]\nbase_url = {url:?}\nstore = {DEMO_STORE}\nuser_id = {DEMO_USER_ID}\n\
             user_token = {DEMO_USER_TOKEN:?}\nscope = {scope:?}\n"
        )
    };
    for (scope, place, ids) in [("user", "user", vec![mine]), ("store", "events", vec![mine, other])] {
        shop.config(&section(scope));
        let ran = pass(&shop).ended(0);
        assert_eq!(ran.tally(), format!("1 GET {place}"));
        assert_eq!(ran.requests[0].credentials, Credentials::User);
        let events = mirrored(&shop);
        let mirrored: Vec<i64> =
            events.as_array().expect("a list").iter().filter_map(|event| event["id"].as_i64()).collect();
        assert_eq!(mirrored, ids, "{scope}");
    }
    // Each scope is a mirror of its own, and neither sees the other's events go.
    shop.config(&section("user"));
    assert_eq!(changes(&shop), [format!("added {mine}")]);
    // A key belongs to no user: nothing is asked with it.
    configure(&shop, "scope = \"user\"\n");
    let ran = pass(&shop).ended(2);
    assert!(
        ran.requests.is_empty() && ran.output.stderr.contains("an api_key is no person's"),
        "{}",
        ran.output.stderr
    );
}

#[test]
fn too_many_requests_are_waited_for_as_long_as_was_asked() {
    let shop = shop("retries = 3\n");
    let lagerkoll = shop.lagerkoll();
    let busy = |retry_after: &str| Fault::Status { code: 429, retry_after: Some(retry_after.to_owned()), html: false };
    lagerkoll.fail_next(busy("1"), 1);
    let ran = pass(&shop).ended(0);
    let waited = ran.requests[1].at - ran.requests[0].at;
    assert!(waited >= Duration::from_secs(1) && ran.requests.len() == 2, "{waited:?}");

    // The same as a date, and without a word: the sandbox's own limit.
    for retry_after in [RetryAfter::Date, RetryAfter::Missing] {
        let window = Duration::from_millis(400);
        lagerkoll.advance(Duration::from_secs(60));
        lagerkoll.set_rules(LagerkollRules { limit: 1, window, retry_after, ..LagerkollRules::default() });
        assert_eq!(pass(&shop).ended(0).tally(), "1 GET events");
        let ran = pass(&shop).ended(0);
        let statuses: Vec<u16> = ran.requests.iter().map(|request| request.status).collect();
        assert_eq!((statuses[0], statuses.last()), (if statuses.len() > 1 { 429 } else { 200 }, Some(&200)));
    }
    lagerkoll.set_rules(LagerkollRules::default());

    lagerkoll.add_fault(Rule::new(busy("3600")));
    let ran = pass(&shop).ended(1);
    assert_eq!(ran.tally(), "1 GET events", "an hour is too long to wait for");
    assert!(ran.output.stderr.contains("asks to wait 3600 s"), "{}", ran.output.stderr);
}

#[test]
fn a_calendar_has_what_can_be_understood_and_the_rest_is_told() {
    let shop = filled();
    let mut odd = daily(7, "");
    odd["trigger"] = json!({"time": "08:00", "delayDays": 3});
    add(&shop, odd);
    pass(&shop).ended(0);
    let output = shop.run(&["events", "--ics"]).expect_code(0);
    assert!(output.stdout.starts_with("BEGIN:VCALENDAR\r\n") && output.stdout.ends_with("END:VCALENDAR\r\n"));
    assert_eq!(output.stdout.matches("BEGIN:VEVENT").count(), 2, "{}", output.stdout);
    for line in ["RRULE:FREQ=DAILY", "UID:1.4711@lagerkoll", "UID:2.4711@lagerkoll"] {
        assert!(output.stdout.contains(&format!("{line}\r\n")), "{line} in {}", output.stdout);
    }
    assert!(output.stderr.contains("event 7 is not in the calendar: delayDays: "), "{}", output.stderr);
    assert!(output.stderr.contains("without a TIME trigger are not in the calendar: 1"), "{}", output.stderr);
    assert_eq!(shop.run(&["events", "--ics"]).stdout, output.stdout, "the same events make the same file");
}

#[test]
fn before_the_first_pass_there_is_nothing_to_tell() {
    let shop = shop("");
    assert_eq!(shop.run(&["events"]).expect_code(0).stdout, "No events mirrored yet.\n");
    assert_eq!(shop.run(&["events", "--history"]).expect_code(0).stdout, "No changes noticed yet.\n");
    assert_eq!((mirrored(&shop), history(&shop)), (json!([]), Vec::new()));
    shop.run(&["events", "--ics"]).expect_code(1);
    assert_eq!(shop.json(&["status", "--format", "json"])["events"], Value::Null);
    assert!(!shop.state_path().exists() && shop.lagerkoll().requests().is_empty());
    pass(&shop).ended(0);
    assert!(shop.run(&["events"]).expect_code(0).stdout.starts_with("No events, as of "));
    assert_eq!(shop.json(&["status", "--format", "json"])["events"]["count"], 0);
}

#[test]
fn without_the_section_nothing_is_mirrored() {
    let shop = Shop::with_rows(&[ROW]);
    let ran = pass(&shop).ended(0);
    assert!(ran.requests.is_empty() && !ran.output.stdout.contains("events"), "{}", ran.output.stdout);
    let output = shop.run(&["events"]).expect_code(2);
    assert!(output.stderr.contains("no section [lagerkoll]"), "{}", output.stderr);
    assert_eq!(shop.json(&["status", "--format", "json"])["events"], Value::Null);
}

#[test]
fn one_job_failing_leaves_the_other_alone_and_the_worst_counts() {
    let shop = shop("retries = 0\n");
    add(&shop, daily(1, "08:00"));
    // The feed has a row too bad to take.
    shop.feed_tsv(&[ROW, "2||20.00 USD|in stock|Home"]);
    assert!(pass(&shop).ended(3).summary().starts_with("events: ok, 1 listed"));
    shop.lagerkoll().fail_next(Fault::Html200, 1);
    pass(&shop).ended(1);
    // No feed at all.
    shop.put_feed("");
    add(&shop, daily(2, "08:00"));
    let ran = pass(&shop).ended(1);
    assert!(ran.summary().starts_with("events: ok, 2 listed, 1 new"), "{}", ran.summary());
    // A NiceChat that is away keeps nobody from mirroring, nor the other way round.
    shop.feed_tsv(&[&ROW.replace("10.00", "11.00")]);
    shop.nicechat().add_fault(Rule::new(Fault::status(401)));
    assert!(pass(&shop).ended(1).summary().starts_with("events: ok, 2 listed"));
}

#[test]
fn reading_needs_no_lock_and_check_asks_every_store_once() {
    let shop = filled();
    configure(&shop, &events::copy_to("4712", "key of 4712"));
    shop.lagerkoll().add_store("4712", "key of 4712");
    let ran = run(&shop, &["check", "--online"]).ended(0);
    assert_eq!(ran.tally(), "2 GET events");
    for line in ["store 4711 (3 events listed)", "store 4712 (0 events listed)"] {
        assert!(ran.output.stdout.contains(line), "{line} in {}", ran.output.stdout);
    }
    for command in [&["events"][..], &["events", "--history"], &["status"], &["events", "--ics"]] {
        assert!(run(&shop, command).ended(0).requests.is_empty(), "{command:?}");
    }
    assert_eq!(object(strange()), shop.lagerkoll().events(DEMO_STORE)[&i64::MAX]);
}
