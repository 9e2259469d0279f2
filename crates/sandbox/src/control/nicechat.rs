//! Control of NiceChat.

use serde_json::json;

use super::answers::{changed, done, of_all, read, refused, shown, unknown};
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
        ("PUT", "rules") => set_rules(nicechat, body),
        (method, place) => {
            of_all(nicechat, method, place, body).unwrap_or_else(|| put_object(nicechat, method, place, body))
        }
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

/// Answers what names a type of object: `objects/TYPE`.
fn put_object(nicechat: &NiceChat, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    let place = place.strip_prefix("objects/").filter(|_| method == "POST");
    let kind = place.and_then(Kind::from_path_name).ok_or_else(unknown)?;
    let object: Object = read(body)?;
    if nicechat.put(kind, object) { Ok(done()) } else { Err(refused("id: a string is required")) }
}
