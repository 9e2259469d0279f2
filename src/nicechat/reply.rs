//! What an answer means.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::wire::{LONGEST_RETRY_AFTER, looks_like, retry_after};

/// Why a call came to nothing.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CallError {
    /// 401: no call with this key and secret will do better.
    #[error("NiceChat does not accept the key or the signature ({0}); check api_key and api_secret")]
    Unauthorized(String),
    /// 400 and its like: this object will not be taken as it is.
    #[error("{reason} (code {code})")]
    Refused {
        /// The code of the answer.
        code: u16,
        /// The answer's own words.
        reason: String,
    },
    /// 404: there is no such object.
    #[error("there is no such object")]
    Missing,
    /// 412: an object with this id is there already.
    #[error("an object with this id exists already")]
    Exists,
    /// What may do better another time: 429, 50x, a broken connection, a page instead of JSON.
    #[error("{reason}")]
    Passing {
        /// What happened.
        reason: String,
        /// How long the service asks to be left alone.
        retry_after: Option<Duration>,
        /// Nobody told what became of the request: it was sent, but its answer was lost or unreadable.
        in_doubt: bool,
    },
}

impl CallError {
    /// Whether the service asks to be left alone for longer than a pass should wait.
    pub fn asks_for_too_long(&self) -> bool {
        matches!(self, CallError::Passing { retry_after: Some(asked), .. } if *asked > LONGEST_RETRY_AFTER)
    }

    /// An answer that never came, or that says nothing.
    pub(super) fn no_answer(reason: impl Into<String>) -> CallError {
        CallError::Passing { reason: reason.into(), retry_after: None, in_doubt: true }
    }

    /// How long the service asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            CallError::Passing { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether it may do better another time.
    pub fn can_pass(&self) -> bool {
        matches!(self, CallError::Passing { .. })
    }

    /// Whether the request may have had its effect all the same.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, CallError::Passing { in_doubt: true, .. })
    }
}

/// The envelope around every answer (API page, all samples).
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(default)]
    status: String,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    result: Value,
}

impl Envelope {
    /// The code, as a number or as text; 0 when it is neither.
    fn code(&self) -> u16 {
        let text = self.code.as_str().map_or_else(|| self.code.to_string(), str::to_owned);
        text.trim().parse().unwrap_or(0)
    }
}

/// The `result` of an answer, or what went wrong. An answer has failed when the HTTP status says
/// so *or* its envelope does, and the worse of the two counts.
pub(super) fn understand(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, CallError> {
    let envelope: Option<Envelope> = serde_json::from_slice(body).ok();
    let http = status.as_u16();
    if status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
        return Err(CallError::no_answer(format!("answered {http}, a redirect to {to}; check base_url")));
    }
    let said = match &envelope {
        Some(envelope) if envelope.status == "error" => Some(envelope.code()),
        _ => None,
    };
    if status.is_success() && said.is_none() {
        return match envelope {
            Some(envelope) => Ok(envelope.result),
            None if body.trim_ascii().is_empty() => Ok(Value::Null),
            None => Err(CallError::no_answer(format!("answered {http} with {}", looks_like(body)))),
        };
    }
    let own_words = envelope.as_ref().and_then(|envelope| envelope.description.clone());
    // A page is a proxy's, and says nothing about the object.
    let is_ours = !body.trim_ascii_start().starts_with(b"<");
    let worse = said.filter(|said| *said > http).unwrap_or(http);
    let reason = own_words.unwrap_or_else(|| format!("answered {http} with {}", looks_like(body)));
    Err(match worse {
        _ if http == 401 || said == Some(401) => CallError::Unauthorized(reason),
        404 if is_ours => CallError::Missing,
        412 if is_ours => CallError::Exists,
        400 | 405 | 413 | 414 | 415 | 422 => CallError::Refused { code: worse, reason },
        402..=499 if is_ours && !matches!(worse, 408 | 425 | 429) => CallError::Refused { code: worse, reason },
        code => {
            let retry_after = retry_after(headers, now);
            let asks = retry_after.map(|wait| format!(", asks to wait {} s", wait.as_secs())).unwrap_or_default();
            // A gateway's 502 and 504, and most other 50x, say nothing of what the service behind it did.
            let in_doubt = matches!(code, 500..=502 | 504..=599);
            CallError::Passing { reason: format!("{reason} (code {code}{asks})"), retry_after, in_doubt }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Value, CallError> {
        let status = StatusCode::from_u16(status).expect("a status");
        understand(status, &HeaderMap::new(), body.as_bytes(), Timestamp::UNIX_EPOCH)
    }

    fn kind(status: u16, body: &str) -> &'static str {
        match answer(status, body) {
            Ok(_) => "ok",
            Err(CallError::Unauthorized(_)) => "unauthorized",
            Err(CallError::Refused { .. }) => "refused",
            Err(CallError::Missing) => "missing",
            Err(CallError::Exists) => "exists",
            Err(CallError::Passing { .. }) => "passing",
        }
    }

    #[test]
    fn the_worse_of_status_and_envelope_counts() {
        let error = |code| format!(r#"{{"status":"error","code":{code},"description":"no"}}"#);
        for (status, body, expected) in [
            (201, r#"{"status":"ok","code":201,"result":{"id":"1"}}"#.to_owned(), "ok"),
            (200, r#"{"status":"ok","code":204,"description":"Accepted"}"#.to_owned(), "ok"),
            (204, String::new(), "ok"),
            (200, error(400), "refused"),
            (200, error(404), "missing"),
            (200, error(412), "exists"),
            (200, error(401), "unauthorized"),
            (200, error(503), "passing"),
            (401, "<html>".to_owned(), "unauthorized"),
            (404, String::new(), "missing"),
            (404, "<html>404".to_owned(), "passing"),
            (405, error(405), "refused"),
            (413, "<html>".to_owned(), "refused"),
            (429, error(429), "passing"),
            (500, error(400), "passing"),
            (502, "<html>".to_owned(), "passing"),
            (200, "<html>".to_owned(), "passing"),
            (200, r#"{"status":"ok","res"#.to_owned(), "passing"),
            (302, String::new(), "passing"),
        ] {
            assert_eq!(kind(status, &body), expected, "{status} {body}");
        }
    }
}
