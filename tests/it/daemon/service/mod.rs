//! The daemon: its schedule, its signals, what it logs, and what it tells systemd.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use crate::kit::goods::{self, Good, assert_equal, good, goods as many, object, publish};
use crate::kit::process::{self, Process};
use crate::kit::{FEED, Shop, wait_until};
use sandbox::{Fault, Feed, Kind, Rule};
use serde_json::json;

mod manager;

/// Only the first pass and what signals ask for.
const RARELY: &str = "[source]\nschedule = \"every 12h\"\n";

const OFTEN: &str = "[source]\nschedule = \"every 1s\"\n";

/// A shop with a feed that no pass has seen yet.
fn shop(goods: &[Good], config: &str) -> Shop {
    let shop = Shop::new();
    shop.config(config);
    publish(&shop, goods);
    shop
}

fn start(shop: &Shop) -> Process {
    Process::start(shop.command(&["run"]))
}

/// Starts the daemon and waits for its first pass.
fn started(shop: &Shop) -> Process {
    let daemon = start(shop);
    daemon.wait_for_log(process::PASS_ENDED, 1);
    daemon
}

fn stop(mut daemon: Process) {
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0), "{}", daemon.log());
}

fn repriced(count: usize) -> Vec<Good> {
    many("p", count).into_iter().map(|good| good.at_price("11.00")).collect()
}

#[test]
fn the_first_pass_is_made_at_once_and_sigterm_ends_it_well() {
    for signal in ["TERM", "INT"] {
        let shop = shop(&many("p", 3), RARELY);
        let mut daemon = started(&shop);
        assert_equal(&shop, &many("p", 3));
        assert!(daemon.is_running());
        daemon.signal(signal);
        assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0), "{}", daemon.log());
        assert_eq!(daemon.stdout(), "", "the log is on standard error");
    }
}

#[test]
fn a_changed_feed_is_picked_up_and_an_unchanged_one_costs_a_304() {
    let shop = shop(&many("p", 3), OFTEN);
    let daemon = started(&shop);
    let is_304 = |shop: &Shop| shop.fetches().iter().filter(|fetch| fetch.status == 304).count();
    wait_until("nothing has changed, twice", || is_304(&shop) >= 2);
    shop.nicechat().take_requests();
    publish(&shop, &repriced(2));
    wait_until("the change has arrived", || shop.nicechat().requests().len() == 3);
    wait_until("it is known", || shop.fetches().last().is_some_and(|fetch| fetch.status == 304));
    assert_eq!(goods::tally(&shop.nicechat().requests()), "1 DELETE products, 2 PATCH products");
    assert_equal(&shop, &repriced(2));
    stop(daemon);
}

#[test]
fn what_goes_wrong_in_a_pass_does_not_end_the_daemon() {
    let shop = shop(&many("p", 30), OFTEN);
    let daemon = started(&shop);
    publish(&shop, &[]);
    daemon.wait_for_log("guard", 1);
    shop.put_feed("");
    daemon.wait_for_log("incomplete", 1);
    publish(&shop, &repriced(30));
    wait_until("all is well again", || goods::tally(&shop.nicechat().requests()).contains("30 PATCH products"));
    stop(daemon);
    assert_equal(&shop, &repriced(30));
}

#[test]
fn sigterm_in_the_middle_of_a_pass_ends_it_within_five_seconds_and_the_next_start_finishes() {
    let shop = shop(&many("p", 40), &format!("{RARELY}[nicechat]\nconcurrency = 4\ntimeout = \"60s\""));
    stop(started(&shop));
    publish(&shop, &repriced(40));
    let nicechat = shop.nicechat();
    nicechat.take_requests();
    nicechat.add_fault(Rule { after: 10, ..Rule::new(Fault::Hang) });
    let daemon = start(&shop);
    wait_until("it is in the middle", || nicechat.requests().len() == 14);
    stop(daemon);
    nicechat.clear_faults();
    nicechat.take_requests();
    let daemon = started(&shop);
    assert_eq!(goods::tally(&nicechat.requests()), "30 PATCH products");
    assert_equal(&shop, &repriced(40));
    stop(daemon);
}

#[test]
fn sighup_takes_over_a_good_config_and_keeps_the_old_one_when_the_new_is_bad() {
    let shop = shop(&many("p", 2), RARELY);
    let daemon = started(&shop);
    shop.write("shelfkeeper.toml", "[source]\nlocation = \"x\"\ncolour = \"red\"\n");
    daemon.signal("HUP");
    daemon.wait_for_log("colour", 1);
    assert!(daemon.log().contains("New config not used, the old one stays"), "{}", daemon.log());

    // The old config still holds: a resync reads the old feed.
    publish(&shop, &repriced(2));
    daemon.signal("USR1");
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_equal(&shop, &repriced(2));

    shop.shop().put("other.txt", goods::feed(&many("q", 3)), "text/plain");
    let other = shop.shop().url("other.txt");
    shop.config(&format!("[source]\nschedule = \"every 1s\"\nlocation = {other:?}"));
    daemon.signal("HUP");
    daemon.wait_for_log("read again", 1);
    daemon.wait_for_log(process::PASS_ENDED, 3);
    assert_equal(&shop, &many("q", 3));
    stop(daemon);
}

#[test]
fn reloads_that_come_more_often_than_passes_are_due_keep_none_back() {
    let shop = shop(&many("p", 2), &format!("{OFTEN}splay = \"0s\"\nresync_schedule = \"*/2 * * * * *\""));
    let daemon = started(&shop);
    let fetches = shop.fetches().len();
    let resyncs = || shop.nicechat().requests().iter().filter(|request| request.method == "GET").count();
    let before = resyncs();
    let deadline = Instant::now() + process::PATIENCE;
    for reload in 1.. {
        daemon.signal("HUP");
        daemon.wait_for_log("read again", reload);
        if shop.fetches().len() >= fetches + 6 && resyncs() >= before + 4 {
            break;
        }
        assert!(Instant::now() < deadline, "{}", daemon.log());
    }
    stop(daemon);
}

#[test]
fn a_feed_that_was_judged_in_the_future_is_judged_again() {
    let shop = shop(&many("p", 2), RARELY);
    shop.pass(0);
    let state = rusqlite::Connection::open(shop.state_path()).expect("the state");
    let sql = "UPDATE meta SET value = json_set(value, '$.judged', ?1) WHERE key = 'feed_mark'";
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3600);
    assert_eq!(state.execute(sql, [later.to_string()]).expect("written"), 1);
    drop(state);
    for _ in 0..2 {
        shop.pass(0);
    }
    let statuses: Vec<u16> = shop.fetches().iter().map(|fetch| fetch.status).collect();
    assert_eq!(statuses, [200, 200, 304]);
}

#[test]
fn sigusr1_makes_a_resync() {
    let shop = shop(&many("p", 2), RARELY);
    let daemon = started(&shop);
    shop.nicechat().edit(Kind::Product, "p001", object(json!({"title": "by hand"})));
    shop.nicechat().take_requests();
    daemon.signal("USR1");
    daemon.wait_for_log(process::PASS_ENDED, 2);
    assert_eq!(goods::tally(&shop.nicechat().requests()), "1 GET categories, 1 GET products, 1 PATCH products");
    assert_equal(&shop, &many("p", 2));
    assert_eq!(shop.json(&["status", "--format", "json"])["last_pass"]["kind"], "resync");
    stop(daemon);
}

#[test]
fn a_resync_has_a_schedule_of_its_own() {
    let shop = shop(&many("p", 2), &format!("{RARELY}resync_schedule = \"* * * * * *\""));
    let daemon = started(&shop);
    shop.nicechat().remove(Kind::Product, "p001");
    wait_until("it is repaired", || shop.nicechat().object(Kind::Product, "p001").is_some());
    stop(daemon);
    assert_equal(&shop, &many("p", 2));
}

#[test]
fn a_feed_host_that_is_away_is_logged_once_when_it_goes_and_once_when_it_is_back() {
    let shop = shop(&many("p", 2), OFTEN);
    let daemon = started(&shop);
    shop.shop().put_with(FEED, Feed { status: 503, retry_after: Some("0".to_owned()), ..Feed::default() });
    let refusals = || shop.fetches().iter().filter(|fetch| fetch.status == 503).count();
    // Each of which asks four times.
    wait_until("it was away for three passes", || refusals() >= 12);
    publish(&shop, &repriced(2));
    daemon.wait_for_log("again", 1);
    let quiet = daemon.log().matches(process::PASS_ENDED).count();
    daemon.wait_for_log(process::PASS_ENDED, quiet + 1);
    let log = daemon.log();
    let loud = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
    assert_eq!((loud, log.matches("again").count()), (1, 1), "{log}");
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("503")), "{log}");
    assert_equal(&shop, &repriced(2));
    stop(daemon);
}

#[test]
fn what_is_held_off_for_lack_of_a_proof_is_logged_once() {
    let shop = shop(&many("p", 3), OFTEN);
    let daemon = started(&shop);
    let unproven = Feed { body: goods::feed(&many("p", 2)).into(), until_close: true, ..Feed::default() };
    shop.shop().put_with(FEED, unproven);
    daemon.wait_for_log("nothing is deleted (1 object is missed)", 1);
    let passes = daemon.log().matches(process::PASS_ENDED).count();
    daemon.wait_for_log(process::PASS_ENDED, passes + 2);
    let log = daemon.log();
    assert_eq!(log.matches("end is not proven").count(), 1, "{log}");
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("end is not proven")), "{log}");
    publish(&shop, &many("p", 2));
    wait_until("the deletion is made", || goods::tally(&shop.nicechat().requests()).contains("1 DELETE products"));
    stop(daemon);
}

#[test]
fn a_nicechat_that_is_away_is_logged_once() {
    let shop = shop(&many("p", 2), &format!("{OFTEN}[nicechat]\nretries = 0"));
    shop.nicechat().add_fault(Rule::new(Fault::Reset));
    let daemon = start(&shop);
    wait_until("three passes failed", || shop.nicechat().requests().len() >= 3);
    shop.nicechat().clear_faults();
    daemon.wait_for_log("again", 1);
    let log = daemon.log();
    let loud: Vec<&str> = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    assert!(loud.len() == 1 && loud[0].contains("NiceChat"), "{log}");
    assert_equal(&shop, &many("p", 2));
    stop(daemon);
}

#[test]
fn an_entry_alone_tells_what_a_pass_came_to() {
    let shop = shop(&many("p", 3), RARELY);
    let daemon = started(&shop);
    let is_told = |text: &str| daemon.log().lines().any(|line| line.contains(text));
    assert!(is_told("INFO sync: ok, 3 rows read, 4 created, 6 requests in "), "{}", daemon.log());
    // What is refused is named.
    let rule = Rule { method: Some("PATCH".into()), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(rule);
    publish(&shop, &repriced(3));
    daemon.signal("USR1");
    daemon.wait_for_log(process::PASS_ENDED, 2);
    for id in ["p000", "p001", "p002"] {
        assert!(is_told(&format!("WARN pass: product {id} is refused by NiceChat (")), "{}", daemon.log());
    }
    stop(daemon);
}

#[test]
fn refused_objects_are_named_up_to_a_number_of_them() {
    let shop = shop(&many("p", 25), RARELY);
    shop.nicechat().add_fault(Rule { method: Some("POST".into()), ..Rule::new(Fault::status(400)) });
    let daemon = started(&shop);
    let log = daemon.log();
    let refused = |text: &str| log.lines().filter(|line| line.contains("WARN") && line.contains(text)).count();
    assert!((10..20).contains(&refused("is refused by NiceChat")), "{log}");
    assert_eq!(refused("more are refused by NiceChat: `status` has them"), 1, "{log}");
    stop(daemon);
}

#[test]
fn rows_that_are_not_taken_are_a_warning_when_their_number_changes() {
    let untitled = |count| (0..count).map(|n| format!("x{n}||1 USD|in stock|")).collect::<Vec<_>>();
    let publish = |shop: &Shop, count| {
        let rows = [vec!["1|Lamp|10.00 USD|in stock|Home".to_owned()], untitled(count)].concat();
        shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let shop = Shop::new();
    shop.config(RARELY);
    publish(&shop, 2);
    let daemon = started(&shop);
    let warnings = |daemon: &Process| {
        let log = daemon.log();
        let lines = log.lines().filter(|line| line.contains("WARN"));
        lines.filter_map(|line| Some(line.split_once("WARN ")?.1.split_once(':')?.0.to_owned())).collect::<Vec<_>>()
    };
    for pass in 2..4 {
        daemon.signal("USR1");
        daemon.wait_for_log(process::PASS_ENDED, pass);
    }
    publish(&shop, 1);
    daemon.signal("USR1");
    daemon.wait_for_log("(2 before)", 1);
    let told = ["2 rows of the feed rejected (0 before)", "1 row of the feed rejected (2 before)"];
    assert_eq!(warnings(&daemon), told);
    stop(daemon);
    // A restart changes nothing.
    let daemon = started(&shop);
    publish(&shop, 0);
    daemon.signal("USR1");
    daemon.wait_for_log("no row of the feed is rejected any more (1 before)", 1);
    assert_eq!(warnings(&daemon), Vec::<String>::new());
    stop(daemon);
}

#[test]
fn an_interrupted_pass_has_its_entry() {
    let shop = shop(&many("p", 5), &format!("{RARELY}[nicechat]\ntimeout = \"60s\""));
    shop.nicechat().add_fault(Rule { after: 3, ..Rule::new(Fault::Hang) });
    let mut daemon = start(&shop);
    wait_until("it is in the middle", || shop.nicechat().requests().len() > 3);
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0), "{}", daemon.log());
    let log = daemon.log();
    let entry = log.lines().find(|line| line.contains(process::PASS_ENDED)).unwrap_or_else(|| panic!("{log}"));
    assert!(entry.contains("INFO sync: failed, 5 rows read, ") && entry.contains(": interrupted; "), "{log}");
}

#[test]
fn plan_and_status_work_beside_it_and_a_second_one_does_not() {
    let shop = shop(&many("p", 3), RARELY);
    let daemon = started(&shop);
    publish(&shop, &repriced(3));
    let plan = shop.run(&["plan", "--format", "json", "--detailed-exitcode"]).expect_code(10).json();
    assert_eq!(plan["summary"]["update"], 3);
    assert_eq!(shop.json(&["status", "--format", "json"])["owned"]["products"], 3);
    let second = shop.run(&["run"]).expect_code(5);
    assert!(second.stderr.contains(&daemon.id().to_string()), "{}", second.stderr);
    daemon.signal("USR1");
    daemon.wait_for_log(process::PASS_ENDED, 2);
    shop.run(&["plan", "--detailed-exitcode"]).expect_code(0);
    stop(daemon);
}

#[test]
fn what_keeps_it_from_starting_is_an_error_in_the_journal() {
    let shop = Shop::new();
    shop.write("shelfkeeper.toml", "nonsense = 1\n");
    let path = shop.path("journal");
    let journal = std::fs::File::create(&path).expect("a file");
    let name = journal.metadata().map(|file| format!("{}:{}", file.dev(), file.ino())).expect("its number");
    // Standard error is the journal's stream, and the log does not use the journal's own protocol.
    let mut command = shop.command(&["--log", "text", "run"]);
    command.env("JOURNAL_STREAM", name).stderr(journal);
    assert_eq!(command.status().expect("it starts").code(), Some(2));
    let told = std::fs::read_to_string(path).expect("text");
    assert!(told.starts_with("<3>shelfkeeper: ") && told.contains("nonsense"), "{told}");
    assert!(told.lines().all(|line| line.starts_with("<3>")), "{told}");
}
