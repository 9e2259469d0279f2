//! Processes that are killed at any moment, interrupted, or not alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::kit::goods::{self, Good, assert_equal, good, goods as many, publish, sync, synced};
use crate::kit::process::{self, Process};
use crate::kit::{Shop, wait_until};
use sandbox::{Fault, Kind, Logged, Rule, Rules};
use serde_json::json;

const CONCURRENCY: usize = 4;

fn start(shop: &Shop, arguments: &[&str]) -> Process {
    Process::start(shop.command(arguments))
}

/// Each request takes so long, half of it before it has its effect.
fn slow(shop: &Shop, milliseconds: u64) {
    shop.nicechat().set_rules(Rules { latency: Duration::from_millis(milliseconds), ..Rules::default() });
}

fn writes(requests: &[Logged]) -> impl Iterator<Item = &Logged> {
    requests.iter().filter(|request| request.method != "GET")
}

/// Small numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Products that a step of the catalogue has: some change, some come, some go.
fn catalogue(step: usize) -> Vec<Good> {
    let of = |n: usize| {
        let price = if n % 3 == step % 3 { format!("{}.50", 10 + step) } else { "10.00".to_owned() };
        good(&format!("p{n:03}")).at_price(&price).in_category(&format!("Shelf {}", (n + step / 2) % 7))
    };
    (step * 4..step * 4 + 90).map(of).collect()
}

/// Runs passes, each killed after a random number of further writes, until one ends by itself.
/// Gives what every process sent.
fn pass_with_kills(shop: &Shop, dice: &mut Dice, kills: usize) -> Vec<Vec<Logged>> {
    let mut sent = Vec::new();
    shop.nicechat().take_requests();
    for _ in 0..kills {
        let mut process = start(shop, &["run", "--once"]);
        let enough = dice.roll(30);
        let nicechat = shop.nicechat();
        wait_until("it sends or ends", || {
            !process.is_running() || writes(&nicechat.requests()).count() as u64 >= enough
        });
        // Somewhere within a request or between two.
        std::thread::sleep(Duration::from_micros(dice.roll(4_000)));
        process.kill();
        sent.push(settled_requests(shop));
    }
    let mut last = start(shop, &["run", "--once"]);
    assert_eq!(last.ends_within(process::PATIENCE), Some(0), "{}", last.log());
    sent.push(settled_requests(shop));
    sent
}

/// The requests of a process that has ended, once none is being served any more.
fn settled_requests(shop: &Shop) -> Vec<Logged> {
    let nicechat = shop.nicechat();
    let mut before = usize::MAX;
    let mut since = Instant::now();
    wait_until("NiceChat is idle", || {
        let now = nicechat.requests().len();
        if now != before {
            (before, since) = (now, Instant::now());
        }
        since.elapsed() > nicechat.rules().latency + Duration::from_millis(5)
    });
    nicechat.take_requests()
}

/// Which objects a process wrote to.
fn touched(requests: &[Logged]) -> BTreeSet<(Option<Kind>, String)> {
    writes(requests).map(|request| (request.kind, goods::id(request))).collect()
}

#[test]
fn kills_at_any_moment_end_equal_and_repeat_at_most_what_was_in_flight() {
    for seed in [1, 2] {
        let mut dice = Dice(seed);
        let shop = Shop::new();
        shop.config(&format!("[nicechat]\nconcurrency = {CONCURRENCY}\nmax_delete_percent = 100"));
        slow(&shop, 3);
        for step in 0..3 {
            publish(&shop, &catalogue(step));
            let processes = pass_with_kills(&shop, &mut dice, 4);
            assert_equal(&shop, &catalogue(step));
            let mut times: BTreeMap<_, usize> = BTreeMap::new();
            let mut earlier = BTreeSet::new();
            for (nth, requests) in processes.iter().enumerate() {
                let touched = touched(requests);
                let again = touched.intersection(&earlier).count();
                assert!(again <= nth * CONCURRENCY, "seed {seed}, step {step}: {again} repeated after {nth} kills");
                for object in &touched {
                    *times.entry(object.clone()).or_default() += 1;
                }
                earlier.extend(touched);
            }
            let repeated: usize = times.values().map(|times| times - 1).sum();
            assert!(repeated <= 4 * CONCURRENCY, "seed {seed}, step {step}: {repeated} repeated by 4 kills");
            assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
        }
    }
}

/// Starts a pass whose first requests of a method have their effect (or not) and are never
/// answered, kills it then, and lets all go well again.
fn killed_in_flight(shop: &Shop, method: &str, applied: bool) {
    shop.nicechat().take_requests();
    let rule = Rule { method: Some(method.into()), kind: Some(Kind::Product), applied, ..Rule::new(Fault::Hang) };
    shop.nicechat().add_fault(rule);
    let process = start(shop, &["run", "--once"]);
    let nicechat = shop.nicechat();
    let is_in_flight = |request: &&Logged| request.method == method && request.kind == Some(Kind::Product);
    wait_until("the requests are in flight", || nicechat.requests().iter().filter(is_in_flight).count() == 4);
    process.kill();
    nicechat.clear_faults();
    nicechat.take_requests();
}

#[test]
fn a_create_in_flight_whose_product_vanishes_leaves_no_orphan() {
    for applied in [true, false] {
        for first_pass in [true, false] {
            let config = format!("[nicechat]\nconcurrency = {CONCURRENCY}");
            let kept = vec![good("kept")];
            let shop = if first_pass { Shop::new() } else { synced(&kept, &config) };
            shop.config(&config);
            let mut next = kept.clone();
            // Fewer than the guard minds.
            next.extend(many("new", 8));
            publish(&shop, &next);
            killed_in_flight(&shop, "POST", applied);
            publish(&shop, &kept);
            sync(&shop).ended(0);
            assert_equal(&shop, &kept);
            let status = shop.json(&["status", "--format", "json"]);
            assert_eq!(status["owned"]["products"], 1);
            assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
        }
    }
}

/// A shop with one product, and a process killed with four creates of thirty under way.
fn killed_with_thirty_to_come(kept: &[Good]) -> Shop {
    let shop = synced(kept, &format!("[nicechat]\nconcurrency = {CONCURRENCY}"));
    let mut next = kept.to_vec();
    next.extend(many("new", 30));
    publish(&shop, &next);
    killed_in_flight(&shop, "POST", true);
    publish(&shop, kept);
    shop
}

#[test]
fn creates_that_were_never_acknowledged_do_not_count_for_the_guard() {
    let kept = vec![good("kept")];
    let shop = killed_with_thirty_to_come(&kept);
    sync(&shop).ended(0);
    assert_equal(&shop, &kept);
}

#[test]
fn a_kill_costs_no_more_than_what_was_in_flight() {
    let kept = vec![good("kept")];
    let shop = killed_with_thirty_to_come(&kept);
    let pass = goods::run(&shop, &["run", "--once", "--force"]).ended(0);
    assert_equal(&shop, &kept);
    assert!(pass.requests.len() <= CONCURRENCY, "twenty-six were never sent, and need no request: {}", pass.tally());
}

#[test]
fn an_update_in_flight_whose_feed_goes_back_is_taken_back() {
    for applied in [true, false] {
        let before = many("p", 8);
        let shop = synced(&before, &format!("[nicechat]\nconcurrency = {CONCURRENCY}"));
        publish(&shop, &before.clone().into_iter().map(|good| good.at_price("99.00")).collect::<Vec<_>>());
        killed_in_flight(&shop, "PATCH", applied);
        publish(&shop, &before);
        let pass = sync(&shop).ended(0);
        assert_eq!(pass.body("PATCH", "p000").to_string(), r#"{"price":10.00}"#);
        assert_equal(&shop, &before);
    }
}

#[test]
fn a_delete_in_flight_whose_product_comes_back_is_made_good() {
    for applied in [true, false] {
        let before = many("p", 8);
        let shop = synced(&before, &format!("[nicechat]\nconcurrency = {CONCURRENCY}"));
        publish(&shop, &before[..4]);
        killed_in_flight(&shop, "DELETE", applied);
        publish(&shop, &before);
        sync(&shop).ended(0);
        assert_equal(&shop, &before);
    }
}

#[test]
fn an_interrupted_pass_ends_soon_and_the_next_one_finishes() {
    for (signal, milliseconds) in [("INT", 20), ("TERM", 20), ("INT", 60_000)] {
        let shop = synced(&many("p", 100), &format!("[nicechat]\nconcurrency = {CONCURRENCY}\ntimeout = \"60s\""));
        let next: Vec<Good> = many("p", 100).into_iter().map(|good| good.at_price("11.00")).collect();
        publish(&shop, &next);
        shop.nicechat().take_requests();
        slow(&shop, if milliseconds > 1_000 { 0 } else { milliseconds });
        if milliseconds > 1_000 {
            shop.nicechat().add_fault(Rule { after: 6, ..Rule::new(Fault::Hang) });
        }
        let nicechat = shop.nicechat();
        let mut process = start(&shop, &["run", "--once"]);
        wait_until("it is in the middle", || nicechat.requests().len() >= 6 + CONCURRENCY);
        process.signal(signal);
        assert_eq!(process.ends_within(Duration::from_secs(5)), Some(1), "{}", process.log());
        assert!(process.log().contains("interrupted"), "{}", process.log());
        let done = settled_requests(&shop).iter().filter(|request| request.applied).count();
        assert!(done < 100);
        let status = shop.json(&["status", "--format", "json"]);
        assert_eq!(status["last_pass"]["outcome"], "failed");
        assert_eq!(status["pending"], 100 - done, "{signal}");
        nicechat.clear_faults();
        slow(&shop, 0);
        assert_eq!(sync(&shop).ended(0).tally(), format!("{} PATCH products", 100 - done));
        assert_equal(&shop, &next);
    }
}

/// Products that somebody has changed by hand, or deleted, since they were acknowledged.
fn drifted(goods: &[Good], config: &str) -> Shop {
    let shop = synced(goods, config);
    for (n, good) in goods.iter().enumerate() {
        if n % 3 == 0 {
            shop.nicechat().remove(Kind::Product, &good.id);
        } else {
            shop.nicechat().edit(Kind::Product, &good.id, goods::object(json!({"title": "By hand"})));
        }
    }
    shop
}

/// What the listing told is nowhere else: the feed is the same, and so is all that was acknowledged.
#[test]
fn a_resync_that_is_cut_off_is_gone_on_with_by_the_next_pass() {
    let all = many("p", 30);
    for is_killed in [true, false] {
        let shop = drifted(&all, &format!("[nicechat]\nconcurrency = {CONCURRENCY}"));
        let nicechat = shop.nicechat();
        let fault = if is_killed { Fault::Hang } else { Fault::status(401) };
        nicechat.add_fault(Rule { method: Some("PATCH".into()), after: 10, ..Rule::new(fault) });
        nicechat.take_requests();
        let mut process = start(&shop, &["run", "--resync"]);
        if is_killed {
            let patches = || nicechat.requests().iter().filter(|request| request.method == "PATCH").count();
            wait_until("it is in the middle", || patches() == 10 + CONCURRENCY);
            process.kill();
        } else {
            assert_eq!(process.ends_within(process::PATIENCE), Some(1), "{}", process.log());
        }
        nicechat.clear_faults();
        let plan = shop.json(&["plan", "--format", "json"]);
        assert!(plan["summary"]["update"].as_u64() >= Some(10), "{plan}");
        assert!(sync(&shop).ended(0).tally().starts_with("1 GET categories, 1 GET products"));
        assert_equal(&shop, &all);
        assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
    }
}

/// Once, however many objects can't be put right.
#[test]
fn a_resync_that_was_gone_through_is_not_made_again() {
    let all = many("p", 6);
    let shop = drifted(&all, "[nicechat]\nretries = 0");
    shop.nicechat().add_fault(Rule { id: Some("p001".into()), ..Rule::new(Fault::status(500)) });
    goods::resync(&shop).ended(1);
    assert_eq!(sync(&shop).ended(1).tally(), "1 PATCH products");
    shop.nicechat().clear_faults();
    assert_eq!(sync(&shop).ended(0).tally(), "1 PATCH products");
    assert_equal(&shop, &all);
}

/// With a key that may read and not write, for one.
#[test]
fn a_resync_that_is_always_cut_off_is_made_less_and_less_often() {
    let all = many("p", 6);
    let shop = drifted(&all, "");
    for method in ["PATCH", "POST"] {
        shop.nicechat().add_fault(Rule { method: Some(method.into()), ..Rule::new(Fault::status(401)) });
    }
    goods::resync(&shop).ended(1);
    let reads = |_: &usize| sync(&shop).ended(1).tally().contains("GET products");
    let reading: Vec<usize> = (1..10).filter(reads).collect();
    assert_eq!(reading, [1, 2, 4, 8]);
    // One that somebody asks for begins anew.
    goods::resync(&shop).ended(1);
    assert!(reads(&1));
    shop.nicechat().clear_faults();
    assert!(sync(&shop).ended(0).tally().starts_with("1 GET categories, 1 GET products"));
    assert_equal(&shop, &all);
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn what_the_feed_says_waits_for_no_listing_that_can_not_be_read() {
    let mut all = many("p", 6);
    let shop = drifted(&all, "");
    let unauthorized = Rule { method: Some("PATCH".into()), ..Rule::new(Fault::status(401)) };
    shop.nicechat().add_fault(unauthorized);
    goods::resync(&shop).ended(1);
    shop.nicechat().clear_faults();
    let listing = Rule { method: Some("GET".into()), path: Some("products/".into()), ..Rule::new(Fault::status(500)) };
    shop.nicechat().add_fault(listing);
    all[5].price = "99.00".to_owned();
    publish(&shop, &all);
    let passes: Vec<String> = (1..=3).map(|_| sync(&shop).tally()).collect();
    assert!(passes[2].contains("PATCH products") && !passes[2].contains("GET products"), "{passes:?}");
    shop.nicechat().clear_faults();
    // The one after that reads it once more.
    sync(&shop).ended(0);
    assert_equal(&shop, &all);
}

#[test]
fn what_a_resync_saw_and_might_not_send_is_made_up_for() {
    let all = many("p", 6);
    for is_paused in [true, false] {
        let shop = drifted(&all, "");
        if is_paused {
            shop.run(&["pause"]).expect_code(0);
        } else {
            publish(&shop, &[]);
        }
        goods::resync(&shop).ended(4);
        assert_eq!(sync(&shop).ended(4).tally(), "", "not even the listing is read for nothing");
        if is_paused {
            shop.run(&["resume"]).expect_code(0);
        } else {
            // A feed that is read again is one that may be sent.
            publish(&shop, &all);
            assert_eq!(sync(&shop).ended(0).tally(), "");
        }
        assert!(sync(&shop).ended(0).tally().starts_with("1 GET categories, 1 GET products"));
        assert_equal(&shop, &all);
        assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
    }
}

/// The last pass that left a row was a good one, and tells nothing of what has begun since.
#[test]
fn after_a_kill_nothing_is_said_to_be_equal() {
    let before = many("p", 8);
    let shop = synced(&before, &format!("[nicechat]\nconcurrency = {CONCURRENCY}"));
    publish(&shop, &many("p", 8).into_iter().map(|good| good.at_price("11.00")).collect::<Vec<_>>());
    killed_in_flight(&shop, "PATCH", false);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(
        (&status["headline"]["state"], status["pending"].as_u64() > Some(0)),
        (&"behind".into(), true),
        "{status}"
    );
    let text = shop.run(&["status"]).expect_code(0).stdout;
    assert!(text.starts_with("Behind since 20") && text.contains("still to send"), "{text}");
    sync(&shop).ended(0);
    assert_eq!(shop.json(&["status", "--format", "json"])["headline"]["state"], "equal");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let shop = synced(&many("p", 8), "[nicechat]\ntimeout = \"60s\"");
    publish(&shop, &many("p", 8).into_iter().map(|good| good.at_price("11.00")).collect::<Vec<_>>());
    shop.nicechat().add_fault(Rule::new(Fault::Hang));
    shop.nicechat().take_requests();
    let nicechat = shop.nicechat();
    let mut process = start(&shop, &["run", "--once"]);
    wait_until("it hangs", || nicechat.requests().len() == 8);
    let started = Instant::now();
    // Two of a kind that come together may be delivered as one.
    process.signal("INT");
    process.signal("TERM");
    assert_eq!(process.ends_within(Duration::from_secs(5)), Some(1));
    assert!(started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());
}

#[test]
fn a_second_instance_is_told_who_holds_the_state_or_waits() {
    let shop = synced(&many("p", 8), "[nicechat]\ntimeout = \"60s\"");
    let next: Vec<Good> = many("p", 8).into_iter().map(|good| good.at_price("11.00")).collect();
    publish(&shop, &next);
    let hang = Rule { times: Some(1), ..Rule::new(Fault::Hang) };
    shop.nicechat().add_fault(hang);
    shop.nicechat().take_requests();
    let nicechat = shop.nicechat();
    let first = start(&shop, &["run", "--once"]);
    wait_until("the first is at work", || nicechat.requests().len() == 8);

    let second = shop.run(&["run", "--once"]).expect_code(5);
    assert!(second.stderr.contains(&first.id().to_string()), "{}", second.stderr);
    shop.run(&["run", "--once", "--lock-wait", "1"]).expect_code(5);
    shop.run(&["status"]).expect_code(0);
    shop.run(&["plan"]).expect_code(0);
    assert_eq!(nicechat.requests().len(), 8, "none of them sent anything");

    let mut waiting = start(&shop, &["run", "--once", "--lock-wait", "60"]);
    waiting.wait_for_log("waiting", 1);
    assert!(waiting.is_running());
    first.kill();
    assert_eq!(waiting.ends_within(process::PATIENCE), Some(0), "{}", waiting.log());
    assert_equal(&shop, &next);
}
