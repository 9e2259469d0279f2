//! Feeds, hosts and state files that are not as they should be: a clear message, the right exit
//! code, nothing sent, nothing lost.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::kit::process::Process;
use crate::kit::{self, FEED, Output, Shop, gzip, tsv};
use rusqlite::Connection;
use sandbox::{Fault, Feed};

mod hosts;

const LAMP: &str = "1|Lamp|10.00 USD|in stock|Home";

const CHAIR: &str = "2|Chair|20.00 USD|in stock|Home";

/// A shop that was synced once.
fn synced() -> Shop {
    let shop = Shop::with_rows(&[LAMP, CHAIR]);
    shop.pass(0);
    shop.nicechat().take_requests();
    shop
}

/// What the state holds, the passes' history aside.
fn state(shop: &Shop) -> Vec<String> {
    let Ok(connection) = Connection::open(shop.state_path()) else { panic!("no state") };
    let mut rows = Vec::new();
    for sql in [
        "SELECT kind || id || hex(acked) || coalesce(answered, '') FROM object ORDER BY kind, id",
        "SELECT key || value FROM meta WHERE key != 'transactions' ORDER BY key",
        "SELECT kind || id FROM journal",
    ] {
        let Ok(mut statement) = connection.prepare(sql) else { panic!("{sql}") };
        let Ok(found) = statement.query_map([], |row| row.get(0)) else { panic!("{sql}") };
        rows.extend(found.flatten());
    }
    rows
}

/// A pass that must fail with these words, send nothing, and leave the state as it was; the feed
/// that comes after it is read as if nothing had been.
#[track_caller]
fn fails(shop: &Shop, words: &[&str]) -> Output {
    let before = state(shop);
    let output = shop.pass(1);
    for word in words {
        assert!(output.stderr.contains(word), "{word:?} in {}", output.stderr);
    }
    assert!(output.stderr.contains("shelfkeeper: "), "{}", output.stderr);
    let sent = shop.nicechat().take_requests();
    assert!(sent.is_empty(), "{words:?}: {sent:?}");
    assert_eq!(state(shop), before, "{words:?}");
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["last_pass"]["outcome"], "failed", "{status}");
    output
}

/// Cases that wait for pauses, all at once.
fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| test(case));
        }
    });
}

/// The same for a feed with this body.
#[track_caller]
fn refuses(body: impl Into<Vec<u8>>, words: &[&str]) {
    let shop = synced();
    shop.put_feed(body);
    fails(&shop, words);
    shop.feed_tsv(&[LAMP, CHAIR, "3|Table|30.00 USD|in stock|Home"]);
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 3"]);
}

#[test]
fn bodies_that_are_no_feed() {
    refuses("<!DOCTYPE html><html><body>Log in</body></html>", &["it is an HTML page"]);
    refuses("{\"products\": []}", &["it is JSON"]);
    refuses("", &["incomplete: it is empty"]);
    refuses("Fatal error: out of memory", &["this is not a product feed", "Fatal error"]);
    refuses([0x7f, b'E', b'L', b'F', 0, 0, 0, 1, b'\n'], &["this is not a product feed"]);
}

#[test]
fn bodies_that_end_early() {
    let whole = tsv(&[LAMP, CHAIR]);
    let packed = gzip(whole.as_bytes());
    refuses(&packed[..packed.len() - 5], &["incomplete", "compressed data is cut short"]);
    refuses(&whole.as_bytes()[..whole.len() - 20], &["incomplete: its last row, on line 3"]);
    refuses("<rss><channel><item><id>1</id>", &["incomplete", "</rss>"]);
}

#[test]
fn transfers_that_end_early() {
    let whole = tsv(&[LAMP]);
    let cut = Feed { body: whole.clone().into(), cut_after: Some(whole.len() - 10), ..Feed::default() };
    let cuts = [
        cut.clone(),
        Feed { chunked: true, ..cut.clone() },
        // The cut falls on the end of a row: only the length or the last chunk tells.
        Feed { cut_after: Some(kit::HEADER.len() + 1), ..cut.clone() },
        Feed { gzip: true, cut_after: Some(20), ..cut },
    ];
    side_by_side(cuts, |feed| {
        let shop = synced();
        shop.shop().put_with(FEED, feed);
        let before = shop.fetches().len();
        fails(&shop, &["the feed is incomplete: the body ended after", "bytes", "(tried 4 times)"]);
        assert_eq!(shop.fetches().len() - before, 4);
    });
}

#[test]
fn larger_than_max_bytes() {
    let rows: Vec<String> = (0..200).map(|id| format!("{id}|Lamp|10.00 USD|in stock|Home")).collect();
    let large = tsv(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let packed = gzip(large.as_bytes());
    assert!(packed.len() < 2_000);
    for feed in [
        Feed { body: large.clone().into(), ..Feed::default() },
        Feed { body: large.into(), chunked: true, ..Feed::default() },
        // Small on the way, too large when unpacked.
        Feed { body: packed.into(), ..Feed::default() },
    ] {
        let shop = synced();
        shop.config("[source]\nmax_bytes = 2000");
        shop.shop().put_with(FEED, feed);
        fails(&shop, &["larger than max_bytes (2000 bytes)"]);
    }
}

#[test]
fn another_type_than_the_settings_say() {
    let shop = synced();
    shop.config("[source]\ntype = \"yml\"");
    shop.feed_tsv(&[CHAIR]);
    fails(&shop, &["this is a google-csv feed, not yml", "type = \"google-csv\""]);
}

#[test]
fn elements_nested_without_end() {
    let open = "<a>".repeat(300_000);
    refuses(format!("<yml_catalog><shop><offers><offer id=\"1\">{open}"), &["incomplete"]);
}

/// An element far beyond any limit costs its own item no more than its change.
#[test]
fn an_element_of_twenty_megabytes() {
    let long = "x".repeat(20 << 20);
    let offer = |id: u32, text: &str| {
        format!("<offer id=\"{id}\"><name>Lamp</name><price>1</price><description>{text}</description></offer>")
    };
    let yml = |first: &str| {
        format!("<yml_catalog><shop><offers>\n{}\n{}\n</offers></shop></yml_catalog>", offer(1, first), offer(2, ""))
    };
    let shop = Shop::new();
    shop.put_feed(yml("short"));
    shop.pass(0);
    shop.take_writes();
    shop.put_feed(yml(&long));
    shop.pass(3);
    assert_eq!(shop.take_writes(), [""; 0]);
    let status = shop.json(&["status", "--format", "json"]);
    assert_eq!(status["rejected"][0]["line"], 2, "{}", status["rejected"]);
}

#[test]
fn a_cell_of_twenty_megabytes() {
    let long = "x".repeat(20 << 20);
    refuses(format!("id\ttitle\n1\t{long}\n2\tChair\n"), &["line 2 is longer than 16 MiB"]);
    refuses(format!("id\ttitle\n1\t\"{long}\"\n2\tChair\n"), &["line 2 is longer than 16 MiB"]);
}

#[test]
fn an_empty_feed_needs_force() {
    let shop = synced();
    shop.feed_tsv(&[]);
    let before = state(&shop);
    let output = shop.pass(4);
    assert!(
        output.stdout.contains("the feed has no product that could be taken: 2 of 2 would go"),
        "{}",
        output.stdout
    );
    assert!(shop.nicechat().take_requests().is_empty());
    // The mark of the last feed may go, so that an empty one is not taken for unchanged; what is held is new.
    let held = |rows: Vec<String>| {
        let is_kept = |row: &String| !row.starts_with("feed_mark") && !row.starts_with("held");
        rows.into_iter().filter(is_kept).collect::<Vec<_>>()
    };
    assert_eq!(held(state(&shop)), held(before));
    // The same feed again is refused again, by `plan` too.
    shop.pass(4);
    shop.run(&["plan"]).expect_code(4);
    let plan = shop.run(&["plan", "--format", "json"]).expect_code(4).json();
    assert_eq!(plan["guard"]["held"][0]["risk"], "empty_feed", "{plan}");
    shop.run(&["plan", "--force", "--detailed-exitcode"]).expect_code(10);
    assert!(shop.nicechat().take_requests().is_empty());
    shop.run(&["run", "--once", "--force"]).expect_code(0);
    assert_eq!(shop.take_writes().len(), 3);
}

#[test]
fn a_wrong_key_stops_the_pass_at_once() {
    let shop = Shop::with_rows(&[LAMP, CHAIR]);
    shop.config("[nicechat]\napi_secret = \"another-secret\"");
    let output = shop.pass(1);
    assert!(output.stderr.contains("api_key") && output.stderr.contains("api_secret"), "{}", output.stderr);
    assert!(!format!("{output:?}").contains("another-secret"), "{output:?}");
    assert_eq!(shop.nicechat().take_requests().len(), 1);
}

#[test]
fn nicechat_that_answers_nonsense_to_a_listing() {
    for fault in [Fault::Html200, Fault::HalfJson, Fault::CutBody, Fault::status(404)] {
        let shop = Shop::with_rows(&[LAMP]);
        shop.config("[nicechat]\nretries = 0");
        shop.nicechat().fail_next(fault.clone(), 100);
        let output = shop.pass(1);
        assert!(output.stderr.contains("NiceChat's listing could not be read"), "{fault:?}: {}", output.stderr);
        assert_eq!(shop.take_writes(), [""; 0], "{fault:?}");
        shop.nicechat().clear_faults();
        shop.pass(0);
        assert_eq!(shop.take_writes().len(), 2, "{fault:?}");
    }
}

/// As root, limits of processes don't hold: the program runs as a user that has none then.
#[test]
fn no_thread_left_is_an_error() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    let Ok(folder) = tempfile::tempdir() else { panic!("a folder") };
    let (program, feed) = (folder.path().join("shelfkeeper"), folder.path().join("feed.txt"));
    // By a process of its own: a program that is open for writing anywhere can't be started.
    let copied = std::process::Command::new("cp").arg(env!("CARGO_BIN_EXE_shelfkeeper")).arg(&program).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let made = std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
        .and_then(|()| std::fs::write(&feed, tsv(&[LAMP])));
    assert!(made.is_ok(), "{made:?}");
    let mut command = std::process::Command::new("prlimit");
    command.arg("--nproc=1:1").arg(&program).arg("feed").arg(&feed);
    if std::fs::metadata(&feed).is_ok_and(|file| file.uid() == 0) {
        command.uid(54_321);
    }
    let output = kit::finish(command);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("shelfkeeper: no thread can be started: "), "{output:?}");
    assert!(!output.stderr.contains("panicked"), "{output:?}");
}

#[test]
fn http_that_is_not_https_is_warned_of() {
    let shop = Shop::new();
    let words = |setting: &str| format!("{setting} is http, not https");
    let all = ["source.location", "nicechat.base_url", "lagerkoll.base_url"];
    let shown = |output: &Output| all.map(|setting| format!("{output:?}").contains(&words(setting)));
    assert_eq!(shown(&shop.run(&["check"]).expect_code(0)), [false; 3]);
    shop.config(
        "[source]\nlocation = \"http://shop.invalid/\"\nusername = \"shop\"\npassword = \"p\"\n\
         [nicechat]\nbase_url = \"http://chat.invalid\"\n\
         [lagerkoll]\nbase_url = \"http://events.invalid\"\nstore = \"1\"\napi_key = \"k\"",
    );
    assert_eq!(shown(&shop.run(&["check"]).expect_code(0)), [true; 3]);
    let absent = shop.path("absent.txt");
    shop.config(&format!("[source]\nlocation = {absent:?}\n[nicechat]\nbase_url = \"http://chat.invalid\""));
    assert_eq!(shown(&shop.run(&["run", "--once"]).expect_code(1)), [false, true, false]);
}
