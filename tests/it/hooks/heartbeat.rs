//! A monitor elsewhere that is told of each pass.

use std::net::TcpListener;
use std::time::Duration;

use sandbox::Fault;

use crate::kit::goods::{goods, publish};
use crate::kit::orders;
use crate::kit::process::Process;
use crate::kit::receiver::Receiver;
use crate::kit::{Shop, wait_until};

const KEY: &str = "hidden-ping-key";

fn address(receiver: &Receiver) -> String {
    receiver.url().split("/hook").next().map(|host| format!("{host}/{KEY}")).expect("an address")
}

/// A shop that tells this address; `more` stands in `[notify]`.
fn shop(address: &str, more: &str) -> Shop {
    let shop = Shop::new();
    let file = shop.write("heartbeat_url", format!("{address}\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, mode).expect("its mode");
    shop.config(&format!("[nicechat]\nretries = 0\n[notify]\nheartbeat_url_file = {file:?}\n{more}"));
    publish(&shop, &goods("p", 2));
    shop
}

/// What was told: method and address, and the body behind a bar.
fn told(receiver: &Receiver) -> Vec<String> {
    let told = |line: &str| line.trim_end_matches(" HTTP/1.1").replace(KEY, "KEY");
    receiver.seen().iter().map(|message| format!("{}|{}", told(&message.line), message.body)).collect()
}

#[test]
fn check_asks_its_host_and_is_no_beat() {
    let receiver = Receiver::new();
    let shop = shop(&address(&receiver), "");
    let output = shop.run(&["check", "--online"]).expect_code(0).stdout;
    let host = address(&receiver).replace(&format!("/{KEY}"), "");
    assert!(output.contains(&format!("heartbeat ok   {host} answers (HTTP 200)")) && !output.contains(KEY), "{output}");
    assert_eq!(told(&receiver), ["GET /|"]);
}

#[test]
fn healthchecks_is_told_the_begin_and_how_it_ended() {
    let receiver = Receiver::new();
    let shop = shop(&address(&receiver), "");
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(told(&receiver), ["GET /KEY/start|", "GET /KEY|"]);
    shop.put_feed("not a feed at all");
    let output = shop.run(&["run", "--once"]).expect_code(1);
    let all = told(&receiver);
    assert_eq!((all.len(), &*all[2]), (4, "GET /KEY/start|"));
    assert!(all[3].starts_with("POST /KEY/fail|sync: ") && all[3].len() > 30, "{all:?}");
    assert!(!format!("{}{}", output.stdout, output.stderr).contains(KEY));
    // A pause is no failure, nor does it put one right.
    publish(&shop, &goods("p", 3));
    let paused = || {
        shop.run(&["pause"]).expect_code(0);
        shop.run(&["run", "--once"]);
        shop.run(&["resume"]).expect_code(0);
        told(&receiver).pop().expect("something")
    };
    assert!(paused().starts_with("POST /KEY/fail|sync: "));
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(told(&receiver).pop().as_deref(), Some("GET /KEY|"));
    assert_eq!(paused(), "GET /KEY|");
}

#[test]
fn uptime_kuma_is_told_up_or_down() {
    let receiver = Receiver::new();
    let shop = shop(&(address(&receiver) + "?status=up&msg=OK&ping="), "heartbeat = \"uptime-kuma\"\n");
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(told(&receiver), ["GET /KEY?ping=&status=up&msg=OK|"]);
    shop.put_feed("not a feed at all");
    shop.run(&["run", "--once"]).expect_code(1);
    assert!(told(&receiver)[1].starts_with("GET /KEY?ping=&status=down&msg=sync%3A+"), "{:?}", told(&receiver));
}

#[test]
fn all_is_well_when_the_last_pass_of_each_job_was() {
    let receiver = Receiver::new();
    let shop = orders::shop(&format!("schedule = \"every 1s\"\n[notify]\nheartbeat_url = {:?}\n", address(&receiver)));
    shop.put_feed("not a feed at all");
    let daemon = Process::start(shop.command(&["run"]));
    let fails = || told(&receiver).iter().filter(|told| told.starts_with("POST /KEY/fail|sync: ")).count();
    wait_until("passes over the orders told of the other job, too", || fails() > 2);
    let is_well = |told: &String| told == "GET /KEY|";
    let early = told(&receiver).iter().filter(|told| is_well(told)).count();
    assert!(early <= 1, "{:?}", told(&receiver));
    drop(daemon);
}

#[test]
fn what_goes_well_beside_a_failure_is_no_recovery() {
    let receiver = Receiver::new();
    let shop = orders::shop(&format!("[notify]\nheartbeat_url = {:?}\n", address(&receiver)));
    shop.put_feed("not a feed at all");
    shop.run(&["run", "--once"]).expect_code(1);
    let before = told(&receiver).len();
    shop.run(&["run", "--once"]).expect_code(1);
    let again = told(&receiver).split_off(before);
    assert!(again.len() > 1 && !again.contains(&"GET /KEY|".to_owned()), "{again:?}");
}

/// A shop that has `[emplifi]` and what `more` gives.
fn watching(receiver: &Receiver, more: fn(&Shop) -> String) -> Shop {
    let shop = Shop::new();
    let watch = "schedule = \"every 1s\"\n[[emplifi.watch]]\nname = \"sofas\"\nalias = \"sofa-team\"\n";
    let notify = format!("[notify]\nheartbeat_url = {:?}\n", address(receiver));
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    shop.write("shelfkeeper.toml", format!("{state}{}{watch}{notify}{}", shop.emplifi_section(), more(&shop)));
    shop
}

#[test]
fn rounds_are_told_once_a_minute_where_nothing_else_is() {
    let receiver = Receiver::new();
    let shop = watching(&receiver, |_| String::new());
    shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(told(&receiver), ["GET /KEY/start|", "GET /KEY|"]);
    shop.emplifi().fail_next(Fault::status(503), 1);
    shop.run(&["run", "--once"]).expect_code(1);
    assert!(told(&receiver)[3].starts_with("POST /KEY/fail|availability: "), "{:?}", told(&receiver));
    let before = shop.emplifi().requests().len();
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("there were three rounds", || shop.emplifi().requests().len() >= before + 3);
    wait_until("one was told", || told(&receiver).len() > 5);
    assert_eq!(told(&receiver)[4..], ["GET /KEY/start|", "GET /KEY|"]);
    drop(daemon);
}

#[test]
fn beside_other_passes_rounds_are_not_told() {
    let receiver = Receiver::new();
    let shop = watching(&receiver, Shop::lagerkoll_section);
    shop.emplifi().fail_next(Fault::status(503), 1);
    shop.run(&["run", "--once"]).expect_code(1);
    assert_eq!(told(&receiver), ["GET /KEY/start|", "GET /KEY|"]);
}

#[test]
fn one_that_never_answers_delays_no_pass_and_no_stop_and_is_told_once() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let shop = shop(&format!("http://{}/{KEY}", silent.local_addr().expect("an address")), "");
    let mut daemon = Process::start(shop.command(&["run"]));
    let passes =
        || shop.json(&["status", "--format", "json", "--passes", "9"])["passes"].as_array().map_or(0, Vec::len);
    wait_until("a pass is over", || passes() == 1);
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(4)), Some(0), "{}", daemon.log());
    assert!(!daemon.log().contains(KEY), "{}", daemon.log());
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    shop.write("heartbeat_url", format!("http://{closed}/{KEY}\n"));
    let output = shop.run(&["run", "--once"]).expect_code(0);
    assert_eq!(output.stderr.matches("the heartbeat is not taken").count(), 1, "{}", output.stderr);
    assert!(!output.stderr.contains(KEY), "{}", output.stderr);
}

#[test]
fn its_address_is_a_secret() {
    let shop = Shop::new();
    shop.config(&format!("[notify]\nheartbeat_url = \"http://127.0.0.1:1/{KEY}\"\n"));
    let dumped = shop.run(&["config", "dump"]).expect_code(0).stdout;
    assert!(dumped.contains("heartbeat_url") && dumped.contains("***") && !dumped.contains(KEY), "{dumped}");
    shop.config(&format!("[notify]\nheartbeat_url = \"ftp://127.0.0.1:1/{KEY}\"\n"));
    let told = shop.run(&["check"]).expect_code(2).stderr;
    assert!(told.contains("notify.heartbeat_url: expected an address") && !told.contains(KEY), "{told}");
}
