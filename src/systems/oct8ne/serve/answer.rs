//! How answers are written: JSON that is safe inside a script, in a callback or without one.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::catalog::digest_bytes;

/// Shorter bodies aren't worth packing.
const WORTH_PACKING: usize = 1_000;

/// What came of a request, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::systems::oct8ne) enum Outcome {
    Ok,
    /// Nothing was found, or nobody is there.
    Empty,
    Refused,
    Error,
}

impl Outcome {
    pub(in crate::systems::oct8ne) fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Empty => "empty",
            Outcome::Refused => "refused",
            Outcome::Error => "error",
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(in crate::systems::oct8ne) struct Answer {
    pub(in crate::systems::oct8ne) status: StatusCode,
    pub(in crate::systems::oct8ne) outcome: Outcome,
    pub(in crate::systems::oct8ne) value: Value,
    /// Of products: everybody may see and keep it.
    pub(in crate::systems::oct8ne) is_public: bool,
    pub(in crate::systems::oct8ne) wait: Option<Duration>,
    /// What the shop wants the browser to keep.
    pub(in crate::systems::oct8ne) cookies: Vec<HeaderValue>,
}

impl Answer {
    fn new(outcome: Outcome, value: Value, is_public: bool) -> Answer {
        Answer { status: StatusCode::OK, outcome, value, is_public, wait: None, cookies: Vec::new() }
    }

    /// Of products.
    pub(in crate::systems::oct8ne) fn public(value: Value) -> Answer {
        let is_empty = value.as_array().is_some_and(Vec::is_empty) || value.get("total") == Some(&json!(0));
        Answer::new(if is_empty { Outcome::Empty } else { Outcome::Ok }, value, true)
    }

    /// Of everything else.
    pub(in crate::systems::oct8ne) fn private(value: Value) -> Answer {
        let outcome = if value.as_array().is_some_and(Vec::is_empty) { Outcome::Empty } else { Outcome::Ok };
        Answer::new(outcome, value, false)
    }

    pub(in crate::systems::oct8ne) fn with(self, outcome: Outcome) -> Answer {
        Answer { outcome, ..self }
    }

    /// A refusal, or what can't be done now.
    pub(in crate::systems::oct8ne) fn error(status: StatusCode, message: &str) -> Answer {
        let outcome = if status.is_server_error() { Outcome::Error } else { Outcome::Refused };
        let value = json!({"error": true, "message": message});
        Answer { status, ..Answer::new(outcome, value, false) }
    }

    pub(in crate::systems::oct8ne) fn after(self, wait: Duration) -> Answer {
        Answer { wait: Some(wait), ..self }
    }
}

/// What of a request counts when its answer is written.
pub(in crate::systems::oct8ne) struct Asked<'a> {
    pub(in crate::systems::oct8ne) headers: &'a HeaderMap,
    pub(in crate::systems::oct8ne) callback: Option<&'a str>,
    /// The page that asks, if it may see a customer's data.
    pub(in crate::systems::oct8ne) origin: Option<&'a str>,
    pub(in crate::systems::oct8ne) cache: Duration,
}

/// JSON without what a browser could take for markup, or a script's line end.
pub(in crate::systems::oct8ne) fn text(value: &Value) -> String {
    let json = value.to_string();
    let mut text = String::with_capacity(json.len() + 16);
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => text.push(letter),
        }
    }
    text
}

/// Writes an answer.
pub(in crate::systems::oct8ne) fn respond(answer: Answer, asked: &Asked<'_>) -> Response {
    let json = text(&answer.value);
    let (body, kind) = match asked.callback {
        Some(name) => (format!("{name}({json});"), "application/javascript; charset=utf-8"),
        None => (json, "application/json; charset=utf-8"),
    };
    let mut response = written(body.into_bytes(), kind, answer.is_public && answer.status == StatusCode::OK, asked);
    if response.status() == StatusCode::OK {
        *response.status_mut() = answer.status;
    }
    let headers = response.headers_mut();
    if let Some(wait) = answer.wait {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64));
    }
    if answer.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    }
    answer.cookies.into_iter().for_each(|cookie| _ = headers.append(SET_COOKIE, cookie));
    response
}

/// A body with what browsers and caches may do with it.
pub(in crate::systems::oct8ne) fn written(body: Vec<u8>, kind: &str, is_public: bool, asked: &Asked<'_>) -> Response {
    let is_packed = body.len() >= WORTH_PACKING && takes_gzip(asked.headers);
    let tag = format!("\"{:032x}{}\"", digest_bytes(&body), if is_packed { "-gzip" } else { "" });
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let set = |headers: &mut HeaderMap, name, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(headers, CONTENT_TYPE, kind);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut vary = vec!["Accept-Encoding"];
    if is_public {
        set(headers, CACHE_CONTROL, &format!("public, max-age={}", asked.cache.as_secs()));
        set(headers, ETAG, &tag);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        vary.push("Origin");
        if let Some(origin) = asked.origin {
            set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
    set(headers, VARY, &vary.join(", "));
    if is_public && is_known(asked.headers, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    if is_packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Body::from(if is_packed { packed(&body).unwrap_or(body) } else { body });
    response
}

fn packed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn values(headers: &HeaderMap, name: axum::http::HeaderName) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    values(headers, IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    values(headers, ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && !weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_safe_inside_a_script() {
        let value = json!({"a": "</script><!-- & \u{2028}\u{2029}\""});
        let written = text(&value);
        assert!(!written.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), value);
    }
}
