//! What the shop is told of rows that were not taken.

use serde_json::{Value, json};

use crate::kit::Shop;
use crate::kit::goods::sync;

const FEED: &str = "id\ttitle\tprice\tavailability\n\
    1\tLamp\t10.00 USD\tin stock\n\
    2\t=Chair\t1.234 USD\tin stock\n\
    1\tLamp again\t11.00 USD\tin stock\n\
    3\t\t9.00 USD\tin stock\n\
    4\tDesk\tcheap\tin stock\n\
    4\tDesk again\t5.00 USD\tin stock\n";

fn shop(feed: &str) -> Shop {
    let shop = Shop::new();
    shop.put_feed(feed);
    sync(&shop).ended(3);
    shop
}

fn rejected(shop: &Shop) -> Vec<Value> {
    shop.run(&["rejected", "--format", "json"]).expect_code(0).json().as_array().expect("a list").clone()
}

#[test]
fn each_row_has_its_cell_and_what_to_do() {
    let shop = shop(FEED);
    let rows = rejected(&shop);
    let line = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}: {}", row["line"], text("id"), text("column"), text("value"), text("advice"))
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "3 2 price 1.234 USD: Could be 1234 or 1.234: write 1234.00 USD",
            "4 1 id 1: Give it an id of its own, or take it out: line 2 counts",
            "5 3 title -: Give the product a title",
            "6 4 price cheap: Write a number alone (a price with its currency: 12.50 USD)",
            "7 4 id 4: Give it an id of its own, or take it out: line 6 counts",
        ]
    );
    assert_eq!(rows[1]["reason"], "same id as line 2, which is used");
    assert_eq!((&rows[1]["first_line"], &rows[1]["title"]), (&json!(2), &json!("Lamp again")));
    assert_eq!(rows[4]["reason"], "same id as line 6, which is rejected, too");
    let text = shop.run(&["rejected"]).expect_code(0).stdout;
    assert!(text.starts_with("5 rows rejected: 2 bad prices, 2 duplicate ids, 1 missing title\n"), "{text}");
    assert!(text.contains("line 3, id 2: =Chair\n") && text.contains("  > Could be 1234 or 1.234"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn the_first_row_is_named_whatever_is_known_of_it() {
    let shop = shop(FEED);
    // Now rows are known by their bytes, and move.
    let moved = FEED.replacen("1\tLamp\t", "9\tNew\t1 USD\tin stock\n1\tLamp\t", 1);
    shop.put_feed(moved);
    sync(&shop).ended(3);
    let firsts: Vec<Value> = rejected(&shop).iter().map(|row| row["first_line"].clone()).collect();
    assert_eq!(firsts, [json!(null), json!(3), json!(null), json!(null), json!(7)]);
    // One that has changed, and one that is left out.
    shop.put_feed(FEED.replacen("10.00", "12.00", 1));
    sync(&shop).ended(3);
    assert_eq!(rejected(&shop)[1]["first_line"], 2);
}

#[test]
fn a_spreadsheet_opens_it_and_computes_nothing() {
    let shop = shop(FEED);
    let csv = shop.run(&["rejected", "--format", "csv"]).expect_code(0).stdout;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "\u{feff}line,id,title,column,value,reason,what to do,other line");
    assert!(lines[1].starts_with("3,2,'=Chair,price,1.234 USD,"), "{csv}");
    assert!(lines[2].ends_with(",2"), "{csv}");
    assert_eq!((lines.len(), lines[6]), (7, ""));
}

#[test]
fn nothing_to_mend_is_said_so_and_no_secret_is_needed() {
    let shop = Shop::new();
    shop.put_feed("id\ttitle\n1\tLamp\n");
    let told = shop.run(&["rejected", "--format", "json"]).expect_code(0);
    assert!(told.stderr.contains("There is no state at"), "{}", told.stderr);
    sync(&shop).ended(0);
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("the config");
    let without: Vec<&str> = config.lines().filter(|line| !line.starts_with("api_")).collect();
    shop.write("bare.toml", without.join("\n") + "\n");
    let mut command = crate::kit::program(shop.path("").as_path());
    command.arg("--config").arg(shop.path("bare.toml")).arg("rejected");
    assert_eq!(crate::kit::finish(command).expect_code(0).stdout, "No row of the last feed is rejected.\n");
}

#[test]
fn many_duplicates_are_told_together() {
    let rows: String = (0..39).map(|n| format!("{n}\tLamp\n")).collect();
    let feed = format!("id\ttitle\n{rows}{rows}");
    let shop = Shop::new();
    shop.put_feed(feed.clone());
    let file = shop.path("feed.tsv");
    std::fs::write(&file, &feed).expect("written");
    let told = shop.run(&["feed", file.to_str().expect("a path")]).expect_code(3).stdout;
    let block = "39 rows rejected: 39 duplicate ids:\n  same id, of which the first row counts: line 41 as line 2 (id 0), line 42 as";
    assert!(told.contains(block) && told.contains("\n    and 29 more\n"), "{told}");
    sync(&shop).ended(3);
    let told = shop.run(&["status"]).expect_code(0).stdout;
    assert!(told.contains(block), "{told}");
}
