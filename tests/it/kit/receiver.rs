//! Somebody who is told of events by POST, and answers to order.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Method, address and version.
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct Inner {
    seen: Vec<Message>,
    answers: VecDeque<String>,
}

/// Who listens on a free port as long as the test runs.
pub(crate) struct Receiver {
    inner: Arc<Mutex<Inner>>,
    port: u16,
}

impl Receiver {
    /// Answers everything with 200.
    pub(crate) fn new() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let inner = Arc::<Mutex<Inner>>::default();
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One that goes away is none.
                let _ = serve(stream, &shared);
            }
        });
        Receiver { inner, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?token=hidden-token", self.port)
    }

    /// The next messages are answered so, one after the other: `503 Busy`, with further headers behind line ends.
    pub(crate) fn answer(&self, answers: &[&str]) {
        self.lock().answers.extend(answers.iter().map(|answer| (*answer).to_owned()));
    }

    pub(crate) fn seen(&self) -> Vec<Message> {
        self.lock().seen.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: TcpStream, inner: &Mutex<Inner>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut headers = BTreeMap::new();
    let (mut first, mut line) = (String::new(), String::new());
    reader.read_line(&mut first)?;
    let first = first.trim_end().to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.seen.push(Message { line: first, headers, body: String::from_utf8(body).expect("text") });
        inner.answers.pop_front().unwrap_or_else(|| "200 OK".to_owned())
    };
    write!(&stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}
