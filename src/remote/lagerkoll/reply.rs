//! What an answer means.

use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::unique::repeated_key;
use crate::remote::error::CallError;
use crate::remote::http::Answer;
use crate::remote::redact::looks_like;
use crate::text::plain;

/// Of UTF-8, which some servers write before their answer.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An answer of more values than this can fill is none: small ones take a hundred times their bytes.
const MOST_STRUCTURE: usize = 1_000_000;

/// What the API page calls an error (section "Errors").
struct Complaint {
    code: i64,
    /// The code as it is written.
    written: String,
    message: String,
    field: Option<String>,
    data: Option<String>,
}

impl Complaint {
    /// The complaint in a body, if it is one.
    fn of(body: &Value) -> Option<Complaint> {
        let part = |name: &str| body.get(name).filter(|value| !value.is_null());
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let code = text(part("errorCode")?);
        Some(Complaint {
            // A code that is no number is none that we know.
            code: code.trim().parse().unwrap_or(if code.trim().is_empty() { 0 } else { -1 }),
            written: code,
            message: part("errorMessage").map(text).unwrap_or_default(),
            field: part("errorField").map(text).filter(|field| !field.is_empty()),
            data: part("errorData").map(text).filter(|data| !data.is_empty()),
        })
    }

    /// Whether it says that there is no error: some services write a zero or an empty string for that.
    fn is_none(&self) -> bool {
        self.code == 0
    }

    /// The code in words (API page, the table under "Errors").
    fn meaning(&self) -> &'static str {
        match self.code {
            900_001 => "the credentials don't match",
            900_101 => "Lagerkoll's common error",
            900_429 => "too many requests",
            907_001 => "Lagerkoll could not get the scheduled events",
            907_002 => "Lagerkoll could not create the scheduled event",
            907_003 => "Lagerkoll could not update the scheduled event",
            907_004 => "Lagerkoll could not remove the scheduled event",
            _ => "Lagerkoll reports an error that its page doesn't name",
        }
    }

    fn words(&self) -> String {
        let message = if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        let field = self.field.as_ref().map(|field| format!(", field {field}")).unwrap_or_default();
        let data = self.data.as_ref().map(|data| format!(", data {data}")).unwrap_or_default();
        // Cut when it is told, and only after a secret was found in it.
        plain(&format!("{}{message} (code {}{field}{data})", self.meaning(), self.written), usize::MAX)
    }
}

/// The JSON of an answer (null for one without a body), or what went wrong. An answer has failed when
/// the HTTP status says so *or* its body does.
pub(super) fn understand(answer: &Answer<'_>) -> Result<Value, CallError> {
    let (http, headers) = (answer.status.as_u16(), answer.headers);
    if structure(answer.body) > MOST_STRUCTURE {
        return Err(CallError::Strange("the answer has more values than any listing of events can have".to_owned()));
    }
    if answer.status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
        return Err(CallError::Strange(format!("answered {http}, a redirect to {to}; check base_url")));
    }
    if answer.status == StatusCode::PARTIAL_CONTENT {
        return Err(CallError::no_answer("answered 206, only a part of the answer"));
    }
    let body = answer.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(answer.body);
    let json = serde_json::from_slice::<Value>(body);
    let complaint = json.as_ref().ok().and_then(Complaint::of);
    if answer.status.is_success() && complaint.as_ref().is_none_or(Complaint::is_none) {
        let json = json.or_else(|error| unreadable(http, body, &error))?;
        return match repeated_key(body) {
            // Which of the two is meant, nobody can tell.
            Some(key) => Err(CallError::Strange(format!("answered {http} with JSON that has {key:?} twice in a map"))),
            None => Ok(json),
        };
    }
    Err(failure(answer, complaint, body))
}

/// What a failure means.
fn failure(answer: &Answer<'_>, complaint: Option<Complaint>, body: &[u8]) -> CallError {
    let http = answer.status.as_u16();
    let reason = complaint.as_ref().map_or_else(|| format!("answered {http} with {}", seems(body)), Complaint::words);
    let reason = answer.secrets.tell(&reason);
    let code = complaint.as_ref().map_or(0, |complaint| complaint.code);
    // A page is a proxy's, and says nothing about the event.
    let is_page = body.trim_ascii_start().starts_with(b"<");
    // Only what adds an event has fields that could be wrong.
    let is_about_a_field =
        answer.method == Method::POST && complaint.is_some_and(|complaint| complaint.field.is_some());
    let busy = |in_doubt| answer.busy(|asks| format!("{reason}{asks}"), in_doubt);
    match http {
        _ if code == 900_429 || http == 429 => busy(false),
        _ if code == 900_001 || matches!(http, 401 | 403) => CallError::Unauthorized(format!(
            "Lagerkoll does not accept who we are: {reason}; check store, and api_key or user_id and user_token"
        )),
        // "Something went wrong on the server", whatever the status says.
        _ if code == 900_101 && !is_about_a_field => busy(true),
        404 if !is_page => CallError::Missing,
        400..=499 if !is_page && !matches!(http, 408 | 425) => CallError::Refused { code: http, reason },
        _ if is_about_a_field => CallError::Refused { code: http, reason },
        _ => busy(true),
    }
}

/// Signs that begin or part values: of as many as these, memory is taken.
fn structure(json: &[u8]) -> usize {
    json.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',' | b':')).count()
}

/// A success without JSON.
fn unreadable(http: u16, body: &[u8], error: &serde_json::Error) -> Result<Value, CallError> {
    match body.trim_ascii() {
        [] => Ok(Value::Null),
        body if is_xml(body) => Err(CallError::Strange(format!(
            "answered {http} with XML although JSON was asked for; does a proxy on the way ignore the Accept header?"
        ))),
        _ if error.is_eof() => Err(CallError::no_answer(format!("answered {http} with JSON that is cut short"))),
        body => Err(CallError::no_answer(format!("answered {http} with {}", seems(body)))),
    }
}

fn seems(body: &[u8]) -> String {
    if is_xml(body) { "XML instead of JSON".to_owned() } else { looks_like(body) }
}

/// A document in angle brackets that is no web page.
fn is_xml(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let start = String::from_utf8_lossy(&body[..body.len().min(200)]).to_ascii_lowercase();
    start.starts_with('<') && !start.starts_with("<!doctype html") && !start.contains("<html")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use reqwest::header::HeaderMap;
    use secrecy::SecretString;

    use super::*;
    use crate::remote::redact::{LONGEST_WORDS, Secrets};

    fn answer(status: u16, body: &str) -> Result<Value, CallError> {
        answer_to(&Method::POST, status, body)
    }

    fn answer_to(method: &Method, status: u16, body: &str) -> Result<Value, CallError> {
        answer_with(method, status, body, "a key of nobody's")
    }

    fn answer_with(method: &Method, status: u16, body: &str, secret: &str) -> Result<Value, CallError> {
        let status = StatusCode::from_u16(status).expect("a status");
        let (headers, secrets) = (HeaderMap::new(), Secrets::new(&[SecretString::from(secret)]));
        let now = Timestamp::UNIX_EPOCH;
        understand(&Answer {
            method,
            path: "",
            status,
            headers: &headers,
            body: body.as_bytes(),
            secrets: &secrets,
            now,
        })
    }

    fn kind(status: u16, body: &str) -> &'static str {
        kind_of(answer(status, body))
    }

    fn kind_of(answer: Result<Value, CallError>) -> &'static str {
        match answer {
            Ok(_) => "ok",
            Err(CallError::Unauthorized(_)) => "unauthorized",
            Err(CallError::Refused { .. } | CallError::Exists) => "refused",
            Err(CallError::Missing) => "missing",
            Err(CallError::Strange(_)) => "strange",
            Err(CallError::Passing { in_doubt: true, .. }) => "in doubt",
            Err(CallError::Passing { in_doubt: false, .. }) => "later",
        }
    }

    fn complaint(code: i64, field: &str) -> String {
        format!(r#"{{"errorCode":{code},"errorMessage":"no","errorField":{field},"errorData":null}}"#)
    }

    #[test]
    fn the_status_and_the_body_both_count() {
        for (status, body, expected) in [
            (200, r#"{"events":[]}"#.to_owned(), "ok"),
            (200, r#"{"errorCode":null,"events":[]}"#.to_owned(), "ok"),
            (204, String::new(), "ok"),
            (200, complaint(900_001, "null"), "unauthorized"),
            (400, complaint(900_001, "null"), "unauthorized"),
            (401, "<html>".to_owned(), "unauthorized"),
            (403, String::new(), "unauthorized"),
            (200, complaint(900_429, "null"), "later"),
            (429, "<html>".to_owned(), "later"),
            (429, String::new(), "later"),
            (500, complaint(900_101, "null"), "in doubt"),
            (200, complaint(900_101, "null"), "in doubt"),
            (400, complaint(900_101, "null"), "in doubt"),
            (400, complaint(900_101, "\"trigger\""), "refused"),
            (200, r#"{"errorCode":0,"events":[]}"#.to_owned(), "ok"),
            (200, r#"{"errorCode":" ","events":[]}"#.to_owned(), "ok"),
            (200, r#"{"errorCode":"E1"}"#.to_owned(), "in doubt"),
            (500, complaint(0, "null"), "in doubt"),
            (200, "\u{feff}{\"events\":[]}".to_owned(), "ok"),
            (200, r#"{"events":[],"events":[]}"#.to_owned(), "strange"),
            (200, r#"{"events":[{"id":1,"\u0069d":1}]}"#.to_owned(), "strange"),
            (200, r#"{"events":[{"id":1,"trigger":{"n":1.5,"a":{"n":1e400}}}]}"#.to_owned(), "ok"),
            (400, complaint(907_002, "null"), "refused"),
            (500, complaint(907_002, "\"trigger\""), "refused"),
            (500, complaint(907_002, "null"), "in doubt"),
            (400, complaint(123, "null"), "refused"),
            (404, complaint(907_004, "null"), "missing"),
            (404, complaint(900_101, "null"), "in doubt"),
            (404, "<html>".to_owned(), "in doubt"),
            (502, "<html>".to_owned(), "in doubt"),
            (408, String::new(), "in doubt"),
            (200, "<html>".to_owned(), "in doubt"),
            (200, r#"{"events":[{"id":1"#.to_owned(), "in doubt"),
            (200, "<?xml version=\"1.0\"?><events/>".to_owned(), "strange"),
            (200, "\u{feff} <ScheduledEventsResponse>".to_owned(), "strange"),
            (503, "<?xml version=\"1.0\"?><error/>".to_owned(), "in doubt"),
            (302, String::new(), "strange"),
        ] {
            assert_eq!(kind(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_field_is_wrong_only_in_what_is_added() {
        for method in [Method::GET, Method::DELETE] {
            for status in [200, 500] {
                let answer = answer_to(&method, status, &complaint(907_001, "\"id\""));
                assert_eq!(kind_of(answer), "in doubt", "{method} {status}");
            }
            assert_eq!(kind_of(answer_to(&method, 400, &complaint(907_001, "\"id\""))), "refused");
        }
    }

    #[test]
    fn half_an_answer_is_told_from_none() {
        let words = |body: &str| answer(200, body).expect_err(body).to_string();
        assert_eq!(words(r#"{"events":[{"id":1"#), "answered 200 with JSON that is cut short");
        assert!(!words("events: none").contains("cut short"));
        assert!(words(r#"{"a":1,"a":2}"#).contains("has \"a\" twice"));
    }

    #[test]
    fn complaints_are_told_in_words() {
        let words = |status, body: &str| answer(status, body).expect_err(body).to_string();
        assert_eq!(
            words(400, &complaint(907_002, "\"trigger.time\"")),
            "Lagerkoll could not create the scheduled event: no (code 907002, field trigger.time)"
        );
        let data = r#"{"errorCode":"907001","errorMessage":"a\nb","errorField":null,"errorData":{"x":1}}"#;
        assert_eq!(words(500, data), "Lagerkoll could not get the scheduled events: a b (code 907001, data {\"x\":1})");
        for (code, part) in [
            (900_001, "the credentials don't match: no (code 900001); check store, and api_key"),
            (900_101, "common error: no (code 900101)"),
            (900_429, "too many requests"),
            (907_003, "could not update"),
            (907_004, "could not remove"),
            (42, "doesn't name: no (code 42)"),
        ] {
            let words = words(400, &complaint(code, "null"));
            assert!(words.contains(part), "{part} in {words}");
        }
        let hostile = complaint(907_002, "\"a\\u001b]0;b\\u0007\\u202ec\"");
        assert!(words(400, &hostile).ends_with("field a ]0;b c)"), "{}", words(400, &hostile));
        assert!(words(200, "<events/>").contains("XML although JSON was asked for"));
        let long = format!(r#"{{"errorCode":1,"errorMessage":"{}"}}"#, "x".repeat(5_000));
        let told =
            |body: &str, secret: &str| answer_with(&Method::POST, 400, body, secret).expect_err(body).to_string();
        assert_eq!(told(&long, "key").chars().count(), LONGEST_WORDS + 1);
        // A secret that the cut goes through, one that JSON escapes, and one that is part of everything.
        let repeated = format!(r#"{{"errorCode":1,"errorMessage":"{}s3cret-key"}}"#, "x".repeat(230));
        assert!(!told(&repeated, "s3cret-key").contains("s3"), "{}", told(&repeated, "s3cret-key"));
        let data = r#"{"errorCode":1,"errorData":{"k":"a\"b"}}"#;
        assert!(told(data, "a\"b").contains(r#"{"k":"***"}"#), "{}", told(data, "a\"b"));
    }
}
