//! What the next pass would do at Lagerkoll. It holds nothing that could change anything.

use std::path::Path;

use super::client::{Reader, connect};
use super::limit::Limit;
use super::pass::{MirrorError, listing_error, store_key};
use super::reconcile::Step;
use super::survey::{Policy, Surveyed, copies_of_projected, declared};
use crate::config::{self, Account};
use crate::state::{self, PassKind};

/// A plan for all stores.
#[derive(Debug, Default)]
pub struct Plan {
    /// The mirrored store, then those that are copied to.
    pub stores: Vec<PlannedStore>,
}

/// A store's part of a plan.
#[derive(Debug)]
pub struct PlannedStore {
    /// Its id.
    pub store: String,
    /// What is to be done there, in order.
    pub steps: Vec<Step>,
    /// Events that Lagerkoll refuses as they are.
    pub set_aside: usize,
    /// Why the guard refuses it.
    pub guard: Option<String>,
}

impl Plan {
    /// Why the guard would let nothing through.
    pub fn guard(&self) -> Option<String> {
        self.stores.iter().find_map(|store| Some(format!("store {}: {}", store.store, store.guard.as_ref()?)))
    }

    /// Does without the guard.
    pub fn let_through(&mut self) {
        self.stores.iter_mut().for_each(|store| store.guard = None);
    }

    /// All that is to be done, with the store that it is to be done in.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.stores.iter().flat_map(|store| store.steps.iter().map(|step| (store.store.as_str(), step)))
    }
}

/// Plans a pass: reads the state and the stores' listings. Where only the mirror is wanted, there is nothing
/// to plan, and no listing is read.
///
/// # Errors
/// When one of them can't be read.
pub async fn plan(settings: &config::Lagerkoll, state: &Path, kind: PassKind) -> Result<Plan, MirrorError> {
    let standing = |account: &Account| state::Reader::open(state)?.standing(&store_key(settings, account));
    let reader = |account: &Account| -> Result<Reader, MirrorError> {
        Ok(connect(settings, account, Limit::of(&settings.base_url))?.reader().clone())
    };
    let policy = Policy::of(settings, kind == PassKind::Resync);
    let account = &settings.account;
    let ours = standing(account)?;
    if settings.events.is_empty() && settings.copies.is_empty() && ours.own.is_empty() && ours.adds.is_empty() {
        return Ok(Plan::default());
    }
    let listed = reader(account)?.list().await.map_err(|error| listing_error(account, error))?;
    let here = policy.compare(listed, declared(settings), &ours, false);
    let mut stores = Vec::new();
    for copy in &settings.copies {
        let wanted = copies_of_projected(&here);
        let there = policy.survey_copy(&reader(copy)?, wanted, &standing(copy)?).await;
        stores.push(planned(copy, there.map_err(|error| listing_error(copy, error))?));
    }
    stores.insert(0, planned(account, here));
    Ok(Plan { stores })
}

fn planned(account: &Account, store: Surveyed) -> PlannedStore {
    PlannedStore {
        store: account.store.clone(),
        set_aside: store.work.set_aside.len(),
        steps: store.work.steps,
        guard: store.guard,
    }
}
