//! What an answer means.

use std::collections::HashSet;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::phone::{Offer, PhoneNumber};
use crate::remote::error::CallError;
use crate::remote::http::Answer;
use crate::remote::json::{text_of, without_half_surrogates};
use crate::remote::redact::looks_like;

/// The body of a success. A page is none, whatever its status says; only a 404 may well come as one. A 404 that is not
/// as documented is [`CallError::Missing`]: then not the store is missing, but the address.
pub(super) fn understand<'a>(answer: &Answer<'a>) -> Result<&'a [u8], CallError> {
    let code = answer.status.as_u16();
    let complaint = Complaint::of(answer.body);
    let seen = || match &complaint {
        Some(complaint) => answer.secrets.tell(&complaint.words()),
        None => answer.secrets.tell(&looks_like(answer.body)),
    };
    match answer.status {
        StatusCode::NOT_FOUND => match &complaint {
            Some(complaint) if complaint.is_documented() => Err(CallError::Refused { code, reason: seen() }),
            _ => Err(CallError::Missing),
        },
        _ if is_page(answer) => Err(answer.busy(|asks| format!("answered {code} with {}{asks}", seen()), true)),
        status if status.is_success() => Ok(answer.body),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(CallError::Unauthorized(format!("NewStore does not accept the token ({code}): {}", seen())))
        }
        StatusCode::TOO_MANY_REQUESTS => Err(answer.busy(|asks| format!("answered {code}{asks}"), false)),
        status if status.is_client_error() => Err(CallError::Refused { code, reason: seen() }),
        // A redirect isn't followed, and leads a second try nowhere else.
        status if status.is_redirection() && answer.method == Method::GET => {
            Err(CallError::Refused { code, reason: format!("answered {code}, a redirect, which isn't followed") })
        }
        _ => Err(answer.busy(|asks| format!("answered {code} with {}{asks}", seen()), true)),
    }
}

/// Whether it was written for people: by its look, or its label when it is no JSON.
fn is_page(answer: &Answer<'_>) -> bool {
    let label = answer.headers.get(CONTENT_TYPE).and_then(|label| label.to_str().ok()).unwrap_or_default();
    let is_labelled = label.trim_start().to_ascii_lowercase().starts_with("text/html");
    let text = text_of(answer.body);
    let is_other = || !text.trim().is_empty() && serde_json::from_str::<IgnoredAny>(&text).is_err();
    text.trim_start().starts_with('<') || (is_labelled && is_other())
}

/// Whether the body of a success is whole: nobody knows what half an answer says.
pub(super) fn whole(body: &[u8]) -> Result<(), CallError> {
    match serde_json::from_slice::<IgnoredAny>(body) {
        Err(error) if error.is_eof() && !body.trim_ascii().is_empty() => {
            Err(CallError::no_answer("the answer is cut short"))
        }
        _ => Ok(()),
    }
}

/// The numbers of a listing, and what of it is no number.
pub(super) fn numbers(body: &[u8]) -> Result<(Vec<Offer>, Vec<String>), CallError> {
    let strange = |problem: String| CallError::Strange(format!("the list of numbers is not one ({problem})"));
    whole(body)?;
    let text = text_of(body);
    let text = without_half_surrogates(&text);
    let entries: Vec<Value> = serde_json::from_str(&text).map_err(|error| strange(error.to_string()))?;
    let (mut offers, mut odd, mut seen) = (Vec::<Offer>::new(), Vec::new(), HashSet::new());
    for entry in &entries {
        let part = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = part("phone_number").and_then(|number| PhoneNumber::parse(&number));
        match number {
            Some(number) if !seen.insert(number.clone()) => {}
            Some(number) => offers.push(Offer { number, locality: part("locality"), region: part("region") }),
            None => odd.push(part("phone_number").unwrap_or_else(|| entry.to_string())),
        }
    }
    Ok((offers, odd))
}

/// Whatever the status says of the retailer.
pub(super) fn status(body: &[u8]) -> Result<Value, CallError> {
    whole(body)?;
    let text = text_of(body);
    match serde_json::from_str(&without_half_surrogates(&text)) {
        Ok(status @ Value::Object(_)) => Ok(status),
        Ok(_) => Err(CallError::Strange("the status is no object".to_owned())),
        Err(error) => Err(CallError::Strange(format!("the status is no JSON ({error})"))),
    }
}

/// What NewStore says of an error: on the API page it has `request_id` and `message`, elsewhere it is problem+json.
struct Complaint(Map<String, Value>);

impl Complaint {
    fn of(body: &[u8]) -> Option<Complaint> {
        let text = text_of(body);
        match serde_json::from_str(&without_half_surrogates(&text)) {
            Ok(Value::Object(fields)) => Some(Complaint(fields)).filter(|complaint| !complaint.said().is_empty()),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    fn said(&self) -> Vec<&str> {
        let message: Vec<&str> = self.text("message").into_iter().collect();
        let problem = || ["title", "detail"].iter().filter_map(|name| self.text(name)).collect();
        if message.is_empty() { problem() } else { message }
    }

    /// Whether it is one of NewStore's, and not a gateway's.
    fn is_documented(&self) -> bool {
        let has = |name: &str| self.text(name).is_some();
        (has("request_id") && has("message")) || (has("title") && (has("detail") || has("error_code")))
    }

    fn words(&self) -> String {
        let parts = [("error_code", "error_code"), ("request_id", "request_id")];
        let parts = parts.iter().filter_map(|(key, name)| self.text(key).map(|value| format!("{name} {value}")));
        let parts: Vec<String> = parts.collect();
        let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        format!("{}{parts}", self.said().join(": "))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use reqwest::header::{HeaderMap, HeaderValue};
    use secrecy::SecretString;

    use super::*;
    use crate::remote::redact::Secrets;

    const GOOD: &str = r#"{"request_id":"r-1","message":"Something is wrong."}"#;

    fn answer_to(method: &Method, status: u16, body: &str) -> Result<(), CallError> {
        labelled_answer_to(method, status, body, "application/json")
    }

    fn labelled_answer_to(method: &Method, status: u16, body: &str, label: &'static str) -> Result<(), CallError> {
        let secrets = Secrets::new([&SecretString::from("a-token-of-nobody")]);
        let headers: HeaderMap = [(CONTENT_TYPE, HeaderValue::from_static(label))].into_iter().collect();
        let status = StatusCode::from_u16(status).expect("a status");
        let (body, now) = (body.as_bytes(), Timestamp::UNIX_EPOCH);
        understand(&Answer { method, path: "", status, headers: &headers, body, secrets: &secrets, now })
            .and_then(whole)
    }

    fn kind(status: u16, body: &str) -> &'static str {
        match answer_to(&Method::POST, status, body) {
            Ok(()) => "done",
            Err(CallError::Unauthorized(_)) => "unauthorized",
            Err(CallError::Refused { .. }) => "refused",
            Err(CallError::Missing) => "address",
            Err(CallError::Passing { in_doubt: true, .. }) => "doubt",
            Err(CallError::Passing { in_doubt: false, .. }) => "later",
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_each_answer_means() {
        for (status, body, expected) in [
            (200, "{}", "done"),
            (201, "", "done"),
            (202, "accepted", "done"),
            (204, " \n", "done"),
            (200, "{\"phone_number\":\"+1", "doubt"),
            (200, "<html>", "doubt"),
            (200, "\u{feff} <!doctype html>", "doubt"),
            (302, "", "doubt"),
            (400, GOOD, "refused"),
            (400, "", "refused"),
            (400, "<html>", "doubt"),
            (403, "<html>", "doubt"),
            (429, "<html>", "doubt"),
            (401, GOOD, "unauthorized"),
            (403, "", "unauthorized"),
            (404, GOOD, "refused"),
            (404, r#"{"title":"Not found","detail":"no store","status":404}"#, "refused"),
            (404, "", "address"),
            (404, "<html>", "address"),
            (404, r#"{"message":"no Route matched with those values"}"#, "address"),
            (405, GOOD, "refused"),
            (409, GOOD, "refused"),
            (422, GOOD, "refused"),
            (429, GOOD, "later"),
            (500, GOOD, "doubt"),
            (502, "<html>", "doubt"),
            (503, "", "doubt"),
        ] {
            assert_eq!(kind(status, body), expected, "{status} {body}");
        }
        let page = |status, body| labelled_answer_to(&Method::POST, status, body, "text/html; charset=utf-8");
        assert!(page(400, "Bad request").is_err_and(|error| error.is_in_doubt()));
        assert!(page(200, "").is_ok() && matches!(page(400, GOOD), Err(CallError::Refused { .. })));
        assert!(matches!(answer_to(&Method::GET, 302, ""), Err(CallError::Refused { code: 302, .. })));
    }

    #[test]
    fn errors_are_told_in_one_line_without_secrets() {
        let told = |body: &str| match answer_to(&Method::POST, 400, body) {
            Err(CallError::Refused { code: 400, reason }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(GOOD), "Something is wrong. (request_id r-1)");
        assert_eq!(told(r#"{"message":"a\nb a-token-of-nobody"}"#), "a b ***");
        let problem = r#"{"title":"Bad","detail":"no number","error_code":"e_1","request_id":"r-2"}"#;
        assert_eq!(told(problem), "Bad: no number (error_code e_1, request_id r-2)");
        assert_eq!(told("no"), "no");
        assert_eq!(told("{\"message\":\"\\ud800\"}"), "\u{fffd}");
    }

    #[test]
    fn what_is_no_number_costs_itself_alone() {
        let body = r#"[{"phone_number":"+19045550100","locality":"Jacksonville","region":"FL"},
            {"phone_number":"9045550101"},{"phone_number":7},"x",{"phone_number":"+19045550100"},
            {"phone_number":"+19045550102","locality":null}]"#;
        let (offers, odd) = numbers(body.as_bytes()).expect("a list");
        let offered: Vec<&str> = offers.iter().map(|offer| offer.number.as_str()).collect();
        assert_eq!(offered, ["+19045550100", "+19045550102"]);
        assert_eq!((offers[0].region.as_deref(), offers[1].locality.as_deref()), (Some("FL"), None));
        assert_eq!(odd, ["9045550101", "{\"phone_number\":7}", "\"x\""]);
        for strange in ["{}", "null", "\"\"", "", "[}"] {
            assert!(matches!(numbers(strange.as_bytes()), Err(CallError::Strange(_))), "{strange:?}");
        }
        assert!(numbers(b"[{\"phone_number\":").is_err_and(|error| error.can_pass()));
        assert!(status(b"[]").is_err() && status(b"{\"onboarded\":true}").is_ok());
    }
}
