//! Clients that behave, and clients that don't. The limits are short here, and only those that a test is about.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use futures_util::Stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use super::*;

const SHORT: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(30);
const LIMITS: Limits = Limits { grace: SHORT, ..super::PRIVATE };
const HELLO: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Served {
    async fn new(limits: Limits) -> Served {
        Served::with(limits, Router::new()).await
    }

    async fn with(limits: Limits, router: Router) -> Served {
        let listener = bind("listen", "127.0.0.1:0".parse().expect("an address")).await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let router = router.route("/", get(async || "hello")).route("/length", post(length));
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(limits, listener, router, stop.clone()));
        Served { address, stop, task }
    }

    /// A connection on which this was sent.
    async fn client(&self, bytes: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.expect("a connection");
        client.write_all(bytes.as_bytes()).await.expect("sent");
        client
    }

    /// What comes back until the connection is closed.
    async fn answer(&self, bytes: &str) -> String {
        rest(&mut self.client(bytes).await).await
    }

    async fn stops(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("it stops").expect("no panic");
    }
}

async fn length(body: Bytes) -> String {
    body.len().to_string()
}

/// A connection that is cut counts as closed: bytes of ours may still have been on their way.
async fn rest(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, client.read_to_end(&mut text)).await.expect("closed in time");
    String::from_utf8_lossy(&text).into_owned()
}

fn is_hello(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello")
}

/// An answer without an end, which tells when nobody wants it any more.
struct Endless(Arc<AtomicBool>);

impl Stream for Endless {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(&[b'x'; 1 << 16]))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn endless() -> (Router, Arc<AtomicBool>) {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    (Router::new().route("/endless", get(async move || Body::from_stream(Endless(told)))), over)
}

async fn until(over: &AtomicBool) {
    let over = async {
        while !over.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, over).await.expect("it is over");
}

#[tokio::test]
async fn half_a_header_keeps_nobody_else_waiting_and_is_dropped() {
    let served = Served::new(Limits { header: SHORT, ..LIMITS }).await;
    let mut slow = served.client("GET / HTTP/1.1\r\nHo").await;
    assert!(is_hello(&served.answer(HELLO).await));
    assert_eq!(rest(&mut slow).await, "");
    served.stops().await;
}

#[tokio::test]
async fn a_header_that_comes_letter_by_letter_wins_no_time() {
    let served = Served::new(Limits { header: SHORT, ..LIMITS }).await;
    let mut slow = served.client("GET / HTTP/1.1\r\nX: ").await;
    let trickle = async {
        while slow.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, trickle).await.expect("dropped");
    served.stops().await;
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let served = Served::new(Limits { header: SHORT, ..LIMITS }).await;
    assert_eq!(served.answer("").await, "");
    assert!(is_hello(&served.answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await));
    served.stops().await;
}

#[tokio::test]
async fn more_connections_than_places_wait() {
    let served = Served::new(Limits { connections: 2, header: SHORT, ..LIMITS }).await;
    let _idle = [served.client("").await, served.client("").await];
    assert!(is_hello(&served.answer(HELLO).await), "once an idle one has lost its place");
    served.stops().await;
}

#[tokio::test]
async fn headers_have_a_limit() {
    let served = Served::new(LIMITS).await;
    let status = |answer: String| answer.lines().next().unwrap_or_default().to_owned();
    let request = |headers: String| format!("GET / HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    let many = |n| request((1..n).map(|n| format!("X-{n}: x\r\n")).collect());
    let long = |n| request(format!("X: {}\r\n", "x".repeat(n)));
    assert!(is_hello(&served.answer(&many(HEADERS)).await));
    assert!(is_hello(&served.answer(&long(PRIVATE.header_bytes - 100)).await));
    let too_large = "HTTP/1.1 431 Request Header Fields Too Large";
    assert_eq!(status(served.answer(&many(HEADERS + 1)).await), too_large);
    assert_eq!(status(served.answer(&long(PRIVATE.header_bytes)).await), too_large);
    served.stops().await;
}

#[tokio::test]
async fn bodies_have_a_limit_which_a_route_may_change() {
    let large = post(length).layer(DefaultBodyLimit::max(2 * BODY_BYTES));
    let served = Served::with(LIMITS, Router::new().route("/large", large)).await;
    let send = async |path: &str, n: usize| {
        let header = format!("POST {path} HTTP/1.1\r\nContent-Length: {n}\r\nConnection: close\r\n\r\n");
        served.answer(&(header + &"x".repeat(n))).await
    };
    assert!(send("/length", BODY_BYTES).await.ends_with("\r\n65536"));
    assert!(send("/length", BODY_BYTES + 1).await.starts_with("HTTP/1.1 413 "));
    assert!(send("/large", BODY_BYTES + 1).await.ends_with("\r\n65537"));
    served.stops().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let served = Served::new(Limits { handler: SHORT, ..LIMITS }).await;
    let mut slow = served.client("POST /length HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf").await;
    let answer = rest(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("connection: close\r\n"), "{answer}");
    served.stops().await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let (router, over) = endless();
    let served = Served::with(Limits { stall: SHORT, ..LIMITS }, router).await;
    let _deaf = served.client("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(&over).await;
    served.stops().await;
}

#[tokio::test]
async fn no_connection_lives_for_ever() {
    let (router, over) = endless();
    let served = Served::with(Limits { keep_alive: SHORT, last_answer: SHORT, ..LIMITS }, router).await;
    let mut busy = served.client("").await;
    let asks_on = async {
        let mut bytes = [0; 1024];
        while busy.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.is_ok() {
            if !busy.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                break;
            }
        }
    };
    timeout(PATIENCE, asks_on).await.expect("closed");
    let mut greedy = served.client("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    rest(&mut greedy).await;
    until(&over).await;
    served.stops().await;
}

#[tokio::test]
async fn it_stops_whatever_clients_do() {
    let (router, over) = endless();
    let served = Served::with(LIMITS, router).await;
    let address = served.address;
    let _clients = [
        served.client("").await,
        served.client("GET / HTT").await,
        served.client("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await,
    ];
    assert!(is_hello(&served.answer(HELLO).await));
    served.stops().await;
    until(&over).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_that_can_not_be_had_says_what_to_do() {
    let taken = bind("listen", "127.0.0.1:0".parse().expect("an address")).await.expect("a listener");
    let error =
        |address: SocketAddr| async move { bind("listen", address).await.expect_err("no listener").to_string() };
    let address = taken.local_addr().expect("its address");
    let message = error(address).await;
    assert!(message.starts_with(&format!("[http] listen = \"{address}\": can't listen there (Address")), "{message}");
    assert!(message.ends_with("; set another port, or end the program that uses this one"), "{message}");
    // TEST-NET-1 (RFC 5737): no machine's own.
    let message = error("192.0.2.1:0".parse().expect("an address")).await;
    assert!(message.ends_with("set an address of this machine, such as \"127.0.0.1:8787\""), "{message}");
}
