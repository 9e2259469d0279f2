//! Rounds on a timer: states over time, what is set aside, and what is told of it.

use std::time::Duration;

use sandbox::{EmplifiRules, Fault, Rule};
use serde_json::{Value, json};

use super::{BEDS, DOORS, QUICK, SOFAS, configure, daemon, shop, standing, state};
use crate::kit::door::{ask, private, public};
use crate::kit::process::Process;
use crate::kit::receiver::Receiver;
use crate::kit::{Shop, wait_until};

fn asked(shop: &Shop) -> usize {
    shop.emplifi().requests().len()
}

#[test]
fn an_advisor_leaves_and_comes_back() {
    let shop = shop(QUICK, &format!("{SOFAS}{DOORS}requests_per_second = 0\n"));
    let process = daemon(&shop);
    let public = public(&process);
    let shown = || ask(public, "GET /availability/sofas", "Host: a\r\n").1;
    wait_until("it is there", || shown().contains("\"state\":\"available\",\"show\":true"));
    shop.emplifi().set_available("sofa-team", false);
    wait_until("it has left", || shown().contains("\"state\":\"not_available\",\"show\":false"));
    shop.emplifi().set_available("sofa-team", true);
    wait_until("it is back", || shown().contains("\"state\":\"available\",\"show\":true"));
    let metrics = ask(private(&process), "GET /metrics", "Host: localhost\r\n").1;
    for line in [
        "shelfkeeper_advisor_available{watch=\"sofas\"} 1",
        "shelfkeeper_advisor_changes_total{watch=\"sofas\",state=\"not_available\"} 1",
        "shelfkeeper_advisor_changes_total{watch=\"sofas\",state=\"available\"} 1",
        "shelfkeeper_emplifi_requests_total{status=\"200\"}",
        "shelfkeeper_advisor_reading_age_seconds{watch=\"sofas\"}",
        "shelfkeeper_availability_answers_total{status=\"200\"}",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert_eq!(ask(private(&process), "GET /readyz", "Host: localhost\r\n").0, 200);
    let history = shop.json(&["availability", "--history", "--format", "json"]);
    let spans = history.as_array().expect("a list");
    let states: Vec<&Value> = spans.iter().map(|span| &span["state"]).collect();
    assert_eq!(states, ["available", "not_available", "available"]);
    assert!(
        spans.windows(2).all(|pair| pair[0]["to"] == pair[1]["from"]) && spans[2]["to"] == Value::Null,
        "{history}"
    );
}

#[test]
fn without_readings_it_becomes_unknown_and_the_state_is_kept_over_restarts() {
    let shop = shop(
        "schedule = \"every 1s\"\nunknown_after = \"3s\"\nwhen_unknown = \"show\"\n",
        &format!("{SOFAS}{DOORS}requests_per_second = 0\n"),
    );
    let mut process = daemon(&shop);
    wait_until("it was read", || state(&shop, 0) == "available");
    shop.emplifi().add_fault(Rule::new(Fault::status(503)));
    process.signal("TERM");
    assert_eq!(process.ends_within(Duration::from_secs(10)), Some(0));
    let again = daemon(&shop);
    let public = public(&again);
    let shown = || ask(public, "GET /availability/sofas", "Host: a\r\n").1;
    assert!(shown().contains("\"state\":\"available\""), "from the state, before any reading: {}", shown());
    wait_until("it is unknown", || shown().contains("{\"state\":\"unknown\",\"show\":true,\"since\":null}"));
    shop.run(&["availability"]).expect_code(3);
    let (status, ready) = ask(private(&again), "GET /readyz", "Host: localhost\r\n");
    assert!(status == 503 && ready.contains("availability: "), "{ready}");
    let metrics = ask(private(&again), "GET /metrics", "Host: localhost\r\n").1;
    assert!(!metrics.contains("shelfkeeper_advisor_available{watch=\"sofas\"}"), "{metrics}");
    assert!(metrics.contains("shelfkeeper_advisor_changes_total{watch=\"sofas\",state=\"unknown\"} 1"), "{metrics}");
    shop.emplifi().clear_faults();
    wait_until("it is known again", || shown().contains("\"state\":\"available\""));
    let history = shop.json(&["availability", "--history", "--format", "json"]);
    let states: Vec<&Value> = history.as_array().expect("a list").iter().map(|span| &span["state"]).collect();
    assert_eq!(states, ["available", "unknown", "available"]);
}

#[test]
fn what_a_page_was_told_hooks_are_told_too() {
    let receiver = Receiver::new();
    let hook = "[[notify.hook]]\nname = \"page\"\nevents = [\"availability.changed\"]\nurl = ";
    let shop = shop(
        "schedule = \"every 1s\"\nunknown_after = \"2s\"\n",
        &format!("{SOFAS}{DOORS}requests_per_second = 0\n{hook}{:?}\n", receiver.url()),
    );
    let process = daemon(&shop);
    let public = public(&process);
    let is = |state: &str| ask(public, "GET /availability/sofas", "Host: a\r\n").1.contains(state);
    wait_until("it is there", || is("\"available\""));
    // The next reading comes late, and in the same round.
    shop.emplifi().set_rules(EmplifiRules { latency: Duration::from_secs(4) });
    wait_until("it is unknown", || is("\"unknown\""));
    shop.emplifi().set_rules(EmplifiRules::default());
    wait_until("a hook was told of both", || receiver.seen().len() > 1);
    let told = receiver.seen().into_iter().map(|message| message.json()["data"]["state"].clone());
    assert_eq!(told.take(2).collect::<Vec<_>>(), ["unknown", "available"]);
}

#[test]
fn what_is_refused_is_set_aside_until_somebody_says_so() {
    let shop = shop(QUICK, &format!("{SOFAS}{BEDS}"));
    shop.emplifi().remove("bed-team");
    let process = daemon(&shop);
    let beds = || shop.emplifi().requests().iter().filter(|request| request.path.contains("bed-team")).count();
    wait_until("there were three rounds", || asked(&shop) - beds() >= 3);
    assert_eq!(beds(), 1, "it is not asked again");
    let status = shop.json(&["status", "--format", "json"]);
    assert!(status["availability"][1]["trouble"].as_str().is_some_and(|told| told.contains("404")), "{status}");
    process.signal("HUP");
    wait_until("it is asked after a reload", || beds() == 2);
    process.signal("USR1");
    wait_until("it is asked after a resync", || beds() == 3);
    super::advisor(&shop, "bed-team", &[], true);
    process.signal("USR1");
    wait_until("it is well again", || standing(&shop)[1]["trouble"] == Value::Null);
}

#[test]
fn a_wrong_key_sets_the_section_aside() {
    let shop = shop(QUICK, &format!("{SOFAS}{BEDS}{DOORS}"));
    shop.emplifi().add_fault(Rule::new(Fault::status(401)));
    let process = daemon(&shop);
    let private = private(&process);
    let failed = "shelfkeeper_passes_total{kind=\"availability\",outcome=\"failed\"} 3\n";
    wait_until("there were three rounds", || ask(private, "GET /metrics", "Host: localhost\r\n").1.contains(failed));
    assert!(asked(&shop) <= 2, "{:?}", shop.emplifi().requests());
    assert_eq!(process.log().matches("api_key").count(), 1, "{}", process.log());
    shop.emplifi().clear_faults();
    process.signal("HUP");
    wait_until("it is asked again", || state(&shop, 0) == "available");
}

#[test]
fn a_retry_after_is_waited_for() {
    let shop = shop("schedule = \"every 1s\"\n", SOFAS);
    let fault = Fault::Status { code: 429, retry_after: Some("3".to_owned()), html: false };
    shop.emplifi().fail_next(fault, 1);
    let _process = daemon(&shop);
    wait_until("it was asked again", || asked(&shop) >= 2);
    let requests = shop.emplifi().requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(3), "{:?}", requests);
}

#[test]
fn a_retry_after_of_years_is_one_of_an_hour() {
    let shop = shop("schedule = \"every 1s\"\n", SOFAS);
    let fault = Fault::Status { code: 429, retry_after: Some("315360000".to_owned()), html: false };
    shop.emplifi().fail_next(fault, 1);
    let _process = daemon(&shop);
    let trouble = || standing(&shop)[0]["trouble"].as_str().unwrap_or_default().to_owned();
    wait_until("it is left alone", || trouble().contains("asked to be left alone"));
    let seconds = trouble().split(' ').find_map(|word| word.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds <= 3600), "{}", trouble());
}

/// A daemon that was just asked to leave Emplifi alone for an hour.
fn left_alone(shop: &Shop) -> Process {
    let fault = Fault::Status { code: 429, retry_after: Some("3600".to_owned()), html: false };
    shop.emplifi().fail_next(fault, 1);
    let process = daemon(shop);
    let trouble = || standing(shop)[0]["trouble"].as_str().unwrap_or_default().to_owned();
    wait_until("it is left alone", || trouble().contains("asked to be left alone"));
    process
}

#[test]
fn a_retry_after_says_nothing_of_another_emplifi() {
    let (shop, other) = (shop(QUICK, SOFAS), Shop::new());
    let process = left_alone(&shop);
    let kept_at = format!("[state]\npath = {:?}\n", shop.state_path());
    shop.write("shelfkeeper.toml", format!("{kept_at}{}{QUICK}{SOFAS}", other.emplifi_section()));
    process.signal("HUP");
    wait_until("the other one was asked", || state(&shop, 0) == "available");
    assert_eq!(asked(&shop), 1);
}

#[test]
fn a_retry_after_says_nothing_of_another_account() {
    let shop = shop(QUICK, SOFAS);
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    shop.write("shelfkeeper.toml", config.replace(sandbox::DEMO_EMPLIFI_KEY, "another-account"));
    let process = left_alone(&shop);
    shop.write("shelfkeeper.toml", config);
    process.signal("HUP");
    wait_until("it was asked with the other key", || state(&shop, 0) == "available");
}

#[test]
fn a_reload_takes_watches_in_and_out() {
    let shop = shop(
        "schedule = \"every 10m\"\nunknown_after = \"20m\"\n",
        &format!("{SOFAS}{DOORS}requests_per_second = 0\n"),
    );
    let process = daemon(&shop);
    let public = public(&process);
    let shown = || ask(public, "GET /availability", "Host: a\r\n").1;
    wait_until("it was read", || shown().contains("\"sofas\":{\"state\":\"available\""));
    configure(
        &shop,
        "schedule = \"every 10m\"\nunknown_after = \"20m\"\n",
        &format!("{BEDS}{SOFAS}{DOORS}requests_per_second = 0\n"),
    );
    process.signal("HUP");
    wait_until("the other one is read", || shown().contains("\"beds\":{\"state\":\"not_available\""));
    assert!(shown().contains("\"sofas\":{\"state\":\"available\""));
    configure(
        &shop,
        "schedule = \"every 10m\"\nunknown_after = \"20m\"\n",
        &format!("{DOORS}requests_per_second = 0\n"),
    );
    process.signal("HUP");
    wait_until("nobody is watched", || shown().contains("{\"watches\":{}}"));
    assert_eq!(standing(&shop), json!([]));
}

/// A misspelt alias, most likely.
#[test]
fn a_watch_that_never_had_a_reading_is_told_of() {
    let shop = shop(QUICK, &format!("{SOFAS}{BEDS}{DOORS}"));
    shop.emplifi().remove("bed-team");
    let process = daemon(&shop);
    let private = private(&process);
    let metrics = || ask(private, "GET /metrics", "Host: localhost\r\n").1;
    wait_until("the other one was read", || metrics().contains("shelfkeeper_advisor_available{watch=\"sofas\"} 1\n"));
    let metrics = metrics();
    for line in [
        "shelfkeeper_advisor_watched{watch=\"sofas\"} 1\n",
        "shelfkeeper_advisor_watched{watch=\"beds\"} 1\n",
        "shelfkeeper_passes_total{kind=\"availability\",outcome=\"held\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("shelfkeeper_advisor_reading_age_seconds{watch=\"beds\"}"), "{metrics}");
    let headline = shop.json(&["status", "--format", "json"])["headline"].clone();
    let told = "Equal but for 1 watch of which nobody knows whether an advisor is there.";
    assert_eq!((&headline["state"], &headline["text"]), (&json!("rows"), &json!(told)));
}
