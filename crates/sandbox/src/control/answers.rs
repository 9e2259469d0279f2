//! What all of the control reads and answers alike.

use hyper::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::{Fault, Rule};
use crate::handle::{Handle, Service};
use crate::reply::Answer;
use crate::store::Object;

/// Rules in which only what the body names is another.
pub(super) fn changed<T: Serialize + DeserializeOwned>(rules: T, body: &[u8]) -> Result<T, Answer> {
    let changes: Object = read(body)?;
    let mut all = json!(rules);
    if let Value::Object(all) = &mut all {
        all.extend(changes);
    }
    serde_json::from_value(all).map_err(|error| refused(&error.to_string()))
}

/// Answers what every service has: `requests`, `counts`, `rules` and `faults`. `None` = it is about something else.
pub(super) fn of_all<S>(service: &Handle<S>, method: &str, place: &str, body: &[u8]) -> Option<Result<Answer, Answer>>
where
    S: Service<Logged: Serialize, Rules: Serialize + DeserializeOwned>,
{
    Some(match (method, place) {
        ("GET", "requests") => Ok(shown(&json!(service.requests()))),
        ("GET", "counts") => Ok(shown(&json!(service.counts()))),
        ("GET", "rules") => Ok(shown(&json!(service.rules()))),
        ("PUT", "rules") => changed(service.rules(), body).map(|rules| {
            let answer = shown(&json!(rules));
            service.set_rules(rules);
            answer
        }),
        ("POST", "faults") => fault(body).map(|(rule, answer)| {
            service.add_fault(rule);
            answer
        }),
        ("DELETE", "faults") => {
            service.clear_faults();
            Ok(done())
        }
        _ => return None,
    })
}

/// A fault to be added, and the answer when it is.
fn fault(body: &[u8]) -> Result<(Rule, Answer), Answer> {
    let rule: Rule = read(body)?;
    if let Fault::Status { code, .. } | Fault::Json { code, .. } | Fault::Text { code, .. } = rule.fault
        && !(200..600).contains(&code)
    {
        return Err(refused("code: must be 200 to 599"));
    }
    let answer = Answer::json(StatusCode::CREATED, &json!(rule));
    Ok((rule, answer))
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))
}

/// Indented, as it is people who read it.
pub(super) fn shown(value: &Value) -> Answer {
    let mut answer = Answer::json(StatusCode::OK, value);
    answer.body = format!("{value:#}\n").into();
    answer
}

pub(super) fn done() -> Answer {
    Answer::empty(StatusCode::NO_CONTENT)
}

pub(super) fn refused(problem: &str) -> Answer {
    Answer::text(StatusCode::BAD_REQUEST, format!("{problem}\n"))
}

pub(super) fn unknown() -> Answer {
    let hint = "No such thing here. GET /sandbox/ tells what there is.\n";
    Answer::text(StatusCode::NOT_FOUND, hint)
}
