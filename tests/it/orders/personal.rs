//! What is kept of persons: only what somebody asked for, only for so long, and then in no byte of any file.

use std::os::unix::fs::PermissionsExt as _;

use sandbox::{Fault, Rule};
use serde_json::json;

use crate::kit::orders::{configure, days_ago, mirrored, order, pass, shop};
use crate::kit::process::Process;
use crate::kit::{Shop, finish, wait_until};

/// How often a text stands in the state file and in all that lies beside it.
fn found(shop: &Shop, text: &str) -> usize {
    let folder = shop.state_path();
    // A daemon that has just been started makes the folder.
    let Ok(files) = std::fs::read_dir(folder.parent().expect("a folder")) else { return 0 };
    let in_file = |path: std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).filter(|bytes| *bytes == text.as_bytes()).count()
    };
    files.map(|file| in_file(file.expect("a file").path())).sum()
}

#[test]
fn nothing_of_persons_reaches_the_disk_unless_it_is_asked_for() {
    let shop = shop("");
    for id in 1..=200 {
        shop.nicechat().put_order(order(id, &days_ago(1), 1));
    }
    let output = shop.run(&["-vv", "run", "--once"]).expect_code(0);
    for word in ["Client-", "First-", "City-", "client-1@"] {
        assert_eq!(found(&shop, word), 0, "{word}");
        assert!(!output.stderr.contains(word), "{word}");
    }
    assert!(mirrored(&shop).iter().all(|order| order["personal"].is_null()));
    assert!(found(&shop, "ann@shop.example") > 0, "agents are the shop's staff");
}

#[test]
fn what_is_kept_is_shown_only_when_it_is_asked_for() {
    let shop = shop("keep = [\"shipping_address\", \"client\"]\n");
    shop.nicechat().put_order(order(1, &days_ago(1), 1));
    pass(&shop, "--once", 0);
    let plain = shop.run(&["orders", "1", "--format", "json"]);
    assert!(plain.json()["personal"].is_null());
    let shown = shop.json(&["orders", "1", "--format", "json", "--personal"]);
    assert_eq!(shown["personal"]["shipping_address"], json!({"First name": "First-1", "POST/ZIP": "11111"}));
    assert_eq!(shown["personal"]["client"]["name"], "Client-1");
    assert!(shown["personal"].get("info").is_none());
    assert_eq!(found(&shop, "City-1"), 0);
    let text = shop.run(&["orders", "1", "--personal"]).expect_code(0).stdout;
    assert!(text.contains("First name: First-1"), "{text}");
    for name in ["shelfkeeper.db", "shelfkeeper.db-wal", "shelfkeeper.db-shm"] {
        if let Ok(file) = std::fs::metadata(shop.path(&format!("state/{name}"))) {
            assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}

#[test]
fn what_is_over_is_in_no_byte_of_any_file() {
    let shop = shop("keep = [\"client\", \"shipping_address\"]\npersonal_days = 3650\ndays = 36500\n");
    for id in 1..=300 {
        let mut order = order(id, &days_ago(if id % 3 == 0 { 1 } else { 40 }), 1);
        order["contacts"]["shipping_address"]["Address"] =
            json!(format!("First-{id} {}", "x".repeat(id as usize % 97 * 9)));
        shop.nicechat().put_order(order);
    }
    pass(&shop, "--once", 0);
    assert!(found(&shop, "First-1\"") > 0 && found(&shop, "Client-299\"") > 0);
    // A listing that fails must not keep what may not be kept.
    shop.nicechat()
        .add_fault(sandbox::Rule { path: Some("orders/".into()), ..sandbox::Rule::new(sandbox::Fault::status(503)) });
    configure(&shop, "keep = [\"client\", \"shipping_address\"]\npersonal_days = 30\n");
    pass(&shop, "--once", 1);
    for id in 1..=300 {
        let wanted = usize::from(id % 3 == 0);
        for word in ["Client", "First"] {
            assert_eq!(usize::from(found(&shop, &format!("\"{word}-{id}\"")) > 0), wanted, "{word}-{id}");
            assert!(wanted == 1 || found(&shop, &format!("First-{id} ")) == 0, "{id}");
        }
    }
    shop.nicechat().clear_faults();
    configure(&shop, "keep = [\"client\"]\n");
    pass(&shop, "--once", 0);
    assert_eq!(found(&shop, "First-"), 0, "a word that was taken out");
    assert!(found(&shop, "\"Client-3\"") > 0);
    configure(&shop, "");
    pass(&shop, "--once", 0);
    assert_eq!((found(&shop, "Client-"), mirrored(&shop).len()), (0, 300));
}

#[test]
fn what_is_over_goes_also_where_nobody_can_be_asked() {
    let shop = shop("keep = [\"client\"]\npersonal_days = 3650\n");
    shop.nicechat().put_order(order(1, &days_ago(40), 1));
    pass(&shop, "--once", 0);
    assert!(found(&shop, "Client-1") > 0);
    configure(&shop, "keep = [\"client\"]\npersonal_days = 30\n");
    // Without a certificate to trust there is no HTTP client.
    let mut command = shop.command(&["run", "--once"]);
    command.env("SSL_CERT_FILE", "/dev/null");
    let output = finish(command).expect_code(1);
    let told = "orders: failed, 1 with persons erased, 0 requests";
    assert!(output.stdout.contains(told) && output.stderr.contains("no HTTP client"), "{output:?}");
    assert_eq!(found(&shop, "Client-1"), 0);
}

#[test]
fn what_vanished_takes_its_persons_with_it_at_once() {
    let shop = shop("keep = [\"client\"]\nmatch_email = true\n");
    for id in 1..=5 {
        shop.nicechat().put_order(order(id, &days_ago(1), 1));
    }
    pass(&shop, "--once", 0);
    assert!(found(&shop, "Client-4") > 0 && found(&shop, "client-4@") == 0, "a digest tells no address");
    shop.nicechat().remove_order(&json!(4));
    pass(&shop, "--once", 0);
    assert_eq!(found(&shop, "Client-4"), 0);
    assert!(found(&shop, "Client-5") > 0);
}

#[test]
fn for_no_days_nothing_is_kept_whatever_the_date_says() {
    let shop = shop("keep = [\"client\"]\npersonal_days = 0\n");
    pass(&shop, "--once", 0);
    let mut undated = order(2, "", 1);
    undated["deal"]["date"] = json!(null);
    for order in [order(1, &days_ago(0), 1), undated, order(3, &days_ago(-1), 1)] {
        shop.nicechat().put_order(order);
    }
    pass(&shop, "--once", 0);
    assert_eq!((found(&shop, "Client-"), mirrored(&shop).len()), (0, 3));
}

#[test]
fn nothing_of_persons_is_kept_once_nobody_mirrors_orders() {
    let shop = shop("keep = [\"client\", \"shipping_address\"]\nmatch_email = true\n");
    for id in 1..=300 {
        shop.nicechat().put_order(order(id, &days_ago(1), 1));
    }
    pass(&shop, "--once", 0);
    assert!(found(&shop, "\"First-1\"") > 0 && found(&shop, "\"Client-299\"") > 0);
    shop.config("[nicechat]\nretries = 0\n");
    let told = pass(&shop, "--once", 0).0.stdout;
    assert!(told.contains("what was kept of persons is erased (300 orders)"), "{told}");
    assert_eq!((found(&shop, "First-"), found(&shop, "Client-")), (0, 0));
    // Once, and nothing else is erased.
    let told = pass(&shop, "--once", 0).0.stdout;
    assert!(!told.contains("orders"), "{told}");
    configure(&shop, "match_email = true\n");
    assert_eq!(mirrored(&shop).len(), 300);
}

fn emails(shop: &Shop) -> i64 {
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
    state.query_row("SELECT count(*) FROM order_email WHERE id = 1", [], |row| row.get(0)).expect("a number")
}

#[test]
fn persons_that_nicechat_has_no_more_are_in_no_byte_here() {
    for keep in ["\"client\", \"shipping_address\"", "\"shipping_address\"", "\"client\""] {
        let shop = shop(&format!("keep = [{keep}]\nmatch_email = true\n"));
        shop.nicechat().put_order(order(1, &days_ago(1), 1));
        pass(&shop, "--once", 0);
        assert!(found(&shop, "First-1") + found(&shop, "Client-1") > 0 && emails(&shop) == 1, "{keep}");
        let mut erased = order(1, &days_ago(1), 1);
        erased["contacts"] = json!({});
        shop.nicechat().put_order(erased);
        pass(&shop, "--resync", 0);
        assert_eq!((found(&shop, "First-1"), found(&shop, "Client-1"), emails(&shop)), (0, 0, 0), "{keep}");
    }
}

/// Also while a daemon goes on, which has its log open.
#[test]
fn a_part_that_nicechat_erased_or_a_name_that_it_replaced_is_in_no_byte_here() {
    for client in [json!({}), json!({"name": "deleted", "visits": 3, "id": 95})] {
        let shop = shop("schedule = \"every 1s\"\nkeep = [\"client\", \"shipping_address\"]\n");
        let mut listed = order(1, &days_ago(1), 1);
        shop.nicechat().put_order(listed.clone());
        let _daemon = Process::start(shop.command(&["run"]));
        wait_until("it is kept", || found(&shop, "\"Client-1\"") > 0 && found(&shop, "\"First-1\"") > 0);
        listed["contacts"]["client"] = client.clone();
        shop.nicechat().put_order(listed.clone());
        wait_until("the client is gone", || found(&shop, "\"Client-1\"") == 0);
        assert!(found(&shop, "\"First-1\"") > 0, "{client}");
        listed["contacts"]["shipping_address"] = json!({});
        shop.nicechat().put_order(listed);
        wait_until("the address is gone", || found(&shop, "\"First-1\"") == 0);
        let shown = shop.json(&["orders", "1", "--format", "json", "--personal"]);
        assert_eq!(shown["personal"], json!({"client": client, "shipping_address": {}}));
    }
}

#[test]
fn persons_of_whom_nothing_can_be_read_for_once_stay() {
    let shop = shop("keep = [\"client\", \"shipping_address\"]\nmatch_email = true\n");
    let mut listed = order(1, &days_ago(1), 1);
    let list = |listed: &serde_json::Value| {
        shop.nicechat().put_order(listed.clone());
        pass(&shop, "--resync", 0);
    };
    let shown = || shop.json(&["orders", "1", "--format", "json", "--personal"])["personal"].clone();
    list(&listed);
    let before = shown();
    assert_eq!(before["client"]["name"], "Client-1");
    for contacts in [json!("text"), json!({"client": [], "billing_address": "text", "shipping_address": 7})] {
        listed["contacts"] = contacts;
        list(&listed);
        assert_eq!((shown(), emails(&shop)), (before.clone(), 1), "{listed}");
    }
    listed["contacts"]["billing_address"] = json!({});
    listed["contacts"]["shipping_address"] = json!({});
    list(&listed);
    assert_eq!((shown(), emails(&shop)), (json!({"client": before["client"], "shipping_address": {}}), 0));
}

/// The table's copies are erased once a pass: this one never comes so far.
#[test]
fn what_a_pass_that_breaks_off_left_of_persons_is_erased_by_the_next() {
    let shop = shop("keep = [\"client\"]\n");
    let mut listed = order(1, &days_ago(1), 1);
    shop.nicechat().put_order(listed.clone());
    pass(&shop, "--once", 0);
    listed["contacts"]["client"]["name"] = json!("deleted");
    let page = json!({"status": "ok", "code": 200, "result": {
        "count": 9, "next": "/marketplaces/v1/orders/?page=2", "previous": null, "results": [listed]}});
    let listing = |fault| Rule { path: Some("orders/".into()), ..Rule::new(fault) };
    shop.nicechat().add_fault(Rule { times: Some(1), ..listing(Fault::json(page)) });
    shop.nicechat().add_fault(listing(Fault::status(503)));
    let owed = || {
        let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
        let sql = "SELECT count(*) FROM meta WHERE key = 'orders_copies'";
        state.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number")
    };
    pass(&shop, "--once", 1);
    assert_eq!(owed(), 1);
    pass(&shop, "--once", 1);
    assert_eq!((owed(), found(&shop, "\"Client-1\"")), (0, 0));
    assert!(found(&shop, "\"deleted\"") > 0);
}

#[test]
fn an_address_that_was_put_right_is_known_no_more() {
    let shop = shop("match_email = true\n");
    let mut other = order(1, &days_ago(1), 1);
    shop.nicechat().put_order(other.clone());
    pass(&shop, "--once", 0);
    other["contacts"]["billing_address"]["E-mail"] = json!("somebody@mail.example");
    shop.nicechat().put_order(other);
    pass(&shop, "--resync", 0);
    assert_eq!(emails(&shop), 1);
}
