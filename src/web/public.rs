//! The door for everybody: who calls, and how often they may.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;

use super::client::client;
use super::listener::Peer;
use crate::config::Http;

/// How many requests may come at once, in seconds' worth of them.
const BURST: u32 = 4;
/// Addresses that are kept count of; when there are more, those that have waited long enough are forgotten.
const ADDRESSES: usize = 10_000;

/// Who asks, as far as the door can tell: among a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The client's address, behind proxies that are believed.
    pub address: IpAddr,
    /// It asks too often: how long it has to wait.
    pub must_wait: Option<Duration>,
}

/// The door. A clone is the same one.
#[derive(Clone, Default)]
pub struct PublicDoor(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    settings: Option<Http>,
    seen: HashMap<IpAddr, Allowance>,
}

/// What an address may still ask at once, and when that was reckoned.
struct Allowance {
    left: f64,
    at: Instant,
}

impl PublicDoor {
    /// These settings hold from now on.
    pub fn expect(&self, settings: Option<&Http>) {
        self.lock().settings = settings.cloned();
    }

    /// What is served here, with everybody counted.
    pub fn guard(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.clone(), count))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caller(&self, peer: Option<Peer>, headers: &HeaderMap) -> Caller {
        let mut inner = self.lock();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| SocketAddr::ip(&peer));
        let address = client(inner.settings.as_ref(), peer, headers);
        Caller { address, must_wait: inner.wait(address, Instant::now()) }
    }
}

impl Inner {
    /// Counts a request; how long the address has to wait, if it asks too often.
    fn wait(&mut self, address: IpAddr, now: Instant) -> Option<Duration> {
        let a_second = self.settings.as_ref().map_or(0, |http| http.requests_per_second);
        if a_second == 0 {
            return None;
        }
        let most = f64::from(a_second * BURST);
        let refilled = |allowance: &Allowance| {
            (allowance.left + now.duration_since(allowance.at).as_secs_f64() * f64::from(a_second)).min(most)
        };
        if self.seen.len() >= ADDRESSES {
            self.seen.retain(|_, allowance| refilled(allowance) < most);
        }
        let left = self.seen.get(&address).map_or(most, refilled);
        if left < 1.0 {
            return Some(Duration::from_secs_f64((1.0 - left) / f64::from(a_second)));
        }
        self.seen.insert(address, Allowance { left: left - 1.0, at: now });
        None
    }
}

async fn count(State(door): State<PublicDoor>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let caller = door.caller(peer, request.headers());
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Routes that say no more than that to who asks too often.
pub fn limited(routes: Router) -> Router {
    routes.layer(from_fn(async |request: Request, next: Next| {
        match request.extensions().get::<Caller>().and_then(|caller| caller.must_wait) {
            None => next.run(request).await,
            Some(wait) => too_many(wait),
        }
    }))
}

/// What is said to who asks too often, and may ask again after so long.
pub fn too_many(wait: Duration) -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds(wait))], "too many requests\n").into_response()
}

/// Whole seconds, as `Retry-After` has them.
pub fn seconds(wait: Duration) -> String {
    wait.as_secs_f64().ceil().max(1.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(a_second: u32) -> Inner {
        let settings = Http { requests_per_second: a_second, ..Http::on_loopback() };
        Inner { settings: Some(settings), seen: HashMap::new() }
    }

    #[test]
    fn bursts_are_borne_and_then_the_pace_counts() {
        let mut inner = inner(2);
        let (one, other): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let now = Instant::now();
        assert!((0..8).all(|_| inner.wait(one, now).is_none()));
        assert!(inner.wait(one, now).is_some_and(|wait| wait <= Duration::from_millis(500)));
        assert_eq!(inner.wait(other, now), None);
        let later = now + Duration::from_secs(1);
        assert!(inner.wait(one, later).is_none() && inner.wait(one, later).is_none());
        assert!(inner.wait(one, later).is_some());
        assert!((0..1000).all(|_| super::tests::inner(0).wait(one, now).is_none()));
    }
}
