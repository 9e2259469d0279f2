//! Hosts of feeds that refuse, hang or never end, and what of their addresses is shown.

use super::*;

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

/// Whoever writes the feed may go on writing within the second.
#[test]
fn a_date_of_which_the_second_is_not_over_is_not_asked_with() {
    let shop = Shop::new();
    let date = || Some("Thu, 31 Dec 2099 23:59:59 GMT".to_owned());
    let feed = |rows: &[&str]| Feed { body: tsv(rows).into(), etag: false, last_modified: date(), ..Feed::default() };
    shop.shop().put_with(FEED, feed(&[LAMP]));
    shop.pass(0);
    shop.take_writes();
    shop.shop().put_with(FEED, feed(&[LAMP, CHAIR]));
    shop.pass(0);
    assert_eq!(shop.take_writes(), ["POST products 2"]);
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

/// The beginning tells nothing of it.
#[test]
fn a_check_refuses_what_a_pass_refuses() {
    let shop = Shop::new();
    let refused = |settings: &str, words: &str| {
        shop.config(&format!("[source]\n{settings}"));
        let told = shop.run(&["check", "--online"]).expect_code(1).stdout;
        assert!(told.contains("feed      FAIL ") && told.contains(words), "{words:?} in {told}");
    };
    shop.put_feed(b"id\ttitle\n".repeat(1 << 20));
    refused("max_bytes = 8000000", "larger than max_bytes (8000000 bytes)");
    let packed = shop.write("feed.txt.gz", gzip(tsv(&[LAMP])));
    refused(&format!("location = {packed:?}\nmax_bytes = 20"), "larger than max_bytes (20 bytes)");
    let (coded, _) = endless("Content-Encoding: br\r\nConnection: close", b"1", Duration::ZERO);
    refused(&format!("location = {coded:?}"), "the server sends \"br\", which was not asked for");
    let range = Some("bytes 0-9/100".to_owned());
    let part = Feed { status: 206, body: tsv(&[LAMP]).into(), content_range: range, ..Feed::default() };
    shop.shop().put_with(FEED, part);
    refused("", "the server answered 206 with \"bytes 0-9/100\"");
}

#[test]
fn a_check_waits_for_a_slow_host_no_longer_than_the_timeout() {
    let shop = Shop::new();
    let (url, _) = endless("Connection: close", b"id\ttitle\n", Duration::from_millis(20));
    shop.config(&format!("[source]\nlocation = {url:?}\ntimeout = \"500ms\""));
    let mut check = Process::start(shop.command(&["check", "--online"]));
    assert_eq!(check.ends_within(Duration::from_secs(20)), Some(0), "{}", check.log());
    assert!(check.stdout().contains("begins as it should: google-csv"), "{}", check.stdout());
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
    assert!(pass.log().contains("interrupted; the next pass goes on from here"), "{}", pass.log());
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

    // Whoever is asked in vain is named, and only he.
    other.shop().remove("moved.txt");
    let to = Some(other.shop().url("moved.txt?token=hunter3"));
    shop.shop().put_with(FEED, Feed { status: 302, location: to, etag: false, ..Feed::default() });
    let other = other.shop().url("");
    let other = other.split('/').nth(2).expect("a host");
    let words = format!("404 Not Found from {other}, where it redirects to; check the address");
    let output = fails(&shop, &[&words]);
    assert!(!format!("{output:?}").contains("hunter3"), "{output:?}");
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
