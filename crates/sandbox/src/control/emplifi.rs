//! Control of Emplifi.

use serde::Deserialize;
use serde_json::json;

use super::answers::{changed, done, of_all, read, shown, unknown};
use crate::emplifi::{Advisor, Emplifi};
use crate::reply::Answer;

/// Either of the two ways to tell who is there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    All(Vec<Advisor>),
    One(Advisor),
}

/// Answers a request to `/sandbox/emplifi/<place>`.
pub(super) fn answer(emplifi: &Emplifi, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    match (method, place) {
        ("GET", "advisors") => Ok(shown(&json!(emplifi.advisors()))),
        ("PUT" | "POST", "advisors") => {
            match read::<Told>(body)? {
                Told::All(advisors) if method == "PUT" => emplifi.set_advisors(advisors),
                Told::All(advisors) => advisors.into_iter().for_each(|advisor| emplifi.put(advisor)),
                Told::One(advisor) => emplifi.put(advisor),
            }
            Ok(shown(&json!(emplifi.advisors())))
        }
        (method, place) => of_all(emplifi, method, place, body).unwrap_or_else(|| one(emplifi, method, place, body)),
    }
}

/// Answers what names an advisor: `advisors/ALIAS`.
fn one(emplifi: &Emplifi, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    let alias = place.strip_prefix("advisors/").ok_or_else(unknown)?;
    let found = emplifi.advisors().into_iter().find(|advisor| advisor.alias == alias).ok_or_else(unknown)?;
    match method {
        "GET" => Ok(shown(&json!(found))),
        "PATCH" | "PUT" => {
            let advisor: Advisor = changed(found, body)?;
            emplifi.put(advisor.clone());
            Ok(shown(&json!(advisor)))
        }
        "DELETE" => {
            emplifi.remove(alias);
            Ok(done())
        }
        _ => Err(unknown()),
    }
}
