//! Pauses without a daemon: nothing is sent, all else goes on.

use std::os::unix::fs::MetadataExt as _;

use serde_json::{Value, json};

use crate::kit::{FEED, Shop};
use sandbox::DEMO_STORE;

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

fn repriced() -> Shop {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home"]);
    shop.take_writes();
    shop
}

#[test]
fn a_pass_that_is_paused_sends_nothing_and_says_so() {
    let shop = repriced();
    let told = shop.run(&["pause", "--for", "2h", "--reason", "stock taking"]).expect_code(0).stdout;
    assert!(told.starts_with("Paused until 20") && told.contains(": stock taking. Nothing is sent"), "{told}");
    let notice = std::fs::metadata(shop.path("state/shelfkeeper.db.pause")).expect("a notice");
    assert_eq!(notice.mode() & 0o7777, 0o600);
    for _ in 0..2 {
        let told = shop.pass(4).stdout;
        assert!(told.starts_with("sync: held, ") && told.contains("\nNothing more is sent: paused until 20"), "{told}");
        assert!(!told.contains("guard"), "{told}");
    }
    assert_eq!(shop.take_writes(), [""; 0]);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["headline"]["state"], "paused");
    assert_eq!(
        (&status["headline"]["since"], &status["paused"]["reason"]),
        (&status["paused"]["since"], &json!("stock taking"))
    );
    let pass = &status["last_pass"];
    assert_eq!((&pass["outcome"], &pass["read"], &pass["updated"]), (&json!("held"), &json!(1), &json!(0)));
    assert!(pass["reason"].as_str().is_some_and(|reason| reason.starts_with("paused until 20")), "{pass}");
    let text = shop.run(&["status"]).stdout;
    assert!(text.starts_with("Paused until 20") && text.contains("stock taking"), "{text}");

    let plan = shop.run(&["plan", "--detailed-exitcode"]).expect_code(10).stdout;
    assert!(plan.starts_with("Paused until 20") && plan.contains("10.00 → 11.00"), "{plan}");
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!((&plan["paused"]["reason"], &plan["summary"]["update"]), (&json!("stock taking"), &json!(1)));

    assert!(shop.run(&["resume"]).expect_code(0).stdout.starts_with("No longer paused"));
    assert_eq!(shop.run(&["resume"]).expect_code(0).stdout, "It was not paused.\n");
    let headline = &shop.json(&["status", "--format", "json"])["headline"];
    assert_eq!(headline["state"], "equal", "what was paused is no trouble: {headline}");
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["PATCH products 1"]);
    assert_eq!(shop.json(&["plan", "--format", "json"])["paused"], Value::Null);
}

#[test]
fn a_pause_is_told_beside_what_is_worse() {
    let shop = repriced();
    shop.shop().remove(FEED);
    shop.run(&["pause", "--reason", "the feed is broken"]).expect_code(0);
    shop.pass(1);
    let told = shop.run(&["status"]).expect_code(0).stdout;
    assert!(told.starts_with("Behind") && told.contains("\nPaused") && told.contains("the feed is broken"), "{told}");
}

#[test]
fn a_paused_first_pass_pushes_no_import_and_an_unchanged_feed_is_held_too() {
    let shop = Shop::with_rows(&[LAMP]);
    assert!(shop.run(&["pause"]).expect_code(1).stderr.contains("There is no state at"), "nobody would look there");
    shop.config("[nicechat]\nstrategy = \"import\"\n");
    shop.write("state/shelfkeeper.db.pause", r#"{"since":"2026-01-01T00:00:00Z","until":null,"reason":null}"#);
    shop.pass(4);
    assert_eq!(shop.take_writes(), [""; 0]);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["headline"]["state"], &status["imports"]), (&json!("paused"), &json!([])));
    shop.run(&["resume"]).expect_code(0);
    shop.config("");
    shop.pass(0);
    shop.run(&["pause"]).expect_code(0);
    shop.pass(4);
    let last = &shop.json(&["status", "--format", "json"])["last_pass"];
    assert_eq!((&last["outcome"], &last["reason"]), (&json!("held"), &json!("paused")));
}

#[test]
fn events_are_mirrored_and_none_is_sent() {
    let shop = Shop::with_rows(&[LAMP]);
    let event = "[[lagerkoll.event]]\nname = \"report\"\ntrigger_type = \"TIME\"\ntrigger = { time = \"06:00\" }\n\
                 action_type = \"SEND_EMAIL\"\naction = { to = \"c@shop.example\" }\n";
    shop.config(&shop.lagerkoll_section());
    shop.pass(0);
    shop.run(&["pause"]).expect_code(0);
    shop.config(&(shop.lagerkoll_section() + event));
    shop.lagerkoll().add(DEMO_STORE, serde_json::Map::new());
    let told = shop.pass(4).stdout;
    assert!(told.contains("events: held, 1 listed, 1 new"), "{told}");
    assert_eq!(shop.lagerkoll().events(DEMO_STORE).len(), 1);
    shop.run(&["resume"]).expect_code(0);
    shop.pass(0);
    assert_eq!(shop.lagerkoll().events(DEMO_STORE).len(), 2);
}

#[test]
fn a_pause_ends_by_itself_and_one_that_says_nothing_is_passed_over() {
    let shop = repriced();
    let over = r#"{"since":"2026-01-01T00:00:00Z","until":"2026-01-01T01:00:00Z","reason":"x","boot":"another"}"#;
    shop.write("state/shelfkeeper.db.pause", over);
    assert_eq!(shop.json(&["status", "--format", "json"])["headline"]["state"], "equal");
    assert_eq!(shop.run(&["resume"]).expect_code(0).stdout, "It was not paused.\n");
    shop.write("state/shelfkeeper.db.pause", "\0");
    let text = shop.run(&["status"]).expect_code(0).stdout;
    assert!(text.contains("shelfkeeper.db.pause is passed over"), "{text}");
    let output = shop.pass(0);
    assert!(output.stderr.contains("shelfkeeper.db.pause is passed over"), "{output:?}");
    assert_eq!(shop.take_writes(), ["PATCH products 1"]);
    for arguments in [&["pause", "--for", "soon"][..], &["pause", "--for", "0s"], &["pause", "now"]] {
        shop.run(arguments).expect_code(2);
    }
}

#[test]
fn a_pass_reports_as_json_a_line_a_job() {
    let shop = Shop::with_rows(&[LAMP, "2||10.00 USD|in stock|Home"]);
    let report = shop.run(&["run", "--once", "--format", "json"]).expect_code(3).json();
    assert_eq!((&report["job"], &report["outcome"], &report["exit"]), (&json!("sync"), &json!("partial"), &json!(3)));
    assert_eq!((&report["read"], &report["created"]), (&json!(2), &json!(2)));
    assert!(report["why"].as_str().is_some_and(|why| why.contains("1 row")), "{report}");
    shop.feed_tsv(&[]);
    let report = shop.run(&["run", "--resync", "--format", "json"]).expect_code(4).json();
    assert_eq!(
        (&report["kind"], &report["outcome"], &report["why"]),
        (&json!("resync"), &json!("held"), &report["reason"])
    );
    shop.put_feed("");
    let report = shop.run(&["run", "--once", "--format", "json"]).expect_code(1).json();
    assert!(report["why"].as_str().is_some_and(|why| why.contains("incomplete")), "{report}");
    shop.feed_tsv(&[LAMP]);
    shop.config(&shop.lagerkoll_section());
    let output = shop.run(&["run", "--once", "--format", "json"]).expect_code(0);
    let lines: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let jobs: Vec<&Value> = lines.iter().map(|report| &report["job"]).collect();
    assert_eq!((jobs, &lines[0]["why"]), (vec![&json!("sync"), &json!("events")], &Value::Null));
    shop.run(&["run", "--format", "json"]).expect_code(2);
}

#[test]
fn an_error_in_the_config_keeps_nobody_from_pausing() {
    let shop = repriced();
    let right = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("a config");
    let wrong = right.replace("resync_schedule", "resink_schedule");
    shop.write("shelfkeeper.toml", &wrong);
    shop.run(&["plan"]).expect_code(2);
    let paused = shop.run(&["pause"]).expect_code(0);
    assert!(paused.stdout.starts_with("Paused. Nothing is sent"), "{paused:?}");
    assert!(paused.stderr.contains("the config has errors") && paused.stderr.contains("resink_schedule"), "{paused:?}");
    shop.write("shelfkeeper.toml", &right);
    shop.pass(4);
    shop.write("shelfkeeper.toml", &wrong);
    assert!(shop.run(&["resume"]).expect_code(0).stdout.starts_with("No longer paused"));
    // Where the state is, nobody knows then.
    shop.write("shelfkeeper.toml", right.replace("shelfkeeper.db\"", "shelfkeeper.db"));
    shop.run(&["pause"]).expect_code(2);
    shop.write("shelfkeeper.toml", &right);
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["PATCH products 1"]);
}

#[test]
fn a_pass_that_is_paused_over_the_same_feed_has_read_nothing() {
    let shop = Shop::with_rows(&[LAMP, "2||20.00 USD|in stock|Home"]);
    shop.pass(3);
    shop.run(&["pause"]).expect_code(0);
    let told = shop.pass(4).stdout;
    assert!(told.starts_with("sync: held, 1 rejected, "), "{told}");
    let last = &shop.json(&["status", "--format", "json"])["last_pass"];
    assert_eq!((&last["read"], &last["rejected"]), (&json!(0), &json!(1)));
}
