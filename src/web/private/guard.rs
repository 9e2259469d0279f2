//! Who may look: a name that only we are called by, and the password where there is one.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::Monitor;
use crate::config::Http;
use crate::digest::is_same_secret;
use crate::web::attempts::{Attempts, WINDOW};
use crate::web::client::client;
use crate::web::listener::Peer;

/// Pages that monitors ask for, who know no password.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// Lets only those through who ask by a name of ours, and know the password, and nobody while `listen` says something
/// else than `door`.
pub(super) fn guard(monitor: Monitor, door: SocketAddr, routes: Router) -> Router {
    routes.layer(from_fn_with_state((monitor, door, Attempts::default()), check)).layer(map_response(for_one_reader))
}

/// No answer, a refusal neither, is to be kept on its way, or taken for something else than it is said to be.
async fn for_one_reader(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn check(
    State((monitor, door, attempts)): State<(Monitor, SocketAddr, Attempts)>,
    request: Request,
    next: Next,
) -> Response {
    let config = monitor.config();
    // Settings that have no such door say nothing of who may come in by it: those that it was opened by hold no more.
    let Some(http) = config.http.as_ref().filter(|http| http.listen == Some(door)) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "By its config, shelfkeeper doesn't listen here.\n").into_response();
    };
    if !is_ours(request.uri(), request.headers(), http) {
        let hint = "Not by this name: ask by an address or localhost, or add it to [http] allowed_hosts.\n";
        return (StatusCode::MISDIRECTED_REQUEST, hint).into_response();
    }
    let Some(password) = http.password.as_ref().filter(|_| !OPEN.contains(&request.uri().path())) else {
        return next.run(request).await;
    };
    let peer = request.extensions().get::<Peer>().map(|Peer(peer)| peer.ip().to_canonical());
    let address = peer.map(|peer| client(Some(http), peer, request.headers()));
    let proxy = peer.filter(|peer| address != Some(*peer));
    let must_wait = address.is_some_and(|address| attempts.are_too_many(address))
        || proxy.is_some_and(|proxy| attempts.are_too_many_by(proxy));
    if must_wait {
        let wait = [(RETRY_AFTER, WINDOW.as_secs().to_string())];
        return (StatusCode::TOO_MANY_REQUESTS, wait, "Too many wrong passwords.\n").into_response();
    }
    if knows(request.headers(), password) {
        return next.run(request).await;
    }
    // Who gives none has not tried: browsers ask so before they know that there is one.
    if request.headers().contains_key(AUTHORIZATION) {
        address.into_iter().for_each(|address| attempts.count(address));
        proxy.into_iter().for_each(|proxy| attempts.count_by(proxy));
    }
    let wanted = [(WWW_AUTHENTICATE, "Basic realm=\"shelfkeeper\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, wanted, "The password of [http] is wanted; any user name will do.\n").into_response()
}

/// Whether a request came by an address, by localhost, or by a name that was allowed: a page in a browser can have
/// any other name lead here.
fn is_ours(uri: &Uri, headers: &HeaderMap, http: &Http) -> bool {
    let header = headers.get(HOST).map(|host| host.to_str().unwrap_or("\0"));
    // HTTP/1.0 needs none, and no browser speaks it.
    let Some(host) = uri.authority().map(|authority| authority.as_str()).or(header) else { return true };
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    bare.parse::<IpAddr>().is_ok() || name == "localhost" || http.allowed_hosts.contains(&name)
}

fn knows(headers: &HeaderMap, password: &SecretString) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|given| given.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let decoded = given.and_then(|(_, pair)| STANDARD.decode(pair.trim()).ok());
    let decoded = decoded.as_deref().and_then(|pair| str::from_utf8(pair).ok());
    let given = decoded.and_then(|pair| pair.split_once(':'));
    given.is_some_and(|(_, given)| is_same_secret(given, password.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_ours() {
        let http = Http { allowed_hosts: vec!["keeper.example".to_owned()], ..Http::on_loopback() };
        let is_ours = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect(host));
            is_ours(&Uri::from_static("/"), &headers, &http)
        };
        for host in
            ["127.0.0.1", "127.0.0.1:8787", "[::1]:8787", "[::1]", "LOCALHOST:80", "localhost.", "Keeper.example:1"]
        {
            assert!(is_ours(host), "{host}");
        }
        for host in ["a", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""] {
            assert!(!is_ours(host), "{host}");
        }
    }
}
