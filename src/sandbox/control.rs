//! Control over HTTP, unsigned, for people who run `shelfkeeper sandbox` in a terminal.

use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::{Fault, Rule};
use super::nicechat::NiceChat;
use super::reply::Answer;
use super::rules::Rules;
use super::store::{Kind, Object};

/// What every path of the control starts with.
pub(super) const ROOT: &str = "/sandbox/";

const HELP: &str = r#"shelfkeeper's sandbox: an in-memory NiceChat under /marketplaces/v1/.

GET    /sandbox/objects                what NiceChat holds
POST   /sandbox/objects/products       put an object there (or .../categories), as if made by someone else
GET    /sandbox/requests               what it was sent, and what came of it
GET    /sandbox/counts                 how many requests, by method and type
GET    /sandbox/imports                the feeds that were pushed, and what came of them
GET    /sandbox/rules                  how it behaves
PUT    /sandbox/rules                  change that; only what is named changes
POST   /sandbox/faults                 make requests go wrong
DELETE /sandbox/faults                 let all go well again

Examples of rules:
  {"cdn": true, "trim_html": true, "float_prices": true, "latency_ms": 50, "page_size": 10}
  {"import_enqueued_ms": 2000, "import_started_ms": 5000, "import_recopies_images": true}
  {"import_fails": {"failure": "halfway", "times": 3}}
  also "before", "stuck_enqueued", "stuck_started", {"forgotten": {"imported": true}}, {"partial": {"every": 2}}
Examples of faults:
  {"fault": "reset", "applied": true, "method": "POST", "kind": "products", "times": 2}
  {"fault": {"status": {"code": 429, "retry_after": "2"}}, "after": 10, "every": 3}
  {"fault": {"status": {"code": 502, "html": true}}, "id": "SKU-1"}
  {"fault": "hang", "path": "import-products-result/", "times": 1}
  also "html200", "half_json", "cut_body", "hang"
"#;

/// Answers a request to `/sandbox/<place>`.
pub(super) fn answer(nicechat: &NiceChat, method: &Method, place: &str, body: &[u8]) -> Answer {
    let done = match (method.as_str(), place.trim_end_matches('/')) {
        ("GET", "") => Ok(Answer::text(StatusCode::OK, HELP)),
        ("GET", "objects") => Ok(shown(&json!({
            "categories": nicechat.objects(Kind::Category),
            "products": nicechat.objects(Kind::Product),
        }))),
        ("GET", "requests") => Ok(shown(&json!(nicechat.requests()))),
        ("GET", "counts") => Ok(shown(&json!(nicechat.counts()))),
        ("GET", "imports") => Ok(shown(&json!(nicechat.imports()))),
        ("GET", "rules") => Ok(shown(&json!(nicechat.rules()))),
        ("PUT", "rules") => set_rules(nicechat, body),
        ("POST", "faults") => add_fault(nicechat, body),
        ("DELETE", "faults") => {
            nicechat.clear_faults();
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        ("POST", place) => match place.strip_prefix("objects/").and_then(Kind::from_path_name) {
            Some(kind) => put_object(nicechat, kind, body),
            None => Err(unknown()),
        },
        _ => Err(unknown()),
    };
    done.unwrap_or_else(|refusal| refusal)
}

fn set_rules(nicechat: &NiceChat, body: &[u8]) -> Result<Answer, Answer> {
    let changes: Object = read(body)?;
    let mut all = json!(nicechat.rules());
    if let Value::Object(all) = &mut all {
        all.extend(changes);
    }
    let rules: Rules = serde_json::from_value(all).map_err(|error| refused(&error.to_string()))?;
    if rules.page_size == 0 {
        return Err(refused("page_size: must be at least 1"));
    }
    nicechat.set_rules(rules.clone());
    Ok(shown(&json!(rules)))
}

fn add_fault(nicechat: &NiceChat, body: &[u8]) -> Result<Answer, Answer> {
    let rule: Rule = read(body)?;
    if let Fault::Status { code, .. } = rule.fault
        && !(200..600).contains(&code)
    {
        return Err(refused("code: must be 200 to 599"));
    }
    let answer = Answer::json(StatusCode::CREATED, &json!(rule));
    nicechat.add_fault(rule);
    Ok(answer)
}

fn put_object(nicechat: &NiceChat, kind: Kind, body: &[u8]) -> Result<Answer, Answer> {
    let object: Object = read(body)?;
    if nicechat.put(kind, object) {
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    } else {
        Err(refused("id: a string is required"))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))
}

/// Indented, as it is people who read it.
fn shown(value: &Value) -> Answer {
    let mut answer = Answer::json(StatusCode::OK, value);
    answer.body = format!("{value:#}\n").into();
    answer
}

fn refused(problem: &str) -> Answer {
    Answer::text(StatusCode::BAD_REQUEST, format!("{problem}\n"))
}

fn unknown() -> Answer {
    let hint = "No such thing here. GET /sandbox/ tells what there is.\n";
    Answer::text(StatusCode::NOT_FOUND, hint)
}
