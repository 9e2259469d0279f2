//! The port: accepts connections and hands each request to the part of the sandbox its path names.

use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::oct8ne::Oct8ne;
use crate::reply::{Answer, Served};
use crate::site::Site;
use crate::{control, emplifi, lagerkoll, nicechat, shop};

/// The largest request body that is read, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// How long to wait when no connection can be accepted, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Accepts connections until told to stop.
pub(super) async fn serve(listener: TcpListener, site: Site, stop: CancellationToken) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let (site, stop) = (site.clone(), stop.clone());
                tokio::spawn(async move { stop.run_until_cancelled(connection(stream, site)).await });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection to its end. hyper itself rather than a framework, because it closes the connection
/// without an answer when the service fails, which is how a reset is made.
async fn connection(stream: TcpStream, site: Site) {
    // Without this, small answers would wait for acknowledgements; failing to set it only makes it slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| route(&site, request));
    // A connection that breaks is the client's business, or was asked for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn route(site: &Site, request: Request<Incoming>) -> Served {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(Body::new(body), MAX_BODY).await else {
        let answer = Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large");
        return Ok(answer.into_response());
    };
    let path = parts.uri.path();
    if path.starts_with(nicechat::ROOT) {
        site.nicechat.serve(&parts, body).await
    } else if lagerkoll::is_here(path) {
        site.lagerkoll.serve(&parts, body).await
    } else if Oct8ne::is_here(path) {
        site.oct8ne.serve(&parts, &body)
    } else if emplifi::is_here(path) {
        site.emplifi.serve(&parts, body).await
    } else if site.newstore.is_here(path) {
        site.newstore.serve(&parts, body).await
    } else if path.starts_with(shop::ROOT) {
        site.shop.serve(&parts).await
    } else if let Some(place) = path.strip_prefix(control::ROOT) {
        Ok(control::answer(site, &parts.method, place, &body).into_response())
    } else {
        let hint = "Nothing is here. GET /sandbox/ tells what is where.\n";
        Ok(Answer::text(StatusCode::NOT_FOUND, hint).into_response())
    }
}
