//! The sandbox as a client sees it, over real connections.

mod emplifi;
mod imports;
mod lagerkoll;
mod newstore;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::sign::sign;
use super::{Fault, Feed, Kind, Object, Options, Rule, Rules, Sandbox, cdn_address};

const PRODUCTS: &str = "/marketplaces/v1/products/";
const CATEGORIES: &str = "/marketplaces/v1/categories/";

/// What came back on a connection, up to its end.
struct Reply {
    /// 0 when nothing came.
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    fn results(&self) -> Value {
        self.json()["result"]["results"].take()
    }
}

async fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).await.expect("a free port")
}

/// Sends one request on a connection of its own and reads until the other side closes it.
async fn raw(sandbox: &Sandbox, method: &str, target: &str, headers: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(sandbox.addr()).await.expect("it listens");
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}",
        sandbox.addr()
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut bytes = Vec::new();
    // A reset after some bytes is as good as an end.
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
    Reply {
        status: head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

/// Sends a request to NiceChat with a right signature.
async fn signed(sandbox: &Sandbox, method: &str, target: &str, body: &str) -> Reply {
    let path = target.split('?').next().unwrap_or_default();
    let signature = sign(sandbox.secret(), path, body.as_bytes(), method);
    let headers = format!("X-API-Key: {}\r\nX-API-Sign: {signature}\r\n", sandbox.key());
    raw(sandbox, method, target, &headers, body).await
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn product(id: &str) -> Object {
    object(json!({ "id": id, "title": format!("Product {id}") }))
}

#[tokio::test]
async fn an_object_lives_and_dies() {
    let sandbox = sandbox().await;
    let body = r#"{"id": "a/b", "title": "A", "price": 10.00, "category": "none"}"#;
    let created = signed(&sandbox, "POST", PRODUCTS, body).await;
    assert_eq!(created.status, 201);
    assert!(created.body.contains(r#""price":10.00"#), "digits are kept: {}", created.body);
    assert_eq!(created.json()["code"], json!(201));
    let again = signed(&sandbox, "POST", PRODUCTS, body).await;
    assert_eq!(again.status, 412);
    assert_eq!(again.json()["description"], "Object with this ID already exists");

    let path = format!("{PRODUCTS}a%2Fb/");
    let patched = signed(&sandbox, "PATCH", &path, r#"{"price": 12.5, "category": null}"#).await;
    assert_eq!(patched.status, 202);
    let result = patched.json()["result"].take();
    assert_eq!(result, json!({ "title": "A", "price": 12.5, "category": null }), "without an id");
    assert_eq!(
        sandbox.nicechat().object(Kind::Product, "a/b"),
        Some(object(json!({ "id": "a/b", "title": "A", "price": 12.5 })))
    );
    assert_eq!(signed(&sandbox, "PUT", &path, r#"{"title": "B"}"#).await.status, 202);
    assert!(!sandbox.nicechat().objects(Kind::Product)["a/b"].contains_key("price"));

    let deleted = signed(&sandbox, "DELETE", &path, "").await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    for method in ["PUT", "PATCH", "DELETE"] {
        let gone = signed(&sandbox, method, &path, r#"{"title": "C"}"#).await;
        let wanted = if method == "DELETE" { 401 } else { 404 };
        assert_eq!(gone.status, wanted, "{method}; the body of a DELETE is not signed");
    }
    assert_eq!(signed(&sandbox, "DELETE", &path, "").await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let sandbox = sandbox().await;
    assert_eq!(raw(&sandbox, "GET", PRODUCTS, "", "").await.status, 401);
    let bad = signed(&sandbox, "POST", PRODUCTS, r#"{"id": "1", "title": "A", "price": "9"}"#).await;
    assert_eq!(bad.status, 400);
    assert_eq!(bad.json()["status"], "error");
    assert!(bad.json()["description"].as_str().expect("text").starts_with("price"));
    assert_eq!(signed(&sandbox, "GET", "/marketplaces/v1/things/", "").await.status, 404);
    assert_eq!(signed(&sandbox, "PATCH", PRODUCTS, "{}").await.status, 405);
    assert_eq!(signed(&sandbox, "POST", "/marketplaces/v1/orders/", "{}").await.status, 405);
    assert_eq!(signed(&sandbox, "GET", "/marketplaces/v1/orders/", "").await.results(), json!([]));
    sandbox.nicechat().set_secret("another");
    assert_eq!(signed(&sandbox, "GET", PRODUCTS, "").await.status, 401);
    assert!(sandbox.nicechat().requests().iter().all(|logged| !logged.applied));
}

#[tokio::test]
async fn strict_categories_and_deletes_with_a_body() {
    let sandbox = sandbox().await;
    sandbox.nicechat().set_rules(Rules { strict_categories: true, delete_with_body: true, ..Rules::default() });
    let body = r#"{"id": "1", "title": "A", "category": "c"}"#;
    assert_eq!(signed(&sandbox, "POST", PRODUCTS, body).await.status, 400);
    assert_eq!(signed(&sandbox, "POST", CATEGORIES, r#"{"id": "c", "name": "C"}"#).await.status, 201);
    assert_eq!(signed(&sandbox, "POST", PRODUCTS, body).await.status, 201);
    let deleted = signed(&sandbox, "DELETE", &format!("{CATEGORIES}c/"), "").await;
    assert_eq!((deleted.status, &deleted.json()["code"]), (200, &json!(204)));
}

#[tokio::test]
async fn listings_come_in_pages() {
    let options = Options { page_size: 2, ..Options::default() };
    let sandbox = Sandbox::start(options).await.expect("a free port");
    let empty = signed(&sandbox, "GET", PRODUCTS, "").await;
    assert_eq!(empty.json()["result"]["next"], Value::Null);
    for id in ["1", "2", "3", "4", "5"] {
        assert!(sandbox.nicechat().put(Kind::Product, product(id)));
    }
    let mut ids = Vec::new();
    let mut next = Some(PRODUCTS.to_owned());
    while let Some(target) = next {
        let page = signed(&sandbox, "GET", &target, "").await;
        assert_eq!(page.json()["result"]["count"], json!(5));
        let results = page.results();
        ids.extend(results.as_array().expect("a list").iter().map(|one| one["id"].clone()));
        let link = page.json()["result"]["next"].as_str().map(str::to_owned);
        next = link.map(|link| link.strip_prefix(&sandbox.base_url()).expect("a whole URL").to_owned());
    }
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(signed(&sandbox, "GET", &format!("{PRODUCTS}?page=4"), "").await.status, 404);
    sandbox.nicechat().set_rules(Rules { next_as_path: true, page_size: 3, ..Rules::default() });
    let page = signed(&sandbox, "GET", PRODUCTS, "").await;
    assert_eq!(page.json()["result"]["next"], format!("{PRODUCTS}?page=2"));
}

#[tokio::test]
async fn fields_are_rewritten_in_listings() {
    let sandbox = sandbox().await;
    let nicechat = sandbox.nicechat();
    let rules = Rules { cdn: true, trim_html: true, float_prices: true, ..Rules::default() };
    nicechat.set_rules(rules.clone());
    let image = "https://shop.example/1.jpg";
    let sent = json!({ "id": "1", "title": "A", "image_url": image, "description": "<p> a </p>", "price": 10 });
    let reply = signed(&sandbox, "POST", PRODUCTS, &sent.to_string()).await;
    assert_eq!(reply.json()["result"], sent, "the reply gives what was sent");
    let listed = signed(&sandbox, "GET", PRODUCTS, "").await;
    assert!(listed.body.contains(r#""price":10.0"#), "{}", listed.body);
    let results = listed.results();
    assert_eq!(results[0]["description"], "<p>a</p>");
    assert_eq!(results[0]["image_url"], cdn_address(image));

    let path = format!("{PRODUCTS}1/");
    let back = json!({ "image_url": cdn_address(image) }).to_string();
    assert_eq!(signed(&sandbox, "PATCH", &path, &back).await.status, 202);
    assert_eq!(nicechat.image_fetches(), 1, "its own address needs no fetching");
    nicechat.set_rules(Rules { rewrite_replies: true, ..rules });
    let again = json!({ "image_url": image }).to_string();
    let reply = signed(&sandbox, "PATCH", &path, &again).await;
    assert_eq!(reply.json()["result"]["image_url"], cdn_address(image));
    assert_eq!(nicechat.image_fetches(), 2);
}

#[tokio::test]
async fn faults_before_and_after_the_effect() {
    let sandbox = sandbox().await;
    let nicechat = sandbox.nicechat();
    let too_many = Fault::Status { code: 429, retry_after: Some("3".to_owned()), html: false };
    nicechat.fail_next(too_many, 1);
    let post = |id: &'static str| {
        let body = Value::Object(product(id)).to_string();
        let sandbox = &sandbox;
        async move { signed(sandbox, "POST", PRODUCTS, &body).await }
    };
    let reply = post("1").await;
    assert_eq!(reply.status, 429);
    assert!(reply.head.contains("retry-after: 3"), "{}", reply.head);
    assert!(nicechat.object(Kind::Product, "1").is_none());

    let applied = |fault| Rule { applied: true, times: Some(1), ..Rule::new(fault) };
    nicechat.add_fault(applied(Fault::Reset));
    assert_eq!(post("1").await.status, 0);
    assert!(nicechat.object(Kind::Product, "1").is_some());
    nicechat.add_fault(applied(Fault::HalfJson));
    let half = post("2").await;
    assert_eq!(half.status, 201);
    assert!(serde_json::from_str::<Value>(&half.body).is_err());
    assert!(half.head.contains(&format!("content-length: {}", half.body.len())));
    nicechat.add_fault(applied(Fault::CutBody));
    let cut = post("3").await;
    assert!(!cut.body.is_empty(), "half of it came");
    assert!(!cut.head.contains(&format!("content-length: {}\r", cut.body.len())));
    nicechat.fail_next(Fault::Html200, 1);
    let page = post("4").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<html>"));
    assert_eq!(post("4").await.status, 201);

    let statuses: Vec<_> = nicechat.take_requests().iter().map(|one| (one.status, one.applied)).collect();
    assert_eq!(statuses, [(429, false), (0, true), (201, true), (201, true), (200, false), (201, true)]);
    assert!(nicechat.counts().is_empty());
}

#[tokio::test]
async fn a_hang_ends_with_the_sandbox() {
    let sandbox = sandbox().await;
    sandbox.nicechat().fail_next(Fault::Hang, 1);
    let mut stream = TcpStream::connect(sandbox.addr()).await.expect("it listens");
    let request = format!("GET {PRODUCTS} HTTP/1.1\r\nHost: here\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut bytes = Vec::new();
    let waiting = timeout(Duration::from_millis(100), stream.read_to_end(&mut bytes)).await;
    assert!(waiting.is_err(), "no answer");
    assert_eq!(sandbox.nicechat().counts()["GET products"], 1);
    drop(sandbox);
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
    assert!(ended.is_ok() && bytes.is_empty(), "closed without an answer");
}

#[tokio::test]
async fn requests_in_flight_are_counted() {
    let sandbox = sandbox().await;
    let latency = Duration::from_millis(100);
    sandbox.nicechat().set_rules(Rules { latency, ..Rules::default() });
    let get = || signed(&sandbox, "GET", PRODUCTS, "");
    let (a, b, c) = tokio::join!(get(), get(), get());
    assert_eq!([a.status, b.status, c.status], [200; 3]);
    assert_eq!(sandbox.nicechat().max_in_flight(), 3);
}

#[tokio::test]
async fn feeds_are_served_well_and_badly() {
    let sandbox = sandbox().await;
    let shop = sandbox.shop();
    let get = |path: &'static str, headers: &'static str| {
        let sandbox = &sandbox;
        async move { raw(sandbox, "GET", path, headers, "").await }
    };
    shop.put("a feed.txt", "id\ttitle\n", "text/tab-separated-values");
    assert!(shop.url("a feed.txt").ends_with("/shop/a%20feed.txt"));
    let reply = get("/shop/a%20feed.txt", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "id\ttitle\n"));
    let etag = reply.head.lines().find(|line| line.starts_with("etag: ")).expect("an etag");
    let known = format!("If-None-Match: {}\r\n", &etag[6..]);
    assert_eq!(raw(&sandbox, "GET", "/shop/a%20feed.txt", &known, "").await.status, 304);
    assert_eq!(get("/shop/other", "").await.status, 404);

    let feed = Feed { body: "0123456789".into(), ..Feed::default() };
    shop.put_with("cut", Feed { cut_after: Some(4), ..feed.clone() });
    let cut = get("/shop/cut", "").await;
    assert_eq!(cut.body, "0123");
    assert!(cut.head.contains("content-length: 10"), "{}", cut.head);
    shop.put_with("chunked", Feed { chunked: true, ..feed.clone() });
    assert!(get("/shop/chunked", "").await.head.contains("transfer-encoding: chunked"));
    shop.put_with("moved", Feed { status: 302, location: Some("/shop/cut".to_owned()), ..feed.clone() });
    assert!(get("/shop/moved", "").await.head.contains("location: /shop/cut"));
    let basic_auth = Some(("Aladdin".to_owned(), "open sesame".to_owned()));
    shop.put_with("locked", Feed { basic_auth, gzip: true, ..feed });
    assert_eq!(get("/shop/locked", "").await.status, 401);
    let open = get("/shop/locked", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n").await;
    assert!(open.head.contains("content-encoding: gzip"), "{}", open.head);
    let last = shop.requests().pop().expect("a request");
    assert_eq!((last.path.as_str(), last.status), ("/shop/locked", 200));
    assert!(last.headers.contains_key("authorization"));
}

#[tokio::test]
async fn control_over_http() {
    let sandbox = sandbox().await;
    let ask = |method: &'static str, place: &'static str, body: &'static str| {
        let sandbox = &sandbox;
        async move { raw(sandbox, method, &format!("/sandbox/{place}"), "", body).await }
    };
    assert!(ask("GET", "", "").await.body.contains("/sandbox/faults"));
    assert_eq!(ask("POST", "objects/products", r#"{"id": "1", "title": "A", "price": 1.50}"#).await.status, 204);
    assert!(ask("GET", "objects", "").await.body.contains("1.50"));
    let rules = ask("PUT", "rules", r#"{"cdn": true, "latency_ms": 1}"#).await;
    assert_eq!(rules.status, 200);
    assert!(sandbox.nicechat().rules().cdn && sandbox.nicechat().rules().page_size == 100);
    let fault = r#"{"fault": {"status": {"code": 503}}, "kind": "products", "times": 1}"#;
    assert_eq!(ask("POST", "faults", fault).await.status, 201);
    assert_eq!(signed(&sandbox, "GET", PRODUCTS, "").await.status, 503);
    assert!(ask("GET", "requests", "").await.body.contains("503"));
    assert_eq!(ask("DELETE", "faults", "").await.status, 204);
    for (method, place, body) in [
        ("PUT", "rules", r#"{"page_size": 0}"#),
        ("PUT", "rules", r#"{"unknown": 1}"#),
        ("POST", "faults", r#"{"fault": "explode"}"#),
        ("POST", "faults", r#"{"fault": {"status": {"code": 42}}}"#),
        ("POST", "objects/products", "{}"),
    ] {
        assert_eq!(ask(method, place, body).await.status, 400, "{method} {place} {body}");
    }
    assert_eq!(ask("GET", "else", "").await.status, 404);
}

#[tokio::test]
async fn the_config_section_is_toml() {
    let secret = "quote \" and \\".to_owned();
    let options = Options { secret: secret.clone(), ..Options::default() };
    let sandbox = Sandbox::start(options).await.expect("a free port");
    let section: toml::Table = sandbox.config_section().parse().expect("TOML");
    assert_eq!(section["nicechat"]["api_secret"].as_str(), Some(secret.as_str()));
    assert_eq!(section["nicechat"]["base_url"].as_str(), Some(sandbox.base_url().as_str()));
}
