//! Emplifi: who is there, who may ask, and how it goes wrong.

use super::*;
use crate::{DEMO_ADVISOR, DEMO_EMPLIFI_KEY, EmplifiRules};

const ROOT: &str = "/gis/rest/api/v1/live-advisor";

async fn ask(sandbox: &Sandbox, method: &str, place: &str, body: &str) -> Reply {
    raw(sandbox, method, &format!("{ROOT}/{place}"), &format!("api-key: {DEMO_EMPLIFI_KEY}\r\n"), body).await
}

async fn control(sandbox: &Sandbox, method: &str, place: &str, body: &str) -> Reply {
    raw(sandbox, method, &format!("/sandbox/emplifi/{place}"), "", body).await
}

#[tokio::test]
async fn an_advisor_is_asked_for_and_leaves() {
    let sandbox = sandbox().await;
    let place = format!("direct/{DEMO_ADVISOR}/is-available");
    assert_eq!(ask(&sandbox, "GET", &place, "").await.json(), json!({"availability": "AVAILABLE"}));
    let changed = control(&sandbox, "PATCH", &format!("advisors/{DEMO_ADVISOR}"), r#"{"available": false}"#).await;
    assert_eq!((changed.status, &changed.json()["available"]), (200, &json!(false)));
    assert_eq!(ask(&sandbox, "GET", &place, "").await.json(), json!({"availability": "NOT_AVAILABLE"}));
    assert_eq!(ask(&sandbox, "GET", "direct/nobody/is-available", "").await.status, 404);
    assert_eq!(raw(&sandbox, "GET", &format!("{ROOT}/{place}"), "api-key: x\r\n", "").await.status, 401);
    let counts = control(&sandbox, "GET", "counts", "").await.json();
    assert_eq!(counts, json!({"GET direct": 4}));
}

#[tokio::test]
async fn rules_find_whoever_has_the_keys() {
    let sandbox = sandbox().await;
    let beds = r#"[{"alias": "beds", "keys": ["beds"], "available": true}]"#;
    assert_eq!(control(&sandbox, "PUT", "advisors", beds).await.status, 200);
    assert_eq!(sandbox.emplifi().advisors().len(), 1);
    let place = "multi-level/any-available";
    let rule = ask(&sandbox, "POST", place, r#"{"required-routing-keys": ["beds", "de"]}"#).await;
    assert_eq!(rule.json(), json!({"availability": "NOT_AVAILABLE"}));
    let rule = ask(&sandbox, "POST", place, r#"{"required-routing-keys": ["beds", "de"], "operator": "OR"}"#).await;
    assert_eq!(rule.json(), json!({"availability": "AVAILABLE"}));
    assert_eq!(ask(&sandbox, "POST", place, r#"{"keys": []}"#).await.status, 400);
}

#[tokio::test]
async fn it_goes_wrong_on_demand() {
    let sandbox = sandbox().await;
    let fault = r#"{"fault": {"status": {"code": 503}}, "id": "sofa-team", "times": 1}"#;
    assert_eq!(control(&sandbox, "POST", "faults", fault).await.status, 201);
    let place = format!("direct/{DEMO_ADVISOR}/is-available");
    assert_eq!(ask(&sandbox, "GET", &place, "").await.status, 503);
    assert_eq!(ask(&sandbox, "GET", &place, "").await.status, 200);
    assert_eq!(control(&sandbox, "PUT", "rules", r#"{"latency_ms": 1}"#).await.status, 200);
    assert_eq!(sandbox.emplifi().rules(), EmplifiRules { latency: std::time::Duration::from_millis(1) });
    let requests = control(&sandbox, "GET", "requests", "").await.json();
    assert_eq!((&requests[0]["status"], &requests[0]["authorized"]), (&json!(503), &json!(true)));
}
