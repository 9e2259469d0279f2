//! One product's way, as it is told.

use sandbox::{Fault, Kind, Rule, Rules};
use serde_json::{Value, json};

use crate::kit::Shop;
use crate::kit::goods::{Good, feed, good, goods, resync, sync};

/// A shop whose feed is a file, with a first pass behind it.
fn shop(goods: &[Good], config: &str) -> Shop {
    let shop = Shop::new();
    put(&shop, goods);
    let source = format!("[source]\nlocation = {:?}\n", shop.path("feed.tsv"));
    shop.config(&if config.starts_with("[[") { format!("{source}{config}") } else { source + config });
    sync(&shop);
    shop
}

fn put(shop: &Shop, goods: &[Good]) {
    shop.write("feed.tsv", feed(goods));
}

fn explain(shop: &Shop, arguments: &[&str]) -> Value {
    shop.run(&[&["explain", "--format", "json"], arguments].concat()).expect_code(0).json()
}

fn words(explanation: &Value) -> Vec<&str> {
    explanation["next"]["words"].as_array().expect("words").iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_product_that_changes() {
    let mut shelf = vec![good("a"), good("b")];
    let shop = shop(&shelf, "");
    assert_eq!(words(&explain(&shop, &["a"])), ["Nothing: NiceChat has what the feed says."]);
    assert_eq!(explain(&shop, &["a"])["feed"]["is_last"], true);
    shelf[0] = good("a").at_price("12.00");
    put(&shop, &shelf);
    sync(&shop).ended(0);
    shelf[0] = good("a").at_price("13.00");
    put(&shop, &shelf);
    let before = shop.nicechat().take_requests().len();
    let told = explain(&shop, &["a"]);
    assert_eq!(shop.nicechat().take_requests().len(), 0, "{before} before");
    let row = &told["feed"]["rows"][0];
    assert_eq!((&row["line"], &told["feed"]["is_last"]), (&json!(2), &json!(false)));
    assert_eq!(row["cells"][5], json!({"name": "price", "value": "13.00 USD"}));
    assert_eq!(row["item"]["price"].to_string(), "13.00");
    assert_eq!(told["acknowledged"]["price"].to_string(), "12.00");
    assert_eq!(told["history"][0]["fields"].to_string(), r#"{"price":{"new":12.00,"old":10.00}}"#);
    assert_eq!(told["next"]["operations"][0]["op"], "update");
    assert_eq!(words(&told), ["Changes it:", "price: 12.00 → 13.00"]);
    let text = shop.run(&["explain", "a"]).expect_code(0).stdout;
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let titles: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ') && !line.contains("  ")).collect();
    let expected = [
        "Product a",
        "",
        "In the feed",
        "",
        "What is made of it",
        "",
        "At NiceChat, as it acknowledged",
        "",
        "Changes, the latest first",
        "",
        "Waiting",
        "",
        "The next pass",
    ];
    assert_eq!(titles, expected, "{text}");
}

#[test]
fn nicechats_own_spelling_is_shown() {
    let shop = Shop::new();
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { cdn: true, ..nicechat.rules() });
    shop.put_feed(feed(&[good("a")]));
    sync(&shop).ended(0);
    resync(&shop).ended(0);
    let told = explain(&shop, &["a"]);
    assert_ne!(told["answered"]["image_url"], told["acknowledged"]["image_url"]);
    assert!(told["answered"]["image_url"].is_string(), "{told}");
}

#[test]
fn rows_that_are_rejected_left_out_or_gone() {
    let shelf = vec![good("a"), good("b"), good("c"), good("TEST-1"), good("d")];
    let rules = "[[source.rule]]\ninclude = false\nid = \"TEST-*\"\n";
    let shop = shop(&shelf, rules);
    let mut next = shelf;
    next[0].price = "1.234".to_owned();
    next.retain(|good| good.id != "c");
    put(&shop, &next);
    let told = explain(&shop, &["a"]);
    let row = &told["feed"]["rows"][0];
    assert_eq!(row["rejected"]["advice"], "Could be 1234 or 1.234: write 1234.00 USD");
    assert_eq!(words(&told), ["Nothing: a rejected row leaves the product as it is."]);
    let told = explain(&shop, &["TEST-1"]);
    assert_eq!(told["feed"]["rows"][0]["excluded"], json!({"rule": 1, "fits": "id = \"TEST-*\""}));
    assert_eq!(words(&told), ["Nothing: it is left out."]);
    let told = explain(&shop, &["c"]);
    assert_eq!(told["feed"]["rows"], json!([]));
    // A file that somebody may still be writing proves nothing.
    let stays = "Nothing: it stays, although the feed has it no more: the file was written less than 10 s ago.";
    assert_eq!(words(&told), [stays]);
    shop.put_feed(feed(&next));
    shop.config(rules);
    assert_eq!(words(&explain(&shop, &["c"])), ["Deletes it: the feed has it no more."]);
    shop.config(&format!("[source]\nlocation = {:?}\n", shop.path("feed.tsv")));
    put(&shop, &[next, vec![good("new")]].concat());
    assert_eq!(words(&explain(&shop, &["new"])), ["Creates it."]);
}

#[test]
fn what_is_held_and_what_is_refused() {
    let shelf = goods("p", 40);
    let shop = shop(&shelf, "");
    let mut next = shelf.clone();
    next.iter_mut().take(15).for_each(|good| good.price = "1000.00".to_owned());
    // What isn't held of it is sent, which makes the rest no less held.
    next[3].title = "Another".to_owned();
    put(&shop, &next);
    sync(&shop).ended(4);
    let told = explain(&shop, &["p003"]);
    let digest = told["next"]["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(shop.json(&["status", "--format", "json"])["held"]["digest"], digest);
    assert_eq!((&told["next"]["operations"][0]["held"], told["held_since"].is_string()), (&json!(true), true));
    assert!(words(&told)[0].ends_with(&format!("shelfkeeper approve {digest}")), "{told}");
    let refusal = Rule { id: Some("p039".to_owned()), ..Rule::new(Fault::status(400)) };
    shop.nicechat().add_fault(refusal);
    next[39].title = "Another".to_owned();
    put(&shop, &next);
    sync(&shop).ended(4);
    let told = explain(&shop, &["p039"]);
    assert!(told["refused"]["reason"].is_string(), "{told}");
    assert_eq!(words(&told), ["Nothing: NiceChat refuses it as it is."]);
    assert!(shop.run(&["explain", "p039"]).stdout.contains("Refused by NiceChat since "));
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 40);
}

#[test]
fn a_feed_with_an_address_can_be_left_alone() {
    let shop = Shop::new();
    shop.put_feed(feed(&[good("a")]));
    sync(&shop).ended(0);
    let before = shop.fetches().len();
    let told = explain(&shop, &["a", "--offline"]);
    assert_eq!((shop.fetches().len(), &told["feed"], &told["next"]), (before, &json!(null), &json!(null)));
    assert!(told["feed_not_read"].as_str().is_some_and(|words| words.contains("was not asked")), "{told}");
    assert_eq!(told["acknowledged"]["title"], "Good a");
    let told = explain(&shop, &["a"]);
    assert_eq!((shop.fetches().len(), &told["feed"]["rows"][0]["line"]), (before + 1, &json!(2)));
}

#[test]
fn elements_of_xml_are_shown_part_by_part() {
    let yml = "<yml_catalog><shop><categories><category id=\"7\">Light</category></categories>\n<offers>\n\
               <offer id=\"1\" available=\"true\"><name>Lamp</name><price>10</price><categoryId>7</categoryId></offer>\n\
               <offer id=\"2\"><name>Chair</name><price>cheap</price></offer>\n</offers></shop></yml_catalog>";
    let shop = Shop::new();
    shop.put_feed(yml);
    let told = explain(&shop, &["1"]);
    let cells = told["feed"]["rows"][0]["cells"].as_array().expect("cells").clone();
    let cells: Vec<String> = cells.iter().map(|cell| format!("{}={}", cell["name"], cell["value"])).collect();
    let expected = ["id=1", "available=true", "name=Lamp", "price=10", "categoryId=7"];
    assert_eq!(cells.iter().map(|cell| cell.replace('"', "")).collect::<Vec<_>>(), expected);
    let twice = yml.replacen("<offer id=\"2\">", "<offer id=\"1\">", 1);
    shop.put_feed(twice);
    let told = explain(&shop, &["1"]);
    assert_eq!(told["feed"]["rows"][1]["rejected"]["reason"], "same id as line 3, which is used");
    shop.put_feed(yml);
    let told = explain(&shop, &["2"]);
    assert_eq!(told["feed"]["rows"][0]["rejected"]["field"], "price");
}

#[test]
fn an_unknown_id_is_said_to_be_so_and_no_secret_is_needed() {
    let shop = shop(&[good("a")], "");
    let told = shop.run(&["explain", "zzz"]).expect_code(1);
    assert_eq!(told.stdout, "Nothing is known of a product zzz.\n");
    let config = std::fs::read_to_string(shop.path("shelfkeeper.toml")).expect("the config");
    let without: Vec<&str> = config.lines().filter(|line| !line.starts_with("api_")).collect();
    shop.write("bare.toml", without.join("\n") + "\n");
    let mut command = crate::kit::program(shop.path("").as_path());
    command.arg("--config").arg(shop.path("bare.toml")).args(["explain", "a"]);
    let told = crate::kit::finish(command).expect_code(0);
    assert!(told.stdout.contains("It is the feed of the last pass."), "{}", told.stdout);
}

/// Many a feed of elements is one line.
#[test]
fn of_elements_on_one_line_the_products_own_is_shown() {
    let shop = Shop::new();
    let offer = |id: &str, name: &str| {
        format!("<offer id=\"{id}\"><name>{name}</name><price>1</price><currencyId>USD</currencyId></offer>")
    };
    let offers = [offer("1", "One"), offer("21", "Two"), offer("2", "Three"), offer("2", "Again")].concat();
    shop.put_feed(format!("<yml_catalog><shop><offers>{offers}</offers></shop></yml_catalog>"));
    let xml = |id: &str, title: &str| format!("<item><g:id>{id}</g:id><title>{title}</title></item>");
    let names = |shop: &Shop, id: &str| -> Vec<String> {
        let rows = explain(shop, &[id])["feed"]["rows"].clone();
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| row["cells"][1]["value"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!((names(&shop, "1"), names(&shop, "21")), (vec!["One".to_owned()], vec!["Two".to_owned()]));
    assert_eq!(names(&shop, "2"), ["Three", "Again"]);
    let items = [xml("1", "One"), xml("2", "Two")].concat();
    shop.put_feed(format!("<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>{items}</channel></rss>"));
    assert_eq!(names(&shop, "2"), ["Two"]);
}

/// Of a million products that were created at once, history has one line.
#[test]
fn a_product_of_the_first_load_tells_when_that_was() {
    let shop = shop(&[good("a"), good("b")], "");
    let told = explain(&shop, &["a"]);
    let load = &shop.json(&["history", "--format", "json"])[0];
    assert_eq!((told["first_load"].as_str(), &told["history"]), (load["at"].as_str(), &json!([])));
    let text = shop.run(&["explain", "a"]).expect_code(0).stdout;
    assert!(text.contains("  created   with all others  (first load)\n"), "{text}");
    // What came later has a line of its own, and nothing has an empty id.
    put(&shop, &[good("a"), good("b"), good("c")]);
    sync(&shop).ended(0);
    assert_eq!(explain(&shop, &["c"])["first_load"], json!(null));
    shop.run(&["explain", ""]).expect_code(1);
}

/// What was held and is as it was again is not held because others are.
#[test]
fn what_is_held_no_more_is_not_said_to_be() {
    let before = goods("p", 40);
    let shop = shop(&before, "");
    let slipped = |from: usize| -> Vec<Good> {
        let slip = |(at, good): (usize, Good)| if at >= from { good.at_price("1000.00") } else { good };
        before.iter().cloned().enumerate().map(slip).collect()
    };
    put(&shop, &slipped(0));
    sync(&shop).ended(4);
    put(&shop, &slipped(20));
    sync(&shop).ended(4);
    assert_eq!(explain(&shop, &["p000"])["held_since"], json!(null));
    assert!(explain(&shop, &["p030"])["held_since"].is_string());
}
