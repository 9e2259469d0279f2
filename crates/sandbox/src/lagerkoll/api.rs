//! Lagerkoll's scheduled events: routes, and what each method does (Scheduled Events API page).

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::accounts::{Accounts, Caller, MACHINE, Sender};
use super::reply::{Code, failure, refusal, success};
use super::rules::LagerkollRules;
use crate::faults::Target;
use crate::reply::Answer;
use crate::store::Object;
use crate::validate;

const ROOT: &str = "/v1/events";

/// The first id that is given out: from here on up, floating-point numbers miss every second one.
const FIRST_ID: i64 = (1 << 53) + 1;

/// Whether a path is one of this API.
pub(crate) fn is_here(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A request with everything that its answer depends on.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: String,
    /// As sent, without the query.
    pub(super) path: String,
    pub(super) path_and_query: String,
    pub(super) sender: Sender,
    content_type: Option<String>,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn of(parts: &Parts, body: Bytes) -> Self {
        let header = |name| text(&parts.headers, name);
        Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            path_and_query: parts.uri.to_string(),
            sender: Sender {
                store: header("store"),
                api_key: header("api_key"),
                user_id: header("user_id"),
                user_token: header("user_token"),
            },
            content_type: header(CONTENT_TYPE.as_str()),
            body,
        }
    }

    /// What fault rules look at.
    pub(super) fn target(&self) -> Target<'_> {
        let path = place(&self.path);
        let id = path.parse::<i64>().is_ok().then_some(path);
        Target { method: &self.method, path, kind: None, id, store: self.sender.store.as_deref() }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    value.to_str().ok().map(str::to_owned)
}

/// A path without the root and the slashes around it.
fn place(path: &str) -> &str {
    path.strip_prefix(ROOT).unwrap_or_default().trim_matches('/')
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    All,
    /// Those of the user who asks.
    Mine,
    One(i64),
    Unknown,
}

impl Route {
    /// Reads a raw path; a slash at its end makes no difference.
    pub(super) fn of(path: &str) -> Self {
        match place(path) {
            "" => Self::All,
            "user" => Self::Mine,
            id => id.parse().map_or(Self::Unknown, Self::One),
        }
    }

    /// What it is called when requests are counted.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "events",
            Self::Mine => "user",
            Self::One(_) => "event",
            Self::Unknown => "?",
        }
    }
}

/// Everything that Lagerkoll holds.
#[derive(Debug, Default)]
pub(super) struct Api {
    pub(super) accounts: Accounts,
    /// By store and id.
    pub(super) events: BTreeMap<String, BTreeMap<i64, Object>>,
    /// How many ids were given out; ids are unique over all stores.
    given: i64,
}

impl Api {
    /// Does what a call asks for.
    pub(super) fn answer(&mut self, route: &Route, call: &Call, rules: &LagerkollRules) -> Answer {
        let Some(caller) = self.accounts.admit(&call.sender) else {
            return failure(StatusCode::UNAUTHORIZED);
        };
        let result = match (call.method.as_str(), route) {
            (_, Route::Unknown) => Err(failure(StatusCode::NOT_FOUND)),
            ("GET", Route::All) => Ok(self.list(&caller.store, None)),
            ("GET", Route::Mine) => self.list_own(&caller),
            ("POST", Route::All) => self.create(&caller, call, rules),
            ("DELETE", Route::One(id)) => return self.delete(&caller.store, *id),
            _ => Err(failure(StatusCode::METHOD_NOT_ALLOWED)),
        };
        result.map_or_else(|refusal| refusal, |value| success(&value, rules))
    }

    /// Stores an event of a store as it is, with an id and a maker if it has none.
    pub(super) fn put(&mut self, store: &str, mut event: Object) -> i64 {
        let id = event.get("id").and_then(Value::as_i64).unwrap_or_else(|| self.next_id());
        event.insert("id".to_owned(), id.into());
        event.entry("createdBy").or_insert_with(|| MACHINE.0.into());
        event.entry("createdName").or_insert_with(|| MACHINE.1.into());
        self.events.entry(store.to_owned()).or_default().insert(id, event);
        id
    }

    fn next_id(&mut self) -> i64 {
        loop {
            let id = FIRST_ID + self.given;
            self.given += 1;
            if !self.events.values().any(|events| events.contains_key(&id)) {
                return id;
            }
        }
    }

    /// The events of a store, or only those that someone made.
    fn list(&self, store: &str, maker: Option<i64>) -> Value {
        let events = self.events.get(store).into_iter().flat_map(BTreeMap::values);
        let wanted =
            |event: &&Object| maker.is_none_or(|maker| event.get("createdBy").and_then(Value::as_i64) == Some(maker));
        json!({ "events": events.filter(wanted).collect::<Vec<_>>() })
    }

    fn list_own(&self, caller: &Caller) -> Result<Value, Answer> {
        let no_user = "An API key belongs to no user, so there are no events of theirs";
        let user = caller.user.as_ref().ok_or_else(|| refusal(Code::Get, no_user, Some("user_id")))?;
        Ok(self.list(&caller.store, Some(user.id)))
    }

    fn create(&mut self, caller: &Caller, call: &Call, rules: &LagerkollRules) -> Result<Value, Answer> {
        let is_json = call.content_type.as_ref().is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Err(refusal(Code::Common, "The sandbox takes application/json only", Some("Content-Type")));
        }
        let mut event = event(&call.body)?;
        if let Some(Value::String(time)) = event.get_mut("trigger").and_then(|trigger| trigger.get_mut("time"))
            && rules.adds_seconds
            && time.len() == "08:00".len()
        {
            time.push_str(":00");
        }
        if let Some(user) = &caller.user {
            event.insert("createdBy".to_owned(), user.id.into());
            event.insert("createdName".to_owned(), user.name.clone().into());
        }
        let id = self.put(&caller.store, event);
        Ok(json!(self.events[&caller.store][&id]))
    }

    /// The answer to a removal has no body.
    fn delete(&mut self, store: &str, id: i64) -> Answer {
        match self.events.get_mut(store).and_then(|events| events.remove(&id)) {
            Some(_) => Answer::empty(StatusCode::OK),
            None => refusal(Code::Remove, &format!("There is no scheduled event {id}"), Some("id")),
        }
    }
}

/// Reads a new event. Fields that can't be written or aren't known are refused: what the real Lagerkoll would
/// make of them is not known, so nobody should send them.
fn event(body: &[u8]) -> Result<Object, Answer> {
    const FIELDS: [(&str, bool); 4] =
        [("actionType", false), ("action", true), ("triggerType", false), ("trigger", true)];
    let event = validate::object(body).map_err(|problem| refusal(Code::Common, &problem, None))?;
    let unknown = event.keys().find(|name| FIELDS.iter().all(|(known, _)| known != name));
    if let Some(name) = unknown {
        return Err(refusal(Code::Common, "This field can't be written", Some(name)));
    }
    for (name, is_map) in FIELDS {
        let problem = match event.get(name) {
            None => "This field is required",
            Some(Value::Object(_)) if is_map => continue,
            Some(Value::String(text)) if !is_map && !text.is_empty() => continue,
            Some(_) if is_map => "This field must be a map",
            Some(_) => "This field must be a string that is not empty",
        };
        return Err(refusal(Code::Common, problem, Some(name)));
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_make_no_difference() {
        let routes = [
            ("/v1/events", Route::All),
            ("/v1/events/user", Route::Mine),
            ("/v1/events/9007199254740993", Route::One(9_007_199_254_740_993)),
            ("/v1/events/other", Route::Unknown),
            ("/v1/events/1/2", Route::Unknown),
        ];
        for (path, route) in routes {
            assert_eq!((Route::of(path), Route::of(&format!("{path}/"))), (route, route), "{path}");
            assert!(is_here(path));
        }
        assert!(!is_here("/v1/eventsource") && !is_here("/v1/"));
    }
}
