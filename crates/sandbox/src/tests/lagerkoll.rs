//! Lagerkoll: events, credentials, the limit, and how it goes wrong.

use super::*;
use crate::{
    Credentials, DEMO_STORE, DEMO_STORE_KEY, DEMO_USER_ID, DEMO_USER_TOKEN, LagerkollRules, LagerkollUser, RetryAfter,
};

const EVENTS: &str = "/v1/events/";

fn machine() -> String {
    format!("store: {DEMO_STORE}\r\napi_key: {DEMO_STORE_KEY}\r\n")
}

fn person() -> String {
    format!("store: {DEMO_STORE}\r\nuser_id: {DEMO_USER_ID}\r\nuser_token: {DEMO_USER_TOKEN}\r\n")
}

fn event() -> Value {
    let text = r#"{"actionType": "SEND_EMAIL", "action": {"to": ["a@shop.example"], "amount": 1.50},
        "triggerType": "TIME", "trigger": {"cron": {"hour": 7}}}"#;
    serde_json::from_str(text).expect("JSON")
}

async fn get(sandbox: &Sandbox, headers: &str) -> Reply {
    raw(sandbox, "GET", EVENTS, headers, "").await
}

async fn post(sandbox: &Sandbox, headers: &str, body: &Value) -> Reply {
    let headers = format!("{headers}Content-Type: application/json; charset=utf-8\r\n");
    raw(sandbox, "POST", EVENTS, &headers, &body.to_string()).await
}

fn error(reply: &Reply) -> (u16, u64, Option<String>) {
    let body = reply.json();
    assert!(body["errorMessage"].is_string() && body["errorData"].is_null(), "{body}");
    let field = body["errorField"].as_str().map(str::to_owned);
    (reply.status, body["errorCode"].as_u64().expect("a code"), field)
}

#[tokio::test]
async fn an_event_is_added_listed_and_removed() {
    let sandbox = sandbox().await;
    let added = post(&sandbox, &person(), &event()).await;
    assert_eq!(added.status, 200);
    let mut wanted = object(event());
    wanted.insert("id".to_owned(), json!(9_007_199_254_740_993_i64));
    wanted.insert("createdBy".to_owned(), json!(DEMO_USER_ID));
    wanted.insert("createdName".to_owned(), json!("Sandbox user"));
    assert_eq!(added.json(), json!(wanted));
    let other = post(&sandbox, &machine(), &event()).await.json();
    assert_eq!((&other["id"], &other["createdName"]), (&json!(9_007_199_254_740_994_i64), &json!("API")));

    let all = get(&sandbox, &machine()).await;
    assert_eq!(all.json(), json!({ "events": [wanted, other] }));
    assert!(all.body.contains("\"amount\":1.50"), "digits are kept: {}", all.body);
    let mine = raw(&sandbox, "GET", "/v1/events/user", &person(), "").await;
    assert_eq!(mine.json(), json!({ "events": [wanted] }));
    let nobody = raw(&sandbox, "GET", "/v1/events/user/", &machine(), "").await;
    assert_eq!(error(&nobody), (400, 907_001, Some("user_id".to_owned())));

    let path = "/v1/events/9007199254740993";
    let removed = raw(&sandbox, "DELETE", path, &machine(), "").await;
    assert_eq!((removed.status, removed.body.as_str()), (200, ""));
    let again = raw(&sandbox, "DELETE", &format!("{path}/"), &person(), "").await;
    assert_eq!(error(&again), (404, 907_004, Some("id".to_owned())));
    assert_eq!(raw(&sandbox, "GET", "/v1/events", &machine(), "").await.json()["events"], json!([other]));

    let lagerkoll = sandbox.lagerkoll();
    let counts = lagerkoll.counts();
    assert_eq!((counts["POST events"], counts["GET user"], counts["DELETE event"]), (2, 2, 2));
    let log = lagerkoll.take_requests();
    assert_eq!((log[0].credentials, log[1].credentials), (Credentials::User, Credentials::ApiKey));
    assert_eq!(log.iter().map(|one| one.applied).collect::<Vec<_>>()[..2], [true, true]);
    assert_eq!((log[5].status, log[5].applied, log[6].applied), (200, true, false));
    assert!(log.iter().all(|one| one.store.as_deref() == Some(DEMO_STORE)) && lagerkoll.requests().is_empty());
}

#[tokio::test]
async fn stores_and_users_keep_to_themselves() {
    let sandbox = sandbox().await;
    let lagerkoll = sandbox.lagerkoll();
    lagerkoll.add_store("two", "key two");
    let user = LagerkollUser { id: 7, token: "t".to_owned(), name: "Seven".to_owned() };
    assert!(lagerkoll.add_user("two", user.clone()) && !lagerkoll.add_user("three", user));
    assert_eq!(post(&sandbox, &machine(), &event()).await.status, 200);
    let two = "store: two\r\nuser_id: 7\r\nuser_token: t\r\n";
    assert_eq!(get(&sandbox, two).await.json(), json!({ "events": [] }));
    assert_eq!(get(&sandbox, "store: two\r\napi_key: key two\r\n").await.status, 200);
    let id = *lagerkoll.events(DEMO_STORE).keys().next().expect("an event");
    assert_eq!(raw(&sandbox, "DELETE", &format!("{EVENTS}{id}"), two, "").await.status, 404);
    let strangers = [
        String::new(),
        format!("store: two\r\napi_key: {DEMO_STORE_KEY}\r\n"),
        format!("store: three\r\napi_key: {DEMO_STORE_KEY}\r\n"),
        format!("store: {DEMO_STORE}\r\nuser_id: 7\r\nuser_token: t\r\n"),
        "store: two\r\nuser_id: 7\r\nuser_token: other\r\n".to_owned(),
        "store: two\r\nuser_id: 7\r\n".to_owned(),
        format!("api_key: {DEMO_STORE_KEY}\r\n"),
    ];
    for headers in strangers {
        assert_eq!(error(&get(&sandbox, &headers).await), (401, 900_001, None), "{headers}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let sandbox = sandbox().await;
    let mut cases =
        vec![(json!([]), None), (json!({ "actionType": "A" }), Some("action")), (json!({ "id": 1 }), Some("id"))];
    for (field, value) in
        [("trigger", json!([])), ("actionType", json!(1)), ("triggerType", json!("")), ("x", json!(1))]
    {
        let mut body = event();
        body[field] = value;
        cases.push((body, Some(field)));
    }
    for (body, field) in cases {
        let refused = post(&sandbox, &machine(), &body).await;
        assert_eq!(error(&refused), (400, 900_101, field.map(str::to_owned)), "{body}");
    }
    let untyped = raw(&sandbox, "POST", EVENTS, &machine(), &event().to_string()).await;
    assert_eq!(error(&untyped), (400, 900_101, Some("Content-Type".to_owned())));
    for (method, place, status) in [("GET", "other", 404), ("PUT", "1", 405), ("GET", "1", 405), ("POST", "user", 405)]
    {
        let refused = raw(&sandbox, method, &format!("{EVENTS}{place}"), &machine(), "").await;
        assert_eq!(error(&refused), (status, 900_101, None), "{method} {place}");
    }
    assert!(sandbox.lagerkoll().events(DEMO_STORE).is_empty());
    assert!(sandbox.lagerkoll().requests().iter().all(|one| !one.applied));
}

#[tokio::test]
async fn the_limit_goes_by_a_clock_that_can_be_moved() {
    let sandbox = sandbox().await;
    let lagerkoll = sandbox.lagerkoll();
    let rules = LagerkollRules { limit: 2, ..LagerkollRules::default() };
    lagerkoll.set_rules(rules.clone());
    lagerkoll.add_fault(Rule { after: 2, ..Rule::new(Fault::status(500)) });
    lagerkoll.add_store("two", "key");
    assert_eq!(get(&sandbox, &machine()).await.status, 200);
    assert_eq!(get(&sandbox, "store: two\r\napi_key: key\r\n").await.status, 200);
    let refused = get(&sandbox, &machine()).await;
    assert_eq!(error(&refused), (429, 900_429, None));
    let told = |reply: &Reply| {
        let line = reply.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        line.map(str::to_owned)
    };
    let seconds: u64 = told(&refused).expect("a header").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    lagerkoll.advance(Duration::from_secs(60));
    assert_eq!(error(&get(&sandbox, &machine()).await), (500, 900_101, None), "the fault has its turn now");
    lagerkoll.clear_faults();
    assert_eq!(get(&sandbox, &machine()).await.status, 200);
    lagerkoll.set_rules(LagerkollRules { retry_after: RetryAfter::Date, ..rules.clone() });
    assert!(told(&get(&sandbox, &machine()).await).is_some_and(|date| date.ends_with(" gmt")));
    lagerkoll.set_rules(LagerkollRules { retry_after: RetryAfter::Missing, ..rules.clone() });
    assert_eq!(told(&get(&sandbox, &machine()).await), None);
    lagerkoll.set_rules(LagerkollRules { limit: 0, ..rules });
    assert_eq!(get(&sandbox, &machine()).await.status, 200);
    let log = lagerkoll.requests();
    assert!(log[3].at >= log[2].at + Duration::from_secs(60));
}

#[tokio::test]
async fn events_change_behind_the_back() {
    let sandbox = sandbox().await;
    let lagerkoll = sandbox.lagerkoll();
    let odd = json!({ "id": 17, "actionType": "NEW", "trigger": { "b": [{ "d": 1.50, "c": null }] }, "extra": true });
    assert_eq!(lagerkoll.add(DEMO_STORE, object(odd)), Some(17));
    assert_eq!(lagerkoll.add("three", object(event())), None);
    let id = lagerkoll.add(DEMO_STORE, object(event())).expect("a store");
    assert!(lagerkoll.edit(DEMO_STORE, 17, |event| event["trigger"]["b"][0]["c"] = json!(2)));
    assert!(!lagerkoll.edit(DEMO_STORE, 18, |_| {}));
    assert!(lagerkoll.remove(DEMO_STORE, id).is_some() && lagerkoll.remove(DEMO_STORE, id).is_none());
    let straight = get(&sandbox, &machine()).await;
    let one = &straight.json()["events"][0];
    assert_eq!((&one["extra"], &one["trigger"]["b"][0]["c"]), (&json!(true), &json!(2)));
    lagerkoll.set_rules(LagerkollRules { reverse_keys: true, ..LagerkollRules::default() });
    let reversed = get(&sandbox, &machine()).await;
    assert_eq!(reversed.json(), straight.json());
    assert_ne!(reversed.body, straight.body);
}

#[tokio::test]
async fn it_goes_wrong_to_order() {
    let sandbox = sandbox().await;
    let lagerkoll = sandbox.lagerkoll();
    let lost = Rule { method: Some("POST".to_owned()), applied: true, times: Some(1), ..Rule::new(Fault::Reset) };
    lagerkoll.add_fault(Rule { store: Some("two".to_owned()), ..Rule::new(Fault::Hang) });
    lagerkoll.add_fault(lost);
    assert_eq!(post(&sandbox, &machine(), &event()).await.status, 0);
    assert_eq!(lagerkoll.events(DEMO_STORE).len(), 1, "it was done all the same");
    let id = lagerkoll.events(DEMO_STORE).into_keys().next().expect("an event");
    let keep = Rule { id: Some(id.to_string()), times: Some(1), ..Rule::new(Fault::status(503)) };
    lagerkoll.add_fault(keep);
    assert_eq!(raw(&sandbox, "DELETE", &format!("{EVENTS}{id}"), &machine(), "").await.status, 503);
    assert_eq!(lagerkoll.events(DEMO_STORE).len(), 1);

    lagerkoll.fail_next(Fault::Xml, 1);
    let xml = get(&sandbox, &machine()).await;
    assert!(xml.status == 200 && xml.head.contains("application/xml") && xml.body.starts_with("<?xml"), "{}", xml.head);
    lagerkoll.fail_next(Fault::json(json!({ "data": [] })), 1);
    assert_eq!(get(&sandbox, &machine()).await.json(), json!({ "data": [] }));
    lagerkoll.fail_next(Fault::HalfJson, 1);
    let half = get(&sandbox, &machine()).await;
    assert!(half.status == 200 && serde_json::from_str::<Value>(&half.body).is_err(), "{}", half.body);
    lagerkoll.add_fault(Rule { applied: true, times: Some(1), ..Rule::new(Fault::CutBody) });
    let cut = get(&sandbox, &machine()).await;
    assert!(cut.body.starts_with("{\"events\":[{\"action\""), "half of the true answer: {}", cut.body);
    assert_eq!(get(&sandbox, &machine()).await.status, 200);
}

#[tokio::test]
async fn lagerkoll_is_controlled_over_http() {
    let sandbox = sandbox().await;
    let lagerkoll = sandbox.lagerkoll();
    let ask = |method: &'static str, place: &'static str, body: &'static str| {
        let sandbox = &sandbox;
        async move { raw(sandbox, method, &format!("/sandbox/lagerkoll/{place}"), "", body).await }
    };
    assert_eq!(ask("POST", "stores", r#"{"store": "two", "api_key": "key"}"#).await.status, 204);
    assert_eq!(ask("POST", "users/two", r#"{"id": 7, "token": "t", "name": "Seven"}"#).await.status, 204);
    assert_eq!(ask("POST", "events/two", r#"{"id": 5, "x": 1}"#).await.json(), json!({ "id": 5 }));
    assert_eq!(ask("PATCH", "events/two/5", r#"{"x": 2}"#).await.status, 204);
    assert_eq!(ask("GET", "events", "").await.json()["two"]["5"]["x"], 2);
    let rules = ask("PUT", "rules", r#"{"limit": 1, "retry_after": "date"}"#).await.json();
    assert_eq!((&rules["limit"], &rules["window_ms"]), (&json!(1), &json!(60_000)));
    let two = "store: two\r\nuser_id: 7\r\nuser_token: t\r\n";
    assert_eq!([get(&sandbox, two).await.status, get(&sandbox, two).await.status], [200, 429]);
    assert_eq!(ask("POST", "advance", r#"{"seconds": 60}"#).await.status, 204);
    assert_eq!(
        ask("POST", "faults", r#"{"fault": {"json": {"code": 418, "body": []}}, "store": "two"}"#).await.status,
        201
    );
    let told = get(&sandbox, two).await;
    assert_eq!((told.status, told.json()), (418, json!([])));
    assert_eq!(ask("DELETE", "faults", "").await.status, 204);
    assert_eq!(ask("GET", "requests", "").await.json()[0]["credentials"], "user");
    assert_eq!(ask("GET", "counts", "").await.json()["GET events"], 3);
    assert_eq!(ask("DELETE", "events/two/5", "").await.status, 204);
    assert!(lagerkoll.events("two").is_empty());
    for (method, place) in [
        ("DELETE", "events/two/5"),
        ("PATCH", "events/two/x"),
        ("POST", "events/none"),
        ("POST", "events/two/x"),
        ("GET", "x"),
    ] {
        assert_eq!(ask(method, place, "{}").await.status, 404, "{method} {place}");
    }
    assert_eq!(ask("PUT", "rules", r#"{"retry_after": "never"}"#).await.status, 400);
    assert!(raw(&sandbox, "GET", "/sandbox/", "", "").await.body.contains("/sandbox/lagerkoll/"));
}

#[tokio::test]
async fn the_section_is_toml() {
    let sandbox = sandbox().await;
    let section: toml::Table = sandbox.lagerkoll_section().parse().expect("TOML");
    assert_eq!(section["lagerkoll"]["base_url"].as_str(), Some(sandbox.lagerkoll_url().as_str()));
    assert!(sandbox.lagerkoll_url().ends_with(EVENTS));
}
