//! What there is at NewStore: a retailer, stores, and numbers for sale.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewStoreStore {
    /// Its id.
    pub id: String,
    /// The number that was bought for it.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// Whether clienteling is on.
    #[serde(default)]
    pub enabled: bool,
}

/// A number that can be had; it vanishes when it is bought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewStoreNumber {
    /// The number, in any form.
    pub phone_number: String,
    /// Its town.
    #[serde(default)]
    pub locality: Option<String>,
    /// Its region.
    #[serde(default)]
    pub region: Option<String>,
    /// The only store that it is offered for; none = any.
    #[serde(default)]
    pub store: Option<String>,
    /// It is the retailer's already: not listed, but a store can be onboarded with it.
    #[serde(default)]
    pub owned: bool,
}

impl NewStoreNumber {
    fn is_for(&self, store: &str) -> bool {
        self.store.as_deref().is_none_or(|only| only == store)
    }
}

/// Why a store can't be onboarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoStore,
    AlreadyThere,
    NoNumber,
}

#[derive(Debug, Default)]
pub(super) struct World {
    /// The link that the retailer was set up with.
    pub(super) retailer: Option<String>,
    pub(super) stores: BTreeMap<String, NewStoreStore>,
    pub(super) numbers: Vec<NewStoreNumber>,
}

impl World {
    /// With three stores and some numbers.
    pub(super) fn demo() -> Self {
        let store = |id: &str| (id.to_owned(), NewStoreStore { id: id.to_owned(), ..NewStoreStore::default() });
        let number = |(number, locality): &(&str, &str)| NewStoreNumber {
            phone_number: (*number).to_owned(),
            locality: Some((*locality).to_owned()),
            region: Some("FL".to_owned()),
            ..NewStoreNumber::default()
        };
        let numbers = [
            ("+19045550102", "Jacksonville"),
            ("+13055550100", "Miami"),
            ("+19045550101", "Jacksonville"),
            ("+19045550103", "Jacksonville"),
        ];
        Self {
            retailer: None,
            stores: ["10001", "10002", "10003"].into_iter().map(store).collect(),
            numbers: numbers.iter().map(number).collect(),
        }
    }

    pub(super) fn offers(&self, store: &str) -> Vec<&NewStoreNumber> {
        self.numbers.iter().filter(|number| !number.owned && number.is_for(store)).collect()
    }

    pub(super) fn onboard(&mut self, id: &str, number: &str, enable: bool) -> Result<(), Refusal> {
        let store = self.stores.get_mut(id).ok_or(Refusal::NoStore)?;
        if store.phone_number.is_some() {
            return Err(Refusal::AlreadyThere);
        }
        let at = self.numbers.iter().position(|offer| offer.phone_number == number && offer.is_for(id));
        self.numbers.remove(at.ok_or(Refusal::NoNumber)?);
        (store.phone_number, store.enabled) = (Some(number.to_owned()), enable);
        Ok(())
    }
}
