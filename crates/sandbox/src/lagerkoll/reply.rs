//! How Lagerkoll words its answers (Scheduled Events API page, section Errors).

use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use super::rules::{LagerkollRules, RetryAfter};
use crate::faults::Manner;
use crate::reply::Answer;

/// What Lagerkoll says when it is made to fail.
pub(super) const MANNER: Manner =
    Manner { failure, success: || Answer::json(StatusCode::OK, &json!({ "events": [] })) };

/// The errors of the page that the sandbox has a reason for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Credentials,
    Common,
    TooMany,
    Get,
    Remove,
}

impl Code {
    fn number(self) -> u32 {
        match self {
            Self::Credentials => 900_001,
            Self::Common => 900_101,
            Self::TooMany => 900_429,
            Self::Get => 907_001,
            Self::Remove => 907_004,
        }
    }

    /// The page gives no HTTP status for any error but too many requests.
    fn status(self) -> StatusCode {
        match self {
            Self::Credentials => StatusCode::UNAUTHORIZED,
            Self::Common | Self::Get => StatusCode::BAD_REQUEST,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Remove => StatusCode::NOT_FOUND,
        }
    }
}

/// An error about a request, or about a field of it.
pub(super) fn refusal(code: Code, message: &str, field: Option<&str>) -> Answer {
    error(code.status(), code, message, field)
}

/// The usual error of an HTTP status.
pub(super) fn failure(status: StatusCode) -> Answer {
    match status {
        StatusCode::UNAUTHORIZED => error(status, Code::Credentials, "Credentials don't match", None),
        StatusCode::TOO_MANY_REQUESTS => error(status, Code::TooMany, "Too many requests", None),
        StatusCode::NOT_FOUND => error(status, Code::Common, "There is no such address", None),
        StatusCode::METHOD_NOT_ALLOWED => error(status, Code::Common, "This method is not for this address", None),
        _ => error(status, Code::Common, "Something went wrong on the server", None),
    }
}

fn error(status: StatusCode, code: Code, message: &str, field: Option<&str>) -> Answer {
    let body = json!({
        "errorCode": code.number(),
        "errorMessage": message,
        "errorField": field,
        "errorData": null,
    });
    Answer::json(status, &body)
}

/// The answer to a request over the limit, when the next may be sent after this time.
pub(super) fn too_many(wait: Duration, retry_after: RetryAfter) -> Answer {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let retry_after = match retry_after {
        RetryAfter::Seconds => Some(seconds.to_string()),
        RetryAfter::Date => http_date(SystemTime::now() + wait),
        RetryAfter::Missing => None,
    };
    Answer { retry_after, ..failure(StatusCode::TOO_MANY_REQUESTS) }
}

/// The first whole second that isn't before a time: dates have no fractions.
fn http_date(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time + Duration::from_nanos(999_999_999)).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

/// An answer with a result, whose maps have their keys in the order that the rules say.
pub(super) fn success(value: &Value, rules: &LagerkollRules) -> Answer {
    let mut answer = Answer::json(StatusCode::OK, value);
    if rules.reverse_keys {
        let mut text = String::new();
        write_reversed(value, &mut text);
        answer.body = text.into();
    }
    answer
}

/// JSON as ever, but with the keys of every map from the last to the first.
fn write_reversed(value: &Value, out: &mut String) {
    let mut separator = "";
    match value {
        Value::Object(map) => {
            out.push('{');
            for (key, value) in map.iter().rev() {
                out.push_str(separator);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_reversed(value, out);
                separator = ",";
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for value in list {
                out.push_str(separator);
                write_reversed(value, out);
                separator = ",";
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversed_keys_are_the_same_json() {
        let text = r#"{"b":[{"d":1.50,"c":null},[]],"a\"":{}}"#;
        let value: Value = serde_json::from_str(text).expect("JSON");
        let mut reversed = String::new();
        write_reversed(&value, &mut reversed);
        assert_eq!(reversed, text);
        assert_ne!(value.to_string(), text);
    }

    #[test]
    fn what_a_refused_request_is_told_to_wait() {
        let wait = Duration::from_millis(1001);
        let told = |retry_after| too_many(wait, retry_after).retry_after;
        assert_eq!((told(RetryAfter::Seconds).as_deref(), told(RetryAfter::Missing)), (Some("2"), None));
        for (milliseconds, wanted) in [(0, "00:00:00"), (1, "00:00:01"), (1000, "00:00:01")] {
            let date = http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds));
            assert_eq!(date, Some(format!("Thu, 01 Jan 1970 {wanted} GMT")));
        }
        assert!(told(RetryAfter::Date).is_some_and(|date| date.ends_with(" GMT")));
    }
}
