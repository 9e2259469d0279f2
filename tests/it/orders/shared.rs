//! What the orders share with the catalog, and what outlives a kill.

use std::time::Duration;

use sandbox::{Fault, Rule, Rules};

use crate::kit::orders::{configure, ids, order, pass, shop};
use crate::kit::process::Process;
use crate::kit::{Shop, wait_until};

fn of_orders(fault: Fault) -> Rule {
    Rule { path: Some("orders/".into()), ..Rule::new(fault) }
}

fn with_orders(shop: &Shop, orders: i64) {
    for id in 1..=orders {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 10:00:{id:02}+00:00"), 1));
    }
}

#[test]
fn both_jobs_together_have_no_more_requests_under_way_than_the_settings_say() {
    let shop = shop("");
    shop.config("[nicechat]\nconcurrency = 1\n[orders]\n");
    let rows: Vec<String> = (1..9).map(|id| format!("{id}|Lamp|10.00 USD|in stock|Home")).collect();
    shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    with_orders(&shop, 9);
    let rules = Rules { page_size: 1, latency: Duration::from_millis(10), ..shop.nicechat().rules() };
    shop.nicechat().set_rules(rules);
    pass(&shop, "--once", 0);
    assert_eq!((shop.nicechat().max_in_flight(), ids(&shop).len()), (1, 9));
}

#[test]
fn a_silence_that_nicechat_asks_for_is_kept_by_both() {
    let shop = shop("schedule = \"every 1s\"\n[source]\nschedule = \"every 1s\"\n");
    shop.run(&["run", "--once"]).expect_code(0);
    let asks = Fault::Status { code: 429, retry_after: Some("3600".to_owned()), html: false };
    shop.nicechat().add_fault(of_orders(asks));
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log("NiceChat's orders could not be read", 1);
    shop.nicechat().take_requests();
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home > Light"]);
    daemon.wait_for_log("asked to be left alone", 1);
    assert!(shop.nicechat().take_requests().is_empty(), "{}", daemon.log());
}

#[test]
fn a_pass_that_was_killed_is_gone_on_with() {
    let shop = shop("");
    with_orders(&shop, 8);
    shop.nicechat().set_rules(Rules { page_size: 3, ..shop.nicechat().rules() });
    shop.nicechat().add_fault(Rule { after: 1, ..of_orders(Fault::Hang) });
    let asked = || shop.nicechat().requests().iter().filter(|request| request.path.contains("/orders/")).count();
    let running = Process::start(shop.command(&["run", "--once"]));
    wait_until("the second page was asked for", || asked() == 2);
    running.kill();
    shop.nicechat().clear_faults();
    assert_eq!(ids(&shop), [6, 7, 8]);
    let (output, asked) = pass(&shop, "--once", 0);
    assert_eq!(asked.len(), 3, "it is the first over the whole listing still");
    assert!(output.stdout.contains("orders: ok, 8 seen, 5 new"), "{}", output.stdout);
    assert!(output.stderr.contains("8 orders were there at the first read"), "{}", output.stderr);
}

#[test]
fn a_state_that_was_put_back_reads_the_whole_listing() {
    let shop = shop("");
    shop.nicechat().set_rules(Rules { page_size: 3, ..shop.nicechat().rules() });
    with_orders(&shop, 7);
    pass(&shop, "--once", 0);
    shop.run(&["backup", "copy.db"]).expect_code(0);
    std::fs::copy(shop.path("copy.db"), shop.path("state/other.db")).expect("a copy");
    configure(&shop, &format!("[state]\npath = {:?}\n", shop.path("state/other.db")));
    assert_eq!(pass(&shop, "--once", 0).1.len(), 3);
    assert_eq!(pass(&shop, "--once", 0).1.len(), 1);
}
