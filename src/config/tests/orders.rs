//! `[orders]`.

use super::*;

fn orders(lines: &str) -> Orders {
    let text = format!("[orders]\n{lines}");
    load(&text).expect("a config").orders.expect("a section")
}

#[test]
fn the_empty_section_is_enough_and_needs_no_feed() {
    let config = load("[orders]").expect("a config");
    assert!(config.catalog.is_none() && config.source_alone.is_none() && config.lagerkoll.is_none());
    assert_eq!(config.base_url(), Some("https://account.nice.chat/"));
    let orders = config.orders.expect("a section");
    assert_eq!(orders.schedule, Schedule::Every(Duration::from_secs(300)));
    assert_eq!(orders.resync_schedule, Some(Schedule::Cron("0 30 3 * * *".into())));
    assert_eq!((orders.keep, orders.personal_days, orders.days), (Keep::default(), 30, 1_095));
    assert_eq!((orders.match_email, orders.announce_old, orders.currency), (false, false, None));
    assert_eq!((orders.max_delete_percent, orders.min_count), (20, 10));
    let both = load(&source("[orders]")).expect("a config");
    assert!(both.catalog.is_some() && both.orders.is_some());
}

#[test]
fn every_setting_is_read() {
    let orders = orders(
        "schedule = \"every 1m\"\nresync_schedule = \"never\"\nkeep = [\"client\", \"info\"]\npersonal_days = 0\n\
         match_email = true\ndays = 7\ncurrency = \"UAH\"\nannounce_old = true\n[guard]\nmax_delete_percent = 5\n\
         min_count = 3",
    );
    assert_eq!((orders.schedule.to_string().as_str(), orders.resync_schedule), ("every 1m", None));
    assert_eq!(orders.keep, Keep { client: true, info: true, ..Keep::default() });
    assert_eq!((orders.personal_days, orders.match_email, orders.days, orders.announce_old), (0, true, 7, true));
    assert_eq!(orders.currency.map(|currency| currency.to_string()).as_deref(), Some("uah"));
    assert_eq!((orders.max_delete_percent, orders.min_count), (5, 3));
}

#[test]
fn what_is_wrong_says_what_would_be_right() {
    assert_eq!(
        error("[orders]\nkeep = [\"clients\"]"),
        ":2:8: orders.keep = [\"clients\"]: there is no \"clients\" to keep; there are \"client\", \"billing_address\", \
         \"shipping_address\" and \"info\""
    );
    assert!(error("[orders]\nkeep = \"client\"").contains("expected a list of texts"));
    assert!(error("[orders]\npersonal_days = 3651").contains("from 0 to 3650"));
    assert!(error("[orders]\ncurrency = \"gold\"").contains("expected a currency of ISO 4217"));
    assert!(error("[orders]\nschedul = \"every 5m\"").contains("did you mean schedule?"));
    let told = Folder::new("[orders]").load(&[]).expect_err("no keys").to_string();
    assert!(told.contains("nicechat.api_key") && !told.contains("source"), "{told}");
}

#[test]
fn the_example_shows_the_defaults() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let (_, shown) = example.split_once("# [orders]\n").expect("the section");
    let (shown, _) = shown.split_once("# [lagerkoll]\n").expect("the section after it");
    let is_setting = |line: &&str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    assert_eq!(lines.len(), names::ORDERS.keys.len());
    assert_eq!(format!("{:?}", orders(&lines.join("\n"))), format!("{:?}", orders("")));
}
