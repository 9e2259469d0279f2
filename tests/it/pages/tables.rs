//! Tables with a page of their own: the same as the commands tell, page by page and as files.

use std::net::SocketAddr;

use serde_json::Value;

use super::{Answer, OPEN, complete, get, holding, lively, publish, rows, serve};
use crate::kit::Shop;
use crate::kit::process::PASS_ENDED;

/// A file and what the command prints are the same.
#[track_caller]
fn assert_same(shop: &Shop, address: SocketAddr, path: &str, command: &[&str]) {
    for form in ["csv", "json"] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let file = get(address, &format!("{path}{separator}format={form}"));
        let printed = shop.run(&[command, &["--format", form]].concat()).stdout;
        assert_eq!((file.status, &file.body), (200, &printed), "{path} as {form}");
        assert!(printed.len() > 50, "{path} has something: {printed}");
    }
}

/// The ids of the products that a page links, in its order.
fn products(page: &Answer) -> Vec<String> {
    let links = page.body.split("href=\"/product?id=").skip(1);
    links.map(|rest| rest.split('"').next().expect("an id").to_owned()).collect()
}

/// Where the next page is.
fn next(page: &Answer) -> Option<String> {
    let (_, rest) = page.body.split_once("rel=\"next\" href=\"")?;
    Some(rest.split('"').next().expect("an address").replace("&amp;", "&"))
}

#[test]
fn files_are_what_the_commands_print() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    assert_same(&shop, address, "/history", &["history"]);
    assert_same(&shop, address, "/history?id=lamp", &["history", "lamp"]);
    assert_same(
        &shop,
        address,
        "/history?kind=updated&field=price&since=1h",
        &["history", "--kind", "updated", "--field", "price", "--since", "1h"],
    );
    assert_same(&shop, address, "/history?until=2999-01-01", &["history", "--until", "2999-01-01"]);
    assert_same(&shop, address, "/rejected", &["rejected"]);
    let csv = get(address, "/rejected?format=csv");
    assert!(csv.body.starts_with('\u{feff}') && csv.header("content-type") == Some("text/csv; charset=utf-8"));
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"rejected.csv\""));
    let one = get(address, "/rejected?id=dear&format=json").json();
    assert_eq!((one.as_array().map(Vec::len), &one[0]["id"]), (Some(1), &Value::from("dear")));
}

#[test]
fn orders_are_what_the_command_prints() {
    let shop = complete(OPEN);
    let (_daemon, address) = serve(&shop);
    assert_same(&shop, address, "/orders", &["orders"]);
    assert_same(&shop, address, "/orders?since=5d", &["orders", "--since", "5d"]);
    assert_same(&shop, address, "/orders?id=7", &["orders", "7"]);
    for by in ["agent", "product", "category", "day", "website"] {
        assert_same(&shop, address, &format!("/orders?by={by}"), &["orders", "--by", by]);
        assert_eq!(get(address, &format!("/orders?by={by}")).status, 200);
    }
    let first = get(address, "/orders");
    let second = get(address, &next(&first).expect("a second page"));
    let rows = |page: &Answer| page.body.matches("NiceChat ").count();
    assert_eq!((rows(&first), rows(&second), next(&second)), (50, 20, None), "{}", second.text());
    assert!(get(address, "/orders?id=o-7").text().contains("o-7 NiceChat 7"));
    assert!(get(address, "/orders?id=9999").text().contains("There are no such orders."));
    assert_eq!(get(address, "/orders?id=7&by=day").status, 400);
}

#[test]
fn pages_follow_each_other_without_a_gap() {
    let shop = lively(OPEN);
    let mut next_rows = rows(180, "1.00");
    publish(&shop, &next_rows);
    shop.pass(0);
    next_rows.retain(|row| !row.starts_with("c17"));
    publish(&shop, &next_rows);
    let (daemon, address) = serve(&shop);
    daemon.wait_for_log(PASS_ENDED, 1);
    let cases: [(&str, &[&str]); 4] = [
        ("", &[]),
        ("?kind=created", &["--kind", "created"]),
        ("?since=1h", &["--since", "1h"]),
        ("?kind=created&field=price", &["--kind", "created", "--field", "price"]),
    ];
    for (filter, arguments) in cases {
        let all = shop.json(&[&["history", "--format", "json"], arguments].concat());
        let wanted = all.as_array().expect("a list").iter().filter(|entry| entry["type"] == "product");
        let wanted: Vec<String> = wanted.filter_map(|entry| entry["id"].as_str().map(str::to_owned)).collect();
        let mut page = get(address, &format!("/history{filter}"));
        let mut found = products(&page);
        let mut pages = 1;
        while let Some(path) = next(&page) {
            page = get(address, &path);
            assert!(page.status == 200 && page.has("First page"), "{path}");
            found.extend(products(&page));
            pages += 1;
        }
        assert_eq!(found, wanted, "{filter}");
        assert!(pages >= 3, "{filter}: {pages}");
    }
}

#[test]
fn what_can_not_be_asked_for_is_told() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    for (path, words) in [
        ("/history?since=soon", "write 7d, 12h or 30m (ago)"),
        ("/history?until=2026-13-01", "write 7d, 12h or 30m (ago)"),
        ("/history?kind=made", "is none of created, updated"),
        ("/history?field=prise", "is none of"),
        ("/history?sinse=7d", "did you mean since?"),
        ("/history?format=xml", "is none of csv, json, html"),
        ("/history?from=there", "begin at the first page"),
        ("/rejected?since=7d", "There are id, format"),
        ("/rejected?from=x", "begin at the first page"),
    ] {
        let page = get(address, path);
        assert!(page.status == 400 && page.has("<h1>This can"), "{path}: {}", page.body);
        let text = page.text().replace("&#39;", "'").replace("&quot;", "\"");
        assert!(text.contains(words), "{path}: {text}");
        if !path.contains("format") && !path.contains("from") {
            assert_eq!(get(address, &format!("{path}&format=csv")).status, 400, "{path}");
        }
    }
    for path in ["/history?since=&kind=", "/history?id=%20lamp%20"] {
        assert_eq!(get(address, path).status, 200, "{path}");
    }
    assert!(get(address, "/history?id=nobody").text().contains("No change is known that fits."));
    let page = get(address, "/history?kind=updated&since=7d");
    assert!(page.has("<option value=\"updated\" selected>") && page.has("value=\"7d\""), "{}", page.body);
    assert!(page.has("/history?kind=updated&amp;since=7d&amp;format=csv"), "{}", page.body);
}

#[test]
fn a_state_that_is_not_found_is_said_to_be_not_found() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    std::fs::rename(shop.state_path(), shop.path("elsewhere.db")).expect("moved");
    for path in ["/history", "/rejected", "/rejected?format=csv", "/product?id=1"] {
        let page = get(address, path);
        assert_eq!(page.status, 503, "{path}: {}", page.text());
        assert!(page.has("There is no state at") && page.has("shelfkeeper.db"), "{path}: {}", page.text());
    }
}

#[test]
fn what_an_address_says_was_done_is_told_only_if_it_is_so() {
    let shop = lively(OPEN);
    let (_daemon, address) = serve(&shop);
    assert!(!get(address, "/?done=pause").has("nothing is sent from now on"));
    shop.run(&["pause"]).expect_code(0);
    let told = get(address, "/?done=pause");
    assert!(told.has("nothing is sent from now on") && !get(address, "/?done=resume").has("Not paused any more"));
}

/// What is held stands among what was acknowledged.
#[test]
fn the_head_of_the_history_is_true_of_every_row() {
    let shop = holding(OPEN);
    let (_daemon, address) = serve(&shop);
    let text = get(address, "/history?kind=held").text();
    assert!(text.contains("and what the guard held back (held: not sent)"), "{text}");
}
