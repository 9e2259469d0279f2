//! A newer feed overtakes what is still to be sent of an earlier one.

use std::fs;
use std::time::Duration;

use sandbox::Feed;
use serde_json::{Value, json};

use super::sync::{LISTENS, started, sync};
use crate::kit::goods::{Good, assert_equal, feed, good, goods as many, publish};
use crate::kit::process::Process;
use crate::kit::{FEED, Shop, door, wait_until};

const OFTEN: &str = "[source]\nschedule = \"every 1s\"\n[nicechat]\nconcurrency = 2\nstrategy = \"api\"\n";

fn retitled(count: usize) -> Vec<Good> {
    many("p", count).into_iter().map(|good| good.with(|good| good.title = format!("New {}", good.id))).collect()
}

fn slow(shop: &Shop, milliseconds: u64) {
    let latency = Duration::from_millis(milliseconds);
    shop.nicechat().set_rules(sandbox::Rules { latency, ..shop.nicechat().rules() });
}

/// How often each write was sent, and in which order: the ids.
fn written(shop: &Shop, method: &str) -> Vec<String> {
    let sent = shop.nicechat().requests().into_iter().filter(|sent| sent.method == method);
    let id = |body: Option<Value>| Some(body?["id"].as_str()?.to_owned());
    sent.filter_map(|sent| sent.id.or_else(|| id(sent.body))).collect()
}

#[test]
fn a_stock_out_overtakes_changes_that_are_under_way_and_nothing_is_sent_twice() {
    let shop = Shop::new();
    shop.config(OFTEN);
    let unchanged = || good("z");
    publish(&shop, &many("p", 200).into_iter().chain([unchanged()]).collect::<Vec<_>>());
    let _daemon = Process::start(shop.command(&["run"]));
    wait_until("all is there", || written(&shop, "POST").len() >= 201);
    wait_until("it is over", || shop.json(&["status", "--format", "json"])["pending"] == 0);
    slow(&shop, 50);
    shop.nicechat().take_requests();
    publish(&shop, &retitled(200).into_iter().chain([unchanged()]).collect::<Vec<_>>());
    wait_until("it is under way", || written(&shop, "PATCH").len() >= 3);
    let sold_out = unchanged().with(|good| good.is_in_stock = false);
    let wanted: Vec<Good> = retitled(200).into_iter().chain([sold_out]).collect();
    publish(&shop, &wanted);
    wait_until("all is sent", || written(&shop, "PATCH").len() >= 201);
    wait_until("it is over", || shop.json(&["status", "--format", "json"])["pending"] == 0);
    assert_equal(&shop, &wanted);
    let mut ids = written(&shop, "PATCH");
    let turn = ids.iter().position(|id| id == "z").expect("it was sent");
    assert!(turn < 150, "it has not waited for its turn: {turn}");
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), written(&shop, "PATCH").len()), (201, 201), "each once");
    let passes = shop.json(&["status", "--format", "json", "--passes", "20"]);
    let overtaken = passes.to_string().contains("a newer feed came; the next pass goes on from here, the urgent first");
    assert!(overtaken, "{passes:#}");
}

#[test]
fn a_first_load_is_overtaken_and_reads_the_listing_once() {
    let shop = Shop::new();
    shop.config(OFTEN);
    slow(&shop, 50);
    publish(&shop, &many("p", 150));
    let _daemon = Process::start(shop.command(&["run"]));
    wait_until("it is under way", || written(&shop, "POST").len() >= 10);
    let first = written(&shop, "POST").into_iter().find(|id| id.starts_with('p')).unwrap_or_else(|| "p000".to_owned());
    let sold_out = |good: Good| good.clone().with(|it| it.is_in_stock &= it.id != first);
    let wanted: Vec<Good> = many("p", 150).into_iter().map(sold_out).collect();
    publish(&shop, &wanted);
    wait_until("it is told", || !written(&shop, "PATCH").is_empty());
    let before = written(&shop, "POST").len();
    assert!(before < 140, "the rest waits: {before}");
    wait_until("all is there", || written(&shop, "POST").len() >= 151);
    wait_until("it is over", || shop.json(&["status", "--format", "json"])["pending"] == 0);
    assert_equal(&shop, &wanted);
    let counts = shop.nicechat().counts();
    assert_eq!((counts["POST products"], counts["PATCH products"]), (150, 1), "each once: {counts:?}");
    assert_eq!((counts["GET products"], counts["GET categories"]), (1, 1), "{counts:?}");
    let history = shop.json(&["explain", &first, "--format", "json"]);
    assert_ne!(history, json!(null));
}

/// All titles change, or those and the stock of the last one.
fn of(count: usize, is_sold_out: bool) -> Vec<Good> {
    let last = good("z").with(|good| good.is_in_stock = !is_sold_out);
    retitled(count).into_iter().chain([last]).collect()
}

/// A daemon that is asked for each of its passes, in the middle of one that changes many titles.
fn in_the_middle(shop: &Shop, host: &Feed, milliseconds: u64) -> Process {
    shop.config(&format!("{LISTENS}[nicechat]\nconcurrency = 2\nstrategy = \"api\"\n"));
    let put = |goods: &[Good]| shop.shop().put_with(FEED, Feed { body: feed(goods).into(), ..host.clone() });
    put(&many("p", 100).into_iter().chain([good("z")]).collect::<Vec<_>>());
    let daemon = started(shop);
    slow(shop, milliseconds);
    put(&of(100, false));
    assert_eq!(sync(door::private(&daemon)).0, 202);
    wait_until("it is under way", || written(shop, "PATCH").len() >= 3);
    put(&of(100, true));
    daemon
}

fn is_over(shop: &Shop) -> bool {
    written(shop, "PATCH").len() >= 101 && shop.json(&["status", "--format", "json"])["pending"] == 0
}

/// Files without a name that a process holds open: what it has downloaded.
fn stored(daemon: &Process) -> usize {
    let files = fs::read_dir(format!("/proc/{}/fd", daemon.id())).expect("its files");
    let is_nameless = |path: &str| path.ends_with(" (deleted)");
    files.flatten().filter(|file| fs::read_link(file.path()).is_ok_and(|to| is_nameless(&to.to_string_lossy()))).count()
}

#[test]
fn the_feed_that_overtakes_is_downloaded_once() {
    for etag in [true, false] {
        let shop = Shop::new();
        let daemon = in_the_middle(&shop, &Feed { etag, ..Feed::default() }, 30);
        assert_eq!(sync(door::private(&daemon)).0, 202);
        wait_until("all is sent", || is_over(&shop));
        assert_equal(&shop, &of(100, true));
        let turn = written(&shop, "PATCH").iter().position(|id| id == "z").expect("it was sent");
        assert!(turn < 90, "it has not waited for its turn: {turn}");
        let fetches = shop.fetches();
        assert_eq!(fetches.len(), 3, "one of each: {fetches:?}");
        daemon.wait_for_log(" read=", 3);
        wait_until("nothing of them is kept", || stored(&daemon) == 0);
        assert_eq!(sync(door::private(&daemon)).0, 202);
        daemon.wait_for_log(" read=", 4);
        let last = shop.fetches().pop().expect("another one");
        assert_eq!(last.status, if etag { 304 } else { 200 }, "it is asked for by the tag of the last one: {last:?}");
    }
}

#[test]
fn a_feed_that_changes_again_before_it_is_read_is_the_one_that_counts() {
    let shop = Shop::new();
    let daemon = in_the_middle(&shop, &Feed::default(), 300);
    let address = door::private(&daemon);
    assert_eq!(sync(address).0, 202);
    wait_until("it was looked at", || shop.fetches().len() >= 3);
    // Requests of the earlier pass are still under way.
    let mut wanted = of(100, true);
    wanted.push(good("zz"));
    publish(&shop, &wanted);
    assert_eq!(sync(address).0, 202);
    wait_until("it is read", || shop.fetches().len() >= 4);
    slow(&shop, 0);
    wait_until("what it says is there", || written(&shop, "POST").contains(&"zz".to_owned()));
    wait_until("all is sent", || is_over(&shop));
    assert_equal(&shop, &wanted);
    let fetches = shop.fetches();
    let names = |nth: usize| fetches[nth].headers.get("if-none-match").cloned();
    assert!(fetches[2].status == 200 && names(3).is_some() && names(3) != names(2), "{fetches:?}");
}

#[test]
fn a_look_that_breaks_off_leaves_the_pass_alone() {
    let shop = Shop::new();
    let daemon = in_the_middle(&shop, &Feed::default(), 100);
    let address = door::private(&daemon);
    let text = shop.run(&["status"]).stdout;
    assert!(text.contains(" of the last plan (0 urgent, "), "{text}");
    let broken = Feed { body: feed(&of(100, true)).into(), cut_after: Some(999), ..Feed::default() };
    shop.shop().put_next(FEED, &broken, 1);
    shop.shop().put_next(FEED, &Feed { status: 404, ..broken }, 1);
    assert_eq!(sync(address).0, 202);
    wait_until("it was looked at", || shop.fetches().len() >= 4);
    let sent = written(&shop, "PATCH").len();
    wait_until("it goes on", || written(&shop, "PATCH").len() >= sent + 10);
    assert_eq!(daemon.log().matches(" read=").count(), 1, "{}", daemon.log());
    wait_until("all is sent", || is_over(&shop));
    assert_equal(&shop, &of(100, true));
    assert_eq!(written(&shop, "PATCH").last().map(String::as_str), Some("z"), "by the pass that followed");
    let statuses: Vec<u16> = shop.fetches().iter().map(|fetched| fetched.status).collect();
    assert_eq!(statuses, [200, 200, 200, 404, 200]);
}

#[test]
fn what_is_no_feed_overtakes_nothing() {
    for page in ["<html>We are down for maintenance</html>", "", "Service unavailable"] {
        let shop = Shop::new();
        shop.config(OFTEN);
        publish(&shop, &many("p", 40));
        let daemon = Process::start(shop.command(&["run"]));
        wait_until("all is there", || written(&shop, "POST").len() >= 40);
        wait_until("it is over", || shop.json(&["status", "--format", "json"])["pending"] == 0);
        slow(&shop, 100);
        publish(&shop, &retitled(40));
        wait_until("it is under way", || written(&shop, "PATCH").len() >= 3);
        let fetches = shop.fetches().len();
        shop.put_feed(page.as_bytes());
        wait_until("it is looked at", || shop.fetches().len() > fetches);
        wait_until("all is sent", || written(&shop, "PATCH").len() >= 40);
        assert!(!daemon.log().contains("a newer feed came"), "{page:?}: {}", daemon.log());
    }
}
