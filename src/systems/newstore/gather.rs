//! What a plan needs of NewStore: one list of numbers for each store that one may be bought for.

use std::collections::BTreeMap;

use super::plan::{Listing, Plan, to_list};
use super::records::Known;
use crate::config::NewStore;
use crate::remote::newstore::{Numbers, ReadError, Reader};
use crate::text::{count, shorten};

/// Entries of a list that are shown of those that are no numbers.
const SHOWN: usize = 3;

/// A plan, and what was found on the way.
pub struct Gathered {
    /// What is to be done.
    pub plan: Plan,
    /// What somebody should know of the lists.
    pub notes: Vec<String>,
    /// What could not be listed, by the store, and why.
    pub failures: Vec<(String, String)>,
}

/// Makes a plan. Where nothing is to be done nothing is asked.
///
/// # Errors
/// When no plan can be made, as NewStore isn't there, doesn't know us, or isn't at this address.
pub async fn gather(settings: &NewStore, known: &Known, reader: &Reader) -> Result<Gathered, ReadError> {
    let mut listings: BTreeMap<String, Listing> = BTreeMap::new();
    let (mut notes, mut failures) = (Vec::new(), Vec::new());
    for store in to_list(settings, known) {
        let listing = match reader.numbers(store).await {
            Ok(Numbers { offers, odd }) => {
                notes.extend(odd_numbers(store, &odd));
                Ok(offers)
            }
            Err(error @ ReadError::All(_)) => return Err(error),
            // The others are not concerned.
            Err(ReadError::NoStore(reason)) => Err(reason),
            Err(ReadError::This(reason)) => {
                let words = format!("the numbers for store {store} can't be listed: {reason}");
                failures.push((store.to_owned(), words));
                Err(reason)
            }
        };
        listings.insert(store.to_owned(), listing);
    }
    Ok(Gathered { plan: Plan::new(settings, known, &listings), notes, failures })
}

fn odd_numbers(store: &str, odd: &[String]) -> Option<String> {
    let shown: Vec<String> = odd.iter().take(SHOWN).map(|entry| format!("{:?}", shorten(entry))).collect();
    let more = if odd.len() > SHOWN { ", …" } else { "" };
    let entries = count(odd.len() as u64, "entry that is no E.164 number is", "entries that are no E.164 numbers are");
    (!odd.is_empty()).then(|| format!("store {store}: {entries} left out of its list: {}{more}", shown.join(", ")))
}
