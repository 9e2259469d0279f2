//! What is told, and what is not told, when something isn't known, isn't read, or nobody listens.

use sandbox::Kind;

use crate::kit::Shop;

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

/// Runs a command whose output nobody reads, from the first byte on.
fn unheard(shop: &Shop, arguments: &[&str]) -> Option<i32> {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = shop.command(arguments);
    command.stdout(writer).status().expect("started").code()
}

#[test]
fn who_does_not_listen_changes_nothing_of_what_is_done_and_how_it_ended() {
    let rows: Vec<String> = (0..40).map(|n| format!("{n}|Lamp|10.00 USD|in stock|Home")).collect();
    let shop = Shop::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(unheard(&shop, &["run", "--once"]), Some(0));
    shop.feed_tsv(&rows[..2].iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(unheard(&shop, &["plan"]), Some(4));
    assert_eq!(unheard(&shop, &["run", "--once"]), Some(4));
    let digest = shop.json(&["status", "--format", "json"])["held"]["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(unheard(&shop, &["approve", &digest]), Some(0));
    shop.pass(0);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 2);
    shop.put_feed("no feed");
    assert_eq!(unheard(&shop, &["run", "--once"]), Some(1));
    assert_eq!(unheard(&shop, &["status"]), Some(0));
}

#[test]
fn what_nobody_has_read_is_not_told_as_empty() {
    let shop = Shop::new();
    shop.put_feed("no feed");
    shop.pass(1);
    for format in ["text", "json", "csv"] {
        let output = shop.run(&["rejected", "--format", format]).expect_code(0);
        assert!(output.stderr.contains("no feed was read yet") && !output.stdout.contains("No row"), "{output:?}");
    }
    shop.feed_tsv(&[LAMP]);
    shop.pass(0);
    let output = shop.run(&["rejected"]).expect_code(0);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("No row of the last feed is rejected.\n", ""));
}

#[test]
fn a_schedule_is_known_to_whoever_has_no_keys() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    // As root looks at a shop whose keys only its unit has.
    let text = format!("[source]\nlocation = {:?}\n[state]\npath = {:?}\n", shop.feed_url(), shop.state_path());
    shop.write("shelfkeeper.toml", text);
    let told = shop.run(&["status"]).expect_code(0).stdout;
    assert!(told.contains("next, by the daemon, "), "{told}");
}

#[test]
fn a_pause_is_told_before_what_the_next_pass_would_do() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    shop.run(&["pause"]).expect_code(0);
    let told = shop.run(&["explain", "1"]).expect_code(0).stdout;
    assert!(told.starts_with("Paused. Nothing is sent; "), "{told}");
    assert!(shop.json(&["explain", "1", "--format", "json"])["paused"]["since"].is_string());
    shop.run(&["resume"]).expect_code(0);
    assert!(shop.json(&["explain", "1", "--format", "json"]).get("paused").is_none());
}

#[test]
fn a_feed_is_read_though_the_state_can_not_be() {
    let shop = Shop::with_rows(&[LAMP]);
    std::fs::create_dir_all(shop.state_path().parent().expect("a folder")).expect("made");
    std::fs::write(shop.state_path(), "this is no database, and long enough to be told from an empty one")
        .expect("written");
    let output = shop.run(&["feed", "--config", "shelfkeeper.toml"]).expect_code(0);
    assert!(
        output.stderr.contains("whether columns are missing isn't known") && output.stdout.contains("1 item"),
        "{output:?}"
    );
}
