//! A newer feed overtakes what is still to be sent of an earlier one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::goods::{Good, assert_equal, good, goods as many, publish};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};

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
