//! What a daemon keeps from pass to pass: the connection to the feed's host, until its settings are read anew; and what it
//! leaves behind.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::kit::process::{PASS_ENDED, PATIENCE, Process};
use crate::kit::{Shop, wait_until};

/// A feed host that closes no connection, and counts them and what is asked over them.
#[derive(Default)]
struct Host {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

const FEED: &str = "id\ttitle\n1\tLamp\n";

impl Host {
    fn start() -> (Arc<Host>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let host = Arc::new(Host::default());
        let shared = Arc::clone(&host);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let host = Arc::clone(&shared);
                thread::spawn(move || host.answer(stream));
            }
        });
        (host, format!("http://{address}/products.txt"))
    }

    fn answer(&self, stream: TcpStream) {
        let mut answers = stream.try_clone().expect("the other half");
        let mut knows = false;
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            knows |= line.to_ascii_lowercase().starts_with("if-none-match");
            if !line.is_empty() {
                continue;
            }
            self.requests.fetch_add(1, Ordering::Relaxed);
            let answer = match std::mem::take(&mut knows) {
                true => "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n".to_owned(),
                false => format!("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {}\r\n\r\n{FEED}", FEED.len()),
            };
            if answers.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn figures(&self) -> (usize, usize) {
        (self.connections.load(Ordering::Relaxed), self.requests.load(Ordering::Relaxed))
    }
}

#[test]
fn passes_ask_over_the_connection_of_the_pass_before_until_a_reload() {
    let (host, url) = Host::start();
    let shop = Shop::new();
    shop.config(&format!("[source]\nlocation = {url:?}\nschedule = \"every 1s\"\n"));
    let mut daemon = Process::start(shop.command(&["run"]));
    wait_until("the feed was asked for three times", || host.figures().1 >= 3);
    assert_eq!(host.figures().0, 1, "{}", daemon.log());
    daemon.signal("HUP");
    daemon.wait_for_log("the config was read again", 1);
    let (_, asked) = host.figures();
    wait_until("it was asked for three times more", || host.figures().1 >= asked + 3);
    assert_eq!(host.figures().0, 2, "certificates and connections are new ones: {}", daemon.log());
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(std::time::Duration::from_secs(5)), Some(0), "{}", daemon.log());
}

/// Who copies the state of a daemon that was stopped copies one file, whatever looks after it meanwhile.
#[test]
fn a_daemon_that_was_stopped_leaves_its_log_in_the_file() {
    let shop = Shop::new();
    let hook = "[[notify.hook]]\nname = \"a\"\nurl = \"http://127.0.0.1:9/\"\nsecret = \"whsec_c2VjcmV0\"\nevents = [\"sync.stale\", \"disk.low\"]\n";
    for lines in ["", hook] {
        shop.put_feed(FEED);
        shop.config(lines);
        let mut daemon = Process::start(shop.command(&["run"]));
        daemon.wait_for_log(PASS_ENDED, 1);
        daemon.signal("TERM");
        assert_eq!(daemon.ends_within(PATIENCE), Some(0), "{}", daemon.log());
        for beside in ["-wal", "-shm"] {
            let mut path = shop.state_path().into_os_string();
            path.push(beside);
            assert!(!std::path::Path::new(&path).exists(), "{lines}: {}", path.display());
        }
    }
}
