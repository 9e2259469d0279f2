//! HTTP for others to call: a socket, and limits that no client can get around.
//!
//! hyper itself rather than axum's own server, which has none of these limits. What is served is the caller's:
//! this module knows nothing of it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// The most that a request's line may have, in bytes; more is answered 414.
const LINE_BYTES: usize = 8 << 10;
/// What hyper buffers of a line and headers: beyond our own limits, so that it is us who say which of them is too long.
const BUFFER_BYTES: usize = 96 << 10;
/// The most headers that a request may have; more are answered 431.
const HEADERS: usize = 1_000;
/// The most that a request's body may have, in bytes; more is answered 413. A route may set another limit with
/// [`DefaultBodyLimit`]. It binds axum's extractors, so a handler that takes the bare body sets its own.
const BODY_BYTES: usize = 64 << 10;
/// How long to wait when no connection can be accepted, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why there is no listener.
#[derive(Debug, Error)]
#[error("[http] {setting} = \"{address}\": can't listen there ({error}); {}", advice(.error))]
pub struct ListenError {
    /// The setting that has the address.
    pub setting: &'static str,
    /// The address that was asked for.
    pub address: SocketAddr,
    /// The system's refusal.
    pub error: io::Error,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "set another port, or end the program that uses this one",
        io::ErrorKind::AddrNotAvailable => "set an address of this machine, such as \"127.0.0.1:8787\"",
        io::ErrorKind::PermissionDenied => "set a port from 1024 on: those below are reserved",
        _ => "set another address, such as \"127.0.0.1:8787\"",
    }
}

/// Opens a socket to listen on. Connections wait in it until [`serve`] takes them.
///
/// # Errors
/// When the system refuses; the text names the setting, and says what to do.
pub async fn bind(setting: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|error| ListenError { setting, address, error })
}

/// Whose connection a request came by: among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How long clients may keep us, and how many of them.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; more wait until one ends.
    connections: usize,
    /// Bytes that a request's headers may have; more are answered 431.
    header_bytes: usize,
    /// Until a request's line and headers are there, counted from the answer before it: so it also ends connections
    /// that ask for nothing.
    header: Duration,
    /// Until a handler has begun its answer, the reading of the request's body included.
    handler: Duration,
    /// While a client takes nothing of an answer.
    stall: Duration,
    /// After which a connection takes no further request.
    keep_alive: Duration,
    /// What an answer may then still take.
    last_answer: Duration,
    /// What an answer may still take once we are to stop.
    grace: Duration,
}

/// Of the door for those who run us.
pub const PRIVATE: Limits = Limits {
    connections: 64,
    header_bytes: 16 << 10,
    header: Duration::from_secs(10),
    handler: Duration::from_secs(30),
    stall: Duration::from_secs(30),
    keep_alive: Duration::from_secs(300),
    last_answer: Duration::from_secs(3600),
    grace: Duration::from_secs(1),
};

/// Of the door for everybody else. Both doors have places of their own: who crowds one leaves the other as it is.
pub const PUBLIC: Limits = Limits { connections: 1024, header_bytes: 32 << 10, ..PRIVATE };

/// Serves until told to stop. Answers that are under way then have a second to end; afterwards nothing of it is left.
pub async fn serve(limits: Limits, listener: TcpListener, router: Router, stop: CancellationToken) {
    let router = router.layer(DefaultBodyLimit::max(BODY_BYTES));
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    let accept = async || {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = listener.accept().await?;
        Ok::<_, io::Error>((stream, Peer(peer), place))
    };
    let mut is_told = false;
    while let Some(accepted) = stop.run_until_cancelled(accept()).await {
        match accepted {
            Ok((stream, peer, place)) => {
                is_told = false;
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    connection(limits, (stream, peer), router, &stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                // It may last for hours: told once.
                if !std::mem::replace(&mut is_told, true) {
                    warn!(%error, "no connection can be accepted");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Serves one connection to its end. How it ends is the client's business.
async fn connection(limits: Limits, (stream, peer): (TcpStream, Peer), router: Router, stop: &CancellationToken) {
    // Without this, small answers would wait for acknowledgements; failing to set it only makes it slower.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.stall));
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        let refusal = too_long(limits, &request);
        request.extensions_mut().insert(peer);
        let answer = refusal.is_none().then(|| router.call(request));
        async move {
            match (refusal, answer) {
                (None, Some(answer)) => timeout(limits.handler, answer).await.unwrap_or_else(|_| Ok(too_slow())),
                (refusal, _) => Ok(refusal.unwrap_or_else(too_slow)),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_header_size(BUFFER_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = sleep(limits.keep_alive) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        () = async { stop.cancelled().await; sleep(limits.grace).await } => {}
        () = sleep(limits.last_answer) => {}
    }
}

/// The refusal of a request with too long a line, or too many bytes of headers.
fn too_long(limits: Limits, request: &hyper::Request<Incoming>) -> Option<Response> {
    // The line has a blank before and behind the address, the version, and a line end.
    let line = request.method().as_str().len() + request.uri().to_string().len() + " HTTP/1.1\r\n".len() + 1;
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let status = match () {
        () if line > LINE_BYTES => StatusCode::URI_TOO_LONG,
        () if headers > limits.header_bytes => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        () => return None,
    };
    Some(refused(status, ()))
}

fn too_slow() -> Response {
    refused(StatusCode::SERVICE_UNAVAILABLE, "This took too long.\n")
}

fn refused(status: StatusCode, body: impl IntoResponse) -> Response {
    (status, [(CONNECTION, "close"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], body).into_response()
}

#[cfg(test)]
mod tests;
