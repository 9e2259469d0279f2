//! What the settings are about, as the state names it.

use crate::config::{self, Account, AccountCredentials, Scope};

/// What the settings are about, as the state names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The mirror.
    pub mirror: String,
    /// The id of the store that is mirrored, at the service.
    pub store: String,
    /// The store itself, and those that are copied to.
    pub stores: Vec<StoreName>,
}

/// A store's name in the state, and its id at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreName {
    /// In the state.
    pub key: String,
    /// At the service.
    pub id: String,
}

impl Names {
    /// The names of these settings.
    pub fn of(settings: &config::Lagerkoll) -> Names {
        let accounts = [&settings.account].into_iter().chain(&settings.copies);
        let name = |account: &Account| StoreName { key: store_key(settings, account), id: account.store.clone() };
        let store = settings.account.store.clone();
        Names { mirror: place(settings), store, stores: accounts.map(name).collect() }
    }

    /// The names in the state.
    pub fn keys(&self) -> Vec<String> {
        self.stores.iter().map(|store| store.key.clone()).collect()
    }
}

/// The name of a mirror in the state: an address, a store, and whose events of it.
pub fn place(settings: &config::Lagerkoll) -> String {
    let store = store_key(settings, &settings.account);
    match (settings.scope, &settings.account.credentials) {
        (Scope::Store, _) => store,
        (Scope::User, AccountCredentials::User { id, .. }) => format!("{store} user {id}"),
        (Scope::User, AccountCredentials::Key(_)) => format!("{store} user"),
    }
}

/// The name of a store in the state.
pub(super) fn store_key(settings: &config::Lagerkoll, account: &Account) -> String {
    format!("{} store {}", settings.base_url, account.store)
}
