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
fn hosts_that_refuse_are_asked_again_only_when_that_may_help() {
    let at_once = || Some("0".to_owned());
    for (status, advice, tries) in [
        (401, "check username and password", 1),
        (403, "check username and password", 1),
        (404, "404", 1),
        (410, "check the address", 1),
        (400, "400", 1),
        (408, "408", 4),
        (425, "425", 4),
        (429, "429", 4),
        (500, "500", 4),
        (503, "503", 4),
    ] {
        let shop = synced();
        let body = "<html>Sorry</html>".into();
        shop.shop().put_with(FEED, Feed { status, body, retry_after: at_once(), ..Feed::default() });
        let before = shop.fetches().len();
        let url = shop.feed_url();
        fails(&shop, &["the server answered", advice, &url]);
        assert_eq!(shop.fetches().len() - before, tries, "{status}");
    }
    let shop = synced();
    shop.shop().remove(FEED);
    fails(&shop, &["the server answered 404", "check the address"]);
}

#[test]
fn a_host_that_is_away_for_a_moment_costs_no_pass() {
    let whole = tsv(&[LAMP, CHAIR, "3|Table|30.00 USD|in stock|Home"]);
    let good = Feed { body: whole.into(), ..Feed::default() };
    let moments = [
        Feed { status: 503, ..Feed::default() },
        Feed { status: 503, retry_after: Some("1".to_owned()), ..Feed::default() },
        Feed { cut_after: Some(60), ..good.clone() },
        Feed { hang: true, ..Feed::default() },
    ];
    side_by_side(moments, |moment| {
        let shop = synced();
        shop.config("[source]\ntimeout = \"500ms\"");
        shop.shop().put_with(FEED, good.clone());
        shop.shop().put_next(FEED, &moment, 1);
        shop.pass(0);
        assert_eq!(shop.take_writes(), ["POST products 3"], "{moment:?}");
    });
}

#[test]
fn a_host_that_wants_a_long_pause_gets_it() {
    let shop = synced();
    let busy = Feed { status: 503, retry_after: Some("11".to_owned()), ..Feed::default() };
    shop.shop().put_with(FEED, busy);
    let before = shop.fetches().len();
    fails(&shop, &["the server answered 503"]);
    assert_eq!(shop.fetches().len() - before, 1);
}

#[test]
fn a_part_that_is_all_of_it() {
    let whole = tsv(&[LAMP, CHAIR, "3|Table|30.00 USD|in stock|Home"]);
    let length = whole.len();
    let part =
        |range: String| Feed { status: 206, body: whole.clone().into(), content_range: Some(range), ..Feed::default() };
    let shop = synced();
    for range in ["bytes 0-9/100".to_owned(), format!("bytes 1-{length}/{}", length + 1), "bytes 0-9/*".to_owned()] {
        shop.shop().put_with(FEED, part(range.clone()));
        fails(&shop, &["the server answered 206 with", &range, "although all of it was asked for"]);
    }
    // Without a length, the range proves the end.
    let range = format!("bytes 0-{}/{length}", length - 1);
    shop.shop().put_with(FEED, Feed { until_close: true, ..part(range.clone()) });
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 3"]);
    shop.shop().put_with(FEED, part(range));
    let unchanged = shop.pass(0);
    assert!(unchanged.stdout.contains("unchanged"), "{}", unchanged.stdout);
}

#[test]
fn a_host_that_says_nothing() {
    let silent = [Feed { hang: true, ..Feed::default() }, Feed { delay: Duration::from_secs(30), ..Feed::default() }];
    side_by_side(silent, |feed| {
        let shop = synced();
        shop.config("[source]\ntimeout = \"200ms\"");
        shop.shop().put_with(FEED, feed);
        fails(&shop, &["no answer within 200ms (tried 4 times)"]);
    });
}

/// A host that answers every request with this head, and then with this over and over, after a pause each time,
/// until nobody listens. Gives its address, and how many have asked.
fn endless(head: &'static str, more: &'static [u8], pause: Duration) -> (String, Arc<AtomicUsize>) {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { panic!("a port") };
    let Ok(address) = listener.local_addr() else { panic!("its number") };
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // It goes with the tests' process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // What is asked for doesn't matter, as long as it is asked first.
            let request = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            assert!(request.count() > 0);
            count.fetch_add(1, Ordering::Relaxed);
            let mut sent = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes());
            while sent.is_ok() {
                std::thread::sleep(pause);
                sent = stream.write_all(more);
            }
        }
    });
    (format!("http://{address}/feed.txt"), asked)
}

#[test]
fn bodies_without_end() {
    for head in ["Connection: close", "Content-Length: 9223372036854775807", "Content-Length: 2001"] {
        let shop = synced();
        let (url, _) = endless(head, b"1\tLamp\t10.00 USD\tin stock\tHome\n", Duration::ZERO);
        shop.config(&format!("[source]\nlocation = {url:?}\nmax_bytes = 2000"));
        fails(&shop, &["larger than max_bytes (2000 bytes)"]);
    }
}

/// A length that is too small is what counts: what comes behind it is another answer, to nobody.
#[test]
fn bodies_that_go_on_behind_their_end() {
    let shop = synced();
    let (url, _) = endless("Content-Length: 70", b"id\ttitle\n1\tLamp\n2\tChair\n3\tDesk\n", Duration::ZERO);
    shop.config(&format!("[source]\nlocation = {url:?}"));
    let output = shop.pass(3);
    assert!(output.stdout.contains("8 rows read"), "{}", output.stdout);
}

/// A pass whose fetch is under way, ended by the first SIGTERM.
fn stops_at_once(shop: &Shop, is_asked: impl FnMut() -> bool) {
    let mut pass = Process::start(shop.command(&["run", "--once"]));
    kit::wait_until("the feed is asked for", is_asked);
    pass.signal("TERM");
    assert_eq!(pass.ends_within(Duration::from_secs(5)), Some(1), "{}", pass.log());
    assert!(pass.log().contains("interrupted; nothing was changed"), "{}", pass.log());
}

#[test]
fn a_fetch_ends_at_the_first_signal() {
    let shop = synced();
    shop.config("[source]\ntimeout = \"60s\"");
    let pause = Feed { status: 503, retry_after: Some("9".to_owned()), ..Feed::default() };
    // Silence, and the pause before the next try.
    for feed in [Feed { hang: true, ..Feed::default() }, pause] {
        shop.shop().put_with(FEED, feed);
        let before = shop.fetches().len();
        stops_at_once(&shop, || shop.fetches().len() > before);
    }
    // One byte after the other.
    let (url, asked) = endless("Content-Length: 1000000", b"1", Duration::from_millis(20));
    shop.config(&format!("[source]\nlocation = {url:?}"));
    stops_at_once(&shop, || asked.load(Ordering::Relaxed) > 0);
}

#[test]
fn nobody_at_the_address() {
    let shop = synced();
    // Port 1 is nobody's; the state's mark of the old address is no use here.
    shop.config("[source]\nlocation = \"http://127.0.0.1:1/feed\"");
    fails(&shop, &["http://127.0.0.1:1/feed: no answer: ", "(tried 4 times)"]);
    shop.config(&format!("[source]\nlocation = {:?}", shop.path("absent.tsv")));
    fails(&shop, &["absent.tsv: the file can't be read: No such file"]);
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let shop = synced();
    let to = |name: &str| Feed { status: 302, location: Some(shop.shop().url(name)), etag: false, ..Feed::default() };
    shop.shop().put_with(FEED, to("moved.txt"));
    shop.shop().put("moved.txt", tsv(&[LAMP, CHAIR, "3|Table|30.00 USD|in stock|Home"]), "text/plain");
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 3"]);
    shop.shop().put_with(FEED, to(FEED));
    fails(&shop, &["redirected again and again"]);
}

#[test]
fn basic_authentication() {
    let shop = synced();
    let body = tsv(&[LAMP, CHAIR, "3|Table|30.00 USD|in stock|Home"]);
    let login = Some(("shop".to_owned(), "pass: word".to_owned()));
    shop.shop().put_with(FEED, Feed { body: body.into(), basic_auth: login, ..Feed::default() });
    fails(&shop, &["401", "check username and password"]);
    shop.config("[source]\nusername = \"shop\"\npassword = \"wrong-word\"");
    let output = fails(&shop, &["401", "check username and password"]);
    assert!(!format!("{output:?}").contains("wrong-word"), "{output:?}");
    let file = shop.write("password", "pass: word\n");
    shop.config(&format!("[source]\nusername = \"shop\"\npassword_file = {file:?}"));
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 3"]);
}

/// A host of its own that redirects: another port is another host.
#[test]
fn a_redirect_tells_the_other_host_nothing() {
    let shop = synced();
    let other = Shop::new();
    other.shop().put("moved.txt", tsv(&[LAMP, CHAIR, "3|Table|30.00 USD|in stock|Home"]), "text/plain");
    let to = Feed { status: 302, location: Some(other.shop().url("moved.txt")), etag: false, ..Feed::default() };
    shop.shop().put_with(FEED, to);
    let url = format!("{}?token=hunter2", shop.feed_url());
    shop.config(&format!("[source]\nlocation = {url:?}\nusername = \"shop\"\npassword = \"pass-word\""));
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 3"]);
    assert!(shop.fetches().iter().any(|fetch| fetch.path.ends_with("?token=hunter2")));
    let told = other.fetches();
    assert_eq!(told.len(), 1);
    for secret in ["hunter2", "authorization", "referer"] {
        assert!(!format!("{told:?}").to_lowercase().contains(secret), "{secret} in {told:?}");
    }
}

/// Its address may be all that protects a feed.
#[test]
fn the_address_of_a_feed_is_shown_without_its_secrets() {
    let shop = Shop::with_rows(&[LAMP]);
    let url = format!("{}?token=hunter2&shop=5", shop.feed_url());
    shop.config(&format!("[source]\nlocation = {url:?}"));
    let mut shown = Vec::new();
    let commands: [&[&str]; 6] = [
        &["check"],
        &["plan"],
        &["run", "--once", "-vv"],
        &["status", "--format", "json"],
        &["feed", &url],
        &["plan", "--format", "json"],
    ];
    for command in commands {
        shown.push(shop.run(command).expect_code(0));
    }
    shop.shop().remove(FEED);
    shown.push(shop.run(&["run", "--once", "-vv"]).expect_code(1));
    shown.push(shop.run(&["feed", &url]).expect_code(1));
    shown.push(shop.run(&["status"]).expect_code(0));
    shop.put_feed("<html></html>");
    shown.push(shop.run(&["run", "--once"]).expect_code(1));
    // Nobody at the address, and one that leads nowhere.
    for location in ["http://127.0.0.1:1/feed?token=hunter2", "ftp://host/feed?token=hunter2", "http://?hunter2"] {
        shop.config(&format!("[source]\nlocation = {location:?}\ntimeout = \"1s\""));
        shown.push(shop.run(&["run", "--once"]));
        shown.push(shop.run(&["feed", location]));
    }
    for output in shown {
        assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
    }
    for file in ["shelfkeeper.db", "shelfkeeper.db-wal"] {
        let bytes = std::fs::read(shop.path(&format!("state/{file}"))).unwrap_or_default();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "{file}");
    }
    shop.config(&format!("[source]\nlocation = {url:?}"));
    let said = shop.json(&["status", "--format", "json"])["last_pass"]["reason"].to_string();
    assert!(said.contains("feed?token=***"), "{said}");
}

#[test]
fn a_password_in_the_address_is_refused() {
    let shop = Shop::with_rows(&[LAMP]);
    for url in ["http://shop:hunter2@127.0.0.1/feed.txt", "https://hunter2@127.0.0.1/feed.txt"] {
        shop.config(&format!("[source]\nlocation = {url:?}"));
        for output in [shop.run(&["plan"]), shop.run(&["run", "--once"]), shop.run(&["feed", url])] {
            assert_eq!(output.code, 2, "{output:?}");
            assert!(output.stderr.contains("username and password_file"), "{output:?}");
            assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
        }
    }
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
    assert!(plan["guard"]["digest"].is_string(), "{plan}");
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
