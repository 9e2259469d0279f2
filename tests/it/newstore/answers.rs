//! Every answer there can be: what it does to a store, to the retailer and to a list.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use sandbox::{DEMO_NEWSTORE_CLIENT_SECRET, DEMO_NEWSTORE_TOKEN, Fault, NewStoreRules, Rule};
use serde_json::json;

use super::{LOWEST, MIAMI, bought, chosen, configure, fixed, onboarding, plan, shop, standing, state, take_writes};
use crate::kit::Shop;

const LINK: &str = "ecom_link = \"https://shop.example\"";

fn problem() -> Fault {
    let body = json!({"title": "Not possible", "detail": "closed", "error_code": "e1", "request_id": "r1"});
    Fault::Json { code: 400, body }
}

/// Onboardings go wrong in this way, for ever.
fn wrong(shop: &Shop, fault: Fault) {
    shop.newstore().add_fault(Rule {
        path: Some("clienteling/stores".into()),
        method: Some("POST".into()),
        ..Rule::new(fault)
    });
}

fn two_stores() -> Shop {
    shop("", &(fixed("10001", MIAMI) + &fixed("10002", LOWEST)))
}

#[test]
fn onboarding_is_refused_for_good() {
    for (fault, told) in [
        (problem(), "Not possible: closed (error_code e1, request_id r1)"),
        (Fault::status(405), "Method Not Allowed (request_id ckdk5bwy00009ztlo16062bce)"),
        (Fault::status(422), "Unprocessable Entity"),
        (Fault::status(404), "Not Found (request_id ckdk5bwy00009ztlo16062bce)"),
        (Fault::status(409), "Conflict (request_id ckdk5bwy00009ztlo16062bce)"),
    ] {
        let shop = two_stores();
        wrong(&shop, fault.clone());
        shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
        assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI), onboarding("10002", LOWEST)], "{fault:?}");
        let standing = standing(&shop, "10001");
        assert_eq!(standing["state"], "refused", "{fault:?}");
        assert!(standing["reason"].as_str().is_some_and(|reason| reason.contains(told)), "{standing}");
        shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
        assert!(shop.newstore().requests().is_empty());
    }
}

#[test]
fn a_store_that_is_there_already_waits_for_a_person_whatever_is_declared() {
    let shop = shop("", &fixed("10001", MIAMI));
    wrong(&shop, Fault::status(409));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    // What was sent is not what it has.
    assert!(standing(&shop, "10001")["phone_number"].is_null());
    configure(&shop, "", &chosen("10001"));
    take_writes(&shop);
    let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    assert!(plan["stores"][0]["phone_number"].is_null(), "{plan}");
    let reason = plan["stores"][0]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("settle 10001 onboarded --number +..."), "{reason}");
    assert!(shop.newstore().requests().is_empty());
    shop.run(&["newstore", "settle", "10001", "enabled", "--number", "+13055550111"]).expect_code(0);
    assert_eq!(standing(&shop, "10001")["phone_number"], "+13055550111");
}

#[test]
fn whatever_leaves_it_unknown_is_doubt_and_never_sent_twice_in_a_run() {
    let page = Fault::Text { code: 200, body: "\n<!DOCTYPE html><title>Maintenance</title>".to_owned() };
    for fault in [
        Fault::status(500),
        Fault::status(503),
        Fault::Status { code: 502, retry_after: None, html: true },
        Fault::Status { code: 400, retry_after: None, html: true },
        Fault::Status { code: 403, retry_after: None, html: true },
        Fault::text(302, ""),
        Fault::Html200,
        Fault::HalfJson,
        Fault::CutBody,
        Fault::Reset,
        page,
    ] {
        let shop = two_stores();
        wrong(&shop, fault.clone());
        let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stdout;
        assert!(told.contains("IN DOUBT"), "{told}");
        assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI), onboarding("10002", LOWEST)], "{fault:?}");
        assert_eq!((state(&shop, "10001"), state(&shop, "10002")), ("doubt".to_owned(), "doubt".to_owned()));
        let plan = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
        assert_eq!(plan["summary"], json!({"configure": 0, "onboard": 0, "blocked": 0, "doubt": 2}));
        assert!(
            plan["stores"][0]["reason"].as_str().is_some_and(|reason| reason.contains("will be sent again")),
            "{plan}"
        );
        // The same request, and no other.
        shop.newstore().clear_faults();
        take_writes(&shop);
        shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
        assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI), onboarding("10002", LOWEST)]);
    }
}

#[test]
fn an_answer_that_never_comes_is_waited_for_once() {
    let shop = shop("timeout = \"2s\"", &fixed("10001", MIAMI));
    wrong(&shop, Fault::Hang);
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stdout;
    assert!(told.contains("IN DOUBT") && told.contains("timed out"), "{told}");
    assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI)]);
}

#[test]
fn a_success_may_have_any_body_or_none() {
    for fault in [Fault::text(204, ""), Fault::text(202, "accepted"), Fault::json(json!({"any": ["thing"]}))] {
        let shop = shop("", &fixed("10001", MIAMI));
        wrong(&shop, fault);
        shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
        assert_eq!(state(&shop, "10001"), "onboarded");
    }
}

#[test]
fn a_wrong_address_stops_all_and_leaves_nothing_in_doubt() {
    for fault in [
        Fault::text(404, "404 page not found"),
        Fault::json404(),
        Fault::Status { code: 404, retry_after: None, html: true },
    ] {
        let shop = two_stores();
        wrong(&shop, fault);
        let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stderr;
        assert!(told.contains("look up newstore.onboard_path"), "{told}");
        assert_eq!(take_writes(&shop), [onboarding("10001", MIAMI)]);
        assert_eq!((state(&shop, "10001"), state(&shop, "10002")), ("open".to_owned(), "open".to_owned()));
    }
    let shop = shop("numbers_path = \"GET /clienteling/{store_id}\"", &fixed("10001", MIAMI));
    let told = shop.run(&["newstore"]).expect_code(1).stderr;
    assert!(told.contains("look up newstore.numbers_path"), "{told}");
}

trait Gateways {
    fn json404() -> Fault;
}

impl Gateways for Fault {
    /// What a gateway says that knows no such address.
    fn json404() -> Fault {
        Fault::Json { code: 404, body: json!({"message": "no Route matched with those values"}) }
    }
}

#[test]
fn a_token_that_is_not_accepted_is_fetched_anew_once() {
    for status in [401, 403] {
        let shop = two_stores();
        let rule = Rule { path: Some("clienteling/".into()), ..Rule::new(Fault::status(status)) };
        shop.newstore().add_fault(Rule { method: Some("POST".into()), times: Some(1), ..rule.clone() });
        shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
        let counts = shop.newstore().counts();
        assert_eq!((counts["POST token"], counts["POST onboard"]), (2, 3), "{counts:?}");
        let other = two_stores();
        other.newstore().add_fault(Rule { method: Some("POST".into()), ..rule });
        let told = other.run(&["newstore", "apply", "--yes"]).expect_code(1).stderr;
        assert!(told.contains("does not accept the token"), "{told}");
        let counts = other.newstore().counts();
        assert_eq!((counts["POST token"], counts["POST onboard"]), (2, 2), "{counts:?}");
        assert_eq!((state(&other, "10001"), state(&other, "10002")), ("open".to_owned(), "open".to_owned()));
    }
}

#[test]
fn a_token_of_ones_own_is_the_only_one() {
    let shop = Shop::new();
    let section = shop.newstore_section();
    let lines: Vec<&str> = section.lines().filter(|line| !line.starts_with("client_")).collect();
    let config = |token: &str| {
        let (state, section) = (format!("[state]\npath = {:?}", shop.state_path()), lines.join("\n"));
        shop.write("shelfkeeper.toml", format!("{state}\n{section}\ntoken = {token:?}\n{}", fixed("10001", MIAMI)));
    };
    config("a-token-that-has-ended");
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
    assert!(!format!("{told:?}").contains("a-token-that-has-ended"), "{told:?}");
    assert_eq!(shop.newstore().take_requests().len(), 1);
    config(DEMO_NEWSTORE_TOKEN);
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(shop.newstore().counts().get("POST token"), None);
}

#[test]
fn tokens_are_fetched_once_a_command_and_again_before_they_end() {
    let shop = two_stores();
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(shop.newstore().counts()["POST token"], 1);
    let shop = two_stores();
    shop.newstore().set_rules(NewStoreRules { token_seconds: 29, ..NewStoreRules::default() });
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(shop.newstore().counts()["POST token"], 4);
    // One that is good for longer than a clock can tell is good.
    let shop = two_stores();
    let body = json!({"access_token": DEMO_NEWSTORE_TOKEN, "expires_in": 1_u64 << 63});
    shop.newstore().add_fault(Rule { path: Some("auth/".into()), ..Rule::new(Fault::json(body)) });
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    assert_eq!(shop.newstore().counts()["POST token"], 1);
}

#[test]
fn the_login_is_asked_again_but_follows_nobody() {
    let token = |fault, times| Rule { path: Some("auth/".into()), times, ..Rule::new(fault) };
    let shop = two_stores();
    shop.newstore().add_fault(token(Fault::status(503), Some(1)));
    shop.run(&["newstore"]).expect_code(0);
    for (fault, told) in [
        (Fault::text(302, ""), "a redirect, which isn't followed: check token_url"),
        (Fault::status(401), "gives no token (401)"),
        (Fault::json(json!({"token": "hunter2"})), "without an access_token"),
        (Fault::Html200, "an HTML page"),
        (Fault::status(404), "check token_url"),
    ] {
        shop.newstore().clear_faults();
        shop.newstore().take_requests();
        shop.newstore().add_fault(token(fault, None));
        let output = shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
        assert!(output.stderr.contains(told) && !output.stderr.contains("hunter2"), "{}", output.stderr);
        assert!(shop.newstore().requests().iter().all(|request| request.path.starts_with("/auth/")));
        assert_eq!(state(&shop, "10001"), "open");
    }
}

#[test]
fn nobody_there_is_no_doubt_and_stops_all() {
    // It answers so many lists, and is gone when something is to be bought.
    for lists in 0..=2 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = thread::spawn(move || {
            for _ in 0..lists {
                let (mut stream, _) = listener.accept().expect("a caller");
                let read = stream.read(&mut [0; 4096]).expect("a request");
                assert!(read > 0);
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
                    .expect("answered");
            }
        });
        let shop = shop("", "");
        let address = format!("base_url = \"http://{address}\"");
        configure(&shop, &address, &(fixed("10001", MIAMI) + &fixed("10002", LOWEST)));
        let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stderr;
        server.join().expect("its end");
        assert!(told.contains("no answer from 127.0.0.1"), "{told}");
        assert_eq!((state(&shop, "10001"), state(&shop, "10002")), ("open".to_owned(), "open".to_owned()));
    }
}

#[test]
fn what_is_asked_to_wait_waits_and_is_sent_again() {
    let shop = shop(LINK, &fixed("10001", MIAMI));
    let fault = Fault::Status { code: 429, retry_after: Some("1".to_owned()), html: false };
    for path in ["clienteling/retailers", "clienteling/stores/10001/onboard", "clienteling/stores/10001/avail"] {
        shop.newstore().add_fault(Rule { path: Some(path.into()), times: Some(1), ..Rule::new(fault.clone()) });
    }
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    let counts = shop.newstore().counts();
    assert_eq!((counts["POST retailer"], counts["POST onboard"], counts["GET numbers"]), (2, 2, 2), "{counts:?}");
}

#[test]
fn the_retailer_is_told_again_and_what_an_earlier_try_did_is_ours() {
    for fault in [Fault::status(500), Fault::Html200, Fault::HalfJson, Fault::CutBody, Fault::Reset] {
        for applied in [false, true] {
            let shop = shop(LINK, "");
            let rule = Rule {
                path: Some("clienteling/retailers".into()),
                applied,
                times: Some(1),
                ..Rule::new(fault.clone())
            };
            shop.newstore().add_fault(rule);
            shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
            assert_eq!(shop.newstore().counts()["POST retailer"], 2, "{fault:?} {applied}");
            assert_eq!(
                plan(&shop)["retailer"],
                json!({"op": "none", "ecom_link": "https://shop.example", "reason": null})
            );
        }
    }
}

/// A store has nothing to do with it.
#[test]
fn a_retailer_that_nobody_knows_of_stops_no_store() {
    for fault in [Fault::status(500), Fault::Html200] {
        let shop = shop(LINK, &fixed("10001", MIAMI));
        let rule = Rule { path: Some("clienteling/retailers".into()), ..Rule::new(fault) };
        shop.newstore().add_fault(rule);
        let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
        assert!(told.stdout.contains("retailer: IN DOUBT"), "{told:?}");
        assert_eq!(bought(&shop, "10001").as_deref(), Some(MIAMI));
        shop.newstore().clear_faults();
        shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
        assert_eq!(plan(&shop)["retailer"]["op"], "none");
    }
}

/// Also where an earlier try of the retailer's was lost.
#[test]
fn what_stops_all_stops_it_though_the_retailer_is_in_doubt() {
    for (fault, told) in [
        (Fault::status(403), "does not accept the token"),
        (Fault::text(404, "404 page not found"), "look up newstore.retailer_path"),
    ] {
        let shop = shop(LINK, &fixed("10001", MIAMI));
        let retailer = |fault| Rule { path: Some("clienteling/retailers".into()), ..Rule::new(fault) };
        shop.newstore().add_fault(Rule { times: Some(1), ..retailer(Fault::status(500)) });
        shop.newstore().add_fault(retailer(fault));
        let output = shop.run(&["newstore", "apply", "--yes"]).expect_code(1);
        assert!(output.stderr.contains(told) && output.stdout.contains("retailer: IN DOUBT"), "{output:?}");
        assert_eq!(bought(&shop, "10001"), None, "{told}");
        assert_eq!(plan(&shop)["summary"]["doubt"], 1);
    }
}

#[test]
fn the_retailer_may_be_there_refused_or_at_another_address() {
    let shop = shop(LINK, &fixed("10001", MIAMI));
    shop.newstore().set_retailer(Some("https://other.example".to_owned()));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(0);
    let told = shop.run(&["newstore", "--format", "json"]).expect_code(0).json();
    assert_eq!(told["retailer"]["op"], "none");
    assert!(told["retailer"]["reason"].as_str().is_some_and(|reason| reason.contains("not by us")), "{told}");
    let retailer = |fault| Rule { path: Some("clienteling/retailers".into()), ..Rule::new(fault) };
    let shop = super::shop(LINK, &fixed("10001", MIAMI));
    shop.newstore().add_fault(retailer(problem()));
    shop.run(&["newstore", "apply", "--yes"]).expect_code(3);
    assert_eq!(bought(&shop, "10001").as_deref(), Some(MIAMI), "the store is not concerned");
    let told = shop.run(&["newstore", "--format", "json"]).expect_code(3).json();
    assert_eq!((&told["retailer"]["op"], &told["summary"]["blocked"]), (&json!("blocked"), &json!(1)));
    // Any 404 is about the address: there is no such thing as no such retailer.
    let shop = super::shop(LINK, &fixed("10001", MIAMI));
    shop.newstore().add_fault(retailer(Fault::status(404)));
    let told = shop.run(&["newstore", "apply", "--yes"]).expect_code(1).stderr;
    assert!(told.contains("look up newstore.retailer_path"), "{told}");
    assert_eq!((take_writes(&shop).len(), plan(&shop)["retailer"]["op"].clone()), (1, json!("configure")));
}

#[test]
fn lists_are_read_again_and_one_that_fails_concerns_its_store_alone() {
    let list = |id: &str, fault, times| Rule {
        id: Some(id.to_owned()),
        method: Some("GET".into()),
        times,
        ..Rule::new(fault)
    };
    for fault in [Fault::status(500), Fault::Html200, Fault::HalfJson, Fault::CutBody, Fault::Reset] {
        let shop = two_stores();
        shop.newstore().add_fault(list("10001", fault.clone(), Some(1)));
        shop.run(&["newstore"]).expect_code(0);
        assert_eq!(shop.newstore().counts()["GET numbers"], 3, "{fault:?}");
    }
    for (fault, code) in [
        (Fault::status(400), 1),
        (Fault::status(409), 1),
        (Fault::status(500), 1),
        (Fault::json(json!({"numbers": []})), 1),
        (Fault::status(404), 3),
    ] {
        let shop = two_stores();
        shop.newstore().add_fault(list("10001", fault.clone(), None));
        let plan = shop.run(&["newstore", "--format", "json"]).expect_code(code).json();
        assert_eq!(
            (&plan["stores"][0]["op"], &plan["stores"][1]["op"]),
            (&json!("blocked"), &json!("onboard")),
            "{fault:?}"
        );
        shop.run(&["newstore", "apply", "--yes"]).expect_code(code);
        assert_eq!((bought(&shop, "10001"), bought(&shop, "10002").as_deref()), (None, Some(LOWEST)));
    }
}

#[test]
fn no_secret_is_told_whatever_newstore_says() {
    let shop = two_stores();
    let said =
        format!("{{\"message\":\"{DEMO_NEWSTORE_CLIENT_SECRET} and {DEMO_NEWSTORE_TOKEN}.1\",\"request_id\":\"r\"}}");
    for fault in [Fault::text(400, said.clone()), Fault::text(500, said.clone()), Fault::text(200, format!("<{said}"))]
    {
        shop.newstore().clear_faults();
        wrong(&shop, fault);
        let mut outputs = vec![shop.run(&["-vv", "newstore", "apply", "--yes"])];
        outputs.extend(
            [&["newstore"][..], &["status"], &["config", "dump"], &["check", "--online"]].map(|it| shop.run(it)),
        );
        let told = format!("{outputs:?}");
        assert!(!told.contains("pr0tects"), "{told}");
        shop.run(&["newstore", "settle", "10001", "free"]).expect_code(0);
    }
    let file = std::fs::read(shop.path("state/newstore-sandbox-staging.db")).expect("the file");
    assert!(!String::from_utf8_lossy(&file).contains("pr0tects"));
}
