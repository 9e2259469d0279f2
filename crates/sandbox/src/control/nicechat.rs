//! Control of NiceChat.

use serde_json::json;

use super::answers::{changed, done, fault, read, refused, shown, unknown};
use crate::nicechat::NiceChat;
use crate::reply::Answer;
use crate::store::{Kind, Object};

/// Answers a request to `/sandbox/<place>`, if it is one for NiceChat.
pub(super) fn answer(nicechat: &NiceChat, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    match (method, place) {
        ("GET", "objects") => Ok(shown(&json!({
            "categories": nicechat.objects(Kind::Category),
            "products": nicechat.objects(Kind::Product),
        }))),
        ("GET", "requests") => Ok(shown(&json!(nicechat.requests()))),
        ("GET", "counts") => Ok(shown(&json!(nicechat.counts()))),
        ("GET", "orders") => Ok(shown(&json!(nicechat.orders()))),
        ("POST", "orders") => {
            nicechat.put_order(read(body)?);
            Ok(done())
        }
        ("DELETE", place) if place.starts_with("orders/") => {
            let id = place.trim_start_matches("orders/").parse::<u64>().map_err(|_| unknown())?;
            nicechat.remove_order(&json!(id)).map(|_| done()).ok_or_else(unknown)
        }
        ("GET", "imports") => Ok(shown(&json!(nicechat.imports()))),
        ("GET", "rules") => Ok(shown(&json!(nicechat.rules()))),
        ("PUT", "rules") => set_rules(nicechat, body),
        ("POST", "faults") => {
            let (rule, answer) = fault(body)?;
            nicechat.add_fault(rule);
            Ok(answer)
        }
        ("DELETE", "faults") => {
            nicechat.clear_faults();
            Ok(done())
        }
        ("POST", place) => {
            let kind = place.strip_prefix("objects/").and_then(Kind::from_path_name).ok_or_else(unknown)?;
            put_object(nicechat, kind, body)
        }
        _ => Err(unknown()),
    }
}

fn set_rules(nicechat: &NiceChat, body: &[u8]) -> Result<Answer, Answer> {
    let rules = changed(nicechat.rules(), body)?;
    if rules.page_size == 0 {
        return Err(refused("page_size: must be at least 1"));
    }
    nicechat.set_rules(rules.clone());
    Ok(shown(&json!(rules)))
}

fn put_object(nicechat: &NiceChat, kind: Kind, body: &[u8]) -> Result<Answer, Answer> {
    let object: Object = read(body)?;
    if nicechat.put(kind, object) { Ok(done()) } else { Err(refused("id: a string is required")) }
}
