//! A person tells what is true at NewStore. Nothing is asked or sent.

use jiff::Timestamp;

use super::LedgerError;
use super::records::{Known, Record, RetailerRecord, RetailerState, StoreState};
use super::store::Ledger;
use crate::config::NewStore;
use crate::phone::PhoneNumber;

/// What a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is onboarded.
    Onboarded {
        /// With which number; `None` = with the one that is known or in doubt, else with the declared one, if there is
        /// one.
        number: Option<PhoneNumber>,
        /// Whether clienteling is on.
        is_enabled: bool,
    },
    /// Nothing was done, and no number bought.
    Free,
}

/// Writes down what a store is. Gives what is known of it from now on, in words.
///
/// # Errors
/// The first one when the file can't be written; the second one, in words, when this can't be so.
pub fn settle_store(
    settings: &NewStore,
    ledger: &mut Ledger,
    id: &str,
    settled: Settled,
) -> Result<Result<String, String>, LedgerError> {
    let known = ledger.known()?;
    let declared = settings.stores.iter().find(|store| store.id == id);
    if declared.is_none() && !known.stores.contains_key(id) {
        return Ok(Err(format!(
            "there is no store {id}, neither in the config nor among those that something was done for"
        )));
    }
    let Settled::Onboarded { number, is_enabled } = settled else {
        ledger.put(id, None)?;
        return Ok(Ok(format!("store {id}: open, no number")));
    };
    let number = number.or_else(|| {
        let had = known.stores.get(id).and_then(|record| match &record.state {
            StoreState::Onboarded { number, .. } => number.clone(),
            StoreState::Doubt(intent) | StoreState::Disputed(intent) => Some(intent.number.clone()),
            // With which number it is there nobody has said.
            StoreState::There { .. } | StoreState::Refused { .. } => None,
        });
        had.or_else(|| declared.and_then(|store| store.wanted.number().cloned()))
    });
    if let Some((number, other)) =
        number.as_ref().and_then(|number| Some((number, owner(number, id, settings, &known)?)))
    {
        return Ok(Err(format!("{number} is the number of store {other}: settle that one first")));
    }
    let state = StoreState::Onboarded { number: number.clone(), is_enabled };
    let told =
        number.map_or_else(|| "with a number that nobody has told".to_owned(), |number| format!("with {number}"));
    let told = format!("store {id}: {} {told}", state.name());
    ledger.put(id, Some(&Record { state, since: Timestamp::now() }))?;
    Ok(Ok(told))
}

/// The other store that has a number, or is declared to have it.
fn owner<'a>(number: &PhoneNumber, id: &str, settings: &'a NewStore, known: &'a Known) -> Option<&'a str> {
    let known = known.stores.iter().map(|(other, record)| (other.as_str(), record.state.number()));
    let declared = settings.stores.iter().map(|store| (store.id.as_str(), store.wanted.number()));
    known.chain(declared).find(|(other, theirs)| *other != id && *theirs == Some(number)).map(|(other, _)| other)
}

/// Writes down that the retailer has the link of the settings, or that nothing was done. Gives what is known of it from
/// now on, in words.
///
/// # Errors
/// The first one when the file can't be written; the second one, in words, when the settings have no link.
pub fn settle_retailer(
    settings: &NewStore,
    ledger: &mut Ledger,
    is_configured: bool,
) -> Result<Result<String, String>, LedgerError> {
    if !is_configured {
        ledger.put_retailer(None)?;
        return Ok(Ok("retailer: open".to_owned()));
    }
    let Some(link) = &settings.ecom_link else {
        return Ok(Err("newstore.ecom_link is empty: set it to what the retailer has".to_owned()));
    };
    let state = RetailerState::Configured(link.clone());
    ledger.put_retailer(Some(&RetailerRecord { state, since: Timestamp::now() }))?;
    Ok(Ok(format!("retailer: configured with {link}")))
}
