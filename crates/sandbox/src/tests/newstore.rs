//! NewStore: who may ask, what is bought, and how it goes wrong.

use super::*;
use crate::{DEMO_NEWSTORE_CLIENT_ID, DEMO_NEWSTORE_CLIENT_SECRET, DEMO_NEWSTORE_TENANT, DEMO_NEWSTORE_TOKEN};

const ROOT: &str = "/clienteling";

async fn ask_as(sandbox: &Sandbox, token: &str, method: &str, place: &str, body: &str) -> Reply {
    let headers = format!("Authorization: Bearer {token}\r\nTenant: {DEMO_NEWSTORE_TENANT}\r\n");
    raw(sandbox, method, &format!("{ROOT}/{place}"), &headers, body).await
}

async fn ask(sandbox: &Sandbox, method: &str, place: &str, body: &str) -> Reply {
    ask_as(sandbox, DEMO_NEWSTORE_TOKEN, method, place, body).await
}

async fn control(sandbox: &Sandbox, method: &str, place: &str, body: &str) -> Reply {
    raw(sandbox, method, &format!("/sandbox/newstore/{place}"), "", body).await
}

async fn token(sandbox: &Sandbox, secret: &str) -> Reply {
    let path = format!("/auth/realms/{DEMO_NEWSTORE_TENANT}/protocol/openid-connect/token");
    let form = format!("grant_type=client_credentials&client_id={DEMO_NEWSTORE_CLIENT_ID}&client_secret={secret}");
    raw(sandbox, "POST", &path, "", &form).await
}

#[tokio::test]
async fn a_number_that_is_bought_vanishes() {
    let sandbox = sandbox().await;
    let numbers = ask(&sandbox, "GET", "stores/10001/available-phone-numbers", "").await.json();
    assert_eq!(numbers[1], json!({"phone_number": "+13055550100", "locality": "Miami", "region": "FL"}));
    let body = r#"{"phone_number": "+13055550100"}"#;
    assert_eq!(ask(&sandbox, "POST", "stores/10001/onboard?enable=true", body).await.status, 201);
    assert_eq!(control(&sandbox, "GET", "numbers", "").await.json().as_array().map(Vec::len), Some(3));
    let stores = control(&sandbox, "GET", "stores", "").await.json();
    assert_eq!(stores[0], json!({"id": "10001", "phone_number": "+13055550100", "enabled": true}));
    assert_eq!(ask(&sandbox, "POST", "stores/10001/onboard", body).await.status, 409);
    let sold = ask(&sandbox, "POST", "stores/10002/onboard", body).await;
    assert_eq!((sold.status, sold.json()["request_id"].is_string()), (400, true));
    assert_eq!(ask(&sandbox, "POST", "stores/nowhere/onboard", body).await.status, 404);
    assert_eq!(ask(&sandbox, "GET", "elsewhere", "").await.body, "404 page not found\n");
    let link = r#"{"ecom_link": "https://shop.example"}"#;
    assert_eq!(ask(&sandbox, "POST", "retailers", link).await.status, 201);
    assert_eq!(ask(&sandbox, "POST", "retailers", link).await.status, 409);
    assert_eq!(control(&sandbox, "GET", "retailer", "").await.json()["ecom_link"], "https://shop.example");
    let counts = control(&sandbox, "GET", "counts", "").await.json();
    assert_eq!((&counts["POST onboard"], &counts["GET numbers"], &counts["GET ?"]), (&json!(4), &json!(1), &json!(1)));
}

#[tokio::test]
async fn tokens_are_given_and_end() {
    let sandbox = sandbox().await;
    assert_eq!(token(&sandbox, "wrong").await.status, 401);
    let given = token(&sandbox, DEMO_NEWSTORE_CLIENT_SECRET).await.json();
    let good = given["access_token"].as_str().expect("a token").to_owned();
    let place = "stores/10001/available-phone-numbers";
    assert_eq!(
        (given["expires_in"].as_u64(), ask_as(&sandbox, &good, "GET", place, "").await.status),
        (Some(300), 200)
    );
    assert_eq!(control(&sandbox, "DELETE", "tokens", "").await.status, 204);
    assert_eq!(ask_as(&sandbox, &good, "GET", place, "").await.status, 403);
    assert_eq!(raw(&sandbox, "GET", &format!("{ROOT}/{place}"), "", "").await.status, 401);
    let other = format!("Authorization: Bearer {DEMO_NEWSTORE_TOKEN}\r\nTenant: other\r\n");
    assert_eq!(raw(&sandbox, "GET", &format!("{ROOT}/{place}"), &other, "").await.status, 403);
    let rules = control(&sandbox, "PUT", "rules", r#"{"token_seconds": 0}"#).await.json();
    assert_eq!(rules["paths"]["retailer"], "POST /clienteling/retailers");
    let late = token(&sandbox, DEMO_NEWSTORE_CLIENT_SECRET).await.json();
    let late = late["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(ask_as(&sandbox, &late, "GET", place, "").await.status, 403);
}

#[tokio::test]
async fn it_moves_and_goes_wrong_on_demand() {
    let sandbox = sandbox().await;
    let paths = r#"{"paths": {"numbers": "GET /v2/stores/{store_id}/numbers", "status": "GET /v2/retailer"}}"#;
    assert_eq!(control(&sandbox, "PUT", "rules", paths).await.status, 200);
    let headers = format!("Authorization: Bearer {DEMO_NEWSTORE_TOKEN}\r\nTenant: {DEMO_NEWSTORE_TENANT}\r\n");
    let get = async |path: &str| raw(&sandbox, "GET", path, &headers, "").await;
    assert_eq!((get("/v2/stores/10001/numbers").await.status, get("/v2/retailer").await.status), (200, 200));
    assert_eq!(ask(&sandbox, "GET", "stores/10001/available-phone-numbers", "").await.status, 404);
    let fault = r#"{"fault": "reset", "applied": true, "id": "10001", "times": 1}"#;
    assert_eq!(control(&sandbox, "POST", "faults", fault).await.status, 201);
    let number = r#"{"phone_number": "+49301234567", "owned": true}"#;
    assert_eq!(control(&sandbox, "POST", "numbers", number).await.status, 200);
    let body = r#"{"phone_number": "+49301234567"}"#;
    assert_eq!(ask(&sandbox, "POST", "stores/10001/onboard", body).await.status, 0);
    assert_eq!(sandbox.newstore().stores()[0].phone_number.as_deref(), Some("+49301234567"));
    let logged = sandbox.newstore().take_requests().pop().expect("a request");
    assert_eq!((logged.status, logged.applied, logged.authorized), (0, true, true));
    assert_eq!(
        control(&sandbox, "PUT", "stores", r#"[{"id": "a"}]"#).await.json(),
        json!([{"id": "a", "phone_number": null, "enabled": false}])
    );
    assert_eq!(control(&sandbox, "DELETE", "stores/a", "").await.status, 204);
    assert_eq!(control(&sandbox, "DELETE", "numbers/+13055550100", "").await.status, 204);
}
