//! The words that people read when something is not as it should be: what is wrong, where, and what to do.

use crate::kit::process::Process;
use crate::kit::{Shop, finish, orders, program, tsv, wait_until};
use sandbox::{Fault, Kind, Rule};
use serde_json::json;

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

/// A text that is broken nowhere.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The longest line of a table.
fn widest(table: &str) -> usize {
    table.lines().map(|line| line.chars().count()).max().unwrap_or_default()
}

#[test]
fn duplicates_are_one_line_with_the_line_that_counts() {
    let mut rows: Vec<String> = (0..40).map(|n| format!("{n}|Lamp|10.00 USD|in stock|Home")).collect();
    rows.extend((1..40).map(|n| format!("{n}|Chair|20.00 USD|in stock|Home")));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let shop = Shop::with_rows(&rows);
    shop.write("feed.tsv", tsv(&rows));
    let told = shop.run(&["feed", "feed.tsv"]).expect_code(3).stdout;
    assert!(told.contains("\n39 rows rejected: 39 duplicate ids:\n"), "{told}");
    assert!(widest(&told) <= 80, "{told}");
    let told = in_one_line(&told);
    assert!(told.contains("line 42 as line 3 (id 1), line 43 as line 4 (id 2)"), "{told}");
    assert!(told.contains("and 29 more"), "{told}");
    let json = shop.json(&["feed", "feed.tsv", "--format", "json"]);
    assert_eq!(json["rejected"][0]["reason"], "same id as line 3, which is used");

    let told = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(told.contains("\n39 rows rejected: 39 duplicate ids.\n"), "{told}");
    let told = shop.pass(3).stdout;
    assert!(told.contains("\n39 rows rejected: 39 duplicate ids; `shelfkeeper status` says why."), "{told}");
    // Whether the first row is parsed, or known by its bytes.
    for (more, line) in [("", 3), ("900|New|1.00 USD|in stock|Home", 4)] {
        let more: Vec<&str> = [more].into_iter().filter(|row| !row.is_empty()).chain(rows.iter().copied()).collect();
        shop.feed_tsv(&more);
        shop.pass(3);
        let status = shop.json(&["status", "--format", "json"]);
        assert_eq!(status["rejected"][0]["reason"], format!("same id as line {line}, which is used"));
    }
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("\n39 rows rejected: 39 duplicate ids:\n"), "{status}");
    assert!(in_one_line(&status).contains("line 43 as line 4 (id 1)"), "{status}");
    assert!(widest(&status) <= 80, "{status}");
}

#[test]
fn items_fit_a_terminal() {
    let row = format!("{}|{}|1234567.00 USD|in stock|Home", "x".repeat(200), "A long title ".repeat(20));
    let shop = Shop::with_rows(&[&row, &LAMP.replace("Lamp", &"long ".repeat(20))]);
    let told = shop.run(&["feed", &shop.feed_url()]).expect_code(0).stdout;
    assert!(widest(&told) <= 80 && told.contains("1234567.00 usd"), "{told}");
}

#[test]
fn the_first_of_two_may_be_rejected_itself() {
    let shop = Shop::with_rows(&["1|Lamp|1,234|in stock|Home", "1|Lamp|20.00 USD|in stock|Home"]);
    let rejected = shop.json(&["feed", &shop.feed_url(), "--format", "json"])["rejected"].clone();
    assert_eq!(rejected[1]["reason"], "same id as line 2, which is rejected, too", "{rejected}");
}

#[test]
fn what_items_lack_and_what_nicechat_refuses() {
    let shop = Shop::with_rows(&[LAMP, "2|Chair||in stock|Home"]);
    let told = shop.run(&["feed", &shop.feed_url()]).expect_code(0).stdout;
    assert!(told.contains("\nNote: 2 items have no link, 2 no picture, 1 no price.\n"), "{told}");
    assert!(told.contains("\nNo row is rejected.\n"), "{told}");
    let refusal = Rule {
        method: Some("POST".into()),
        kind: Some(Kind::Product),
        times: Some(1),
        ..Rule::new(Fault::status(400))
    };
    shop.nicechat().add_fault(refusal);
    assert!(shop.pass(3).stdout.contains("\nNiceChat refuses 1 product; `shelfkeeper status` says why."));
    let told = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(told.contains("\nNiceChat refuses 1 product; `status` says why."), "{told}");
    let told = shop.run(&["status"]).expect_code(0).stdout;
    assert!(told.starts_with("Equal but for 1 product refused.\n"), "{told}");
}

#[test]
fn how_long_no_requests_took_is_not_told() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    assert_eq!(shop.pass(0).stdout, "sync: unchanged, no requests\n");
    let status = shop.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("unchanged, no requests\n") && !status.contains("0 requests"), "{status}");
}

#[test]
fn what_is_held_is_the_headline_of_its_plan() {
    let rows: Vec<String> = (0..40).map(|n| format!("{n}|Lamp|10.00 USD|in stock|Home")).collect();
    let shop = Shop::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    shop.pass(0);
    let rows: Vec<String> = (0..40).map(|n| format!("{n}|Lamp|100.00 USD|in stock|Home")).collect();
    shop.feed_tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let told = shop.run(&["plan"]).expect_code(4).stdout;
    assert!(told.starts_with("Held: 40 of 40 products (100 %) would get another price"), "{told}");
    assert!(!told.contains("Nothing to do"), "{told}");
    // Something else may go all the same.
    shop.feed_tsv(&rows.iter().map(String::as_str).chain(["new|Chair|1.00 USD|in stock|Home"]).collect::<Vec<_>>());
    let told = shop.run(&["plan"]).expect_code(4).stdout;
    assert!(told.starts_with("Plan: 1 to create (1 request), beside what is held.\n"), "{told}");
}

#[test]
fn faults_of_the_config_say_what_to_write() {
    let shop = Shop::new();
    let secrets = "[nicechat]\napi_key = \"k\"\napi_secret = \"s\"\n";
    for (text, told) in [
        (format!("[source]\nlocation = \"f\"\n{secrets}api_key = \"k\"\n"), "`api_key` is set twice (also line 4)"),
        (format!("[source]\nlocation = \"f\"\ntimeout = 30\n{secrets}"), "write a time in quotes, such as \"30s\""),
        (format!("[source]\nlocation = \"C:\\Users\\x.txt\"\n{secrets}"), "'C:\\feeds\\shop.xml', or each \\ as \\\\"),
        (
            format!("[source]\nlocation = \"f\"\n{secrets}base_url = \"account.nice.chat\"\n"),
            "must begin with https://",
        ),
    ] {
        shop.write("shelfkeeper.toml", &text);
        let stderr = shop.run(&["check"]).expect_code(2).stderr;
        assert!(stderr.contains(told), "{told}: {stderr}");
    }
    shop.config(&format!("[state]\npath = {:?}", shop.path("")));
    let stderr = shop.run(&["run", "--once"]).expect_code(1).stderr;
    assert!(stderr.contains("[state] path is a directory"), "{stderr}");
}

#[test]
fn an_address_without_tls_is_told_so() {
    let shop = Shop::with_rows(&[LAMP]);
    let stderr = shop.run(&["feed", &shop.feed_url().replace("http://", "https://")]).expect_code(1).stderr;
    assert!(stderr.contains("no TLS there; is it http://?"), "{stderr}");
}

#[test]
fn a_column_that_is_gone_is_named() {
    let feed = |price: &str| -> String {
        let rows: Vec<String> = (0..20).map(|n| format!("{n}\tLamp\t10.00 USD\tin stock\n")).collect();
        format!("id\ttitle\t{price}\tavailability\n{}", rows.concat())
    };
    let shop = Shop::new();
    shop.put_feed(feed("price"));
    shop.pass(0);
    shop.put_feed(feed("prise"));
    let gone = "the column `price` is gone; 20 products had it";
    let misspelt = "Unknown columns: `prise` (did you mean `price`?).";
    let config = shop.path("shelfkeeper.toml").display().to_string();
    let told = shop.run(&["feed", "--config", &config]).expect_code(0).stdout;
    assert!(told.contains(gone) && told.contains(misspelt), "{told}");
    assert!(told.contains("No column: price, link, image_link, description, product_type."), "{told}");
    // Without a state nobody knows what there was.
    let told = finish({
        let mut command = program(&shop.path(""));
        command.args(["feed", &shop.feed_url()]);
        command
    });
    assert!(told.stdout.contains(misspelt) && !told.stdout.contains("is gone"), "{}", told.stdout);
    // As long as it waits for somebody's word, every pass says so.
    for _ in 0..2 {
        let told = shop.run(&["plan"]).expect_code(4).stdout;
        assert!(told.contains(gone) && told.contains(misspelt), "{told}");
        let json = shop.json(&["plan", "--format", "json"]);
        assert_eq!(json["source"]["missing_columns"][0]["products"], 20, "{json}");
        let told = shop.pass(4).stdout;
        assert!(told.contains(gone) && told.contains(misspelt), "{told}");
    }
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    let told = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(!told.contains("is gone"), "{told}");
}

#[test]
fn a_column_that_is_gone_is_named_also_where_nobody_knows_what_had_it() {
    let feed = |columns: &[(&str, &str)]| -> String {
        let (names, cells): (Vec<&str>, Vec<&str>) = columns.iter().copied().unzip();
        let rows: String = (0..20).map(|n| format!("{n}\t{}\n", cells.join("\t"))).collect();
        format!("id\t{}\n{rows}", names.join("\t"))
    };
    let title = ("title", "Lamp");
    let rest = [("availability", "in stock"), ("google_product_category", "Furniture > Lamps")];
    let shop = Shop::new();
    let more = [title, ("price", "10.00 USD"), ("sale_price", "9.00 USD"), ("product_type", "Home"), rest[0], rest[1]];
    shop.put_feed(feed(&more));
    shop.pass(0);
    // A column that is only called otherwise is not gone.
    let price = ("Price", "10.00 USD");
    shop.put_feed(feed(&[title, price, rest[0], rest[1]]));
    let gone = "Missing: the column `product_type` is gone; the column `sale_price` is gone.";
    let config = shop.path("shelfkeeper.toml").display().to_string();
    let told = shop.run(&["feed", "--config", &config]).expect_code(0).stdout;
    assert!(in_one_line(&told).contains(gone), "{told}");
    let told = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(in_one_line(&told).contains(gone), "{told}");
    let json = shop.json(&["plan", "--format", "json"]);
    assert_eq!(json["source"]["missing_columns"][1], json!({"column": "sale_price", "field": "sale_price"}), "{json}");
    let told = shop.pass(0).stdout;
    assert!(in_one_line(&told).contains(gone), "{told}");
    assert!(!shop.run(&["plan"]).expect_code(0).stdout.contains("is gone"));
    shop.put_feed(feed(&[("titre", "Lamp"), price, rest[0], rest[1]]));
    let told = shop.run(&["feed", "--config", &config]).expect_code(3).stdout;
    assert!(told.contains("Missing: the column `title` is gone.\n"), "{told}");
    assert!(told.contains("`titre` (did you mean `title`?)"), "{told}");
    assert!(told.contains("No column: title, link, image_link, description.\n"), "{told}");
    for told in [shop.run(&["plan"]).expect_code(4), shop.pass(4)] {
        assert!(told.stdout.contains("the column `title` is gone"), "{}", told.stdout);
    }
}

#[test]
fn an_element_that_is_gone_is_named() {
    let feed = |with: &dyn Fn(usize) -> bool| -> String {
        let offer = |n: usize| {
            let price = if with(n) { format!("<price>{n}.50</price>") } else { String::new() };
            format!("<offer id=\"{n}\"><name>Lamp</name>{price}</offer>")
        };
        let offers: String = (1..=20).map(offer).collect();
        format!("<yml_catalog><shop><offers>{offers}</offers></shop></yml_catalog>")
    };
    let shop = Shop::new();
    shop.put_feed(feed(&|_| true));
    shop.pass(0);
    // Of some that is nothing to be told of, whichever way their rows are read.
    shop.put_feed(feed(&|n| n > 2));
    assert!(!shop.pass(0).stdout.contains("is gone"));
    shop.put_feed(feed(&|n| n == 20).replace("<offer id=\"1\">", "<offer id=\"new\">"));
    let told = shop.pass(4).stdout;
    assert!(!told.contains("is gone"), "{told}");
    shop.put_feed(feed(&|_| false));
    let told = shop.pass(4).stdout;
    assert!(told.contains("the element `price` is gone; 18 products had it"), "{told}");
}

#[test]
fn shops_are_found_by_the_names_of_their_units() {
    let shop = Shop::new();
    let run = |arguments: &[&str]| {
        let mut command = program(&shop.path(""));
        command.args(arguments);
        finish(command)
    };
    let commands = "approve|availability|backup b.db|check|config dump|events|explain 1|feed|history|newstore plan|\
                    oct8ne snippet|orders|pause|plan|rejected|resume|run|status";
    for command in commands.split('|') {
        let words: Vec<&str> = command.split(' ').collect();
        let output = run(&[&["--shop", "no-such-shop"], &words[..]].concat()).expect_code(2);
        let told = "there is no config file /etc/shelfkeeper/no-such-shop.toml, which --shop no-such-shop names";
        assert!(output.stderr.contains(told), "{command}: {}", output.stderr);
    }
    let output = run(&["status", "--shop", "../north"]).expect_code(2);
    assert!(output.stderr.contains("a name has letters, digits, - and _"), "{}", output.stderr);
    run(&["status", "--shop", "north", "--config", "shelfkeeper.toml"]).expect_code(2);
}

#[test]
fn an_id_that_is_refused_is_shown_as_a_terminal_may_be_given_it() {
    let shop = Shop::with_rows(&["a\u{202e}b|Lamp|10.00 USD|in stock|Home"]);
    let refusal = Rule { method: Some("POST".into()), kind: Some(Kind::Product), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(refusal);
    shop.pass(3);
    let told = shop.run(&["status"]).expect_code(0).stdout;
    assert!(told.contains("\n  product a b: refused: "), "{told}");
}

#[test]
fn of_two_that_hold_something_each_is_told_with_its_own_command() {
    let shelf = |price: &str| (0..40).map(|n| format!("{n}|Lamp|{price} USD|in stock|Home")).collect::<Vec<_>>();
    let publish = |shop: &Shop, price| shop.put_feed(tsv(&shelf(price).iter().map(String::as_str).collect::<Vec<_>>()));
    let shop = orders::shop("");
    publish(&shop, "10.00");
    for id in 1..=20 {
        shop.nicechat().put_order(orders::order(id, &orders::days_ago(1), 1));
    }
    orders::pass(&shop, "--resync", 0);
    for id in 1..=15 {
        shop.nicechat().remove_order(&json!(id));
    }
    publish(&shop, "100.00");
    orders::pass(&shop, "--resync", 4);
    let told = shop.run(&["approve"]).expect_code(2).stderr;
    let (_, commands) = told.trim_end().split_once("say what you approve: ").expect("commands");
    let commands: Vec<&str> = commands.split("; or ").collect();
    assert_eq!(commands.len(), 2, "{told}");
    for command in commands {
        let digest = command.strip_prefix("shelfkeeper approve ").expect("a command");
        shop.run(&["approve", digest]).expect_code(0);
    }
}

/// As it is with one that takes longer than three intervals of its schedule: its row comes when it ends.
#[test]
fn a_pass_that_is_under_way_has_not_stopped() {
    let shop = Shop::with_rows(&[LAMP]);
    shop.pass(0);
    let state = rusqlite::Connection::open(shop.state_path()).expect("a state");
    let before = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24)).to_string();
    let sql = "UPDATE pass SET row = json_set(row, '$.started', ?1, '$.finished', ?1, '$.machine_start', ?2)";
    assert_eq!(state.execute(sql, [&before, "5 another"]).expect("written"), 1);
    drop(state);
    let headline = || shop.json(&["status", "--format", "json"])["headline"].clone();
    assert_eq!(headline()["state"], "stopped");
    shop.feed_tsv(&[&LAMP.replace("10.00", "11.00")]);
    shop.nicechat().add_fault(Rule { method: Some("PATCH".into()), ..Rule::new(Fault::Hang) });
    let _daemon = Process::start(shop.command(&["run"]));
    wait_until("it sends", || shop.nicechat().requests().iter().any(|request| request.method == "PATCH"));
    let told = headline();
    let is_told = told["text"].as_str().is_some_and(|text| text.contains("a pass that is under way"));
    assert!(told["state"] == "behind" && is_told, "{told}");
}
