//! Oct8ne's two addresses (link-up and update), and what a shop tells Oct8ne's adapter of its own: who is logged in, wish
//! list, orders.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::reply::{Answer, Served};

/// The account that can be linked up.
pub const DEMO_OCT8NE_EMAIL: &str = "demo@shop.example";
/// Its password. It protects nothing: the sandbox listens on loopback.
pub const DEMO_OCT8NE_PASSWORD: &str = "oct8ne-password-that-protects-nothing";
/// What a link-up gives.
pub const DEMO_OCT8NE_TOKEN: &str = "0C7841DE0C7841DE0C7841DE0C7841DE";
/// Likewise.
pub const DEMO_OCT8NE_LICENSE: &str = "5A4DB0C55A4DB0C55A4DB0C55A4DB0C5";
/// What the shop's own addresses are asked with.
pub const DEMO_OWN_SECRET: &str = "own-secret-that-protects-nothing";

/// Where Oct8ne is.
const PLATFORM: &str = "/platformConnection/";
/// Where the shop's own addresses are.
const OWN: &str = "/own/";

/// Oct8ne and the shop's own addresses. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Oct8ne(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    linked: Vec<Vec<(String, String)>>,
    updates: Vec<(String, String)>,
    wishes: Vec<String>,
}

impl Oct8ne {
    /// The forms that shops were linked up with.
    pub fn linked(&self) -> Vec<Vec<(String, String)>> {
        self.seen().linked.clone()
    }

    /// Visitors, and what of theirs has changed.
    pub fn updates(&self) -> Vec<(String, String)> {
        self.seen().updates.clone()
    }

    /// Ids that were put onto wish lists.
    pub fn wishes(&self) -> Vec<String> {
        self.seen().wishes.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_here(path: &str) -> bool {
        path.starts_with(PLATFORM) || path.starts_with(OWN)
    }

    pub(crate) fn serve(&self, parts: &Parts, body: &Bytes) -> Served {
        let path = parts.uri.path();
        let answer = match (&parts.method, path.strip_prefix(PLATFORM)) {
            (&Method::POST, Some("linkup")) => self.link(body),
            (&Method::POST, Some("update")) => self.update(parts.uri.query().unwrap_or_default()),
            (_, Some(_)) => Answer::empty(StatusCode::NOT_FOUND),
            (_, None) => self.own(parts, body),
        };
        Ok(answer.into_response())
    }

    fn link(&self, body: &Bytes) -> Answer {
        let form = pairs(&String::from_utf8_lossy(body));
        let value = |name: &str| form.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        let is_known = value("email") == Some(DEMO_OCT8NE_EMAIL) && value("pass") == Some(DEMO_OCT8NE_PASSWORD);
        let answer = match is_known {
            true => json!({
                "ApiToken": DEMO_OCT8NE_TOKEN,
                "LicenseId": DEMO_OCT8NE_LICENSE,
                "Server": "backoffice.oct8ne.com/",
                "UrlStatic": "static.oct8ne.com/",
            }),
            false => json!({"ApiToken": null, "LicenseId": null, "Message": "Unknown e-mail or password"}),
        };
        self.seen().linked.push(form);
        Answer::json(StatusCode::OK, &answer)
    }

    fn update(&self, query: &str) -> Answer {
        let query = pairs(query);
        let value = |name: &str| query.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        match (value("visitor"), value("what")) {
            (Some(visitor), Some(what)) if matches!(what.as_str(), "cart" | "wishlist" | "user") => {
                self.seen().updates.push((visitor, what));
                Answer::empty(StatusCode::OK)
            }
            _ => Answer::empty(StatusCode::BAD_REQUEST),
        }
    }

    fn own(&self, parts: &Parts, body: &Bytes) -> Answer {
        let header =
            |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if header(AUTHORIZATION) != format!("Bearer {DEMO_OWN_SECRET}") {
            return Answer::empty(StatusCode::UNAUTHORIZED);
        }
        let is_customer = header(COOKIE).contains("customer=");
        let place = parts.uri.path().strip_prefix(OWN).unwrap_or_default();
        match (&parts.method, place) {
            (&Method::GET, "session") if !is_customer => Answer::empty(StatusCode::NO_CONTENT),
            (&Method::GET, "session") => Answer::json(StatusCode::OK, &customer()),
            (&Method::POST, "wishlist") => self.wish(body, is_customer),
            (&Method::GET, "orders") => Answer::json(StatusCode::OK, &json!([order()])),
            (&Method::GET, "orders/1001") => Answer::json(StatusCode::OK, &order()),
            _ => Answer::empty(StatusCode::NOT_FOUND),
        }
    }

    fn wish(&self, body: &Bytes, is_customer: bool) -> Answer {
        let wish: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(ids) = wish["add"].as_array().filter(|_| is_customer) else {
            return Answer::empty(StatusCode::FORBIDDEN);
        };
        self.seen().wishes.extend(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)));
        Answer::empty(StatusCode::NO_CONTENT)
    }
}

fn customer() -> Value {
    json!({"id": "7", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@shop.example", "wishlist": [], "cart": []})
}

fn order() -> Value {
    json!({
        "reference": "1001", "date": "2026-01-02T10:00:00Z", "total": 55.3, "currency": "EUR", "state": "sent",
        "carrier": "Post", "products": [{"quantity": 1, "name": "Lamp"}], "comments": [],
    })
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parts = text.split('&').filter(|pair| !pair.is_empty());
    parts
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
