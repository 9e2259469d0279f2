//! What the shop's pages are told, and how caches and browsers take it.

use std::net::SocketAddr;

use super::{BEDS, DOORS, SOFAS, daemon, shop};
use crate::kit::browser::{Page, browser, visit};
use crate::kit::door::{ask, public};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};

const HOST: &str = "Host: a\r\n";

/// A shop that was asked once.
fn open(settings: &str, http: &str) -> (Shop, Process, SocketAddr) {
    let limit = if http.contains("requests_per_second") { "" } else { "requests_per_second = 0\n" };
    let shop = shop(
        &format!("schedule = \"every 10m\"\nunknown_after = \"20m\"\n{settings}"),
        &format!("{SOFAS}{BEDS}{DOORS}{limit}{http}"),
    );
    let process = daemon(&shop);
    let address = public(&process);
    // One that is refused for asking too often says nothing of it.
    let is_read = |(status, answer): (u16, String)| status == 200 && !answer.contains("unknown");
    wait_until("it was read", || is_read(ask(address, "GET /availability", HOST)));
    (shop, process, address)
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a body").1
}

#[test]
fn answers_are_as_documented() {
    let (_shop, _process, address) = open("", "");
    let (status, all) = ask(address, "GET /availability", HOST);
    let json: serde_json::Value = serde_json::from_str(body(&all)).expect("JSON");
    let since = json["watches"]["sofas"]["since"].as_str().expect("a time");
    assert_eq!(
        json,
        serde_json::json!({"watches": {
            "sofas": {"state": "available", "show": true, "since": since},
            "beds": {"state": "not_available", "show": false, "since": json["watches"]["beds"]["since"]},
        }})
    );
    assert_eq!(status, 200);
    assert_eq!(header(&all, "content-type"), Some("application/json"));
    assert_eq!(header(&all, "cache-control"), Some("public, max-age=15, stale-if-error=60"));
    assert_eq!(header(&all, "x-content-type-options"), Some("nosniff"));
    assert_eq!((header(&all, "vary"), header(&all, "access-control-allow-origin")), (None, None));
    let etag = header(&all, "etag").expect("an ETag");
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    for wanted in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let (status, same) = ask(address, "GET /availability", &format!("{HOST}If-None-Match: {wanted}\r\n"));
        assert_eq!((status, body(&same), header(&same, "etag")), (304, "", Some(etag)));
        assert_eq!(header(&same, "cache-control"), Some("public, max-age=15, stale-if-error=60"));
    }
    assert_eq!(ask(address, "GET /availability", &format!("{HOST}If-None-Match: \"x\"\r\n")).0, 200);
    let (_, one) = ask(address, "GET /availability/sofas", HOST);
    assert_eq!(body(&one), format!("{{\"state\":\"available\",\"show\":true,\"since\":\"{since}\"}}"));
    let (status, head) = ask(address, "HEAD /availability/sofas", HOST);
    assert_eq!((status, body(&head), header(&head, "etag")), (200, "", header(&one, "etag")));
    let (status, none) = ask(address, "GET /availability/cupboards", HOST);
    assert!(status == 404 && body(&none).starts_with("{\"error\":\""), "{none}");
    for line in ["POST /availability", "PUT /availability/sofas", "DELETE /availability.js", "OPTIONS /availability"] {
        let (status, answer) = ask(address, line, HOST);
        assert!(
            status == 405 && header(&answer, "allow").is_some_and(|allow| allow.contains("GET")),
            "{line} {answer}"
        );
    }
    for secret in ["sofa-team", "goinstore", "127.0.0.1", "set-cookie", env!("CARGO_PKG_VERSION")] {
        assert!(!all.contains(secret) && !one.contains(secret), "{secret}");
    }
}

#[test]
fn origins_are_told_apart() {
    let (_shop, _process, address) =
        open("", "allow_origins = [\"https://shop.example\", \"https://b.example:8443\"]\n");
    let get = |line: &str, origin: &str, more: &str| {
        let origin = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        ask(address, line, &format!("{HOST}{origin}{more}"))
    };
    let etag = header(&get("GET /availability", "", "").1, "etag").expect("an ETag").to_owned();
    for line in [
        "GET /availability",
        "GET /availability/sofas",
        "GET /availability/nobody",
        "GET /availability.js",
        "POST /availability",
    ] {
        for (origin, allowed) in [
            ("https://shop.example", true),
            ("https://b.example:8443", true),
            ("https://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            for more in ["", &format!("If-None-Match: {etag}\r\n")] {
                let (_, answer) = get(line, origin, more);
                assert_eq!(header(&answer, "vary"), Some("Origin"), "{line} {origin} {answer}");
                let told = header(&answer, "access-control-allow-origin");
                assert_eq!(told, allowed.then_some(origin), "{line} {origin}");
                assert_eq!(header(&answer, "access-control-allow-credentials"), None);
            }
        }
    }
    let preflight = "Access-Control-Request-Method: GET\r\n";
    let (status, answer) = get("OPTIONS /availability", "https://shop.example", preflight);
    assert_eq!((status, body(&answer)), (204, ""));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(header(&answer, "access-control-allow-methods"), Some("GET, HEAD"));
    assert_eq!((header(&answer, "access-control-max-age"), header(&answer, "vary")), (Some("86400"), Some("Origin")));
    let (status, answer) = get("OPTIONS /availability/sofas", "https://evil.example", preflight);
    assert_eq!((status, header(&answer, "access-control-allow-origin")), (204, None));
    assert_eq!(header(&answer, "vary"), Some("Origin"));
}

#[test]
fn all_origins_need_no_vary() {
    let (_shop, _process, address) = open("max_age = \"0s\"\n", "allow_origins = [\"*\"]\n");
    for origin in ["", "Origin: https://any.example\r\n"] {
        let (_, answer) = ask(address, "GET /availability", &format!("{HOST}{origin}"));
        assert_eq!((header(&answer, "access-control-allow-origin"), header(&answer, "vary")), (Some("*"), None));
        assert_eq!(header(&answer, "cache-control"), Some("public, max-age=0, stale-if-error=60"));
    }
}

#[test]
fn the_script_is_small_and_asks_as_often_as_answers_are_kept() {
    let (_shop, _process, address) = open("", "");
    let (status, script) = ask(address, "GET /availability.js", HOST);
    assert_eq!((status, header(&script, "content-type")), (200, Some("text/javascript; charset=utf-8")));
    let script = body(&script);
    assert!(script.len() <= 2048, "{}", script.len());
    for word in ["15000", "data-advisor", "data-advisor-off", "shelfkeeper:availability", "hidden", "visibilitychange"]
    {
        assert!(script.contains(word), "{word} in {script}");
    }
}

#[test]
fn however_many_look_nobody_is_asked_and_limits_hold() {
    let (shop, _process, address) = open("", "requests_per_second = 5\n");
    let before = shop.emplifi().requests().len();
    let statuses: Vec<u16> = (0..40).map(|_| ask(address, "GET /availability", HOST).0).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(shop.emplifi().requests().len(), before);
}

#[test]
fn without_the_section_nothing_is_there() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.config(DOORS);
    let process = daemon(&shop);
    assert_eq!(ask(public(&process), "GET /availability", HOST).0, 404);
    assert_eq!(ask(public(&process), "GET /availability.js", HOST).0, 404);
}

/// A page of the shop, in a real browser: elements come and go by their attributes, and stay as they are without an answer.
#[test]
fn a_page_shows_who_is_there() {
    let Some(browser) = browser() else { return };
    let html = |script: &str| {
        format!(
            "<!doctype html><title>Shop</title><script>window.seen = [];\
             document.addEventListener('shelfkeeper:availability', e => {{ seen.push(e.detail.watch + ' ' + e.detail.state);\
             document.body.dataset.seen = seen.sort().join(); }});</script><script src='{script}'></script>\
             <p id=a hidden data-advisor=sofas>Sofas</p><p id=b data-advisor-off=sofas>No sofas</p>\
             <p id=c data-advisor=beds>Beds</p><p id=d hidden data-advisor-off=beds>No beds</p><p id=e data-advisor=nobody>?</p>"
        )
    };
    let (_shop, _process, address) = open("", "allow_origins = [\"*\"]\n");
    let page = Page::serve(html(&format!("http://{address}/availability.js")));
    let (dom, console) = visit(&browser, &page.origin());
    assert_eq!(console, "", "{dom}");
    for shown in ["<p id=\"a\" data-advisor", "<p id=\"d\" data-advisor", "<p id=\"e\" data-advisor"] {
        assert!(dom.contains(shown), "{shown}: {dom}");
    }
    assert_eq!(dom.matches("hidden=\"\"").count(), 2, "{dom}");
    assert!(dom.contains("data-seen=\"beds not_available,sofas available\""), "{dom}");
    // Nobody answers: everything is as the page has it.
    let page = Page::serve(html("http://127.0.0.1:9/availability.js"));
    let (dom, _) = visit(&browser, &page.origin());
    assert!(dom.contains("<p id=\"a\" hidden") && dom.contains("<p id=\"d\" hidden"), "{dom}");
    assert!(!dom.contains("data-seen"), "{dom}");
}
