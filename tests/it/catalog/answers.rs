//! What of NiceChat's answers is believed, and what of its words is told.

use std::thread;
use std::time::Duration;

use crate::kit::goods::{self, Good, assert_equal, good, goods as many, publish, resync, run, sync, synced};
use crate::kit::process::Process;
use crate::kit::wait_until;
use sandbox::{DEMO_KEY, DEMO_SECRET, Fault, Kind, Rule, Rules};
use serde_json::json;

fn always(method: &str, fault: Fault) -> Rule {
    Rule { method: Some(method.to_owned()), ..Rule::new(fault) }
}

/// Answers with a success that is none: they don't say that it is done, or that something else is.
fn no_acknowledgements() -> Vec<Fault> {
    let texts = [
        (200, "{}"),
        (200, "[]"),
        (200, "null"),
        (200, "true"),
        (200, "\"ok\""),
        (200, "ok"),
        (200, r#"{"message":"maintenance"}"#),
        (200, r#"{"id":"p000"}"#),
        (200, r#"["ok",200,"",{"id":"p000"}]"#),
        (200, r#"{"status":"fail","code":200,"result":null}"#),
        (200, r#"{"status":null,"code":200,"result":{}}"#),
        (200, r#"{"code":200,"description":"Accepted","result":{}}"#),
        (200, r#"{"result":{"status":"ok"}}"#),
        (200, r#"{"status":"ok","code":503,"result":null}"#),
        (202, r#"{"status":"error","code":500,"description":"no","result":null}"#),
        (202, r#"{"status":"error","code":202,"result":null}"#),
        (200, r#"{"status":"ok","code":200,"result":{"id":"another"}}"#),
        (200, r#"{"status":"ok","code":200,"result":{"id":""}}"#),
        (200, r#"{"status":"ok","code":200,"result":{"id":null}}"#),
        (200, r#"{"status":"ok","code":2"#),
        (206, r#"{"status":"ok","code":200,"result":null}"#),
        (200, "<html><title>Welcome</title></html>"),
        (301, r#"{"status":"ok","code":200,"result":null}"#),
        (404, "default backend - 404"),
        (412, "<html><title>Precondition</title></html>"),
    ];
    texts.map(|(code, body)| Fault::text(code, body)).into()
}

/// Products change, come and go, but no answer says so.
fn nothing_is_done_until_it_is_said(fault: &Fault, methods: &[&str], applied: bool) {
    let shop = synced(&many("p", 4), "[nicechat]\nretries = 1");
    for method in methods {
        shop.nicechat().add_fault(Rule { applied, ..always(method, fault.clone()) });
    }
    let mut next: Vec<Good> = many("p", 2).into_iter().map(|good| good.at_price("12.00")).collect();
    next.push(many("p", 3).remove(2));
    next.push(good("new").in_category("Other"));
    publish(&shop, &next);
    let told = || format!("{fault:?}, {methods:?}, applied: {applied}");
    let pass = sync(&shop).ended(1);
    let tries = pass.requests.iter().filter(|request| methods.contains(&request.method.as_str())).count();
    assert_eq!(tries % 2, 0, "each is tried again: {}, {:?}", told(), pass.lines());
    let pending = shop.json(&["status", "--format", "json"])["pending"].clone();
    assert_eq!(pending.as_u64(), Some(tries as u64 / 2), "{}", told());
    shop.nicechat().clear_faults();
    let next_pass = sync(&shop).ended(0);
    assert!(!next_pass.tally().contains("GET"), "without a listing: {}, {}", told(), next_pass.tally());
    assert_equal(&shop, &next);
    assert_eq!(shop.json(&["status", "--format", "json"])["pending"], 0, "{}", told());
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304], "{}", told());
}

#[test]
fn a_success_that_does_not_say_so_is_none() {
    let faults = no_acknowledgements();
    let nothing = [Fault::text(200, ""), Fault::text(200, " \n"), Fault::text(204, "")];
    // A create must name what was created; a change and a deletion need not.
    let unnamed = [
        Fault::text(201, r#"{"status":"ok","code":201,"result":null}"#),
        Fault::text(201, r#"{"status":"ok","code":201,"result":{"title":"Good"}}"#),
        Fault::text(201, r#"{"status":"ok","code":201,"result":[{"id":"new"}]}"#),
        Fault::text(201, r#"{"status":"ok","code":201}"#),
    ];
    // They mostly wait, so they may wait together.
    thread::scope(|scope| {
        for applied in [false, true] {
            for fault in &faults {
                scope.spawn(move || nothing_is_done_until_it_is_said(fault, &["POST", "PATCH", "DELETE"], applied));
            }
            for fault in &nothing {
                scope.spawn(move || nothing_is_done_until_it_is_said(fault, &["POST", "PATCH"], applied));
            }
            for fault in &unnamed {
                scope.spawn(move || nothing_is_done_until_it_is_said(fault, &["POST"], applied));
            }
        }
    });
}

#[test]
fn a_success_that_says_so_in_another_way_is_one() {
    for (method, body) in [
        ("PATCH", r#"{"status":"ok","code":202,"description":"Modified","result":{"title":"T"}}"#),
        ("PATCH", r#"{"status":"ok","code":"202","result":{"id":"p000","more":[{}]}}"#),
        ("PATCH", "\u{feff}{\"status\":\"ok\",\"result\":{\"title\":\"cut \\ud83d\"}}"),
        ("DELETE", ""),
        ("DELETE", r#"{"status":"ok","code":204,"description":"Accepted"}"#),
        ("POST", r#"{"status":"ok","code":201,"result":{"id":"q000","title":"cut \ud83d"}}"#),
    ] {
        let shop = synced(&many("p", 2), "[nicechat]\nretries = 0");
        shop.nicechat().add_fault(Rule { applied: true, ..always(method, Fault::text(200, body)) });
        let next = match method {
            "PATCH" => vec![good("p000").at_price("12.00"), good("p001")],
            "DELETE" => many("p", 1),
            _ => [many("p", 2), many("q", 1)].concat(),
        };
        publish(&shop, &next);
        assert_eq!(sync(&shop).ended(0).lines().len(), 1, "{method} {body}");
        assert_equal(&shop, &next);
        assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304], "{method} {body}");
    }
}

/// A page of a listing.
fn page(count: impl Into<serde_json::Value>, next: impl Into<serde_json::Value>, results: &str) -> String {
    let (count, next) = (count.into(), next.into());
    format!(
        r#"{{"status":"ok","code":200,"result":{{"count":{count},"next":{next},"previous":null,"results":{results}}}}}"#
    )
}

fn lists(kind: Kind, body: impl Into<String>) -> Rule {
    Rule { kind: Some(kind), ..always("GET", Fault::text(200, body)) }
}

#[test]
fn a_listing_that_can_not_be_is_none() {
    let ids = |ids: &[&str]| json!(ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()).to_string();
    let three = ids(&["p000", "p001", "p002"]);
    let here = "/marketplaces/v1/products/?page={n}";
    let feed = many("p", 3);
    for (what, body) in [
        ("the last page again and again", page(100, here, &three)),
        ("new ids for ever", page(3, here, &ids(&["a{n}", "b{n}", "c{n}"]))),
        ("new ids for ever, all of them counted", page(900, here, &ids(&["a{n}", "b{n}", "c{n}"]))),
        ("a circle", page(9, "/marketplaces/v1/products/", &three)),
        ("empty pages", page(9, here, "[]")),
        ("pages without a count", page(json!(null), here, &ids(&["a{n}"]))),
        ("another listing", page(9, "/marketplaces/v1/orders/", &three)),
        ("not an address", page(9, "http://", &three)),
        ("not a text", page(9, 7, &three)),
        ("count 0", page(0, json!(null), &three)),
        ("fewer than there are", page(2, json!(null), &three)),
        ("a negative count", page(-3, json!(null), &three)),
        ("a count in words", page("three", json!(null), &three)),
        ("half an object", page(2.5, json!(null), &three)),
        ("no list", page(3, json!(null), r#"{"id":"p000"}"#)),
        ("no results", r#"{"status":"ok","code":200,"result":{"count":0,"next":null}}"#.to_owned()),
        ("no result", r#"{"status":"ok","code":200,"result":null}"#.to_owned()),
    ] {
        let shop = synced(&feed, "");
        shop.nicechat().add_fault(lists(Kind::Product, body));
        for arguments in [&["run", "--resync"][..], &["plan", "--resync"]] {
            let ran = run(&shop, arguments).ended(1);
            assert!(ran.requests.len() < 400, "{what}: {}", ran.tally());
            assert!(ran.lines().is_empty(), "{what}: {:?}", ran.lines());
            assert!(ran.output.stderr.contains("listing"), "{what}: {}", ran.output.stderr);
        }
        assert_equal(&shop, &feed);
        shop.nicechat().clear_faults();
        assert!(resync(&shop).ended(0).lines().is_empty(), "{what}");
    }
}

#[test]
fn a_page_that_vanishes_while_the_listing_is_read_proves_nothing() {
    let feed = many("p", 25);
    let shop = synced(&feed, "");
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { page_size: 10, ..Rules::default() });
    nicechat.edit(Kind::Product, "p001", goods::object(json!({"price": 99})));
    let gone = Rule { kind: Some(Kind::Product), times: Some(1), ..always("GET", Fault::status(404)) };
    nicechat.add_fault(Rule { after: 2, ..gone.clone() });
    let pass = resync(&shop).ended(0);
    assert_eq!(pass.tally(), "1 GET categories, 3 GET products, 1 PATCH products");
    let told = "what is missing is not taken for deleted";
    assert!(pass.output.stderr.contains(told), "{}", pass.output.stderr);
    assert_equal(&shop, &feed);
    // Without the first one there is none at all.
    nicechat.clear_faults();
    nicechat.add_fault(gone);
    let told = resync(&shop).ended(1).output.stderr;
    assert!(told.contains("there is no listing at its address (404); check base_url"), "{told}");
}

#[test]
fn an_odd_object_in_a_listing_costs_itself_alone() {
    let feed = many("p", 3);
    for odd in [
        r#"{"id":"","title":"T"}"#,
        r#"{"id":"  ","title":"T"}"#,
        r#"{"id":" p000","title":"T"}"#,
        r#"{"id":".","title":"T"}"#,
        r#"{"id":"..","title":"T"}"#,
        r#"{"id":null,"title":"T"}"#,
        r#"{"id":77,"title":"T"}"#,
        r#"{"id":7.5,"title":"T"}"#,
        r#"{"id":false}"#,
        r#"{"id":["p000"]}"#,
        r#"{"id":{"id":"p000"}}"#,
        r#"{"title":"T"}"#,
        r#"{"id":"x\ud800"}"#,
        r#"{"id":"theirs","title":"half a smile \ud83d"}"#,
        r#"{"id":"theirs","title":{"deep":[[[[]]]]},"price":{}}"#,
        "null",
        "[]",
        "7",
    ] {
        let shop = synced(&feed, "");
        let nicechat = shop.nicechat();
        nicechat.edit(Kind::Product, "p000", goods::object(json!({"price": 99})));
        nicechat.remove(Kind::Product, "p002");
        let held: Vec<_> = nicechat.objects(Kind::Product).into_values().map(|held| json!(held).to_string()).collect();
        let results = format!("[{odd},{}]", held.join(","));
        nicechat.add_fault(lists(Kind::Product, page(held.len() + 1, json!(null), &results)));
        let mut sent = resync(&shop).ended(0).lines();
        // Side by side.
        sent.sort();
        assert_eq!(sent, ["PATCH products p000", "POST products p002"], "{odd}");
        assert_equal(&shop, &feed);
    }
}

#[test]
fn an_odd_object_is_left_alone_even_where_all_others_go() {
    let shop = synced(&many("p", 2), "[nicechat]\nprune = \"all\"");
    let held: Vec<_> =
        shop.nicechat().objects(Kind::Product).into_values().map(|held| json!(held).to_string()).collect();
    let odd = r#"{"id":"x\ud800"},{"id":""},{"id":" p000"},{"id":null},{"id":"theirs"}"#;
    let results = format!("[{odd},{}]", held.join(","));
    shop.nicechat().add_fault(lists(Kind::Product, page(held.len() + 5, json!(null), &results)));
    let pass = resync(&shop).ended(0);
    assert_eq!(pass.lines(), ["DELETE products theirs"]);
    assert!(pass.output.stderr.contains("4 products whose ids"), "{}", pass.output.stderr);
}

#[test]
fn half_a_surrogate_in_a_title_of_ours_is_put_right() {
    let shop = synced(&many("p", 2), "");
    let nicechat = shop.nicechat();
    let held: Vec<_> = nicechat.objects(Kind::Product).into_values().map(|held| json!(held).to_string()).collect();
    let results = format!("[{}]", held.join(",")).replace("Good p001", "Good p001\\ud83d");
    nicechat.add_fault(lists(Kind::Product, page(2, json!(null), &results)));
    assert_eq!(resync(&shop).ended(0).body("PATCH", "p001"), json!({"title": "Good p001"}));
}

#[test]
fn the_next_page_is_asked_for_at_nicechat_whatever_host_it_names() {
    let feed = many("p", 25);
    let shop = synced(&feed, "");
    shop.nicechat().set_rules(Rules { page_size: 10, ..Rules::default() });
    shop.nicechat().edit(Kind::Product, "p024", goods::object(json!({"price": 99})));
    let held: Vec<_> = shop.nicechat().objects(Kind::Product).into_values().take(10).map(|held| json!(held)).collect();
    // Nobody listens there, and the key must not go there.
    let next = "http://127.0.0.1:1/marketplaces/v1/products/?page=2";
    shop.nicechat()
        .add_fault(Rule { times: Some(1), ..lists(Kind::Product, page(25, next, &json!(held).to_string())) });
    let pass = resync(&shop).ended(0);
    assert_eq!(pass.tally(), "1 GET categories, 3 GET products, 1 PATCH products");
    assert_equal(&shop, &feed);
}

#[test]
fn what_nicechat_says_is_told_without_secrets_in_one_line_and_in_short() {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let cut = &DEMO_SECRET[..DEMO_SECRET.len() - 5];
    let hostile = format!(
        "no {DEMO_SECRET} {DEMO_KEY} {} \u{1b}[31m\r\n2026-01-01T00:00:00Z ERROR forged \u{202e}\u{7} {cut}",
        escaped(DEMO_SECRET)
    );
    for (code, body) in [
        (400, json!({"status": "error", "code": 400, "description": hostile}).to_string()),
        (400, json!({"title": [hostile]}).to_string()),
        (400, hostile.clone()),
        (500, format!("<html><title>{hostile}</title></html>")),
        (500, json!({"detail": format!("{hostile}{}", "x".repeat(2 << 20))}).to_string()),
        (200, json!({"message": hostile}).to_string()),
        (200, json!({"status": "ok", "code": 200, "result": {"id": "p000", "title": hostile}}).to_string()),
        (401, json!({"status": "error", "code": 401, "description": hostile}).to_string()),
        (302, hostile.clone()),
    ] {
        let shop = synced(&many("p", 3), "[nicechat]\nretries = 1");
        shop.nicechat().add_fault(always("PATCH", Fault::text(code, body.clone())));
        publish(&shop, &many("p", 3).into_iter().map(|good| good.at_price("11.00")).collect::<Vec<_>>());
        let ran = run(&shop, &["-vv", "run", "--once"]);
        let status = shop.run(&["status"]);
        let listed = shop.run(&["status", "--format", "json"]);
        let state = String::from_utf8_lossy(&std::fs::read(shop.state_path()).expect("the state")).into_owned();
        let told = [ran.output.stdout, ran.output.stderr, status.stdout, listed.stdout, state];
        for (place, told) in ["stdout", "log", "status", "status --format json", "state"].iter().zip(&told) {
            for secret in [DEMO_SECRET, DEMO_KEY, &escaped(DEMO_SECRET), cut] {
                assert!(!told.contains(secret), "{place} has {secret}: {body:.200}\n{told:.5000}");
            }
            if *place != "state" {
                assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{place}: {told:.5000}");
                assert!(!told.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z ERROR")), "{place}: {told}");
            }
            assert!(told.len() < 400_000, "{place}: {} bytes for {body:.80}", told.len());
        }
    }
}

#[test]
fn a_refusal_is_told_by_its_content() {
    for (body, reason) in [
        (r#"{"price":["A valid number is required."]}"#, "price: A valid number is required."),
        (
            r#"{"status":"error","code":400,"result":{"price":["A valid number is required."]}}"#,
            "price: A valid number is required.",
        ),
        (r#"{"detail":"JSON parse error"}"#, "JSON parse error"),
        ("Price is no number", "Price is no number"),
    ] {
        let shop = synced(&many("p", 2), "");
        shop.nicechat().add_fault(Rule { id: Some("p001".into()), ..always("PATCH", Fault::text(400, body)) });
        publish(&shop, &[good("p000"), good("p001").at_price("11.00")]);
        let pass = sync(&shop).ended(3);
        assert!(pass.output.stderr.contains(reason), "{}", pass.output.stderr);
        let status = shop.json(&["status", "--format", "json"]);
        assert!(status["failed"][0]["reason"].to_string().contains(reason), "{status}");
    }
}

#[test]
fn much_text_does_not_fill_the_state() {
    let feed = many("p", 150);
    let shop = synced(&feed, "[nicechat]\nretries = 0\nconcurrency = 4");
    let before = std::fs::metadata(shop.state_path()).expect("the state").len();
    let text = "words ".repeat(2 << 20 >> 3);
    shop.nicechat()
        .add_fault(always("PATCH", Fault::json(json!({"status": "error", "code": 400, "description": text}))));
    publish(&shop, &feed.iter().cloned().map(|good| good.at_price("11.00")).collect::<Vec<_>>());
    let pass = sync(&shop);
    assert!(pass.output.stderr.len() < 100_000, "{}", pass.output.stderr.len());
    let after = || std::fs::metadata(shop.state_path()).expect("the state").len();
    assert!(after() < before + 500_000, "{before} {}", after());
    // The same as what it made of a field that was sent.
    shop.nicechat().clear_faults();
    let echo = json!({"status": "ok", "code": 202, "result": {"price": text, "title": text}});
    shop.nicechat().add_fault(Rule { applied: true, ..always("PATCH", Fault::json(echo)) });
    publish(&shop, &feed.iter().cloned().map(|good| good.at_price("12.00")).collect::<Vec<_>>());
    sync(&shop).ended(0);
    assert!(after() < before + 1_000_000, "{before} {}", after());
}

#[test]
fn a_listing_page_without_bounds_is_not_read_to_its_end() {
    let objects = r#"{"":0},"#.repeat(24 << 20 >> 3);
    let shop = synced(&many("p", 2), "");
    shop.nicechat().add_fault(lists(Kind::Product, page(1_000_000, json!(null), &format!("[{objects}null]"))));
    let ran = resync(&shop).ended(1);
    assert_eq!(ran.tally(), "1 GET categories, 1 GET products");
    assert!(ran.output.stderr.contains("larger than"), "{}", ran.output.stderr);
}

#[test]
fn a_listing_can_be_stopped() {
    let shop = synced(&many("p", 25), "[nicechat]\ntimeout = \"60s\"");
    shop.nicechat().set_rules(Rules { page_size: 10, ..Rules::default() });
    shop.nicechat().take_requests();
    let hang = Rule { kind: Some(Kind::Product), after: 1, ..always("GET", Fault::Hang) };
    shop.nicechat().add_fault(hang);
    let mut ran = Process::start(shop.command(&["run", "--resync"]));
    wait_until("the second page is asked for", || shop.nicechat().requests().len() == 3);
    ran.signal("TERM");
    assert_eq!(ran.ends_within(Duration::from_secs(5)), Some(1));
    assert_equal(&shop, &many("p", 25));
}

#[test]
fn what_others_made_is_printed_without_what_a_terminal_obeys() {
    let shop = synced(&many("p", 2), "[nicechat]\nprune = \"all\"");
    let theirs = json!({"id": "x\u{1b}[2J\u{202e}y", "title": "T\u{7}\nERROR"});
    shop.nicechat().put(Kind::Product, goods::object(theirs));
    let plan = shop.run(&["plan", "--resync"]).expect_code(0).stdout;
    assert!(plan.contains("- x [2J y  T ERROR\n"), "{plan:?}");
}

#[test]
fn a_pause_that_nobody_waits_for_ends_the_pass() {
    for asked in ["301", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let shop = synced(&many("p", 40), "[nicechat]\nretries = 5\nconcurrency = 4");
        let busy = Fault::Status { code: 429, retry_after: Some(asked.into()), html: false };
        shop.nicechat().add_fault(Rule::new(busy));
        publish(&shop, &many("p", 40).into_iter().map(|good| good.at_price("11.00")).collect::<Vec<_>>());
        let pass = sync(&shop).ended(1);
        assert!(pass.requests.len() <= 8, "{asked}: {}", pass.tally());
        let status = shop.json(&["status", "--format", "json"]);
        assert_eq!((&status["pending"], &status["pending_urgent"]), (&json!(40), &json!(40)));
        let text = shop.run(&["status"]).stdout;
        assert!(text.contains("Pending: 40 changes of the last plan (40 urgent, 0 others)"), "{text}");
    }
}
