//! Feed imports: their course, what they do, and how they go wrong.

use std::num::NonZeroUsize;

use tokio::net::TcpListener;

use super::*;
use crate::{ImportFails, ImportFailure, ImportSeen, ImportState};

const PUSH: &str = "/marketplaces/v1/import-products/";
const RESULT: &str = "/marketplaces/v1/import-products-result/";

const TEXT: &str = "id\ttitle\tlink\timage_link\tprice\tavailability\tproduct_type\n\
    1\tLamp\thttp://shop.example/1\thttp://shop.example/1.jpg\t15.00 USD\tin_stock\tHome > Light\n\
    2\tDesk\thttp://shop.example/2\t\t7 USD\tout of stock\tHome\n\
    3\tSofa\t\t\t\t\t\n";

const YML: &str = "<yml_catalog><shop><categories><category id='7'>Home</category></categories><offers>\
    <offer id='1'><name>Lamp</name><price>15.00</price><currencyId>USD</currencyId><categoryId>7</categoryId></offer>\
    <offer id='2' available='false'><name>Desk</name><categoryId>7</categoryId></offer></offers></shop></yml_catalog>";

/// A sandbox whose shop has [`TEXT`] at `feed.txt` and [`YML`] at `feed.yml`.
async fn stocked() -> Sandbox {
    let sandbox = sandbox().await;
    sandbox.shop().put("feed.txt", TEXT, "text/plain");
    sandbox.shop().put("feed.yml", YML, "application/xml");
    sandbox
}

fn fails(failure: ImportFailure) -> Rules {
    Rules { import_fails: Some(ImportFails::always(failure)), ..Rules::default() }
}

/// Pushes a feed of the shop, and gives its token.
async fn push(sandbox: &Sandbox, file: &str) -> String {
    let format = if file.ends_with(".yml") { "yml" } else { "google-csv" };
    push_body(sandbox, json!({ "format": format, "url": sandbox.shop().url(file) })).await
}

async fn push_body(sandbox: &Sandbox, body: Value) -> String {
    let reply = signed(sandbox, "POST", PUSH, &body.to_string()).await;
    assert_eq!((reply.status, reply.json()["description"].as_str()), (201, Some("Created")), "{}", reply.body);
    reply.json()["result"]["token"].as_str().expect("a token").to_owned()
}

async fn poll(sandbox: &Sandbox, token: &str) -> Reply {
    signed(sandbox, "GET", &format!("{RESULT}{token}/"), "").await
}

/// Waits until an import is as wanted, and gives it.
async fn seen(sandbox: &Sandbox, token: &str, is_wanted: impl Fn(&ImportSeen) -> bool) -> ImportSeen {
    let waiting = async {
        loop {
            let imports = sandbox.nicechat().imports();
            let seen = imports.into_iter().find(|seen| seen.token == token).expect("the import");
            if is_wanted(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("the import gets there")
}

async fn ended(sandbox: &Sandbox, token: &str) -> ImportSeen {
    seen(sandbox, token, |seen| matches!(seen.state, ImportState::Success | ImportState::Failed)).await
}

/// Pushes the text feed and waits for its end.
async fn import(sandbox: &Sandbox) -> ImportSeen {
    let token = push(sandbox, "feed.txt").await;
    ended(sandbox, &token).await
}

#[tokio::test]
async fn a_text_feed_is_imported() {
    let sandbox = stocked().await;
    let nicechat = sandbox.nicechat();
    let old = json!({ "id": "3", "title": "Old", "url": "http://shop.example/3", "version": "1" });
    nicechat.put(Kind::Product, object(old));
    nicechat.put(Kind::Product, product("other"));
    let token = push(&sandbox, "feed.txt").await;
    assert_eq!((token.len(), token.split('-').count()), (36, 5), "{token}");
    let seen = ended(&sandbox, &token).await;
    assert_eq!((seen.state, seen.imported, seen.fetched, seen.problem), (ImportState::Success, 3, Some(200), None));

    let result = poll(&sandbox, &token).await.json()["result"].take();
    assert_eq!((&result["state"], &result["imported elements count"]), (&json!("success"), &json!(3)));
    for time in ["pushed", "updated"] {
        let text = result[time].as_str().expect("a time");
        assert!(text.len() == 32 && text.ends_with("+00:00"), "{text}");
    }
    let categories = nicechat.objects(Kind::Category);
    let names: Vec<_> = categories.values().map(|category| category["name"].as_str()).collect();
    assert_eq!(categories.len(), 2);
    assert!(names.contains(&Some("Home > Light")) && names.contains(&Some("Home")), "{names:?}");
    let products = nicechat.objects(Kind::Product);
    assert_eq!(products["1"]["price"].to_string(), "15.00", "digits are kept");
    assert!(categories.contains_key(products["1"]["category"].as_str().expect("a category")));
    assert_eq!(products["3"], object(json!({ "id": "3", "title": "Sofa", "in_stock": false })), "the rest is cleared");
    assert_eq!(products["other"], product("other"), "what is not in the feed stays");
    assert_eq!(nicechat.image_fetches(), 1);

    let counts = nicechat.counts();
    assert_eq!((counts["POST import-products"], counts["GET import-products-result"]), (1, 1));
    let requests = nicechat.requests();
    assert_eq!((requests[0].applied, requests[1].id.as_ref()), (true, Some(&token)));
    let fetched = sandbox.shop().requests();
    assert_eq!(fetched[0].headers["accept-encoding"], "gzip");
}

#[tokio::test]
async fn a_yml_feed_is_imported_packed_or_not() {
    let sandbox = stocked().await;
    let nicechat = sandbox.nicechat();
    nicechat.put(Kind::Category, object(json!({ "id": "7", "name": "Old", "is_enabled": false })));
    sandbox.shop().put_with("packed.yml", Feed { body: YML.into(), gzip: true, ..Feed::default() });
    for file in ["feed.yml", "packed.yml"] {
        let token = push(&sandbox, file).await;
        let seen = ended(&sandbox, &token).await;
        assert_eq!((seen.state, seen.imported), (ImportState::Success, 2), "{file}: {:?}", seen.problem);
    }
    let category = object(json!({ "id": "7", "name": "Home", "is_enabled": true }));
    assert_eq!(nicechat.object(Kind::Category, "7"), Some(category));
    let desk = json!({ "id": "2", "title": "Desk", "category": "7", "in_stock": false });
    assert_eq!(nicechat.object(Kind::Product, "2"), Some(object(desk)));
    assert_eq!(nicechat.object(Kind::Product, "1").expect("a product")["currency"], "usd");
}

#[tokio::test]
async fn an_import_takes_its_time() {
    let sandbox = stocked().await;
    let rules = fails(ImportFailure::StuckEnqueued);
    sandbox.nicechat().set_rules(rules);
    let token = push(&sandbox, "feed.txt").await;
    assert_eq!(poll(&sandbox, &token).await.json()["result"]["state"], "enqueued");
    sandbox.nicechat().set_rules(fails(ImportFailure::StuckStarted));
    let token = push(&sandbox, "feed.txt").await;
    seen(&sandbox, &token, |seen| seen.state == ImportState::Started).await;
    let result = poll(&sandbox, &token).await.json()["result"].take();
    assert_eq!((&result["state"], &result["imported elements count"]), (&json!("started"), &Value::Null));
    let half_minute = Duration::from_secs(30);
    sandbox.nicechat().set_rules(Rules { import_started: half_minute, ..Rules::default() });
    let token = push(&sandbox, "feed.txt").await;
    seen(&sandbox, &token, |seen| seen.state == ImportState::Started).await;
    assert!(sandbox.shop().requests().is_empty() && sandbox.nicechat().objects(Kind::Product).is_empty());
    assert_eq!(poll(&sandbox, "no-such-token").await.status, 404);
}

#[tokio::test]
async fn imports_go_wrong_to_order() {
    let sandbox = stocked().await;
    let nicechat = sandbox.nicechat();
    let twice = ImportFails::next(2, ImportFailure::Before);
    nicechat.set_rules(Rules { import_fails: Some(twice), ..Rules::default() });
    for _ in 0..2 {
        let seen = import(&sandbox).await;
        assert_eq!((seen.state, seen.imported, seen.fetched), (ImportState::Failed, 0, Some(200)));
        assert_eq!(poll(&sandbox, &seen.token).await.json()["result"]["state"], "failed");
        assert!(nicechat.objects(Kind::Product).is_empty());
    }
    assert_eq!(import(&sandbox).await.state, ImportState::Success, "the third time all is well");

    let every = NonZeroUsize::MIN.saturating_add(1);
    for (failure, state, left) in [
        (ImportFailure::Halfway, ImportState::Failed, vec!["1"]),
        (ImportFailure::Partial { every }, ImportState::Success, vec!["1", "3"]),
        (ImportFailure::Forgotten { imported: true }, ImportState::Success, vec!["1", "2", "3"]),
    ] {
        for id in ["1", "2", "3"] {
            nicechat.remove(Kind::Product, id);
        }
        nicechat.set_rules(fails(failure));
        let seen = import(&sandbox).await;
        assert_eq!((seen.state, seen.imported), (state, left.len()), "{failure:?}");
        assert_eq!(nicechat.objects(Kind::Product).into_keys().collect::<Vec<_>>(), left, "{failure:?}");
        let known = if matches!(failure, ImportFailure::Forgotten { .. }) { 404 } else { 200 };
        assert_eq!(poll(&sandbox, &seen.token).await.status, known);
    }
}

#[tokio::test]
async fn feeds_that_cannot_be_had_fail() {
    let sandbox = stocked().await;
    let shop = sandbox.shop();
    shop.put("page.txt", "<html><body>Sorry</body></html>", "text/html");
    shop.put_with("cut.txt", Feed { body: TEXT.into(), cut_after: Some(100), ..Feed::default() });
    let elsewhere = Some("/shop/feed.txt".to_owned());
    shop.put_with("moved.txt", Feed { status: 302, location: elsewhere, ..Feed::default() });
    let answers = [("none.txt", 404), ("page.txt", 200), ("cut.txt", 200), ("moved.txt", 302)];
    for (file, status) in answers {
        let token = push(&sandbox, file).await;
        let seen = ended(&sandbox, &token).await;
        assert_eq!((seen.state, seen.fetched), (ImportState::Failed, Some(status)), "{file}");
        assert!(seen.problem.is_some(), "{file}");
    }
    assert!(sandbox.nicechat().objects(Kind::Product).is_empty());
}

#[tokio::test]
async fn the_callback_is_sent_once() {
    let sandbox = stocked().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let callback = format!("http://{}/hook?a=1", listener.local_addr().expect("an address"));
    let body = json!({ "format": "google-csv", "url": sandbox.shop().url("feed.txt"), "callback": callback });
    let token = push_body(&sandbox, body).await;
    let (mut stream, _) = listener.accept().await.expect("a call");
    let mut text = String::new();
    while !text.contains("elements_count=3") {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.expect("bytes");
        assert!(count > 0, "the whole call: {text}");
        text += &String::from_utf8_lossy(&bytes[..count]);
    }
    assert!(text.starts_with("POST /hook?a=1 ") && text.contains("application/x-www-form-urlencoded"), "{text}");
    assert!(text.contains("\r\n\r\nupdated=20"), "{text}");
    stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await.expect("it reads");
    let seen = seen(&sandbox, &token, |seen| seen.called_back.is_some()).await;
    assert_eq!((seen.called_back, seen.state), (Some(500), ImportState::Success));
    let again = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(again.is_err(), "it is never repeated");
}

#[tokio::test]
async fn pictures_are_copied_again() {
    let sandbox = stocked().await;
    let nicechat = sandbox.nicechat();
    let picture = || nicechat.object(Kind::Product, "1").expect("a product")["image_url"].clone();
    import(&sandbox).await;
    assert_eq!(picture(), "http://shop.example/1.jpg");
    nicechat.set_rules(Rules { cdn: true, ..Rules::default() });
    import(&sandbox).await;
    assert_eq!(picture(), cdn_address("http://shop.example/1.jpg"));
    nicechat.set_rules(Rules { import_recopies_images: true, ..Rules::default() });
    let mut pictures = vec![picture()];
    for _ in 0..2 {
        import(&sandbox).await;
        pictures.push(picture());
    }
    pictures.sort_by_key(Value::to_string);
    pictures.dedup();
    assert_eq!((pictures.len(), nicechat.image_fetches()), (3, 4));
}

#[tokio::test]
async fn pushes_are_checked_and_fall_under_faults() {
    let sandbox = stocked().await;
    let nicechat = sandbox.nicechat();
    let body = json!({ "format": "google-csv", "url": sandbox.shop().url("feed.txt") }).to_string();
    assert_eq!(raw(&sandbox, "POST", PUSH, "", &body).await.status, 401);
    assert_eq!(signed(&sandbox, "GET", PUSH, "").await.status, 405);
    let outside = r#"{"format": "yml", "url": "https://shop.example/feed.yml"}"#;
    let refused = signed(&sandbox, "POST", PUSH, outside).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["description"].as_str().expect("text").starts_with("url: "), "{}", refused.body);
    assert!(nicechat.imports().is_empty());

    let lost = Rule { path: Some("import-products/".to_owned()), applied: true, ..Rule::new(Fault::Reset) };
    nicechat.add_fault(Rule { times: Some(1), ..lost });
    assert_eq!(signed(&sandbox, "POST", PUSH, &body).await.status, 0);
    let token = nicechat.imports()[0].token.clone();
    assert_eq!(ended(&sandbox, &token).await.state, ImportState::Success, "it was done all the same");
    let polls = Rule { path: Some("import-products-result/".to_owned()), ..Rule::new(Fault::status(503)) };
    nicechat.add_fault(polls);
    assert_eq!(poll(&sandbox, &token).await.status, 503);
    assert_eq!(signed(&sandbox, "POST", PUSH, &body).await.status, 201);
}

#[tokio::test]
async fn imports_are_controlled_over_http() {
    let sandbox = stocked().await;
    let rules = r#"{"import_enqueued_ms": 1, "import_fails": {"failure": {"partial": {"every": 3}}, "times": 1}}"#;
    assert_eq!(raw(&sandbox, "PUT", "/sandbox/rules", "", rules).await.status, 200);
    assert_eq!(import(&sandbox).await.imported, 2);
    let shown = raw(&sandbox, "GET", "/sandbox/imports", "", "").await.json();
    assert_eq!((&shown[0]["state"], &shown[0]["format"]), (&json!("success"), &json!("google-csv")));
    let none = r#"{"import_fails": {"failure": {"partial": {"every": 0}}}}"#;
    assert_eq!(raw(&sandbox, "PUT", "/sandbox/rules", "", none).await.status, 400);
}
