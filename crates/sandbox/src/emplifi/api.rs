//! The two questions of Emplifi's API page: is this advisor there, and is anybody there whom a rule fits.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;

use super::advisor::{Advisor, DEMO_EMPLIFI_KEY};
use crate::faults::{Manner, Target};
use crate::reply::Answer;

const ROOT: &str = "/gis/rest/api/v1/live-advisor/";

/// What Emplifi says when it is made to fail. The page documents no body of an error.
pub(super) const MANNER: Manner = Manner { failure, success: || availability(true) };

/// Whether a path is one of this API.
pub(crate) fn is_here(path: &str) -> bool {
    path.starts_with("/gis/")
}

/// A request with everything that its answer depends on.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: String,
    /// As sent, without the query.
    pub(super) path: String,
    pub(super) path_and_query: String,
    key: Option<String>,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn of(parts: &Parts, body: Bytes) -> Self {
        let key = parts.headers.get("api-key").and_then(|key| key.to_str().ok());
        Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            path_and_query: parts.uri.to_string(),
            key: key.map(str::to_owned),
            body,
        }
    }

    pub(super) fn is_authorized(&self) -> bool {
        self.key.as_deref() == Some(DEMO_EMPLIFI_KEY)
    }

    /// What fault rules look at: the id of a direct question is the alias.
    pub(super) fn target<'c>(&'c self, question: &'c Question) -> Target<'c> {
        let path = self.path.strip_prefix(ROOT).unwrap_or_default();
        let id = if let Question::Direct(alias) = question { Some(alias.as_str()) } else { None };
        Target { method: &self.method, path, kind: None, id, store: None }
    }
}

/// What a path asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// For one advisor, by the alias.
    Direct(String),
    /// For any whom a rule fits.
    MultiLevel,
    Unknown,
}

impl Question {
    pub(super) fn of(path: &str) -> Self {
        let place = path.strip_prefix(ROOT).unwrap_or_default();
        if place == "multi-level/any-available" {
            return Self::MultiLevel;
        }
        let alias = place.strip_prefix("direct/").and_then(|rest| rest.strip_suffix("/is-available"));
        match alias.filter(|alias| !alias.is_empty() && !alias.contains('/')) {
            Some(alias) => Self::Direct(percent_decode_str(alias).decode_utf8_lossy().into_owned()),
            None => Self::Unknown,
        }
    }

    /// What it is called when requests are counted.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Direct(_) => "direct",
            Self::MultiLevel => "multi-level",
            Self::Unknown => "?",
        }
    }
}

/// The body of a multi-level question.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Wanted {
    required_routing_keys: Vec<String>,
    operator: Operator,
    /// Says who is preferred, and nothing of who is there.
    #[serde(rename = "optional-routing-keys")]
    _optional: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Operator {
    #[default]
    And,
    Or,
}

impl Wanted {
    fn fits(&self, advisor: &Advisor) -> bool {
        let mut keys = self.required_routing_keys.iter();
        let has = |key: &String| advisor.keys.contains(key);
        match self.operator {
            _ if self.required_routing_keys.is_empty() => true,
            Operator::And => keys.all(has),
            Operator::Or => keys.any(has),
        }
    }
}

/// Answers a call.
pub(super) fn answer(advisors: &BTreeMap<String, Advisor>, question: &Question, call: &Call) -> Answer {
    if !call.is_authorized() {
        return failure(StatusCode::UNAUTHORIZED);
    }
    match (question, call.method.as_str()) {
        (Question::Unknown, _) => failure(StatusCode::NOT_FOUND),
        (Question::Direct(alias), "GET") => match advisors.get(alias) {
            Some(advisor) => availability(advisor.available),
            None => failure(StatusCode::NOT_FOUND),
        },
        (Question::MultiLevel, "POST") => match serde_json::from_slice::<Wanted>(&call.body) {
            Ok(wanted) => availability(advisors.values().any(|advisor| advisor.available && wanted.fits(advisor))),
            Err(_) => failure(StatusCode::BAD_REQUEST),
        },
        _ => failure(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn availability(is_available: bool) -> Answer {
    let word = if is_available { "AVAILABLE" } else { "NOT_AVAILABLE" };
    Answer::json(StatusCode::OK, &json!({ "availability": word }))
}

fn failure(status: StatusCode) -> Answer {
    Answer::json(status, &json!({ "message": status.canonical_reason().unwrap_or_default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_ask() {
        let of = |place: &str| Question::of(&format!("{ROOT}{place}"));
        assert_eq!(of("direct/a%2Fb%20c/is-available"), Question::Direct("a/b c".to_owned()));
        assert_eq!(of("multi-level/any-available"), Question::MultiLevel);
        for place in ["", "direct//is-available", "direct/a/b/is-available", "direct/a", "multi-level/"] {
            assert_eq!(of(place), Question::Unknown, "{place}");
        }
    }

    #[test]
    fn whom_rules_fit() {
        let advisor = Advisor { alias: "a".into(), keys: vec!["sofas".into(), "de".into()], available: true };
        let fits = |body: &str| serde_json::from_str::<Wanted>(body).expect(body).fits(&advisor);
        assert!(fits("{}") && fits(r#"{"required-routing-keys":[]}"#));
        assert!(fits(r#"{"required-routing-keys":["de","sofas"]}"#));
        assert!(!fits(r#"{"required-routing-keys":["de","beds"],"operator":"AND"}"#));
        assert!(fits(r#"{"required-routing-keys":["de","beds"],"operator":"OR","optional-routing-keys":["x"]}"#));
    }
}
