//! The calls of NewStore's page: the retailer, onboarding, numbers, and the status of a newer one.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::Url;

use super::login::{self, DEMO_NEWSTORE_TENANT, Sender};
use super::rules::NewStorePaths;
use super::world::{Refusal, World};
use crate::faults::{Manner, Target};
use crate::reply::Answer;

/// Where the vendor's page is guessed to have everything.
const ROOT: &str = "/clienteling/";

/// What NewStore says when it is made to fail.
pub(super) const MANNER: Manner =
    Manner { failure, success: || Answer::json(StatusCode::OK, &json!([{"phone_number": "+10000000000"}])) };

/// Whether a path is one of NewStore's.
pub(super) fn is_here(paths: &NewStorePaths, path: &str) -> bool {
    let own = [&paths.retailer, &paths.onboard, &paths.numbers, &paths.status];
    let mut own = own.iter().filter_map(|template| template.split_once(' ')).map(|(_, template)| beginning(template));
    path.starts_with(ROOT) || path.starts_with(login::ROOT) || own.any(|own| own.len() > 1 && path.starts_with(own))
}

fn beginning(template: &str) -> &str {
    template.split('{').next().unwrap_or_default()
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    Retailer,
    Onboard(String),
    Numbers(String),
    Status,
    Unknown,
}

impl Route {
    pub(super) fn of(paths: &NewStorePaths, method: &str, path: &str) -> Self {
        if path.starts_with(login::ROOT) {
            return Self::Token;
        }
        let at = |template: &str| store_in(template, method, path);
        if let Some(store) = at(&paths.onboard) {
            Self::Onboard(store)
        } else if let Some(store) = at(&paths.numbers) {
            Self::Numbers(store)
        } else if at(&paths.retailer).is_some() {
            Self::Retailer
        } else if at(&paths.status).is_some() {
            Self::Status
        } else {
            Self::Unknown
        }
    }

    /// What it is called when requests are counted.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Retailer => "retailer",
            Self::Onboard(_) => "onboard",
            Self::Numbers(_) => "numbers",
            Self::Status => "status",
            Self::Unknown => "?",
        }
    }

    /// What fault rules look at: the id is that of the store.
    pub(super) fn target<'r>(&'r self, parts: &'r Parts) -> Target<'r> {
        let id = match self {
            Self::Onboard(store) | Self::Numbers(store) => Some(store.as_str()),
            _ => None,
        };
        let path = parts.uri.path().trim_start_matches('/');
        Target { method: parts.method.as_str(), path, kind: None, id, store: id }
    }
}

/// The store in a path, if method and path are those of the template; empty when it names none.
fn store_in(template: &str, method: &str, path: &str) -> Option<String> {
    let (_, template) = template.split_once(' ').filter(|(wanted, _)| *wanted == method)?;
    let template = template.split('?').next().unwrap_or_default();
    let Some((before, after)) = template.split_once("{store_id}") else { return (path == template).then(String::new) };
    let store = path.strip_prefix(before)?.strip_suffix(after)?;
    let is_one = !store.is_empty() && !store.contains('/');
    is_one.then(|| percent_decode_str(store).decode_utf8_lossy().into_owned())
}

/// Answers what isn't a login.
pub(super) fn answer(world: &mut World, route: &Route, sender: Sender, parts: &Parts, body: &Bytes) -> Answer {
    match (sender, login::header(parts, "tenant")) {
        _ if *route == Route::Unknown => return Answer::text(StatusCode::NOT_FOUND, "404 page not found\n"),
        (Sender::Nobody, _) => return failure(StatusCode::UNAUTHORIZED),
        (Sender::Stranger, _) => return failure(StatusCode::FORBIDDEN),
        (Sender::Known, None) => return refused(StatusCode::BAD_REQUEST, "The header Tenant is missing."),
        (Sender::Known, Some(DEMO_NEWSTORE_TENANT)) => {}
        (Sender::Known, Some(_)) => return refused(StatusCode::FORBIDDEN, "This is not your tenant."),
    }
    match route {
        Route::Retailer => retailer(world, &parsed(body)),
        Route::Onboard(store) => onboard(world, store, parts, &parsed(body)),
        Route::Numbers(store) if world.stores.contains_key(store) => {
            let offers = world.offers(store).into_iter().map(
                |offer| json!({"phone_number": offer.phone_number, "locality": offer.locality, "region": offer.region}),
            );
            Answer::json(StatusCode::OK, &Value::Array(offers.collect()))
        }
        Route::Numbers(_) => refused(StatusCode::NOT_FOUND, "There is no such store."),
        Route::Status => {
            let onboarded = world.retailer.is_some();
            Answer::json(StatusCode::OK, &json!({"tenant": DEMO_NEWSTORE_TENANT, "onboarded": onboarded}))
        }
        Route::Token | Route::Unknown => failure(StatusCode::NOT_FOUND),
    }
}

fn parsed(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn retailer(world: &mut World, body: &Value) -> Answer {
    let link = body["ecom_link"].as_str().filter(|link| Url::parse(link).is_ok());
    match (link, &world.retailer) {
        (None, _) => refused(StatusCode::BAD_REQUEST, "ecom_link is no address."),
        (Some(_), Some(_)) => refused(StatusCode::CONFLICT, "The retailer is configured already."),
        (Some(link), None) => {
            world.retailer = Some(link.to_owned());
            Answer::empty(StatusCode::CREATED)
        }
    }
}

fn onboard(world: &mut World, store: &str, parts: &Parts, body: &Value) -> Answer {
    let query = parts.uri.query().unwrap_or_default();
    let enable = url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "enable" && value == "true");
    let Some(number) = body["phone_number"].as_str() else {
        return refused(StatusCode::BAD_REQUEST, "phone_number is required.");
    };
    match world.onboard(store, number, enable) {
        Ok(()) => Answer::empty(StatusCode::CREATED),
        Err(Refusal::NoStore) => refused(StatusCode::NOT_FOUND, "There is no such store."),
        Err(Refusal::AlreadyThere) => refused(StatusCode::CONFLICT, "The store is onboarded already."),
        Err(Refusal::NoNumber) => refused(StatusCode::BAD_REQUEST, "The phone number is not available."),
    }
}

fn failure(status: StatusCode) -> Answer {
    refused(status, status.canonical_reason().unwrap_or_default())
}

/// An error as the page has them.
fn refused(status: StatusCode, message: &str) -> Answer {
    Answer::json(status, &json!({"request_id": "ckdk5bwy00009ztlo16062bce", "message": message}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_ask_for() {
        let paths = NewStorePaths { status: "GET /x/status".to_owned(), ..NewStorePaths::default() };
        let of = |method, path| Route::of(&paths, method, path);
        assert_eq!(of("POST", "/clienteling/stores/a%2Fb/onboard"), Route::Onboard("a/b".to_owned()));
        assert_eq!(of("GET", "/clienteling/stores/1/available-phone-numbers"), Route::Numbers("1".to_owned()));
        assert_eq!((of("POST", "/clienteling/retailers"), of("GET", "/x/status")), (Route::Retailer, Route::Status));
        for (method, path) in [
            ("GET", "/clienteling/stores/1/onboard"),
            ("POST", "/clienteling/stores//onboard"),
            ("POST", "/clienteling/stores/1/2/onboard"),
            ("POST", "/clienteling/retailers/"),
        ] {
            assert_eq!(of(method, path), Route::Unknown, "{method} {path}");
        }
        assert!(is_here(&paths, "/x/status") && is_here(&paths, "/auth/realms/a") && !is_here(&paths, "/shop/x"));
    }
}
