//! Hooks that run a program.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use serde_json::{Value, json};

use crate::kit::Shop;
use crate::kit::orders::{configure, days_ago, order, pass, shop};

/// A shop whose hook runs this script.
fn filled(script: &str, more: &str) -> Shop {
    let shop = shop("");
    let path = shop.write("on-order", format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    let command = format!("command = [{:?}, \"an argument; $(no shell)\"]\n", path);
    configure(&shop, &format!("[[notify.hook]]\nname = \"crm\"\nevents = [\"order.new\"]\n{command}{more}"));
    shop.nicechat().put_order(order(1, &days_ago(1), 1));
    pass(&shop, "--once", 0);
    shop.nicechat().put_order(order(2, &days_ago(0), 1));
    shop
}

#[test]
fn a_program_gets_the_event_and_none_of_our_secrets() {
    let shop = filled("cat > body; echo \"$1\" > argument; env > environment", "");
    let mut command = shop.command(&["run", "--once"]);
    command.env("SHELFKEEPER_UNKNOWN_TO_IT", "a secret").env("NOTIFY_SOCKET", "");
    assert_eq!(crate::kit::finish(command).code, 0);
    let read = |name: &str| std::fs::read_to_string(shop.path(name)).expect(name);
    let body: Value = serde_json::from_str(&read("body")).expect("JSON");
    assert_eq!((&body["type"], &body["data"]["id"]), (&json!("order.new"), &json!(2)));
    assert_eq!(read("argument"), "an argument; $(no shell)\n");
    let environment = read("environment");
    assert!(environment.contains("SHELFKEEPER_EVENT=order.new\n"), "{environment}");
    assert!(environment.contains(&format!("SHELFKEEPER_EVENT_ID={}\n", body["id"].as_str().expect("an id"))));
    assert!(!environment.contains("UNKNOWN_TO_IT") && !environment.contains("NOTIFY_SOCKET"), "{environment}");
}

#[test]
fn another_exit_than_0_is_tried_again() {
    let shop = filled("exec 0<&-; test -e ready", "");
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("1 failed, 1 waiting"), "{}", output.stdout);
    shop.write("ready", "");
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("hooks: ok, 1 taken"), "{}", output.stdout);
}

#[test]
fn one_that_takes_too_long_is_killed_with_its_children() {
    let shop = filled("echo $$ > parent; sleep 600 & echo $! > child; wait", "timeout = \"500ms\"\n");
    let began = Instant::now();
    let (output, _) = pass(&shop, "--once", 0);
    assert!(output.stdout.contains("was killed"), "{}", output.stdout);
    assert!(began.elapsed().as_secs() < 60);
    let is_there = |name: &str| {
        let id = std::fs::read_to_string(shop.path(name)).expect(name);
        let status = std::fs::read_to_string(format!("/proc/{}/status", id.trim())).unwrap_or_default();
        !status.is_empty() && !status.contains("State:\tZ")
    };
    crate::kit::wait_until("they are gone", || !is_there("parent") && !is_there("child"));
}
