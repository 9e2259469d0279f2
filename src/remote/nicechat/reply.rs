//! What an answer means.

use std::borrow::Cow;

use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::complaint;
use crate::remote::error::CallError;
use crate::remote::http::Answer;
use crate::remote::json::{text_of, without_half_surrogates};
use crate::remote::redact::looks_like;

/// Where NiceChat is asked for an import.
pub(super) const IMPORT: &str = "marketplaces/v1/import-products/";

/// The envelope around every answer (API page, all samples). What it holds may be of any type.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    /// What stands there instead of an envelope when the framework behind it answers.
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

/// What an envelope says of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Done,
    /// By this code; 0 when it has none that can be read.
    Failed(u16),
    /// Neither, or both at once.
    Unclear,
}

impl<'a> Envelope<'a> {
    /// The envelope of an answer, if it has one. A list is none, though it could be read as one.
    fn of(text: &'a str) -> Option<Envelope<'a>> {
        text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
    }

    /// Whether NiceChat wrote it, rather than whatever stands before it.
    fn is_nicechats(&self) -> bool {
        [self.status, self.code, self.detail].iter().any(Option::is_some)
    }

    fn verdict(&self) -> Verdict {
        // Null, an empty text and 0 are no code; what can't be read is one that nobody knows.
        let code = self.code.map(|code| code.get().trim_matches('"').trim());
        let code = code.filter(|code| !matches!(*code, "" | "null")).map(|code| code.parse().unwrap_or(u16::MAX));
        let status: Option<Cow<'_, str>> = self.status.and_then(|status| serde_json::from_str(status.get()).ok());
        match (status.as_deref(), code) {
            (Some("ok"), None | Some(0 | 200..=299)) => Verdict::Done,
            (Some("error"), code) => Verdict::Failed(code.filter(|code| *code != u16::MAX).unwrap_or(0)),
            _ => Verdict::Unclear,
        }
    }
}

/// Whose words may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// The answer's.
    Told,
    /// Ours alone: the answer may be about people.
    Kept,
}

/// What `read` makes of an answer's `result`, or what went wrong. An answer has failed when the HTTP status
/// says so *or* its envelope does, and the worse of the two counts. A success is one whose envelope says so; only
/// a DELETE is done without a word.
pub(super) fn understand<T>(
    answer: &Answer<'_>,
    words: Words,
    read: impl Fn(Option<&RawValue>) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let http = answer.status.as_u16();
    if answer.status.is_redirection() {
        let to = answer.headers.get(LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()));
        let to = to.as_deref().unwrap_or("elsewhere");
        return Err(CallError::no_answer(format!("answered {http}, a redirect to {to}; check base_url")));
    }
    if answer.status == StatusCode::PARTIAL_CONTENT {
        return Err(CallError::no_answer("answered 206, only a part of the answer"));
    }
    let text = text_of(answer.body);
    // What is in the result is for `read` to mend: it costs one object, or one field.
    let envelope = Envelope::of(&text);
    let verdict = envelope.as_ref().map(Envelope::verdict);
    let complaint = || {
        let told = complaint::words(&without_half_surrogates(&text)).filter(|_| words == Words::Told);
        told.map(|words| answer.secrets.tell(&words))
    };
    let looks = || match words {
        Words::Told => answer.secrets.tell(&looks_like(answer.body)),
        Words::Kept => format!("{} bytes that are not repeated here", answer.body.len()),
    };
    let said = match verdict {
        Some(Verdict::Failed(code)) => Some(code),
        _ if !answer.status.is_success() => None,
        Some(Verdict::Done) => return read(envelope.and_then(|envelope| envelope.result)),
        None if text.trim().is_empty() && answer.method == Method::DELETE => return read(None),
        _ => {
            return Err(CallError::no_answer(format!(
                "answered {http} without saying that it is done: {}",
                complaint().unwrap_or_else(looks)
            )));
        }
    };
    // A page, a line of text, or JSON of other names is a proxy's, and says nothing about the object.
    let is_told = envelope.as_ref().is_some_and(Envelope::is_nicechats);
    let is_ours = is_told || text.trim().is_empty();
    let is_page = text.trim_start().starts_with('<');
    let worse = said.filter(|said| *said > http).unwrap_or(http);
    let reason = || complaint().unwrap_or_else(|| format!("answered {http} with {}", looks()));
    Err(match worse {
        _ if http == 401 || said == Some(401) => unauthorized(&reason()),
        404 if is_ours => CallError::Missing,
        // Nobody before NiceChat answers a create without conditions so.
        412 if is_ours || (!is_page && *answer.method == Method::POST) => CallError::Exists,
        413 | 414 => refused(worse, &reason()),
        400 if !is_page => refused(worse, &reason()),
        405 | 415 | 422 if is_told => refused(worse, &reason()),
        code => {
            answer.busy(|asks| format!("{} (code {code}{asks})", reason()), !has_no_effect(code, is_told, answer.path))
        }
    })
}

/// Whether an error tells that nothing was done. A 50x says nothing of what the service did; nor does an error whose code
/// is none, nor what somebody between us and NiceChat says instead of it. But an import, which does no harm twice, is
/// asked for again.
fn has_no_effect(code: u16, is_told: bool, path: &str) -> bool {
    let is_import = path.ends_with(IMPORT);
    match code {
        429 => true,
        400..=499 => is_told || is_import,
        503 => is_told && is_import,
        _ => false,
    }
}

fn unauthorized(reason: &str) -> CallError {
    CallError::Unauthorized(format!(
        "NiceChat does not accept the key or the signature ({reason}); check api_key and api_secret"
    ))
}

fn refused(code: u16, reason: &str) -> CallError {
    CallError::Refused { code, reason: format!("{reason} (code {code})") }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use reqwest::header::HeaderMap;
    use secrecy::SecretString;

    use super::*;
    use crate::remote::redact::Secrets;

    fn answer_to(method: &Method, status: u16, body: &str) -> Result<String, CallError> {
        answer_at("/marketplaces/v1/products/", (method, status), body)
    }

    fn answer_at(path: &str, (method, status): (&Method, u16), body: &str) -> Result<String, CallError> {
        let status = StatusCode::from_u16(status).expect("a status");
        let (headers, secrets) = (HeaderMap::new(), Secrets::new(&[SecretString::from("s3cret-key")]));
        let now = Timestamp::UNIX_EPOCH;
        let (headers, body) = (&headers, body.as_bytes());
        let answer = Answer { method, path, status, headers, body, secrets: &secrets, now };
        understand(&answer, Words::Told, |result| Ok(result.map_or("", RawValue::get).to_owned()))
    }

    fn answer(status: u16, body: &str) -> Result<String, CallError> {
        answer_to(&Method::PATCH, status, body)
    }

    fn kind(status: u16, body: &str) -> &'static str {
        match answer(status, body) {
            Ok(_) => "ok",
            Err(CallError::Unauthorized(_)) => "unauthorized",
            Err(CallError::Refused { .. }) => "refused",
            Err(CallError::Missing) => "missing",
            Err(CallError::Exists) => "exists",
            Err(CallError::Strange(_)) => "strange",
            Err(CallError::Passing { in_doubt: true, .. }) => "in doubt",
            Err(CallError::Passing { in_doubt: false, .. }) => "later",
        }
    }

    #[test]
    fn the_worse_of_status_and_envelope_counts() {
        let error = |code| format!(r#"{{"status":"error","code":{code},"description":"no"}}"#);
        for (status, body, expected) in [
            (201, r#"{"status":"ok","code":201,"result":{"id":"1"}}"#.to_owned(), "ok"),
            (200, r#"{"status":"ok","code":204,"description":"Accepted"}"#.to_owned(), "ok"),
            (200, r#"{"status":"ok","code":"202","result":null}"#.to_owned(), "ok"),
            (202, "\u{feff}{\"status\":\"ok\",\"result\":{\"title\":\"\\ud83d\"}}".to_owned(), "ok"),
            (200, error(400), "refused"),
            (200, error(404), "missing"),
            (200, error(412), "exists"),
            (200, error(401), "unauthorized"),
            (200, error(429), "later"),
            (200, error(503), "in doubt"),
            (200, error(204), "in doubt"),
            (401, "<html>".to_owned(), "unauthorized"),
            (404, String::new(), "missing"),
            (404, r#"{"detail":"Not found."}"#.to_owned(), "missing"),
            (404, "<html>404".to_owned(), "in doubt"),
            (404, "default backend - 404".to_owned(), "in doubt"),
            (404, r#"{"message":"no Route matched with those values"}"#.to_owned(), "in doubt"),
            (412, r#"{"error":"Precondition Failed"}"#.to_owned(), "in doubt"),
            (412, "<html>".to_owned(), "in doubt"),
            (400, "<html>no".to_owned(), "in doubt"),
            (400, "no".to_owned(), "refused"),
            (405, error(405), "refused"),
            (405, "\n<!DOCTYPE html>".to_owned(), "in doubt"),
            (422, "<html>".to_owned(), "in doubt"),
            (413, "<html>".to_owned(), "refused"),
            // Whoever isn't let in, or was too early, may be let in later: nothing is known of the object.
            (403, String::new(), "in doubt"),
            (403, error(403), "later"),
            (409, error(409), "later"),
            (423, error(423), "later"),
            (405, "Method Not Allowed".to_owned(), "in doubt"),
            (422, error(422), "refused"),
            (429, error(429), "later"),
            (500, error(400), "in doubt"),
            (502, "<html>".to_owned(), "in doubt"),
            (503, "<html>".to_owned(), "in doubt"),
            (302, String::new(), "in doubt"),
            (206, r#"{"status":"ok","code":200}"#.to_owned(), "in doubt"),
        ] {
            assert_eq!(kind(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn an_import_is_asked_for_again_where_nicechat_is_too_busy() {
        let busy = r#"{"status":"error","code":503}"#;
        for (path, status, body, is_in_doubt) in [
            ("/marketplaces/v1/import-products/", 503, busy, false),
            ("/marketplaces/v1/import-products/", 503, "<html>", true),
            ("/marketplaces/v1/import-products/", 404, "<html>", false),
            ("/marketplaces/v1/products/", 503, busy, true),
            ("/marketplaces/v1/products/", 404, "<html>", true),
        ] {
            let answer = answer_at(path, (&Method::POST, status), body);
            assert_eq!(answer.err().map(|error| error.is_in_doubt()), Some(is_in_doubt), "{path} {body}");
        }
    }

    #[test]
    fn a_create_is_told_in_any_words_that_there_is_one() {
        for (body, exists) in [("there already", true), (r#"{"error":"exists"}"#, true), ("", true), ("<html>", false)]
        {
            let answer = answer_to(&Method::POST, 412, body);
            assert_eq!(matches!(answer, Err(CallError::Exists)), exists, "{body}: {answer:?}");
        }
    }

    #[test]
    fn what_does_not_say_that_it_is_done_is_not_done() {
        for body in [
            "",
            " \n",
            "null",
            "true",
            "[]",
            r#"["ok",200,{"id":"1"}]"#,
            "{}",
            r#""ok""#,
            "ok",
            "<html>",
            r#"{"message":"maintenance"}"#,
            r#"{"id":"1"}"#,
            r#"{"status":"ok","res"#,
            r#"{"status":"fail","code":200}"#,
            r#"{"status":null,"code":200}"#,
            r#"{"status":["ok"],"code":200}"#,
            r#"{"status":200,"code":200}"#,
            r#"{"status":"ok","status":"ok"}"#,
            r#"{"status":"ok","code":503}"#,
            r#"{"status":"ok","code":"200 OK"}"#,
            r#"{"status":"ok","code":true}"#,
            r#"{"status":"ok","code":2e2}"#,
            r#"{"status":"ok","code":99999999}"#,
            r#"{"result":{"status":"ok"}}"#,
        ] {
            assert_eq!(kind(200, body), "in doubt", "{body}");
            let delete = answer_to(&Method::DELETE, 204, body);
            assert_eq!(delete.is_ok(), body.trim().is_empty(), "{body}");
        }
    }

    #[test]
    fn a_result_is_handed_on_as_it_came() {
        let body = r#"{"status":"ok","code":200,"description":"\ud83d","result":{"id":"\ud800","price":1.00}}"#;
        assert_eq!(answer(200, body).ok().as_deref(), Some(r#"{"id":"\ud800","price":1.00}"#));
    }

    #[test]
    fn errors_are_told_by_what_they_say() {
        let words = |status, body: &str| answer(status, body).expect_err(body).to_string();
        for (status, body, told) in [
            (400, r#"{"price":["A valid number is required."]}"#, "price: A valid number is required. (code 400)"),
            (400, "Bad price", "answered 400 with Bad price (code 400)"),
            (200, r#"{"message":"maintenance"}"#, "answered 200 without saying that it is done: maintenance"),
            (200, "", "answered 200 without saying that it is done: nothing"),
            (
                502,
                "<title>Bad Gateway</title>",
                "answered 502 with an HTML page instead of JSON (Bad Gateway) (code 502)",
            ),
            (400, r#"{"detail":"s3cret%2Dkey \u001b[31mis wrong"}"#, "*** [31mis wrong (code 400)"),
        ] {
            assert_eq!(words(status, body), told);
        }
        let long = words(503, &format!("{{\"detail\":\"{}\"}}", "x".repeat(10_000)));
        assert!(long.len() < 400 && long.ends_with("… (code 503)"), "{long}");
    }
}
