//! What an answer means.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::remote::error::CallError;
use crate::remote::http::Answer;
use crate::remote::json::text_of;
use crate::remote::redact::looks_like;

/// A successful answer (API page, AdvisorAvailableResponse). Its one field is not required there.
#[derive(Deserialize)]
struct Reply {
    availability: Option<String>,
}

/// Whether somebody is there. Only the two words that say so are a reading, with 200 and no other status.
pub(super) fn understand(answer: &Answer<'_>) -> Result<bool, CallError> {
    let code = answer.status.as_u16();
    let seen = || answer.secrets.tell(&looks_like(answer.body));
    match answer.status {
        StatusCode::OK => word(answer),
        StatusCode::UNAUTHORIZED => {
            Err(CallError::Unauthorized(format!("Emplifi does not accept the key (401): check api_key; {}", seen())))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(answer.busy(|asks| format!("answered {code}{asks}"), false))
        }
        status if status.is_client_error() => {
            Err(CallError::Refused { code, reason: format!("Emplifi answered {code} with {}", seen()) })
        }
        _ => Err(answer.busy(|asks| format!("answered {code} with {}{asks}", seen()), false)),
    }
}

fn word(answer: &Answer<'_>) -> Result<bool, CallError> {
    let strange = |problem: String| {
        let seen = answer.secrets.tell(&looks_like(answer.body));
        CallError::Strange(format!("the answer is not what the API page has ({problem}): {seen}"))
    };
    let text = text_of(answer.body);
    // serde would take a list for an object as well.
    if !text.trim_start().starts_with('{') {
        return Err(strange("no object".to_owned()));
    }
    let reply: Reply = serde_json::from_str(&text).map_err(|error| strange(error.to_string()))?;
    match reply.availability.as_deref() {
        Some("AVAILABLE") => Ok(true),
        Some("NOT_AVAILABLE") => Ok(false),
        Some(word) => Err(CallError::Strange(format!("Emplifi says {:?}", answer.secrets.tell(word)))),
        None => Err(CallError::Strange("Emplifi's answer doesn't say whether somebody is there".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use reqwest::Method;
    use reqwest::header::HeaderMap;
    use secrecy::SecretString;

    use super::*;
    use crate::remote::redact::Secrets;

    fn answer(status: u16, body: &str) -> Result<bool, CallError> {
        let secret = SecretString::from("a-key-of-nobody");
        let (secrets, headers) = (Secrets::new([&secret]), HeaderMap::new());
        let status = StatusCode::from_u16(status).expect("a status");
        let (method, body) = (&Method::GET, body.as_bytes());
        understand(&Answer {
            method,
            path: "",
            status,
            headers: &headers,
            body,
            secrets: &secrets,
            now: Timestamp::UNIX_EPOCH,
        })
    }

    #[test]
    fn two_words_are_a_reading_and_nothing_else() {
        assert_eq!(answer(200, r#"{"availability":"AVAILABLE"}"#), Ok(true));
        assert_eq!(answer(200, "\u{feff}{\"availability\":\"NOT_AVAILABLE\",\"more\":[1]}\n"), Ok(false));
        for body in [
            "",
            "{}",
            "null",
            "\"AVAILABLE\"",
            "[\"AVAILABLE\"]",
            r#"{"availability":null}"#,
            r#"{"availability":"AVAILABILITY_UNKNOWN"}"#,
            r#"{"availability":" AVAILABLE"}"#,
            r#"{"availability":"available"}"#,
            r#"{"availability":true}"#,
            r#"{"availability":"AVAILABLE""#,
            r#"{"availability":"AVAILABLE"}{}"#,
            r#"{"availability":"AVAILABLE","availability":"NOT_AVAILABLE"}"#,
            "<html><title>AVAILABLE</title></html>",
        ] {
            assert!(matches!(answer(200, body), Err(CallError::Strange(_))), "{body:?}");
        }
    }

    #[test]
    fn what_each_status_costs() {
        let good = r#"{"availability":"AVAILABLE"}"#;
        for passing in [201, 204, 302, 408, 425, 429, 500, 502, 503, 504] {
            assert!(answer(passing, good).is_err_and(|error| error.can_pass()), "{passing}");
        }
        for refused in [400, 402, 403, 404, 405, 410, 422] {
            assert!(matches!(answer(refused, good), Err(CallError::Refused { code, .. }) if code == refused));
        }
        let told = answer(401, "the key a-key-of-nobody is wrong").expect_err("refused").to_string();
        assert!(told.contains("api_key") && !told.contains("a-key-of-nobody"), "{told}");
    }
}
