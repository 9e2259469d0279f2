//! `feed` on small files, one for each quirk of real feeds: which items, which rejections, where.

mod advice;
mod bombs;
mod broken;
mod known;
mod rules;
mod text;
mod xml;

use std::path::Path;

use crate::kit::{Output, Shop, finish, program};
use serde_json::Value;

/// A file of `fixtures/`, what is taken of it, and what is not.
struct Case {
    file: &'static str,
    /// `id | field=value | ...`: every item in the feed's order, with the fields that the case is
    /// about. A category goes by its name.
    items: &'static [&'static str],
    /// `line id field: reason` (`-` for no id, the beginning of the reason).
    rejected: &'static [&'static str],
}

fn feed(file: &str, more: &[&str]) -> Output {
    let mut command = program(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")));
    command.arg("feed").arg(file).args(more);
    finish(command)
}

/// What a field of an item shows, a category by its name.
fn shown(report: &Value, item: &Value, field: &str) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let categories = report["categories"].as_array().map_or(&[][..], Vec::as_slice);
    match categories.iter().find(|category| category["id"] == item[field]) {
        Some(category) if field == "category" => text(&category["name"]),
        _ => text(&item[field]),
    }
}

fn check(cases: &[Case], kind: &str) {
    let folder = kind.replace("google-csv", "google-text");
    for Case { file, items, rejected } in cases {
        let output = feed(&format!("{folder}/{file}"), &["--format", "json"]);
        let report = output.json();
        assert_eq!(report["type"], kind, "{file}");
        let taken = report["items"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<_> = taken.iter().map(|item| item["id"].as_str().unwrap_or_default()).collect();
        let expected: Vec<_> = items.iter().map(|item| item.split(" | ").next().unwrap_or_default()).collect();
        assert_eq!(ids, expected, "{file}: {report}");
        for (item, expected) in taken.iter().zip(*items) {
            for (field, value) in expected.split(" | ").filter_map(|field| field.split_once('=')) {
                assert_eq!(shown(&report, item, field), value, "{file}: {field} of {item}");
            }
        }
        let refused = report["rejected"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(refused.len(), rejected.len(), "{file}: {}", report["rejected"]);
        for (rejection, expected) in refused.iter().zip(*rejected) {
            let (line, id) = (&rejection["line"], rejection["id"].as_str().unwrap_or("-"));
            let text = |name: &str| rejection[name].as_str().unwrap_or_default();
            let told = format!("{line} {id} {}: {}", text("field"), text("reason"));
            assert!(told.starts_with(expected), "{file}: {told}, expected {expected}");
        }
        assert_eq!(output.code, if rejected.is_empty() { 0 } else { 3 }, "{file}");
    }
}

const fn case(file: &'static str, items: &'static [&'static str], rejected: &'static [&'static str]) -> Case {
    Case { file, items, rejected }
}
#[test]
fn a_typo_in_the_feed_never_deletes_a_product() {
    let shop = Shop::new();
    let offer = |id: u32, inside: &str| format!("<offer id=\"{id}\"><name>Lamp</name><price>1</price>{inside}</offer>");
    let yml = |offers: &[String]| {
        format!("<yml_catalog><shop><offers>\n{}\n</offers></shop></yml_catalog>", offers.join("\n"))
    };
    shop.put_feed(yml(&[offer(1, ""), offer(2, ""), offer(3, "")]));
    shop.pass(0);
    shop.take_writes();
    let unclosed = "<offer id=\"1\"><name>Lamp</name>".to_owned();
    let too_deep = offer(2, &format!("{}{}", "<a>".repeat(80), "</a>".repeat(80)));
    shop.put_feed(yml(&[unclosed, too_deep, offer(3, "")]));
    shop.pass(3);
    assert_eq!(shop.take_writes(), [""; 0]);
}

#[test]
fn what_is_no_whole_feed_is_an_error_and_prints_no_items() {
    for (file, reason) in [
        ("google-text/empty.txt", "incomplete: it is empty"),
        ("google-text/blank.txt", "incomplete: it is empty"),
        ("google-text/not-a-feed.txt", "no `id` column: \"Fatal error: Allowed memory"),
        ("google-text/cut-in-the-last-row.tsv", "incomplete: its last row, on line 3, has 2 of 4 cells"),
        ("google-text/cut-inside-quotes.tsv", "incomplete: it ends inside the quotes of the row on line 3"),
        ("google-text/cut.tsv.gz", "incomplete: its compressed data is cut short"),
        ("google-xml/cut.xml", "incomplete: it ends on line 15 without the end tag </rss>"),
        ("google-xml/cut-inside-an-item.xml", "incomplete: it ends on line 12 without the end tag </rss>"),
        ("google-xml/page.html", "it is an HTML page"),
        ("google-xml/other.xml", "no <rss>, <feed> or <yml_catalog>"),
        ("yml/cut.xml", "incomplete: it ends on line 23 without the end tag </yml_catalog>"),
        ("yml/absent.xml", "the file can't be read: No such file"),
        ("yml", "this is not a file"),
    ] {
        for format in ["text", "json"] {
            let output = feed(file, &["--format", format]).expect_code(1);
            assert!(output.stderr.contains(reason) && output.stderr.contains(file), "{file}: {}", output.stderr);
            assert_eq!(output.stdout, "", "{file}");
        }
    }
}

#[test]
fn the_type_can_be_told_and_is_checked() {
    for (file, kind) in
        [("google-text/tab.tsv", "google-csv"), ("google-xml/rss.xml", "google-xml"), ("yml/plain.xml", "yml")]
    {
        for told in ["auto", "google-csv", "google-xml", "yml"] {
            let output = feed(file, &["--type", told]);
            if told == kind || told == "auto" {
                assert_eq!(output.code, 0, "{file} as {told}: {}", output.stderr);
                assert!(output.stdout.starts_with(&format!("{kind}: ")), "{}", output.stdout);
            } else {
                assert_eq!(output.code, 1, "{file} as {told}: {}", output.stdout);
                assert!(output.stderr.contains(&format!("this is a {kind} feed, not {told}")), "{}", output.stderr);
            }
        }
    }
}
