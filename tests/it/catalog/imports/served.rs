//! Feeds that NiceChat has from us, and its callbacks.

use super::*;

/// A port that was free a moment ago.
pub(in crate::catalog) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port()
}

#[test]
fn a_feed_that_nicechat_cannot_fetch_is_served_and_its_end_called_back() {
    let shop = Shop::new();
    let goods: Vec<_> =
        (0..1_200).map(|n| good(&format!("p{n:04}")).with(|g| g.title = format!("A & <B> {n}"))).collect();
    let path = shop.write("feed.txt", goods::feed(&goods));
    let port = free_port();
    let config = format!(
        "{AUTO}[source]\nlocation = {path:?}\n[http]\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
    );
    shop.config(&config);
    let nicechat = shop.nicechat();
    let planned = shop.run(&["plan"]).expect_code(0).stdout;
    assert!(planned.contains("By an import of the feed from here"), "{planned}");
    let slow = Duration::from_millis(300);
    nicechat.set_rules(Rules { import_started: slow, ..nicechat.rules() });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(
        counts,
        ["2 GET categories", "1 GET import-products-result", "13 GET products", "1 POST import-products"],
        "nothing is left to be put right: ids of categories and all"
    );
    assert_equal(&shop, &goods);
    let import = nicechat.imports().remove(0);
    assert_eq!((import.fetched, import.called_back, import.imported), (Some(200), Some(204), 1_200));
    // A first change by import, with the unchanged rest served from the state.
    let changed: Vec<_> = goods.iter().skip(1).cloned().map(|good| good.at_price("12.34")).collect();
    std::fs::write(&path, gzip(goods::feed(&changed))).expect("written");
    let (pass, _) = counted(&shop, &["run", "--once"]);
    assert_eq!(pass.ended(0).lines().iter().filter(|line| !line.contains("POST ?")).count(), 1, "one deletion");
    assert_equal(&shop, &changed);
    // The addresses are gone with the import.
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// One request to our own listener, and the status of its answer.
fn ask(port: u16, head: &str, body: &[u8]) -> u16 {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let head =
        format!("{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).expect("sent");
    // What is too long need not be taken to its end.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {line:?}"))
}

#[test]
fn a_callback_makes_the_daemon_ask_at_once_and_is_not_trusted() {
    let shop = shop("");
    let port = free_port();
    shop.config(&format!(
        "{IMPORT}[source]\nschedule = \"every 1s\"\n\
         [http]\nlisten = \"\"\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}/\"\n"
    ));
    shop.put_feed(yml(&[("a", "1.00")]));
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { import_started: Duration::from_secs(600), ..nicechat.rules() });
    let polls = || nicechat.counts().get("GET import-products-result").copied().unwrap_or_default();
    let daemon = Process::start(shop.command(&["run"]));
    wait_until("the feed is pushed", || nicechat.imports().len() == 1);
    daemon.wait_for_log("NiceChat was told to import the feed", 1);
    let import = nicechat.imports().remove(0);
    let callback = import.callback.expect("a callback");
    let path = callback.strip_prefix(&format!("http://127.0.0.1:{port}")).expect("our own address").to_owned();
    let began = std::time::Instant::now();
    for _ in 0..5 {
        let before = polls();
        // It says that all is done, which is a lie.
        assert_eq!(ask(port, &format!("POST {path}"), b"imported_elements_count=1&state=success"), 204);
        wait_until("it was asked after", || polls() > before);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "five polls by the clock take 26 s");
    assert_eq!(ask(port, &format!("POST {path}"), &[b'x'; 70_000]), 413);
    assert_eq!(ask(port, &format!("GET {path}"), b""), 405);
    assert_eq!(ask(port, "POST /import/guess/callback", b"a=b"), 404);
    assert_eq!(ask(port, "GET /import/guess/feed.yml", b""), 404);
    // The feed is not ours to serve: NiceChat has it from the shop.
    assert_eq!(ask(port, &format!("GET {}", path.replace("callback", "feed.yml")), b""), 404);
    // Ticks of the schedule wait for the import in flight.
    assert_eq!(nicechat.imports().len(), 1);
    assert_eq!(status(&shop)["imports"][0]["state"], "started");
    drop(daemon);
}

/// Of a shop whose feed its daemon serves at this port.
fn serving(feed: &std::path::Path, listen: &str, port: u16) -> String {
    format!(
        "{IMPORT}[source]\nlocation = {feed:?}\nschedule = \"every 12h\"\n\
         [http]\nlisten = \"{listen}\"\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
    )
}

#[test]
fn a_daemon_serves_the_feed_on_its_own_listener_and_counts_the_import() {
    let shop = shop("");
    let (port, private) = (free_port(), free_port());
    let path = shop.write("feed.txt", goods::feed(&goods::goods("p", 30)));
    shop.config(&serving(&path, &format!("127.0.0.1:{private}"), port));
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 1);
    let import = shop.nicechat().imports().remove(0);
    assert_eq!((import.imported, import.fetched), (30, Some(200)));
    assert_eq!(import.url.matches('/').count(), 5, "http://…/import/DOOR/feed.yml: {}", import.url);
    let feed = import.url.strip_prefix(&format!("http://127.0.0.1:{port}")).expect("our own address").to_owned();
    assert_eq!(ask(port, &format!("GET {feed}"), b""), 404, "it is gone with the import");
    assert_eq!(ask(private, "GET /readyz", b""), 200);
    let body = {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", private)).expect("somebody listens");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    };
    assert!(body.contains("shelfkeeper_imports_total{state=\"success\"} 1"), "{body}");
    drop(daemon);
}

#[test]
fn the_served_feed_has_what_the_feed_has_and_nothing_else() {
    let shop = Shop::new();
    let port = free_port();
    let goods = goods::goods("p", 30);
    let path = shop.write("feed.txt", goods::feed(&goods));
    shop.config(&format!(
        "[nicechat]\nstrategy = \"import\"\nprune = \"none\"\n[source]\nlocation = {path:?}\n\
         [http]\npublic_listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n"
    ));
    sync(&shop).ended(0);
    let fewer: Vec<_> = goods.iter().take(20).cloned().map(|good| good.at_price("9.00")).collect();
    std::fs::write(&path, goods::feed(&fewer)).expect("written");
    sync(&shop).ended(0);
    let imported: Vec<usize> = shop.nicechat().imports().iter().map(|import| import.imported).collect();
    assert_eq!(imported, [30, 20]);
    assert_eq!(shop.nicechat().objects(Kind::Product).len(), 30);
}

/// Nothing is pushed that NiceChat could not fetch: all of it goes another way, until the door is open.
#[test]
fn a_public_door_that_somebody_else_has_costs_imports_and_nothing_else() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = taken.local_addr().expect("its address").port();
    let shop = shop("");
    let path = shop.write("feed.txt", goods::feed(&goods::goods("p", 30)));
    shop.config(&serving(&path, "", port));
    let daemon = Process::start(shop.command(&["run"]));
    daemon.wait_for_log(process::PASS_ENDED, 1);
    let log = daemon.log();
    assert!(log.contains("[http] public_listen = ") && log.contains("set another port"), "{log}");
    assert!(shop.nicechat().imports().is_empty());
    drop(taken);
    daemon.wait_for_log("public door: listening", 1);
    daemon.signal("USR1");
    wait_until("it is imported", || shop.nicechat().imports().iter().any(|import| import.imported == 30));
    daemon.kill();
}
