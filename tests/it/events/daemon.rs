//! The daemon's second job: its own schedule, its own troubles, and what an operator sees of it.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::kit::events::{ROW, add, content, copy_to, mirrored};
use crate::kit::process::{self, Process, page};
use crate::kit::{Shop, wait_until};
use sandbox::{DEMO_STORE, Fault, Rule};
use serde_json::json;

const RARELY: &str = "[source]\nschedule = \"every 12h\"\n";
const OFTEN: &str = "[source]\nschedule = \"every 1s\"\n";
const LISTENS: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";

/// Writes a config that mirrors on this schedule, beside these other sections.
fn configure(shop: &Shop, others: &str, schedule: &str) {
    let section = shop.lagerkoll_section();
    shop.config(&format!("{others}{section}timeout = \"5s\"\nretries = 0\nschedule = {schedule:?}\n"));
}

fn shop(others: &str, schedule: &str) -> Shop {
    let shop = Shop::with_rows(&[ROW]);
    configure(&shop, others, schedule);
    add(&shop, json!({"id": 7, "triggerType": "TIME", "trigger": {"time": "08:00"}}));
    shop
}

fn start(shop: &Shop) -> Process {
    Process::start(shop.command(&["run"]))
}

fn stop(mut daemon: Process) {
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0), "{}", daemon.log());
}

fn reads(shop: &Shop) -> usize {
    shop.lagerkoll().requests().len()
}

#[test]
fn events_have_a_schedule_of_their_own() {
    let shop = shop(RARELY, "every 1s");
    let daemon = start(&shop);
    wait_until("several listings were read", || reads(&shop) >= 3);
    add(&shop, json!({"id": 8}));
    wait_until("the new one is mirrored", || mirrored(&shop).as_array().map(Vec::len) == Some(2));
    assert_eq!(daemon.log().matches(process::PASS_ENDED).count(), 1, "{}", daemon.log());
    stop(daemon);
    assert!(shop.lagerkoll().requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn neither_job_waits_for_the_other() {
    // A Lagerkoll that never answers.
    let shop = shop(OFTEN, "every 1s");
    shop.lagerkoll().add_fault(Rule::new(Fault::Hang));
    let daemon = start(&shop);
    daemon.wait_for_log(process::PASS_ENDED, 3);
    shop.lagerkoll().clear_faults();
    stop(daemon);
    // A NiceChat that never answers.
    configure(&shop, &format!("{OFTEN}[nicechat]\ntimeout = \"60s\"\n"), "every 1s");
    shop.feed_tsv(&[&ROW.replace("10.00", "11.00")]);
    shop.nicechat().add_fault(Rule::new(Fault::Hang));
    let daemon = start(&shop);
    daemon.wait_for_log(process::EVENTS_ENDED, 3);
    assert!(!daemon.log().contains(process::PASS_ENDED), "{}", daemon.log());
    stop(daemon);
}

#[test]
fn the_line_for_systemd_has_the_events_too() {
    let shop = shop(RARELY, "every 12h");
    let manager = UnixDatagram::bind(shop.path("notify")).expect("a socket");
    manager.set_read_timeout(Some(process::PATIENCE)).expect("a timeout");
    let mut command = shop.command(&["run"]);
    command.env("NOTIFY_SOCKET", shop.path("notify"));
    let daemon = Process::start(command);
    let both = ["STATUS=idle; last sync: ok, 1 row read, ", "; events: ok, 1 listed, 1 new, 1 request in "];
    let mut bytes = [0; 4096];
    loop {
        let length = manager.recv(&mut bytes).expect("a line that has both");
        let message = String::from_utf8_lossy(&bytes[..length]);
        if both.iter().all(|part| message.contains(part)) {
            break;
        }
    }
    stop(daemon);
}

#[test]
fn an_outage_is_told_once_and_its_end_as_well() {
    let shop = shop(RARELY, "every 1s");
    let daemon = start(&shop);
    daemon.wait_for_log(process::EVENTS_ENDED, 1);
    let before = reads(&shop);
    shop.lagerkoll().add_fault(Rule::new(Fault::status(503)));
    wait_until("it has failed several times", || reads(&shop) >= before + 3);
    shop.lagerkoll().clear_faults();
    daemon.wait_for_log("events are mirrored well again", 1);
    let log = daemon.log();
    assert_eq!(log.lines().filter(|line| line.contains("WARN")).count(), 1, "{log}");
    stop(daemon);
}

#[test]
fn a_silence_that_was_asked_for_outlasts_the_schedule() {
    let shop = shop(RARELY, "every 1s");
    let busy = Fault::Status { code: 429, retry_after: Some("3".to_owned()), html: false };
    shop.lagerkoll().add_fault(Rule { times: Some(1), ..Rule::new(busy) });
    let daemon = start(&shop);
    wait_until("it was read again", || reads(&shop) >= 2);
    let requests = shop.lagerkoll().requests();
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= Duration::from_secs(3), "{waited:?}");
    stop(daemon);
}

#[test]
fn readiness_and_metrics_include_the_mirror() {
    let shop = shop(&format!("{RARELY}{LISTENS}"), "every 12h");
    shop.lagerkoll().add_fault(Rule::new(Fault::status(503)));
    let daemon = start(&shop);
    daemon.wait_for_log(process::PASS_ENDED, 1);
    wait_until("the catalogue counts as good", || !page(&daemon, "/readyz").1.contains("sync:"));
    let (status, text) = page(&daemon, "/readyz");
    assert!(status == 503 && text.contains("events: no good pass yet"), "{text}");
    shop.lagerkoll().clear_faults();
    daemon.signal("USR1");
    wait_until("it is ready", || page(&daemon, "/readyz").0 == 200);
    let metrics = page(&daemon, "/metrics").1;
    for series in [
        "shelfkeeper_mirrored_events 1\n",
        "shelfkeeper_passes_total{kind=\"events\",outcome=\"failed\"} 1\n",
        "shelfkeeper_passes_total{kind=\"events\",outcome=\"ok\"} 1\n",
        "shelfkeeper_last_good_pass_age_seconds{job=\"events\"}",
    ] {
        assert!(metrics.contains(series), "{series} in {metrics}");
    }
    assert!(page(&daemon, "/status").1.contains("\"events\":{\"count\":1"));
    stop(daemon);
}

#[test]
fn a_reload_adds_the_section_and_takes_it_out() {
    let shop = Shop::with_rows(&[ROW]);
    shop.config(&format!("{RARELY}{LISTENS}"));
    add(&shop, json!({"id": 7}));
    let daemon = start(&shop);
    wait_until("it is ready", || page(&daemon, "/readyz").0 == 200);
    assert!(shop.lagerkoll().requests().is_empty() && !page(&daemon, "/metrics").1.contains("mirrored_events"));
    configure(&shop, &format!("{RARELY}{LISTENS}"), "every 1s");
    daemon.signal("HUP");
    daemon.wait_for_log(process::EVENTS_ENDED, 2);
    assert!(page(&daemon, "/metrics").1.contains("shelfkeeper_mirrored_events 1\n"));
    shop.config(&format!("{RARELY}{LISTENS}"));
    daemon.signal("HUP");
    daemon.wait_for_log("read again", 2);
    assert!(!page(&daemon, "/metrics").1.contains("mirrored_events"));
    assert_eq!(page(&daemon, "/readyz").0, 200);
    // A catalogue's pass from then on has no events beside it.
    let before = daemon.log().matches(process::EVENTS_ENDED).count();
    daemon.signal("USR1");
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert!(daemon.log().matches(process::EVENTS_ENDED).count() <= before + 1, "{}", daemon.log());
    stop(daemon);
    assert!(shop.lagerkoll().events(DEMO_STORE).contains_key(&7));
}

#[test]
fn force_lets_the_daemons_first_pass_over_the_events_through_the_guard() {
    let shop = Shop::with_rows(&[ROW]);
    let many: Vec<i64> = (0..13).map(|n| add(&shop, content(&format!("e{n}"), "08:00"))).collect();
    shop.lagerkoll().add_store("4712", "key of two");
    let section =
        format!("{RARELY}{}schedule = \"every 12h\"\n{}", shop.lagerkoll_section(), copy_to("4712", "key of two"));
    shop.config(&section);
    shop.run(&["run", "--once"]).expect_code(0);
    many[1..].iter().for_each(|id| drop(shop.lagerkoll().remove(DEMO_STORE, *id)));
    let daemon = start(&shop);
    daemon.wait_for_log("refused by the guard", 1);
    stop(daemon);
    assert_eq!(shop.lagerkoll().events("4712").len(), 13);
    let daemon = Process::start(shop.command(&["run", "--force"]));
    wait_until("the copies are gone", || shop.lagerkoll().events("4712").len() == 1);
    stop(daemon);
}

#[test]
fn another_store_is_mirrored_as_soon_as_the_config_names_it() {
    let shop = shop(&format!("{RARELY}{LISTENS}"), "every 12h");
    let daemon = start(&shop);
    wait_until("it is ready", || page(&daemon, "/readyz").0 == 200);
    let lagerkoll = shop.lagerkoll();
    lagerkoll.add_store("4712", "key of two");
    let fault = Rule { store: Some("4712".to_owned()), ..Rule::new(Fault::status(503)) };
    lagerkoll.add_fault(fault);
    let section = shop.lagerkoll_section().replace("\"4711\"", "\"4712\"");
    let section = section.replace(sandbox::DEMO_STORE_KEY, "key of two");
    shop.config(&format!("{RARELY}{LISTENS}{section}retries = 0\nschedule = \"every 12h\"\n"));
    daemon.signal("HUP");
    wait_until("it was asked for", || {
        lagerkoll.requests().iter().any(|request| request.store.as_deref() == Some("4712"))
    });
    let (status, text) = page(&daemon, "/readyz");
    assert!(status == 503 && text.contains("events: no good pass yet"), "{text}");
    lagerkoll.clear_faults();
    daemon.signal("USR1");
    wait_until("it is ready again", || page(&daemon, "/readyz").0 == 200);
    stop(daemon);
}
