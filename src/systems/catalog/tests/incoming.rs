//! Bodies that are read while they come.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::catalog::Hasher;
use crate::config::Config;
use crate::feed::{self, FeedError, ParseOptions, Row};
use crate::http_client::Clients;
use crate::source::{self, Begun, Body, FetchError, Incoming, Validators, Wanted};
use crate::systems::catalog::input::input;

const FEED: &str = "id\ttitle\tprice\n1\tLamp\t10.00 USD\n2\tChair\t20.00 USD\n3\tTable\t30.00 USD\n";

/// A host of one connection: sends so many bytes of a feed as if they were all, waits for a word, and sends the rest.
fn host(first: usize, rest: usize) -> (String, Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/feed.txt", listener.local_addr().expect("an address"));
    let (word, awaited): (Sender<()>, Receiver<()>) = mpsc::channel();
    let host = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        read_request(&stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", FEED.len());
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(&FEED.as_bytes()[..first]).expect("sent");
        // Nobody says anything when the reader has given up.
        let _ = awaited.recv();
        let _ = stream.write_all(&FEED.as_bytes()[first..rest]);
    });
    (url, word, host)
}

fn read_request(stream: &TcpStream) {
    let lines = BufReader::new(stream).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.is_empty()), "the end of a request");
}

fn begin(runtime: &Runtime, url: &str, unless: Option<u64>) -> Result<Incoming, FetchError> {
    let text = format!(
        "[source]\nlocation = '{url}'\ntimeout = '5s'\n[oct8ne]\nshop_url = 'https://shop.example'\n\
         [http]\npublic_listen = '127.0.0.1:0'\n"
    );
    let config = Config::of_text(std::path::Path::new("shelfkeeper.toml"), &text).expect("settings");
    let source = config.source().expect("a source");
    let asked = (Validators::default(), Wanted::Coming { unless });
    match runtime.block_on(source::begin(&Clients::default(), source, asked, &Hasher::without_secret()))? {
        Begun::Body(incoming) => Ok(incoming),
        Begun::NotModified => panic!("nothing was known"),
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// The names of what is sold.
fn titles(body: &Body) -> Result<Vec<String>, FeedError> {
    let shape = ParseOptions::at(Timestamp::UNIX_EPOCH);
    let mut titles = Vec::new();
    feed::read(&input(body, 1 << 20, &CancellationToken::new())?, &shape, &mut |row| {
        if let Row::Offer(offer) = row {
            titles.push(offer.item.title.clone());
        }
        Ok(())
    })?;
    Ok(titles)
}

#[test]
fn a_body_is_read_while_it_comes() {
    let runtime = runtime();
    let (url, word, host) = host(FEED.len() - 10, FEED.len());
    let mut incoming = begin(&runtime, &url, None).expect("a body");
    assert!(incoming.body.is_coming());
    let body = Arc::clone(&incoming.body);
    let reader = thread::spawn(move || titles(&body));
    // It can't be whole before this.
    word.send(()).expect("a host");
    assert_eq!(reader.join().expect("no panic").expect("read"), ["Lamp", "Chair", "Table"]);
    runtime.block_on(incoming.download.end()).expect("whole");
    host.join().expect("no panic");
    assert_eq!(incoming.body.digest().expect("read"), Hasher::without_secret().digest(FEED.as_bytes()));
}

#[test]
fn whatever_is_cut_off_is_no_body() {
    let runtime = runtime();
    for end in 0..FEED.len() {
        let (url, word, host) = host(end / 2, end);
        let mut incoming = begin(&runtime, &url, None).expect("the beginning of a body");
        word.send(()).expect("a host");
        let read = titles(&incoming.body);
        assert!(read.is_err(), "{end}: {read:?}");
        let error = runtime.block_on(incoming.download.end()).expect_err("cut short");
        assert!(error.to_string().contains(&format!("the body ended after {end} of {}", FEED.len())), "{error}");
        assert!(incoming.body.digest().is_err());
        host.join().expect("no panic");
    }
}

#[test]
fn who_gives_up_a_download_leaves_nobody_waiting() {
    let runtime = runtime();
    let (url, word, host) = host(30, FEED.len());
    let Incoming { body, download } = begin(&runtime, &url, None).expect("a body");
    let reader = thread::spawn(move || titles(&body));
    drop(download);
    assert!(reader.join().expect("no panic").is_err());
    drop(word);
    host.join().expect("no panic");
}

#[test]
fn a_body_as_long_as_the_known_one_is_waited_for() {
    let runtime = runtime();
    let (url, word, host) = host(30, FEED.len());
    word.send(()).expect("a host");
    let incoming = begin(&runtime, &url, Some(FEED.len() as u64)).expect("a body");
    assert!(!incoming.body.is_coming());
    assert_eq!(titles(&incoming.body).expect("read").len(), 3);
    host.join().expect("no panic");
}
