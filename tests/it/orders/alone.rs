//! Orders without a feed, and as a job of the daemon.

use std::time::Duration;

use sandbox::{Fault, Kind, Rule};
use serde_json::json;

use crate::kit::orders::{configure_alone, ids, order, pass, shop};
use crate::kit::process::{self, Process, page};
use crate::kit::{Shop, wait_until};

fn alone(more: &str) -> Shop {
    let shop = Shop::new();
    configure_alone(&shop, more);
    shop.nicechat().put_order(order(1, "2026-05-01 10:00:00+00:00", 1));
    shop
}

#[test]
fn the_section_stands_alone() {
    let shop = alone("");
    shop.run(&["check", "--online"]).expect_code(0);
    let (output, asked) = pass(&shop, "--once", 0);
    assert_eq!((asked.len(), shop.fetches().len()), (1, 0));
    assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
    assert_eq!(ids(&shop), [1]);
    let order = shop.json(&["orders", "1", "--format", "json"]);
    assert!(order["lines"][0]["currency"].is_null() && order["total"][0]["currency"].is_null());
    shop.run(&["plan"]).expect_code(0);
    shop.run(&["status"]).expect_code(0);
    assert!(shop.nicechat().objects(Kind::Product).is_empty());
}

#[test]
fn without_the_section_the_command_says_so() {
    let shop = Shop::new();
    assert!(shop.run(&["orders"]).expect_code(2).stderr.contains("[orders]"));
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["orders"], &status["hooks"]), (&json!(null), &json!([])));
}

#[test]
fn the_daemon_reads_them_on_their_own_schedule_and_tells_of_it() {
    let shop = alone("schedule = \"every 1s\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    shop.nicechat().add_fault(Rule { path: Some("orders/".into()), ..Rule::new(Fault::status(503)) });
    let mut daemon = Process::start(shop.command(&["run"]));
    wait_until("it was asked", || !shop.nicechat().requests().is_empty());
    let (status, text) = page(&daemon, "/readyz");
    assert!(status == 503 && text.contains("orders: no good pass yet"), "{text}");
    shop.nicechat().clear_faults();
    wait_until("it is ready", || page(&daemon, "/readyz").0 == 200);
    shop.nicechat().put_order(order(2, "2026-05-01 10:00:00+00:00", 1));
    wait_until("both are mirrored", || page(&daemon, "/metrics").1.contains("shelfkeeper_orders_mirrored 2\n"));
    wait_until("the new one was counted", || page(&daemon, "/metrics").1.contains("shelfkeeper_orders_new_total 1\n"));
    let metrics = page(&daemon, "/metrics").1;
    assert!(metrics.contains("shelfkeeper_passes_total{kind=\"orders\",outcome=\"ok\"}"), "{metrics}");
    assert!(page(&daemon, "/status").1.contains("\"orders\":{\"count\":2"));
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0), "{}", daemon.log());
}

#[test]
fn neither_job_waits_for_the_other() {
    let shop = shop("schedule = \"every 1s\"\n[source]\nschedule = \"every 1s\"\n");
    shop.nicechat().put_order(order(1, "2026-05-01 10:00:00+00:00", 1));
    shop.nicechat().add_fault(Rule { path: Some("orders/".into()), ..Rule::new(Fault::Hang) });
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 3);
    drop(daemon);
    shop.nicechat().clear_faults();
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home > Light"]);
    shop.nicechat().add_fault(Rule { path: Some("products/".into()), ..Rule::new(Fault::Hang) });
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(" seen=", 3);
    drop(daemon);
}
