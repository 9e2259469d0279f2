//! A round by hand: what is asked, what an answer means, and how it ends.

use sandbox::{Fault, Rule};
use serde_json::{Value, json};

use super::{BEDS, SOFAS, advisor, lines, shop, standing, state};

#[test]
fn every_different_question_is_asked_once_and_as_documented() {
    let rules = "[[emplifi.watch]]\nname = \"again\"\nalias = \"sofa-team\"\n\
                 [[emplifi.watch]]\nname = \"odd\"\nalias = \"a/b ü?\"\n\
                 [[emplifi.watch]]\nname = \"rule\"\nrequired_keys = [\"beds\", \"sofas\"]\noperator = \"OR\"\noptional_keys = [\"vip\"]\n\
                 [[emplifi.watch]]\nname = \"same-rule\"\nrequired_keys = [\"sofas\", \"beds\"]\noperator = \"OR\"\noptional_keys = [\"vip\"]\n\
                 [[emplifi.watch]]\nname = \"anybody\"\nrequired_keys = []\n";
    let shop = shop("", &format!("{SOFAS}{rules}"));
    advisor(&shop, "a/b ü?", &[], false);
    shop.pass(0);
    let root = "/gis/rest/api/v1/live-advisor";
    assert_eq!(
        lines(&shop.emplifi().take_requests()),
        [
            format!("GET {root}/direct/a%2Fb%20%C3%BC%3F/is-available"),
            format!("GET {root}/direct/sofa-team/is-available"),
            format!(
                "POST {root}/multi-level/any-available {{\"operator\":\"OR\",\"optional-routing-keys\":[\"vip\"],\"required-routing-keys\":[\"beds\",\"sofas\"]}}"
            ),
            format!("POST {root}/multi-level/any-available {{\"required-routing-keys\":[]}}"),
        ]
    );
    let states: Vec<Value> =
        standing(&shop).as_array().expect("a list").iter().map(|watch| watch["state"].clone()).collect();
    let (there, away) = (json!("available"), json!("not_available"));
    assert_eq!(states, [there.clone(), there.clone(), away, there.clone(), there.clone(), there]);
}

#[test]
fn a_round_leaves_no_pass_and_says_what_it_came_to() {
    let shop = shop("", &format!("{SOFAS}{BEDS}"));
    let run = shop.pass(0);
    assert!(run.stdout.starts_with("availability: ok"), "{}", run.stdout);
    let line = shop.run(&["run", "--once", "--format", "json"]).expect_code(0).json();
    assert_eq!((&line["job"], &line["outcome"], &line["exit"]), (&json!("availability"), &json!("ok"), &json!(0)));
    let status = shop.json(&["status", "--format", "json", "--passes", "5"]);
    assert_eq!((&status["passes"], &status["last_pass"]), (&json!([]), &Value::Null));
    assert_eq!(status["availability"], standing(&shop));
    assert_eq!((state(&shop, 0), state(&shop, 1)), ("available".to_owned(), "not_available".to_owned()));
    // The plan has nothing of it.
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(0);
}

#[test]
fn what_is_no_reading_is_none() {
    let faults = [
        Fault::json(json!({"availability": "AVAILABILITY_UNKNOWN"})),
        Fault::json(json!({"availability": "available"})),
        Fault::json(json!({})),
        Fault::json(json!(["AVAILABLE"])),
        Fault::Json { code: 201, body: json!({"availability": "AVAILABLE"}) },
        Fault::text(200, "{\"availability\":\"AVAILABLE\",\"availability\":\"NOT_AVAILABLE\"}"),
        Fault::Html200,
        Fault::HalfJson,
        Fault::CutBody,
        Fault::Reset,
        Fault::status(408),
        Fault::status(425),
        Fault::status(500),
        Fault::status(503),
        Fault::status(302),
    ];
    for fault in faults {
        let shop = shop("", SOFAS);
        shop.emplifi().fail_next(fault.clone(), 1);
        assert_eq!(shop.run(&["run", "--once"]).code, 1, "{fault:?}");
        assert_eq!(shop.emplifi().take_requests().len(), 1, "no other try within a round: {fault:?}");
        let standing = standing(&shop);
        assert_eq!((&standing[0]["state"], &standing[0]["since"]), (&json!("unknown"), &Value::Null), "{fault:?}");
        assert!(standing[0]["trouble"].as_str().is_some_and(|trouble| !trouble.is_empty()), "{fault:?} {standing}");
        shop.pass(0);
        assert_eq!(state(&shop, 0), "available", "the first reading decides at once");
    }
}

#[test]
fn some_without_a_reading_are_three_and_a_wrong_key_is_one() {
    let shop = shop("", &format!("{SOFAS}{BEDS}"));
    shop.emplifi().add_fault(Rule { id: Some("bed-team".into()), times: Some(1), ..Rule::new(Fault::status(503)) });
    shop.pass(3);
    assert_eq!((state(&shop, 0), state(&shop, 1)), ("available".to_owned(), "unknown".to_owned()));
    shop.emplifi().remove("bed-team");
    let told = shop.pass(3).stdout;
    assert!(told.contains("beds") && told.contains("404"), "{told}");
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    shop.write("shelfkeeper.toml", config.replace(sandbox::DEMO_EMPLIFI_KEY, "a-key-of-nobody"));
    let run = shop.pass(1);
    assert!(run.stderr.contains("api_key") && !run.stderr.contains("a-key-of-nobody"), "{}", run.stderr);
    for watch in standing(&shop).as_array().expect("a list") {
        assert!(watch["trouble"].as_str().is_some_and(|trouble| trouble.contains("api_key")), "{watch}");
    }
}

#[test]
fn a_change_takes_as_many_readings_as_are_set() {
    let shop = shop("open_after = 2\nclose_after = 3\n", SOFAS);
    let mut seen = String::new();
    for letter in "anannn-naa".chars() {
        shop.emplifi().set_available("sofa-team", letter == 'a');
        if letter == '-' {
            shop.emplifi().fail_next(Fault::status(503), 1);
            shop.pass(1);
        } else {
            shop.pass(0);
        }
        seen.push(if state(&shop, 0) == "available" { 'a' } else { 'n' });
    }
    assert_eq!(seen, "aaaaannnna");
}

#[test]
fn a_missing_answer_does_not_begin_the_count_anew() {
    let shop = shop("close_after = 2\n", SOFAS);
    shop.pass(0);
    shop.emplifi().set_available("sofa-team", false);
    shop.pass(0);
    shop.emplifi().fail_next(Fault::status(503), 1);
    shop.pass(1);
    assert_eq!(state(&shop, 0), "available");
    shop.pass(0);
    assert_eq!(state(&shop, 0), "not_available");
}

#[test]
fn at_most_four_are_asked_at_a_time() {
    let watch = |n: usize| format!("[[emplifi.watch]]\nname = \"w{n}\"\nrequired_keys = [\"{n}\"]\n");
    let shop = shop("", &(0..12).map(watch).collect::<String>());
    shop.emplifi().set_rules(sandbox::EmplifiRules { latency: std::time::Duration::from_millis(60) });
    shop.pass(0);
    let requests = shop.emplifi().take_requests();
    assert_eq!(requests.len(), 12);
    assert_eq!(requests.iter().map(|request| request.at_once).max(), Some(4));
}

#[test]
fn a_timeout_is_no_reading() {
    let shop = shop("timeout = \"100ms\"\n", SOFAS);
    shop.emplifi().fail_next(Fault::Hang, 1);
    shop.pass(1);
    assert!(standing(&shop)[0]["trouble"].as_str().is_some_and(|trouble| trouble.contains("timed out")));
}
