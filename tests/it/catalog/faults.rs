//! What a NiceChat that misbehaves costs: requests, time, but never a product.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::kit::Shop;
use crate::kit::goods::{self, Good, assert_equal, good, goods as many, publish, sync, synced};
use sandbox::{Fault, Kind, Rule, Rules};
use serde_json::json;

/// Products whose price has changed.
fn repriced(count: usize) -> Vec<Good> {
    many("p", count).into_iter().map(|good| good.at_price("12.00")).collect()
}

fn breaks(shop: &Shop, method: &str, fault: &Fault, applied: bool) {
    let rule = Rule { method: Some(method.to_owned()), applied, times: Some(1), ..Rule::new(fault.clone()) };
    shop.nicechat().add_fault(rule);
}

/// Two products change, two come, two go, and one request of each sort goes wrong.
fn one_of_each_goes_wrong(fault: &Fault, applied: bool) {
    let shop = synced(&many("p", 6), "[nicechat]\nretries = 3\ntimeout = \"3s\"");
    for method in ["POST", "PATCH", "DELETE"] {
        breaks(&shop, method, fault, applied);
    }
    let mut next = repriced(2);
    next.extend(many("p", 4).into_iter().skip(2));
    next.extend(many("q", 2));
    publish(&shop, &next);
    let pass = sync(&shop).ended(0);
    // A create that was done without our knowing is found out by a 412, and made sure of by a PATCH.
    let patches = if applied { 4 } else { 3 };
    let wanted = format!("3 DELETE products, {patches} PATCH products, 3 POST products");
    assert_eq!(pass.tally(), wanted, "{fault:?}, applied: {applied}, {:?}", pass.lines());
    assert_equal(&shop, &next);
    let status = shop.json(&["status", "--format", "json"]);
    let last = &status["last_pass"];
    assert_eq!(last["requests"], pass.requests.len());
    assert_eq!((&last["failed"], &last["deleted"], &status["pending"]), (&json!(0), &json!(2), &json!(0)));
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn errors_before_and_after_the_effect_end_equal() {
    let page = Fault::Status { code: 502, retry_after: None, html: true };
    let busy = Fault::Status { code: 429, retry_after: Some("1".into()), html: false };
    let faults = [Fault::status(500), page, busy, Fault::Html200, Fault::HalfJson, Fault::Reset, Fault::CutBody];
    // They mostly wait, so they may wait together.
    thread::scope(|scope| {
        for fault in &faults {
            for applied in [false, true] {
                scope.spawn(move || one_of_each_goes_wrong(fault, applied));
            }
        }
    });
}

#[test]
fn a_request_that_hangs_is_given_up_and_sent_again() {
    thread::scope(|scope| {
        for applied in [false, true] {
            scope.spawn(move || one_of_each_goes_wrong(&Fault::Hang, applied));
        }
    });
}

#[test]
fn retry_after_is_honoured_by_every_request() {
    let shop = synced(&many("p", 12), "[nicechat]\nconcurrency = 2");
    let busy = Fault::Status { code: 429, retry_after: Some("2".into()), html: false };
    breaks(&shop, "PATCH", &busy, false);
    publish(&shop, &repriced(12));
    let started = Instant::now();
    assert_eq!(sync(&shop).ended(0).tally(), "13 PATCH products");
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_equal(&shop, &repriced(12));
}

#[test]
fn a_wrong_key_or_secret_stops_at_once_and_shows_neither() {
    let shop = Shop::new();
    shop.nicechat().set_secret("another-secret");
    publish(&shop, &many("p", 30));
    let pass = sync(&shop).ended(1);
    assert_eq!(pass.tally(), "1 GET categories");
    let told = format!("{}{}", pass.output.stdout, pass.output.stderr);
    assert!(told.contains("api_key") && told.contains("api_secret"), "{told}");
    for secret in [sandbox::DEMO_KEY, sandbox::DEMO_SECRET] {
        assert!(!told.contains(secret), "{told}");
        assert!(!shop.run(&["status", "--format", "json"]).stdout.contains(secret));
    }
    shop.nicechat().set_secret(sandbox::DEMO_SECRET);
    sync(&shop).ended(0);
    assert_equal(&shop, &many("p", 30));
}

#[test]
fn a_401_in_the_middle_stops_the_pass_and_the_next_one_goes_on() {
    let shop = synced(&many("p", 60), "[nicechat]\nconcurrency = 4");
    shop.nicechat().add_fault(Rule { after: 10, ..Rule::new(Fault::status(401)) });
    publish(&shop, &repriced(60));
    let pass = sync(&shop).ended(1);
    assert!((11..=14).contains(&pass.requests.len()), "{}", pass.tally());
    shop.nicechat().clear_faults();
    assert_eq!(sync(&shop).ended(0).tally(), "50 PATCH products");
    assert_equal(&shop, &repriced(60));
}

#[test]
fn an_object_that_is_refused_stands_alone_until_it_changes() {
    let bad = || good("bad").with(|bad| bad.image = "no address".into());
    let shop = Shop::new();
    let mut feed = vec![good("a"), bad(), good("c")];
    publish(&shop, &feed);
    let first = sync(&shop).ended(3);
    assert_eq!(first.tally(), "1 GET categories, 1 GET products, 1 POST categories, 3 POST products");
    let held = shop.nicechat().objects(Kind::Product);
    assert_eq!(held.keys().collect::<Vec<_>>(), ["a", "c"]);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["pending"], &status["last_pass"]["outcome"]), (&json!(0), &json!("partial")));
    assert_eq!((&status["last_pass"]["failed"], &status["failed"][0]["id"]), (&json!(1), &json!("bad")));
    let reason = status["failed"][0]["reason"].to_string();
    assert!(reason.contains("image_url") && reason.contains("400"), "{reason}");

    let again = sync(&shop).ended(3);
    assert_eq!((again.fetch_statuses(), again.tally()), (vec![304], String::new()));
    feed[0] = good("a").at_price("2.00");
    publish(&shop, &feed);
    assert_eq!(sync(&shop).ended(3).lines(), ["PATCH products a"]);
    feed[1] = bad().at_price("3.00");
    publish(&shop, &feed);
    assert_eq!(sync(&shop).ended(3).lines(), ["POST products bad"], "it changed");
    feed[1] = good("bad");
    publish(&shop, &feed);
    assert_eq!(sync(&shop).ended(0).lines(), ["POST products bad"]);
    assert_equal(&shop, &feed);
}

#[test]
fn a_refused_change_leaves_the_product_and_its_taking_back_costs_nothing() {
    let shop = synced(&[good("a"), good("b")], "");
    publish(&shop, &[good("a").with(|a| a.image = "no address".into()), good("b")]);
    assert_eq!(sync(&shop).ended(3).tally(), "1 PATCH products");
    assert_equal(&shop, &[good("a"), good("b")]);
    publish(&shop, &[good("a"), good("b")]);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn a_refused_product_that_leaves_the_feed_leaves_no_trace() {
    let shop = Shop::new();
    publish(&shop, &[good("a"), good("bad").with(|bad| bad.image = "no address".into())]);
    sync(&shop).ended(3);
    publish(&shop, &[good("a")]);
    assert_eq!(sync(&shop).ended(0).tally(), "");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["failed"], &status["pending"]), (&json!([]), &json!(0)));
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn what_is_there_though_an_answer_said_not_is_changed_all_the_same() {
    let shop = synced(&many("p", 3), "");
    let mut next = many("p", 3);
    next[0] = next[0].clone().at_price("5.00");
    publish(&shop, &next);
    breaks(&shop, "PATCH", &Fault::status(404), false);
    assert_eq!(sync(&shop).ended(0).tally(), "2 PATCH products, 1 POST products");
    assert_equal(&shop, &next);
}

#[test]
fn what_is_there_already_is_changed_and_what_is_gone_is_created() {
    let shop = synced(&many("p", 5), "");
    let nicechat = shop.nicechat();
    let theirs = json!({"id": "new", "title": "Theirs", "price": 1, "description": "old"});
    nicechat.put(Kind::Product, goods::object(theirs));
    nicechat.remove(Kind::Product, "p000");
    nicechat.remove(Kind::Product, "p004");
    let mut next = many("p", 4);
    next[0] = next[0].clone().at_price("5.00");
    next.push(good("new").with(|new| new.description.clear()));
    publish(&shop, &next);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "1 DELETE products, 2 PATCH products, 2 POST products", "412, 404 and 404");
    assert_equal(&shop, &next);
    assert_eq!(shop.json(&["status", "--format", "json"])["owned"]["products"], 5);
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn a_nicechat_that_is_away_fails_the_pass_soon() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 1");
    publish(&shop, &many("p", 60));
    shop.nicechat().add_fault(Rule::new(Fault::Reset));
    let pass = sync(&shop).ended(1);
    assert_eq!(pass.tally(), "2 GET categories");
    assert_eq!(shop.json(&["status", "--format", "json"])["last_pass"]["outcome"], "failed");
    shop.nicechat().clear_faults();
    sync(&shop).ended(0);
    assert_equal(&shop, &many("p", 60));
    // Nobody listens on port 1.
    let state = shop.path("other.db");
    shop.config(&format!("[nicechat]\nretries = 1\nbase_url = \"http://127.0.0.1:1\"\n[state]\npath = {state:?}"));
    assert!(sync(&shop).ended(1).output.stderr.contains("NiceChat"));
}

#[test]
fn a_nicechat_that_goes_away_in_the_middle_is_not_asked_for_every_object() {
    let shop = synced(&many("p", 200), "[nicechat]\nconcurrency = 4\nretries = 0");
    let next: Vec<Good> = repriced(200);
    shop.nicechat().add_fault(Rule { after: 10, ..Rule::new(Fault::status(503)) });
    publish(&shop, &next);
    let pass = sync(&shop).ended(1);
    assert!(pass.requests.len() < 50, "{}", pass.tally());
    let pending = shop.json(&["status", "--format", "json"])["pending"].clone();
    assert_eq!(pending, 190);
    shop.nicechat().clear_faults();
    assert_eq!(sync(&shop).ended(0).tally(), "190 PATCH products");
    assert_equal(&shop, &next);
}

/// NiceChat at an address of its own, where nobody listens once it is shut.
struct Gate {
    address: SocketAddr,
    is_shut: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Gate {
    fn open(at: SocketAddr, to: SocketAddr) -> Gate {
        let listener = TcpListener::bind(at).expect("an address");
        let address = listener.local_addr().expect("its number");
        let is_shut = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&is_shut);
        let thread = thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let server = TcpStream::connect(to).expect("NiceChat");
                pass_on(client.try_clone().expect("the same"), server.try_clone().expect("the same"));
                pass_on(server, client);
            }
        });
        Gate { address, is_shut, thread }
    }

    /// Gives the address, to be opened again.
    fn shut(self) -> SocketAddr {
        self.is_shut.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address).expect("it is still open"));
        self.thread.join().expect("shut");
        self.address
    }
}

/// A shop whose NiceChat is behind a gate; with NiceChat's own address. `last` = the end of an address of this machine
/// that no other test has: nobody takes its port while it is shut.
fn gated(last: u8, goods: &[Good]) -> (Shop, Gate, SocketAddr) {
    let shop = Shop::new();
    let nicechat = shop.sandbox.base_url().trim_start_matches("http://").parse().expect("an address");
    let gate = Gate::open(SocketAddr::from(([127, 0, 0, last], 0)), nicechat);
    let settings = "strategy = \"api\"\nconcurrency = 4\nretries = 0";
    shop.config(&format!("[nicechat]\nbase_url = \"http://{}\"\n{settings}", gate.address));
    publish(&shop, goods);
    sync(&shop).ended(0);
    (shop, gate, nicechat)
}

/// NiceChat is there as long as its listing is read, a page of each kind: before the last one is answered, nobody
/// listens any more.
fn list_only(at: SocketAddr, to: SocketAddr) -> JoinHandle<()> {
    let listener = TcpListener::bind(at).expect("an address");
    thread::spawn(move || {
        let (categories, _) = listener.accept().expect("a client");
        answer_once(categories, to);
        let (products, _) = listener.accept().expect("a client");
        drop(listener);
        answer_once(products, to);
    })
}

/// Passes on a request without a body, the only one of its connection.
fn answer_once(mut client: TcpStream, to: SocketAddr) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    let line = head.iter().position(|byte| *byte == b'\n').expect("a request") + 1;
    let fields = head.split_off(line);
    head.extend_from_slice(b"connection: close\r\n");
    head.extend(fields);
    let mut server = TcpStream::connect(to).expect("NiceChat");
    server.write_all(&head).expect("sent");
    io::copy(&mut server, &mut client).expect("an answer");
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[test]
fn what_could_not_be_sent_keeps_its_turn() {
    let (shop, gate, nicechat) = gated(11, &many("p", 60));
    let change = |(n, good): (usize, Good)| match n {
        0..40 => good.with(|good| good.title.push_str(" (new)")),
        _ => good.at_price("12.00"),
    };
    let next: Vec<Good> = many("p", 60).into_iter().enumerate().map(change).collect();
    publish(&shop, &next);
    let address = gate.shut();
    let told = sync(&shop).ended(1).output.stderr;
    assert!(told.contains("NiceChat seems to be away"), "{told}");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["pending"], &status["pending_urgent"]), (&json!(60), &json!(20)));
    assert!(status["last_pass"]["failed"].as_u64() >= Some(16), "{status}");
    let _open = Gate::open(address, nicechat);
    let pass = sync(&shop).ended(0);
    assert_eq!(pass.tally(), "60 PATCH products");
    assert!(pass.lines()[..16].iter().all(|line| line.as_str() >= "PATCH products p040"), "{:?}", pass.lines());
    assert_equal(&shop, &next);
}

/// The feed is the same, and no other pass reads the listing.
#[test]
fn what_a_listing_told_and_could_not_be_sent_is_not_forgotten() {
    let (shop, gate, nicechat) = gated(12, &many("p", 6));
    let address = gate.shut();
    shop.nicechat().edit(Kind::Product, "p001", goods::object(json!({"title": "By hand"})));
    shop.nicechat().remove(Kind::Product, "p002");
    let listing = list_only(address, nicechat);
    assert_eq!(goods::resync(&shop).ended(1).tally(), "1 GET categories, 1 GET products");
    listing.join().expect("it was read");
    let status = shop.json(&["status", "--format", "json"]);
    let failed = status["failed"].as_array().expect("a list").iter();
    let failed: Vec<&str> = failed.filter_map(|object| object["id"].as_str()).collect();
    assert_eq!(failed, ["p001", "p002"], "{status}");
    let _open = Gate::open(address, nicechat);
    assert_eq!(sync(&shop).ended(0).tally(), "2 PATCH products, 1 POST products", "404");
    assert_equal(&shop, &many("p", 6));
}

#[test]
fn one_object_that_always_fails_is_left_pending_alone() {
    let shop = synced(&many("p", 5), "[nicechat]\nretries = 1");
    shop.nicechat().add_fault(Rule { id: Some("p001".into()), ..Rule::new(Fault::status(500)) });
    publish(&shop, &repriced(5));
    assert_eq!(sync(&shop).ended(1).tally(), "6 PATCH products");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["pending"], &status["last_pass"]["updated"]), (&json!(1), &json!(4)));
    assert_eq!((&status["failed"][0]["id"], status["failed"].as_array().map(Vec::len)), (&json!("p001"), Some(1)));
    assert!(shop.run(&["status"]).stdout.contains("p001"));
    assert_eq!(sync(&shop).ended(1).lines(), ["PATCH products p001"; 2], "the others are done");
    shop.nicechat().clear_faults();
    let last = sync(&shop).ended(0);
    assert_eq!(last.lines(), ["PATCH products p001"]);
    assert_eq!(last.body("PATCH", "p001").to_string(), r#"{"price":12.00}"#);
    assert_equal(&shop, &repriced(5));
    assert_eq!(shop.json(&["status", "--format", "json"])["pending"], 0);
    assert_eq!(sync(&shop).ended(0).fetch_statuses(), [304]);
}

#[test]
fn products_are_not_lost_when_their_category_comes_late() {
    let shop = Shop::new();
    shop.config("[nicechat]\nretries = 0");
    shop.nicechat().set_rules(Rules { strict_categories: true, ..Rules::default() });
    let broken = Rule { kind: Some(Kind::Category), method: Some("POST".into()), ..Rule::new(Fault::status(500)) };
    shop.nicechat().add_fault(Rule { times: Some(1), ..broken });
    publish(&shop, &many("p", 3));
    sync(&shop).ended(1);
    sync(&shop);
    let third = sync(&shop);
    assert_equal(&shop, &many("p", 3));
    third.ended(0);
}

#[test]
fn a_listing_that_breaks_off_is_asked_for_again_and_nothing_is_taken_for_gone() {
    let shop = synced(&many("p", 25), "[nicechat]\nretries = 1");
    shop.nicechat().set_rules(Rules { page_size: 10, ..Rules::default() });
    let listing = || Rule { method: Some("GET".into()), kind: Some(Kind::Product), ..Rule::new(Fault::CutBody) };
    shop.nicechat().add_fault(Rule { after: 1, times: Some(1), ..listing() });
    assert_eq!(goods::resync(&shop).ended(0).tally(), "1 GET categories, 4 GET products");
    shop.nicechat().clear_faults();
    shop.nicechat().add_fault(Rule { after: 2, ..listing() });
    assert_eq!(goods::resync(&shop).ended(1).tally(), "1 GET categories, 4 GET products");
    assert_equal(&shop, &many("p", 25));
}
