//! What these tests share: a shop with the face, and a daemon that answers for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::kit::process::{PATIENCE, Process};
use crate::kit::{Shop, wait_until};

/// The columns of [`feed`].
pub(super) const HEADER: &str = "id\ttitle\tdescription\tlink\timage_link\tadditional_image_link\tprice\tsale_price\tavailability\t\
                          product_type\tbrand\tgtin\titem_group_id";

/// A feed of rows whose cells are separated by `|`, in the order of [`HEADER`].
pub(super) fn feed(rows: &[&str]) -> String {
    rows.iter().fold(format!("{HEADER}\n"), |text, row| text + &row.replace('|', "\t") + "\n")
}

/// A daemon, and its public door.
pub(super) struct Face {
    pub process: Process,
    pub address: SocketAddr,
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    /// In lower case.
    pub headers: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| *other == name).map(|(_, value)| value.trim())
    }
}

/// The settings of a shop with the face; `lines` = more of `[oct8ne]`, and sections behind it.
pub(super) fn config(lines: &str) -> String {
    format!(
        "[source]\nschedule = \"every 12h\"\n[http]\nlisten = \"\"\npublic_listen = \"127.0.0.1:0\"\nrequests_per_second = 0\n\
         [oct8ne]\nshop_url = \"https://shop.example/es\"\n{lines}\n"
    )
}

/// A shop with a feed.
pub(super) fn shop(rows: &[&str], lines: &str) -> Shop {
    let shop = Shop::new();
    shop.put_feed(feed(rows));
    shop.config(&config(lines));
    shop
}

impl Face {
    /// Starts the daemon, and waits until it listens.
    pub(super) fn start(shop: &Shop) -> Face {
        let process = Process::start(shop.command(&["run"]));
        let words = "public door: listening at http://";
        process.wait_for_log(words, 1);
        let address = || process.log().split_once(words)?.1.split_once('\n')?.0.trim().parse().ok();
        wait_until("the address is there", || address().is_some());
        let address = address().expect("an address");
        Face { process, address }
    }

    /// The same, once there is a catalogue.
    pub(super) fn ready(shop: &Shop) -> Face {
        let face = Face::start(shop);
        wait_until("there is a catalogue", || face.get("getAdapterInfo").json()["enabled"] == true);
        face
    }

    pub(super) fn get(&self, method: &str) -> Answer {
        self.ask(&format!("GET /oct8ne/frame/{method}"), "")
    }

    pub(super) fn json(&self, method: &str) -> Value {
        let answer = self.get(method);
        assert_eq!(answer.status, 200, "{method}: {answer:?}");
        answer.json()
    }

    /// `line` = verb and address; `headers` end their lines with CR LF.
    pub(super) fn ask(&self, line: &str, headers: &str) -> Answer {
        let mut client = TcpStream::connect(self.address).expect("a connection");
        client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = format!("{line} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}\r\n");
        client.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("an answer");
        let at = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..at]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, headers: head, body: String::from_utf8_lossy(&answer[at + 4..]).into_owned() }
    }

    /// The ids of results, in their order.
    pub(super) fn found(&self, query: &str) -> Vec<String> {
        let found = self.json(&format!("search?{query}"));
        let results = found["results"].as_array().expect("results");
        results.iter().map(|result| result["internalId"].as_str().expect("an id").to_owned()).collect()
    }
}

/// A shop's own web server that answers everything alike, and remembers what it was asked.
pub(super) struct OwnShop {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl OwnShop {
    pub(super) fn start(status: &'static str, body: Value) -> OwnShop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) < 3 {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                    head += &line;
                }
                let mut sent = vec![0; length];
                reader.read_exact(&mut sent).expect("a body");
                told.lock().expect("a list").push(head + &String::from_utf8_lossy(&sent));
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nSet-Cookie: s=2; HttpOnly\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        OwnShop { port, asked }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("a list").clone()
    }
}
