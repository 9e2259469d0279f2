//! Hooks that are told by a POST.

use std::time::Duration;

use serde_json::json;

use crate::kit::orders::{configure, days_ago, order, pass, shop};
use crate::kit::process::Process;
use crate::kit::receiver::Receiver;
use crate::kit::{Shop, wait_until};

fn hook(receiver: &Receiver, more: &str) -> String {
    format!(
        "[[notify.hook]]\nname = \"crm\"\nevents = [\"order.new\", \"order.gone\"]\nurl = {:?}\n{more}",
        receiver.url()
    )
}

/// A shop with a hook, whose first order was there at the first read.
fn filled(receiver: &Receiver, more: &str) -> Shop {
    let shop = shop(&hook(receiver, more));
    shop.nicechat().put_order(order(1, &days_ago(1), 1));
    pass(&shop, "--once", 0);
    assert!(receiver.seen().is_empty(), "what was there at the first read is not announced");
    shop
}

fn status(shop: &Shop) -> serde_json::Value {
    shop.json(&["status", "--format", "json"])["hooks"][0].clone()
}

#[test]
fn an_order_that_comes_in_is_told_once_and_signed() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "secret = \"a secret of the test\"\n");
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    shop.nicechat().put_order(order(3, &days_ago(1), 1));
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("hooks: ok, 2 taken"), "{}", output.stdout);
    let seen = receiver.seen();
    let ids: Vec<_> = seen.iter().map(|message| message.json()["data"]["id"].clone()).collect();
    assert_eq!(ids, [3, 2], "the oldest first");
    let (message, told) = (&seen[0], seen[0].json());
    assert_eq!((&told["type"], &told["data"]["total"][0]["amount"]), (&json!("order.new"), &json!(10.5)));
    assert!(told["data"]["personal"].is_null() && told["at"].is_string());
    assert_eq!(Some(message.headers["webhook-id"].as_str()), told["id"].as_str());
    assert!(
        message.headers["webhook-signature"].starts_with("v1,") && message.headers.contains_key("webhook-timestamp")
    );
    assert!(message.body.starts_with("{\"id\":\"evt_"), "{}", message.body);
    pass(&shop, "--once", 0);
    assert_eq!(receiver.seen().len(), 2);
    shop.nicechat().remove_order(&json!(2));
    pass(&shop, "--once", 0);
    let gone = receiver.seen()[2].json();
    assert_eq!((&gone["type"], &gone["data"]["id"]), (&json!("order.gone"), &json!(2)));
    assert!(gone["data"]["gone"].is_string());
}

#[test]
fn what_nobody_took_is_told_again_with_the_same_id_and_bytes() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "");
    receiver.answer(&["503 Busy", "301 Elsewhere\r\nLocation: http://127.0.0.1:1/"]);
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("hooks: ok, 1 failed, 1 waiting"), "{}", output.stdout);
    let hook = status(&shop);
    assert_eq!(
        (&hook["name"], &hook["pending"], &hook["last_error"]),
        (&json!("crm"), &json!(1), &json!("answered 503"))
    );
    assert!(hook["oldest"].is_string() && hook["failed"] == json!(0));
    let files = [shop.run(&["status"]).stdout, output.stderr];
    assert!(files.iter().all(|text| !text.contains("hidden-token")), "{files:?}");
    pass(&shop, "--once", 0);
    pass(&shop, "--once", 0);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3, "a redirect is not followed, and no answer that it was taken");
    assert!(seen.iter().all(|message| message.body == seen[0].body));
    assert!(seen.iter().all(|message| message.headers["webhook-id"] == seen[0].headers["webhook-id"]));
    assert_eq!(status(&shop), json!({"name": "crm", "pending": 0, "oldest": null, "failed": 0, "last_error": null}));
}

#[test]
fn who_asks_to_be_left_alone_or_wants_nothing_more_is_obeyed() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "");
    for id in 2..=4 {
        shop.nicechat().put_order(order(id, &days_ago(0), 1));
    }
    receiver.answer(&["410 Gone"]);
    pass(&shop, "--once", 0);
    assert_eq!((receiver.seen().len(), &status(&shop)["pending"]), (1, &json!(3)));
    receiver.answer(&["429 Slow\r\nRetry-After: 3600"]);
    pass(&shop, "--once", 0);
    assert_eq!(receiver.seen().len(), 2, "the settings were read again");
    pass(&shop, "--once", 0);
    assert_eq!((receiver.seen().len(), &status(&shop)["pending"]), (2, &json!(3)));
}

#[test]
fn one_that_fails_holds_up_none_and_is_given_up_in_the_end() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "give_up_after = \"5s\"\n");
    for id in 2..=3 {
        shop.nicechat().put_order(order(id, &days_ago(0), 1));
    }
    receiver.answer(&["500 No", "200 OK"]);
    pass(&shop, "--once", 0);
    assert_eq!(receiver.seen().len(), 2);
    receiver.answer(&["500 No"; 10_000]);
    wait_until("it is given up", || shop.run(&["run", "--once"]).code == 3);
    let hook = status(&shop);
    assert_eq!(
        (&hook["pending"], &hook["failed"], &hook["last_error"]),
        (&json!(0), &json!(1), &json!("answered 500"))
    );
    pass(&shop, "--once", 0);
}

#[test]
fn persons_are_told_only_where_both_settings_say_so_and_leave_no_byte() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "");
    let sections = |keep: &str, personal: bool| {
        format!("keep = [{keep}]\n{}", hook(&receiver, &format!("personal = {personal}\n")))
    };
    for (id, keep, personal, told) in
        [(2, "\"client\"", false, false), (3, "", true, false), (4, "\"client\"", true, true)]
    {
        configure(&shop, &sections(keep, personal));
        shop.nicechat().put_order(order(id, &days_ago(0), 1));
        pass(&shop, "--once", 0);
        let body = receiver.seen().last().expect("a message").body.clone();
        assert_eq!(body.contains(&format!("Client-{id}")), told, "{body}");
        assert!(!body.contains("First-"), "{body}");
    }
    // One that still waits when its persons may not be kept any more.
    receiver.answer(&["500 No"]);
    shop.nicechat().put_order(order(5, &days_ago(0), 1));
    pass(&shop, "--once", 0);
    configure(&shop, &sections("", true));
    let told = "given up: hook crm: order.new evt_";
    let (output, _) = pass(&shop, "--once", 3);
    assert!(output.stderr.contains(told) && output.stdout.contains("1 given up"), "{output:?}");
    assert_eq!(status(&shop)["failed"], 1);
    pass(&shop, "--once", 0);
    // And one whose order vanished meanwhile.
    configure(&shop, &sections("\"client\"", true));
    receiver.answer(&["500 No"]);
    shop.nicechat().put_order(order(6, &days_ago(0), 1));
    pass(&shop, "--once", 0);
    for id in 1..=6 {
        shop.nicechat().remove_order(&json!(id));
    }
    let (output, _) = pass(&shop, "--once", 3);
    assert!(output.stderr.contains(told), "{output:?}");
    assert_eq!(status(&shop)["failed"], 2);
    let folder = std::fs::read_dir(shop.state_path().parent().expect("a folder")).expect("files");
    for file in folder {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        assert!(!bytes.windows(7).any(|bytes| bytes == b"Client-"));
    }
}

#[test]
fn what_waits_for_hooks_that_were_all_taken_out_is_forgotten() {
    let receiver = Receiver::new();
    let personal = hook(&receiver, "personal = true\n");
    let shop = shop(&format!("keep = [\"client\"]\nannounce_old = true\n{personal}"));
    shop.nicechat().put_order(order(1, &days_ago(0), 1));
    receiver.answer(&["500 No"]);
    pass(&shop, "--once", 0);
    configure(&shop, "keep = [\"client\"]\n");
    let (output, _) = pass(&shop, "--once", 0);
    let told = "the config has no hook crm any more: 1 event that waited for it is forgotten";
    assert!(output.stderr.contains(told), "{output:?}");
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
    assert_eq!(state.query_row("SELECT count(*) FROM hook_event", [], |row| row.get(0)), Ok(0));
    assert!(!pass(&shop, "--once", 0).0.stderr.contains("hook"));
}

/// Whether the catalog was compared says nothing of orders.
#[test]
fn after_a_state_was_put_back_only_what_it_may_have_known_is_not_announced() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "");
    let saved = shop.path("saved.db");
    shop.run(&["backup", &saved.display().to_string()]).expect_code(0);
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    pass(&shop, "--once", 0);
    assert_eq!(receiver.seen().len(), 1);
    std::fs::copy(&saved, shop.state_path()).expect("put back");
    shop.put_feed("not a feed at all");
    let (output, _) = pass(&shop, "--once", 1);
    assert!(output.stderr.contains("not announced"), "{output:?}");
    shop.nicechat().put_order(order(3, &days_ago(0), 1));
    pass(&shop, "--once", 1);
    let told = receiver.seen().last().expect("a message").json()["data"]["id"].clone();
    assert_eq!((receiver.seen().len(), told), (2, json!(3)));
}

#[test]
fn announce_old_tells_of_the_first_read_and_a_pause_of_nothing() {
    let receiver = Receiver::new();
    let shop = shop(&format!("announce_old = true\n{}", hook(&receiver, "")));
    shop.nicechat().put_order(order(1, &days_ago(1), 1));
    receiver.answer(&["500 No"]);
    pass(&shop, "--once", 0);
    shop.run(&["pause"]).expect_code(0);
    shop.run(&["run", "--once"]).expect_code(4);
    assert_eq!(receiver.seen().len(), 1);
    shop.run(&["resume"]).expect_code(0);
    pass(&shop, "--once", 0);
    assert_eq!(receiver.seen().len(), 2);
}

#[test]
fn the_daemon_tells_soon_and_counts() {
    let receiver = Receiver::new();
    let shop = filled(&receiver, "");
    configure(&shop, &format!("schedule = \"every 1s\"\n{}[http]\nlisten = \"127.0.0.1:0\"\n", hook(&receiver, "")));
    let mut daemon = Process::start(shop.command(&["run"]));
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    wait_until("it was told", || receiver.seen().len() == 1);
    wait_until("it was counted", || {
        let metrics = crate::kit::process::page(&daemon, "/metrics").1;
        metrics.contains("shelfkeeper_hook_deliveries_total{hook=\"crm\",outcome=\"taken\"} 1\n")
            && metrics.contains("shelfkeeper_hook_deliveries_total{hook=\"crm\",outcome=\"given_up\"} 0\n")
            && metrics.contains("shelfkeeper_hook_pending{hook=\"crm\"} 0\n")
    });
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(Duration::from_secs(5)), Some(0), "{}", daemon.log());
}

#[test]
fn settings_that_are_wrong_say_so() {
    let shop = Shop::new();
    for (section, told) in [
        (
            "name = \"a\"\nevents = [\"order.new\"]\nurl = \"http://127.0.0.1/\"\ncommand = [\"x\"]",
            "keep one of the two",
        ),
        ("name = \"a\"\nevents = [\"order.new\"]", "set one of them"),
        ("name = \"a\"\nevents = [\"order.old\"]\nurl = \"http://127.0.0.1/\"", "there is no event \"order.old\""),
        ("name = \"A b\"\nevents = [\"order.new\"]\nurl = \"http://127.0.0.1/\"", "lower-case letters"),
        ("events = [\"order.new\"]\nurl = \"http://127.0.0.1/\"", "notify.hook.name is missing"),
    ] {
        shop.config(&format!("[[notify.hook]]\n{section}\n"));
        let output = shop.run(&["check"]).expect_code(2);
        assert!(output.stderr.contains(told), "{told} in {}", output.stderr);
    }
    // Their secrets' variables would have one name.
    for (one, other) in [("a", "a"), ("a-b", "a_b")] {
        let hooks = [one, other].map(|name| {
            format!("[[notify.hook]]\nname = \"{name}\"\nevents = [\"order.new\"]\nurl = \"http://127.0.0.1/\"\n")
        });
        shop.config(&hooks.concat());
        assert!(shop.run(&["check"]).expect_code(2).stderr.contains("another hook of the name"), "{one} {other}");
    }
}
