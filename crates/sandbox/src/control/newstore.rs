//! Control of NewStore.

use serde::Deserialize;
use serde_json::json;

use super::answers::{done, of_all, read, shown, unknown};
use crate::newstore::{NewStore, NewStoreNumber, NewStoreStore};
use crate::reply::Answer;

/// Either of the two ways to tell what there is.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told<T> {
    All(Vec<T>),
    One(T),
}

/// What the retailer is set up with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retailer {
    ecom_link: Option<String>,
}

/// Answers a request to `/sandbox/newstore/<place>`.
pub(super) fn answer(newstore: &NewStore, method: &str, place: &str, body: &[u8]) -> Result<Answer, Answer> {
    match (method, place) {
        ("GET", "stores") => Ok(shown(&json!(newstore.stores()))),
        ("PUT" | "POST", "stores") => {
            match read::<Told<NewStoreStore>>(body)? {
                Told::All(stores) if method == "PUT" => newstore.set_stores(stores),
                Told::All(stores) => stores.into_iter().for_each(|store| newstore.put_store(store)),
                Told::One(store) => newstore.put_store(store),
            }
            Ok(shown(&json!(newstore.stores())))
        }
        ("GET", "numbers") => Ok(shown(&json!(newstore.numbers()))),
        ("PUT" | "POST", "numbers") => {
            match read::<Told<NewStoreNumber>>(body)? {
                Told::All(numbers) if method == "PUT" => newstore.set_numbers(numbers),
                Told::All(numbers) => numbers.into_iter().for_each(|number| newstore.put_number(number)),
                Told::One(number) => newstore.put_number(number),
            }
            Ok(shown(&json!(newstore.numbers())))
        }
        ("GET", "retailer") => Ok(shown(&json!({"ecom_link": newstore.retailer()}))),
        ("PUT", "retailer") => {
            let Retailer { ecom_link } = read(body)?;
            newstore.set_retailer(ecom_link);
            Ok(done())
        }
        ("DELETE", "tokens") => {
            newstore.expire_tokens();
            Ok(done())
        }
        (method, place) => of_all(newstore, method, place, body).unwrap_or_else(|| remove(newstore, method, place)),
    }
}

/// Takes away what a place names: `stores/ID`, `numbers/NUMBER`.
fn remove(newstore: &NewStore, method: &str, place: &str) -> Result<Answer, Answer> {
    let is_done = match (method, place.split_once('/').ok_or_else(unknown)?) {
        ("DELETE", ("stores", id)) => newstore.remove_store(id),
        ("DELETE", ("numbers", number)) => newstore.remove_number(number),
        _ => false,
    };
    if is_done { Ok(done()) } else { Err(unknown()) }
}
