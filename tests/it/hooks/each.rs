//! Each hook by itself, and each event in its time.

use std::net::TcpListener;

use sandbox::{Fault, Rule};
use serde_json::{Value, json};

use crate::kit::orders::{configure, days_ago, order, pass, shop};
use crate::kit::process::Process;
use crate::kit::receiver::Receiver;
use crate::kit::{Shop, wait_until};

fn hook(name: &str, url: &str, more: &str) -> String {
    format!("[[notify.hook]]\nname = {name:?}\nevents = [\"order.new\", \"order.gone\"]\nurl = {url:?}\n{more}\n")
}

fn told(receiver: &Receiver) -> Vec<Value> {
    receiver.seen().iter().map(|message| message.json()["data"]["id"].clone()).collect()
}

fn status(shop: &Shop) -> Value {
    shop.json(&["status", "--format", "json"])["hooks"].clone()
}

#[test]
fn one_that_never_answers_keeps_no_other_from_being_told() {
    let (receiver, silent) = (Receiver::new(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let hooks = hook("silent", &url, "timeout = \"1h\"") + &hook("crm", &receiver.url(), "");
    let shop = shop(&format!("schedule = \"every 1s\"\n{hooks}"));
    pass(&shop, "--once", 0);
    let _daemon = Process::start(shop.command(&["run"]));
    for id in 1..=3 {
        shop.nicechat().put_order(order(id, &days_ago(0), 1));
        wait_until("it was told", || told(&receiver).len() == id as usize);
    }
    assert_eq!(told(&receiver), [1, 2, 3]);
    wait_until("the other one waits", || status(&shop)[0]["pending"] == 3);
}

#[test]
fn new_settings_wait_for_nobody_who_never_answers() {
    let (first, second) = (Receiver::new(), Receiver::new());
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let settings = |slow: &str, url: &str, crm: &Receiver| {
        let hooks = hook(slow, url, "timeout = \"1h\"") + &hook("crm", &crm.url(), "");
        format!("schedule = \"every 1s\"\n{hooks}")
    };
    let shop = shop(&settings("slow", &url, &first));
    pass(&shop, "--once", 0);
    let daemon = Process::start(shop.command(&["run"]));
    shop.nicechat().put_order(order(1, &days_ago(0), 1));
    wait_until("it was told", || told(&first) == [1]);
    // The other hook's address is another one now, while the slow one is still waited for.
    configure(&shop, &settings("slow", &url, &second));
    daemon.signal("HUP");
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    wait_until("it was told at the new address", || told(&second) == [2]);
    // So is the slow one's: what was on its way is sent there.
    configure(&shop, &settings("slow", &first.url(), &second));
    daemon.signal("HUP");
    wait_until("it has all", || told(&first) == [1, 1, 2]);
    wait_until("nothing waits", || status(&shop)[0]["pending"] == 0);
}

#[test]
fn who_asks_to_be_left_alone_for_too_long_is_given_up() {
    let receiver = Receiver::new();
    let shop = shop(&hook("crm", &receiver.url(), "give_up_after = \"1s\""));
    pass(&shop, "--once", 0);
    receiver.answer(&["503 Busy\r\nRetry-After: 3600"]);
    for id in 1..=2 {
        shop.nicechat().put_order(order(id, &days_ago(0), 1));
    }
    // A second may be over before the first pass is.
    let mut has_told = shop.run(&["run", "--once"]).code == 3;
    wait_until("they are given up", || {
        let is_over = status(&shop)[0]["pending"] == 0;
        has_told |= !is_over && shop.run(&["run", "--once"]).code == 3;
        is_over && has_told
    });
    assert_eq!(receiver.seen().len(), 1, "it was left alone");
    assert_eq!(
        (&status(&shop)[0]["failed"], &status(&shop)[0]["last_error"]),
        (&json!(2), &json!("the hook takes nothing now"))
    );
    pass(&shop, "--once", 0);
}

#[test]
fn of_a_hook_that_is_away_few_events_are_told_one_by_one() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let shop = shop(&hook("crm", &format!("http://{closed}/"), ""));
    pass(&shop, "--once", 0);
    for id in 1..=8 {
        shop.nicechat().put_order(order(id, &days_ago(0), 1));
    }
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("8 failed, 8 waiting"), "{}", output.stdout);
    let told = output.stdout.lines().filter(|line| line.starts_with("hook crm: order.new evt_")).count();
    assert_eq!(told, 5, "{}", output.stdout);
    assert!(output.stdout.contains("\n3 more events; it is tried again"), "{}", output.stdout);
}

#[test]
fn events_of_a_page_come_in_the_order_of_their_dates_to_the_last_digit() {
    let receiver = Receiver::new();
    let shop = shop(&hook("crm", &receiver.url(), ""));
    pass(&shop, "--once", 0);
    let dates = ["10:00:00.475900", "10:00:00.475100", "10:00:00", "10:00:00.475100"];
    for (id, date) in (1..).zip(dates) {
        shop.nicechat().put_order(order(id, &format!("2026-05-01 {date}+00:00"), 1));
    }
    pass(&shop, "--once", 0);
    assert_eq!(told(&receiver), [3, 2, 4, 1]);
    for id in 1..=4 {
        shop.nicechat().remove_order(&json!(id));
    }
    pass(&shop, "--once", 0);
    assert_eq!(told(&receiver)[4..], [3, 2, 4, 1], "those that are gone, too");
}

#[test]
fn a_count_that_never_agrees_keeps_nobody_from_being_told() {
    let receiver = Receiver::new();
    let shop = shop(&hook("crm", &receiver.url(), ""));
    let page = |orders: &[i64]| {
        let orders: Vec<Value> = orders.iter().map(|id| order(*id, &days_ago(1), 1)).collect();
        let page = json!({"status": "ok", "code": 200, "result": {
            "count": 9, "next": null, "previous": null, "results": orders}});
        Rule { path: Some("orders/".into()), times: Some(1), ..Rule::new(Fault::json(page)) }
    };
    shop.nicechat().add_fault(page(&[1]));
    shop.nicechat().add_fault(page(&[1, 2]));
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("it counts 9 orders, and its pages have 1"), "{}", output.stdout);
    assert_eq!(told(&receiver), [Value::Null; 0], "what was there at the first read is not announced");
    pass(&shop, "--once", 0);
    assert_eq!(told(&receiver), [2]);
}

#[test]
fn a_secret_that_says_it_is_base64_must_be() {
    let shop = shop(&hook("crm", "http://127.0.0.1/", "secret = \"whsec_not!base64\""));
    let told = shop.run(&["check"]).expect_code(2).stderr;
    assert!(told.contains("whsec_ must be base64") && !told.contains("not!base64"), "{told}");
    // Without the `=` at its end.
    configure(&shop, &hook("crm", "http://127.0.0.1/", "secret = \"whsec_c2hlbGZrZWVwZXI\""));
    shop.run(&["check"]).expect_code(0);
}

#[test]
fn check_online_asks_the_host_of_each_and_tells_it_nothing() {
    let receiver = Receiver::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let program = |name: &str, path: &str| {
        format!("[[notify.hook]]\nname = {name:?}\nevents = [\"order.new\"]\ncommand = [{path:?}, \"a word\"]\n")
    };
    let hooks = hook("crm", &receiver.url(), "") + &program("there", "/bin/sh") + &program("bare", "sh");
    let shop = shop(&hooks);
    let told = shop.run(&["check", "--online"]).expect_code(0).stdout;
    for line in ["hook      ok   crm: http://127.0.0.1:", "hook      ok   there: /bin/sh", "hook      ok   bare: sh"] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(!told.contains("hidden-token") && !told.contains("a word"), "{told}");
    assert!(receiver.seen().iter().all(|message| message.body.is_empty()));
    configure(
        &shop,
        &(hook("down", &format!("http://{closed}/"), "") + &program("nowhere", "/nowhere/at-all") + &hooks),
    );
    let told = shop.run(&["check", "--online"]).expect_code(1).stdout;
    for line in ["hook      FAIL down: http://127.0.0.1:", "hook      FAIL nowhere: ", "hook      ok   crm: "] {
        assert!(told.contains(line), "{line} in {told}");
    }
}

#[test]
fn who_asked_to_be_left_alone_for_a_moment_is_told_the_rest_after_it() {
    let receiver = Receiver::new();
    let shop = shop(&hook("crm", &receiver.url(), ""));
    pass(&shop, "--once", 0);
    // The hook asks for one second; the event by itself would wait for five.
    receiver.answer(&["503 Busy\r\nRetry-After: 1", "200 OK"]);
    shop.nicechat().put_order(order(1, &days_ago(0), 1));
    pass(&shop, "--once", 0);
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    let _daemon = Process::start(shop.command(&["run"]));
    wait_until("the other one was told", || told(&receiver).contains(&json!(2)));
}

/// A hook that may be told of persons, and to which an order waits to be told; `keep` and the rest of the settings.
fn waiting(receiver: &Receiver, keep: &str) -> Shop {
    let settings = |shop: &Shop| personal(shop, receiver, keep, true);
    let shop = shop("");
    settings(&shop);
    pass(&shop, "--once", 0);
    receiver.answer(&["500 Oh"]);
    shop.nicechat().put_order(order(1, &days_ago(7), 1));
    pass(&shop, "--once", 0);
    assert_eq!((status(&shop)[0]["pending"].clone(), told(receiver).len()), (json!(1), 1));
    shop
}

fn personal(shop: &Shop, receiver: &Receiver, keep: &str, is_told: bool) {
    configure(shop, &format!("{keep}\n{}", hook("crm", &receiver.url(), &format!("personal = {is_told}"))));
}

#[test]
fn what_may_not_be_told_of_persons_any_more_is_not_told() {
    let receiver = Receiver::new();
    let shop = waiting(&receiver, "keep = [\"client\"]");
    personal(&shop, &receiver, "keep = [\"client\"]", false);
    let (output, _) = pass(&shop, "--once", 3);
    assert!(output.stderr.contains("not told what is kept of persons any more"), "{}", output.stderr);
    assert_eq!(told(&receiver).len(), 1);

    let receiver = Receiver::new();
    let shop = waiting(&receiver, "keep = [\"client\"]\npersonal_days = 30");
    personal(&shop, &receiver, "keep = [\"client\"]\npersonal_days = 3", true);
    pass(&shop, "--once", 3);
    assert_eq!(told(&receiver).len(), 1, "the order is seven days old");

    // More may be kept now: that is no reason to tell nothing.
    let receiver = Receiver::new();
    let shop = waiting(&receiver, "keep = [\"client\"]");
    personal(&shop, &receiver, "keep = [\"client\", \"info\"]", true);
    pass(&shop, "--once", 0);
    assert_eq!(told(&receiver).len(), 2);
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("Hook crm: 0 waiting; told last of order.new, "), "{status}");
}

/// NiceChat, whose listing would show that it is too old, is away.
#[test]
fn of_an_order_that_is_too_old_to_be_held_no_persons_are_told() {
    let receiver = Receiver::new();
    let shop = waiting(&receiver, "keep = [\"client\"]");
    shop.nicechat().add_fault(Rule { path: Some("orders/".into()), ..Rule::new(Fault::status(503)) });
    personal(&shop, &receiver, "keep = [\"client\"]\npersonal_days = 3\ndays = 3", true);
    pass(&shop, "--once", 1);
    assert_eq!(told(&receiver).len(), 1, "the order is seven days old");
    assert_eq!((&status(&shop)[0]["pending"], &status(&shop)[0]["failed"]), (&json!(0), &json!(1)));
}

#[test]
fn persons_whom_nicechat_erased_are_told_to_nobody() {
    let list_with = |shop: &Shop, client: Value| {
        let mut listed = order(1, &days_ago(7), 1);
        listed["contacts"]["client"] = client;
        shop.nicechat().put_order(listed);
    };
    for keep in ["\"client\"", "\"client\", \"shipping_address\""] {
        let receiver = Receiver::new();
        let shop = waiting(&receiver, &format!("keep = [{keep}]"));
        list_with(&shop, json!({}));
        pass(&shop, "--once", 3);
        assert_eq!(told(&receiver).len(), 1, "{keep}");
    }
    // One who came to the site again is no less there.
    let receiver = Receiver::new();
    let shop = waiting(&receiver, "keep = [\"client\"]");
    list_with(&shop, json!({"name": "Client-1", "visits": 4, "id": 95}));
    pass(&shop, "--once", 0);
    assert_eq!(told(&receiver).len(), 2);
}

#[test]
fn persons_of_whom_nothing_can_be_read_for_once_are_told_as_they_were() {
    let client = |client: Value| json!({"client": client});
    let large = client(json!({"name": "x".repeat(70_000)}));
    for contacts in [json!("Client-1"), client(json!("Client-1")), client(json!(["Client-1"])), large] {
        let receiver = Receiver::new();
        let shop = waiting(&receiver, "keep = [\"client\"]");
        let mut listed = order(1, &days_ago(7), 1);
        listed["contacts"] = contacts;
        shop.nicechat().put_order(listed);
        pass(&shop, "--once", 0);
        let seen = receiver.seen();
        assert_eq!((seen.len(), &seen[1].json()["data"]["personal"]["client"]["name"]), (2, &json!("Client-1")));
    }
}

#[test]
fn what_one_hook_was_not_told_makes_nobody_forget_what_another_was_not() {
    let receiver = Receiver::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let hooks = hook("crm", &receiver.url(), "") + &hook("down", &format!("http://{closed}/"), "");
    let shop = shop(&hooks);
    pass(&shop, "--once", 0);
    // As after a thousand events that the one was never told of, and one that the other was not told of before them.
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
    let given_up = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1001)
         INSERT INTO hook_event (hook, id, kind, at, posted, given_up)
         SELECT iif(x = 1, 'crm', 'down'), 'evt_' || x, 'order.new', '2020-01-01T00:00:00Z',
                '{\"at\":\"2020-01-01T00:00:00Z\"}', 'answered 500' FROM n";
    assert_eq!(state.execute(given_up, []).expect("written"), 1_001);
    let waiting = "INSERT INTO hook_event (hook, id, kind, at, posted, body) VALUES
         ('down', 'evt_last', 'order.new', '2020-01-01T00:00:00Z', '{\"at\":\"2020-01-01T00:00:00Z\"}', '{}')";
    state.execute(waiting, []).expect("written");
    drop(state);
    pass(&shop, "--once", 3);
    let failed = status(&shop).as_array().expect("hooks").iter().map(|hook| hook["failed"].clone()).collect::<Vec<_>>();
    assert_eq!(failed, [1, 1_000]);
}
