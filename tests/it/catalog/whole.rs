//! Feeds whose end nothing proves: what is missing from them is not known to be gone, and their last row
//! may be half of one.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::kit::{self, FEED, HEADER, Shop, gzip, tsv};
use sandbox::Feed;
use serde_json::json;

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";
const CHAIR: &str = "2|Chair|20.00 USD|in stock|Home";
const SOFA: &str = "3|Sofa|1999.00 USD|in stock|Garden";
const NOT_PROVEN: &str = "The feed's end is not proven";

/// A shop that was synced once, with a product and a category that the feeds of these tests lack.
fn synced() -> Shop {
    let shop = Shop::with_rows(&[LAMP, CHAIR, SOFA]);
    shop.pass(0);
    shop.nicechat().take_requests();
    shop
}

/// Serves a body whose connection just closes behind it.
fn serve_without_end(shop: &Shop, body: impl Into<Vec<u8>>) {
    shop.shop().put_with(FEED, Feed { body: body.into().into(), until_close: true, ..Feed::default() });
}

/// Rows in columns of which the price is the last, so that half a row looks like a whole one.
fn priced(rows: &[(&str, &str)], end: &str) -> String {
    let rows: Vec<String> = rows.iter().map(|(id, price)| format!("{id}\tThing {id}\tin stock\t{price}")).collect();
    format!("id\ttitle\tavailability\tprice\n{}{end}", rows.join("\n"))
}

#[test]
fn a_connection_that_just_closes_deletes_nothing() {
    let shop = synced();
    serve_without_end(&shop, tsv(&[LAMP, "2|Chair|21.00 USD|in stock|Home"]));
    let plan = shop.run(&["plan"]).expect_code(0);
    assert!(plan.stdout.contains(NOT_PROVEN) && plan.stdout.contains("2 objects are missed"), "{}", plan.stdout);
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(plan["summary"]["delete"], 0, "{plan}");
    assert!(plan["source"]["unproven"].is_string(), "{plan}");
    let output = shop.pass(0);
    assert!(output.stdout.contains(NOT_PROVEN), "{}", output.stdout);
    assert_eq!(shop.take_writes(), ["PATCH products 2"]);
    // Again and again, also when nothing else is to be done, and with force.
    let again = shop.pass(0);
    assert!(again.stdout.contains(NOT_PROVEN), "{}", again.stdout);
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    shop.run(&["run", "--resync"]).expect_code(0);
    assert_eq!(shop.take_writes(), [""; 0]);
}

#[test]
fn the_same_bytes_with_a_proof_are_no_longer_held_off() {
    let shop = synced();
    let body = tsv(&[LAMP, CHAIR]);
    serve_without_end(&shop, body.clone());
    shop.pass(0);
    assert_eq!(shop.take_writes(), [""; 0]);
    shop.put_feed(body.clone());
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["DELETE products 3", &format!("DELETE categories {}", garden())]);
    // And once it is done, these bytes are the last ones, proven or not.
    serve_without_end(&shop, body);
    let output = shop.pass(0);
    assert!(output.stdout.contains("unchanged"), "{}", output.stdout);
}

#[test]
fn status_says_what_waits_for_a_proof_and_why() {
    let shop = synced();
    let body = tsv(&[LAMP, CHAIR]);
    serve_without_end(&shop, body.clone());
    shop.pass(0);
    let status = shop.json(&["status", "--format", "json"]);
    let told = "Equal but for 2 deletions, until the feed's end is proven (its length was not announced, and the \
                connection just closed).";
    assert_eq!((&status["headline"]["state"], &status["headline"]["text"]), (&json!("rows"), &json!(told)));
    assert_eq!((&status["unproven"]["objects"], &status["unproven"]["last_row"]), (&json!(2), &json!(false)));
    let text = shop.run(&["status"]).expect_code(0).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.starts_with(told) && text.contains("Waiting: 2 deletions, as nothing proves that"), "{text}");
    assert!(text.contains("as soon as the feed comes with its length (Content-Length"), "{text}");
    shop.put_feed(body);
    shop.pass(0);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!((&status["headline"]["state"], &status["unproven"]), (&json!("equal"), &json!(null)));
}

/// The id of the category that only the sofa is in.
fn garden() -> String {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let path = folder.path().join("feed.txt");
    assert!(std::fs::write(&path, tsv(&[SOFA])).is_ok());
    let mut command = kit::program(folder.path());
    command.args(["feed", "feed.txt", "--format", "json"]);
    let feed = kit::finish(command).json();
    feed["categories"][0]["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_last_row_without_a_line_end_is_left_until_it_is_proven() {
    let shop = Shop::new();
    shop.put_feed(priced(&[("1", "10.00 USD"), ("2", "1999.00 USD")], "\n"));
    shop.pass(0);
    shop.take_writes();
    // Cut within the last price.
    let cut = priced(&[("1", "10.00 USD"), ("2", "19")], "");
    serve_without_end(&shop, cut.clone());
    let output = shop.pass(0);
    assert!(output.stdout.contains("its last row, which has no line end, is left"), "{}", output.stdout);
    assert_eq!(shop.take_writes(), [""; 0]);
    let feed = shop.json(&["feed", &shop.feed_url(), "--format", "json"]);
    assert_eq!(feed["items"].as_array().map(Vec::len), Some(2), "{feed}");
    // The shop means it.
    shop.put_feed(cut);
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["PATCH products 2"]);
}

#[test]
fn a_last_row_with_a_line_end_is_taken() {
    let shop = synced();
    serve_without_end(&shop, tsv(&[LAMP, CHAIR, "3|Sofa|1900.00 USD|in stock|Garden"]));
    let output = shop.pass(0);
    assert!(!output.stdout.contains(NOT_PROVEN), "{}", output.stdout);
    assert_eq!(shop.take_writes(), ["PATCH products 3"]);
    // Nothing was left undone, so that the same bytes need not be read again.
    let output = shop.pass(0);
    assert!(output.stdout.contains("unchanged"), "{}", output.stdout);
}

/// The tag is that of the whole feed: a body that was cut must not make it the last one.
#[test]
fn the_tag_of_a_cut_body_is_not_asked_with() {
    let shop = synced();
    let whole = tsv(&[LAMP, CHAIR, SOFA, "4|Table|40.00 USD|in stock|Home"]);
    // Cut where nothing shows: what it lacks was never there.
    let cut = Feed { body: tsv(&[LAMP, CHAIR, SOFA]).into(), until_close: true, etag: false, ..Feed::default() };
    let tagged = Feed { last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()), ..cut };
    shop.shop().put_with(FEED, tagged.clone());
    // Other bytes than before, and nothing in them that is new.
    shop.shop().put_with(FEED, Feed { body: tsv(&[SOFA, CHAIR, LAMP]).into(), ..tagged.clone() });
    shop.pass(0);
    shop.shop().put_with(FEED, Feed { body: whole.into(), until_close: false, ..tagged });
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 4"]);
}

#[test]
fn what_proves_an_end() {
    let fewer = tsv(&[LAMP, CHAIR]);
    let xml_of = |ids: &[u8]| {
        let items: String = ids.iter().map(|id| format!("<item><id>{id}</id><title>Lamp</title></item>")).collect();
        format!("<rss><channel>{items}</channel></rss>")
    };
    let body = |body: Vec<u8>| Feed { body: body.into(), ..Feed::default() };
    for (what, feed) in [
        ("a length", body(fewer.clone().into())),
        ("a last chunk", Feed { chunked: true, ..body(fewer.clone().into()) }),
        ("a gzip trailer", Feed { until_close: true, ..body(gzip(fewer.as_bytes())) }),
        ("a coding's trailer", Feed { until_close: true, gzip: true, ..body(fewer.into()) }),
        ("a closing tag", Feed { until_close: true, ..body(xml_of(&[1, 2]).into()) }),
    ] {
        let shop = synced();
        if what == "a closing tag" {
            // The guard asks about a feed of another kind.
            shop.shop().put_with(FEED, body(xml_of(&[1, 2, 3]).into()));
            shop.run(&["run", "--once", "--force"]).expect_code(0);
            shop.take_writes();
        }
        shop.shop().put_with(FEED, feed);
        let output = shop.pass(0);
        assert!(!output.stdout.contains(NOT_PROVEN), "{what}: {}", output.stdout);
        let writes = shop.take_writes();
        assert!(writes.contains(&"DELETE products 3".to_owned()), "{what}: {writes:?}");
    }
}

/// A file that nobody has touched for a while: it came with the sources, earlier than this test was built.
fn old_file() -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/two_products.tsv"));
    let age = |path: &PathBuf| {
        let changed = std::fs::metadata(path).map(|file| file.ctime()).unwrap_or(i64::MAX);
        let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
        i64::try_from(now).unwrap_or_default() - changed
    };
    kit::wait_until("the sources are not brand new", || age(&path) > 11);
    path
}

#[test]
fn a_file_that_was_written_just_now_deletes_nothing() {
    let shop = synced();
    let Ok(text) = std::fs::read_to_string(old_file()) else { panic!("a feed") };
    assert_eq!(text, tsv(&[LAMP, CHAIR]));
    let fresh = shop.write("feed.txt", &text);
    // An old time of the content is easily had, and proves nothing: the file may have been put there just now.
    let age = |path: &PathBuf| {
        let file = std::fs::File::options().append(true).open(path)?;
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000))
    };
    assert!(age(&fresh).is_ok());
    shop.config(&format!("[source]\nlocation = {fresh:?}"));
    let output = shop.pass(0);
    assert!(output.stdout.contains("written less than 10 s ago; nothing is deleted"), "{}", output.stdout);
    assert_eq!(shop.take_writes(), [""; 0]);
    // XML and packed text prove their end by themselves.
    shop.write("feed.txt", gzip(text.as_bytes()));
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["DELETE products 3", &format!("DELETE categories {}", garden())]);
}

#[test]
fn a_file_that_was_left_alone_is_whole() {
    let shop = synced();
    shop.config(&format!("[source]\nlocation = {:?}", old_file()));
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["DELETE products 3", &format!("DELETE categories {}", garden())]);
}

#[test]
fn a_feed_of_a_header_alone_deletes_nothing_even_with_force() {
    let shop = synced();
    serve_without_end(&shop, format!("{HEADER}\n"));
    shop.pass(4);
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    assert_eq!(shop.take_writes(), [""; 0]);
}
