//! What people read, kept as it is in `snapshots/`: a change of words shows in the diff.

use crate::kit::{Shop, tsv};
use sandbox::{DEMO_STORE, Fault, Kind, Rule};
use serde_json::{Value, json};

/// Compares with the snapshot of this name. What differs from run to run is replaced.
fn same(shop: &Shop, name: &str, text: &str) {
    let folder = shop.path("").display().to_string();
    let text = text.replace(folder.trim_end_matches('/'), "FOLDER");
    insta::with_settings!({
        omit_expression => true,
        filters => [
            // Lines that are broken elsewhere when a time has another digit.
            (r"\n {8}(\S)", " $1"),
            (r"127\.0\.0\.1:\d+", "HOST"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
            (r"\b\d+ ms\b|\b\d+\.\d s\b", "TOOK"),
            // Of a calendar: when it was made, and the next time from then on.
            (r"DTSTAMP:\d{8}T\d{6}Z", "DTSTAMP:NOW"),
            (r"DTSTART:\d{8}T(\d{6})\n", "DTSTART:SOON T$1\n"),
            // Ids that Lagerkoll gives.
            (r"\b90071992547\d{5}\b", "ID"),
        ],
    }, { insta::assert_snapshot!(name, text) });
}

const DESCRIPTION: &str =
    "A lamp of brushed steel for desks of every height, with a shade that turns all the way round";

/// Rows with a description, for long texts.
fn described(rows: &[(&str, &str, &str, &str, &str)]) -> String {
    let mut text = "id\ttitle\tprice\tavailability\tdescription\tproduct_type\n".to_owned();
    for (id, title, price, availability, description) in rows {
        text += &format!("{id}\t{title}\t{price}\t{availability}\t{description}\tHome > Light\n");
    }
    text
}

#[test]
fn plans() {
    let shop = Shop::new();
    shop.put_feed(described(&[
        ("1", "Lamp", "10.00 USD", "in stock", DESCRIPTION),
        ("2", "Chair", "20.00 USD", "in stock", ""),
        ("3", "Table", "30", "in stock", ""),
        ("4", "Stool", "40.00 USD", "in stock", ""),
        ("5", "", "50.00 USD", "in stock", ""),
    ]));
    same(&shop, "plan_first", &shop.run(&["plan"]).expect_code(0).stdout);
    same(&shop, "run_first", &shop.pass(3).stdout);
    same(&shop, "plan_nothing_to_do", &shop.run(&["plan"]).expect_code(0).stdout);
    same(&shop, "run_unchanged", &shop.pass(3).stdout);
    shop.put_feed(described(&[
        ("1", "Lamp", "10.00 USD", "in stock", &DESCRIPTION.replace("all the way", "half way")),
        ("2", "Chair", "18.50 EUR", "in stock", ""),
        ("3", "Table", "30", "out of stock", ""),
        ("6", "Bed", "60.00 USD", "in stock", ""),
    ]));
    same(&shop, "plan_changes", &shop.run(&["plan"]).expect_code(0).stdout);
    same(&shop, "run_changes", &shop.pass(0).stdout);
    shop.put_feed(described(&[]));
    same(&shop, "plan_refused", &shop.run(&["plan"]).expect_code(4).stdout);
    same(&shop, "run_refused", &shop.pass(4).stdout);
}

#[test]
fn feeds() {
    let shop = Shop::new();
    let run = |rows: &[&str]| {
        shop.write("feed.tsv", tsv(rows));
        shop.run(&["feed", "feed.tsv"]).stdout
    };
    same(&shop, "feed_whole", &run(&["1|Lamp|10.00 USD|in stock|Home", "2|Chair|20.00 USD|out of stock|Home"]));
    let rows = [
        "1|Lamp||in stock|",
        "2|Chair|20|in stock|Home",
        "2|Chair|21|in stock|Home",
        "3||1|in stock|",
        "4|Bed|1,234||",
    ];
    same(&shop, "feed_with_rejected_rows", &run(&rows));
    same(&shop, "feed_without_items", &run(&[]));
    shop.write("feed.tsv", "<html></html>");
    same(&shop, "feed_of_html", &shop.run(&["feed", "feed.tsv"]).expect_code(1).stderr);
}

#[test]
fn status() {
    let shop =
        Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home", "2|Chair|20.00 USD|in stock|Home", "3||30|in stock|"]);
    same(&shop, "status_before_the_first_pass", &shop.run(&["status"]).expect_code(0).stdout);
    same(&shop, "check_before_the_first_pass", &shop.run(&["check"]).expect_code(0).stdout);
    shop.nicechat().add_fault(Rule {
        id: Some("2".into()),
        method: Some("PATCH".into()),
        ..Rule::new(Fault::status(400))
    });
    shop.pass(3);
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home", "2|Chair|21.00 USD|in stock|Home", "3||30|in stock|"]);
    shop.pass(3);
    shop.put_feed("");
    shop.pass(1);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 2);
    same(&shop, "status", &shop.run(&["status"]).expect_code(0).stdout);
    shop.feed_tsv(&["1|Lamp|11.00 USD|in stock|Home"]);
    same(&shop, "check_online", &shop.run(&["check", "--online"]).expect_code(0).stdout);
}

/// Events of many kinds; one mails a list, the others what nobody documented.
fn events(shop: &Shop) {
    let events = [
        json!({"id": 5306, "triggerType": "TIME", "trigger": {"time": "08:00", "days": ["MON", "FRI"]},
            "actionType": "SEND_EMAIL", "action": {"to": ["a@shop.example", "b@shop.example"], "subject": "Stock; all, of it"},
            "createdBy": 4787, "createdName": "Warehouse"}),
        json!({"id": 5307, "triggerType": "TIME", "trigger": {"at": "2026-05-01T08:00:00+02:00"},
            "actionType": "BEST_BEFORE_EMAIL", "action": {"email": "a@shop.example", "days": 14},
            "createdBy": 4787, "createdName": "Warehouse"}),
        json!({"id": 5308, "triggerType": "TIME", "trigger": {"time": "06:00", "everyNthDay": 3},
            "actionType": "UNDELIVERED_ORDER_EMAIL", "action": {}, "createdBy": 12, "createdName": null}),
        json!({"id": 9_007_199_254_740_993_i64, "triggerType": "EVENT", "trigger": {"name": "ORDER_CREATED"},
            "actionType": "CALL_HOOK", "action": {"url": "https://shop.example/hook"}, "createdBy": 12}),
    ];
    for event in events {
        let Value::Object(event) = event else { panic!("an object") };
        shop.lagerkoll().add(DEMO_STORE, event);
    }
}

#[test]
fn events_of_lagerkoll() {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    let event = |name: &str, time: &str| {
        format!(
            "[[lagerkoll.event]]\nname = \"{name}\"\ntrigger_type = \"TIME\"\ntrigger = {{ time = \"{time}\" }}\n\
             action_type = \"SEND_EMAIL\"\naction = {{ to = \"c@shop.example\" }}\n"
        )
    };
    let configure = |lines: &str| shop.config(&(shop.lagerkoll_section() + lines));
    configure("");
    events(&shop);
    shop.pass(0);
    same(&shop, "events", &shop.run(&["events"]).expect_code(0).stdout);
    let calendar = shop.run(&["events", "--ics"]).expect_code(0);
    same(&shop, "events_calendar", &calendar.stdout.replace("\r\n", "\n"));
    same(&shop, "events_calendar_notes", &calendar.stderr);
    shop.lagerkoll().edit(DEMO_STORE, 5306, |event| {
        event["trigger"]["time"] = json!("09:00");
        event["action"] = json!({"to": ["b@shop.example"], "subject": "Stock; all, of it", "cc": "a@shop.example"});
    });
    shop.lagerkoll().remove(DEMO_STORE, 5307);
    same(&shop, "events_run", &shop.pass(0).stdout);
    same(&shop, "events_history", &shop.run(&["events", "--history"]).expect_code(0).stdout);

    configure(&[event("report", "06:00"), event("second", "07:00"), event("third", "08:00")].concat());
    shop.pass(0);
    configure(&[event("report", "06:30"), event("second", "07:00"), event("fourth", "10:00")].concat());
    same(&shop, "events_plan", &shop.run(&["plan"]).expect_code(0).stdout);
    same(&shop, "events_run_declared", &shop.pass(0).stdout);
    same(&shop, "events_plan_nothing_to_do", &shop.run(&["plan"]).expect_code(0).stdout);
    shop.lagerkoll().add_fault(Rule::new(Fault::Xml));
    same(&shop, "events_failed", &shop.pass(1).stderr);
    same(&shop, "events_status", &shop.run(&["status"]).expect_code(0).stdout);
}

#[test]
fn help() {
    let shop = Shop::new();
    same(&shop, "help", &shop.run(&["--help"]).expect_code(0).stdout);
    for command in ["run", "plan", "feed", "events"] {
        same(&shop, &format!("help_{command}"), &shop.run(&[command, "--help"]).expect_code(0).stdout);
    }
}

#[test]
fn config_errors() {
    let shop = Shop::new();
    let source = "[source]\nlocation = \"feed.tsv\"\n";
    let secrets = "[nicechat]\napi_key = \"k\"\napi_secret = \"s\"\n";
    for (name, text) in [
        ("unknown_setting", format!("{source}shedule = \"every 1m\"\n")),
        ("unknown_section", format!("{source}[nice]\n")),
        ("wrong_type", format!("{source}[nicechat]\nretries = \"5\"\n")),
        ("bad_listen", format!("{source}{secrets}[http]\nlisten = \"localhost\"\n")),
        ("bad_public_url", format!("{source}{secrets}[http]\npublic_url = \"https://shop.example/?a=1\"\n")),
        ("bad_schedule", format!("{source}schedule = \"every day\"\n")),
        ("missing_secret", format!("{source}[nicechat]\napi_key = \"k\"\n")),
        ("secret_twice", format!("{source}[nicechat]\napi_key = \"k\"\napi_secret = \"s\"\napi_secret_file = \"f\"\n")),
        ("absent_secret_file", format!("{source}[nicechat]\napi_key = \"k\"\napi_secret_file = \"f\"\n")),
        ("missing_location", "[nicechat]\napi_key = \"k\"\napi_secret = \"s\"\n".to_owned()),
        ("broken_toml", format!("{source}[nicechat]\napi_secret = \"s\n")),
    ] {
        shop.write("shelfkeeper.toml", text);
        same(&shop, &format!("config_{name}"), &shop.run(&["plan"]).expect_code(2).stderr);
    }
}
