//! Control of Lagerkoll.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::answers::{done, of_all, read, shown, unknown};
use crate::lagerkoll::{Lagerkoll, LagerkollUser};
use crate::reply::Answer;
use crate::store::Object;

/// A store to be opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    store: String,
    api_key: String,
}

/// Time that is to pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Answers a request to `/sandbox/lagerkoll/<place>`.
pub(super) fn answer(lagerkoll: &Lagerkoll, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    match (method, place) {
        ("GET", "events") => Ok(shown(&json!(lagerkoll.all_events()))),
        ("POST", "stores") => {
            let Opened { store, api_key } = read(body)?;
            lagerkoll.add_store(&store, &api_key);
            Ok(done())
        }
        ("POST", "advance") => {
            let Advance { seconds } = read(body)?;
            lagerkoll.advance(Duration::from_secs(seconds));
            Ok(done())
        }
        (method, place) => {
            of_all(lagerkoll, method, place, body).unwrap_or_else(|| in_store(lagerkoll, method, place, body))
        }
    }
}

/// Answers what names a store: `users/STORE`, `events/STORE`, `events/STORE/ID`.
fn in_store(lagerkoll: &Lagerkoll, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    let (what, rest) = place.split_once('/').ok_or_else(unknown)?;
    let (store, id) = match rest.split_once('/') {
        Some((store, id)) => (store, Some(id.parse().map_err(|_| unknown())?)),
        None => (rest, None),
    };
    let is_done = match (method, what, id) {
        ("POST", "users", None) => lagerkoll.add_user(store, read::<LagerkollUser>(body)?),
        ("POST", "events", None) => {
            let id = lagerkoll.add(store, read(body)?).ok_or_else(unknown)?;
            return Ok(shown(&json!({ "id": id })));
        }
        ("PATCH", "events", Some(id)) => {
            let fields: Object = read(body)?;
            lagerkoll.edit(store, id, |event| event.extend(fields))
        }
        ("DELETE", "events", Some(id)) => lagerkoll.remove(store, id).is_some(),
        _ => false,
    };
    if is_done { Ok(done()) } else { Err(unknown()) }
}
