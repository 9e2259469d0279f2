//! Who may ask for what: stores with their API keys and their users (Scheduled Events API page, section Headers).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

/// What `createdBy` and `createdName` say of events that were added with an API key.
pub(super) const MACHINE: (i64, &str) = (4_611_686_018_427_387_905, "API");

/// Someone who has logged in to a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LagerkollUser {
    /// The `user_id` header, and the `createdBy` of the user's events.
    pub id: i64,
    /// The `user_token` header.
    pub token: String,
    /// The `createdName` of the user's events.
    pub name: String,
}

/// With what a request was sent, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// Neither kind, or only half of the second.
    None,
    /// An `api_key`.
    ApiKey,
    /// A `user_id` and a `user_token`.
    User,
    /// Both kinds; the key decides.
    Both,
}

/// The headers that tell who sends a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Sender {
    pub(super) store: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) user_token: Option<String>,
}

impl Sender {
    pub(super) fn credentials(&self) -> Credentials {
        match (self.api_key.is_some(), self.user_id.is_some() && self.user_token.is_some()) {
            (false, false) => Credentials::None,
            (true, false) => Credentials::ApiKey,
            (false, true) => Credentials::User,
            (true, true) => Credentials::Both,
        }
    }
}

/// A sender who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) store: String,
    /// None for a machine.
    pub(super) user: Option<LagerkollUser>,
}

#[derive(Debug)]
struct Account {
    api_key: String,
    users: BTreeMap<i64, LagerkollUser>,
}

/// All stores.
#[derive(Debug, Default)]
pub(super) struct Accounts(HashMap<String, Account>);

impl Accounts {
    pub(super) fn add_store(&mut self, store: &str, api_key: &str) {
        let account = self.0.entry(store.to_owned());
        let account = account.or_insert_with(|| Account { api_key: String::new(), users: BTreeMap::new() });
        api_key.clone_into(&mut account.api_key);
    }

    pub(super) fn has(&self, store: &str) -> bool {
        self.0.contains_key(store)
    }

    pub(super) fn add_user(&mut self, store: &str, user: LagerkollUser) -> bool {
        let account = self.0.get_mut(store);
        account.map(|account| account.users.insert(user.id, user)).is_some()
    }

    /// The caller, if the store is there and the credentials are right for it.
    pub(super) fn admit(&self, sender: &Sender) -> Option<Caller> {
        let store = sender.store.clone()?;
        let account = self.0.get(&store)?;
        let user = match sender.credentials() {
            Credentials::None => return None,
            Credentials::ApiKey | Credentials::Both => {
                sender.api_key.as_ref().filter(|key| **key == account.api_key)?;
                None
            }
            Credentials::User => Some(account.user(sender)?.clone()),
        };
        Some(Caller { store, user })
    }
}

impl Account {
    fn user(&self, sender: &Sender) -> Option<&LagerkollUser> {
        let id = sender.user_id.as_ref()?.parse().ok()?;
        self.users.get(&id).filter(|user| Some(&user.token) == sender.user_token.as_ref())
    }
}
