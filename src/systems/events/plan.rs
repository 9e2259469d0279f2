//! What the next pass would do at Lagerkoll. It holds nothing that could change anything.

use std::path::Path;

use super::compare::{Compared, Policy, copies_of_projected, declared};
use super::error::{MirrorError, listing_error};
use super::guard::{Held, HeldThere};
use super::names::{Names, store_key};
use super::reconcile::Step;
use crate::config::{self, Account};
use crate::pass::Ask;
use crate::remote::Limits;
use crate::remote::lagerkoll::{Reader, connect};
use crate::state;
use crate::systems::events::store::ReadEvents as _;

/// A plan for all stores.
#[derive(Debug, Default)]
pub struct Plan {
    /// The mirrored store, then those that are copied to.
    pub stores: Vec<PlannedStore>,
    /// Events of ours in stores that the settings don't name any more, by the store's name in the state.
    pub left_behind: Vec<(String, u64)>,
    /// What could not be read, so that the plan lacks it.
    pub errors: Vec<MirrorError>,
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
    /// What the guard holds.
    pub guard: Vec<HeldThere>,
}

impl Plan {
    /// What the guard would hold, so that nothing would be sent.
    pub fn held(&self) -> Option<Held> {
        let held = |store: &PlannedStore| {
            store.guard.iter().map(|held| (store.store.clone(), held.clone())).collect::<Vec<_>>()
        };
        Held::of(self.stores.iter().flat_map(held).collect())
    }

    /// Does without the guard.
    pub fn let_through(&mut self) {
        self.stores.iter_mut().for_each(|store| store.guard.clear());
    }

    /// All that is to be done, with the store that it is to be done in.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.stores.iter().flat_map(|store| store.steps.iter().map(|step| (store.store.as_str(), step)))
    }
}

/// Plans a pass: reads the state and the stores' listings. Where only the mirror is wanted, there is nothing
/// to plan, and no listing is read. What can't be read is told by the plan, which is of the rest then.
pub(crate) async fn plan(settings: &config::Lagerkoll, limits: &Limits, state: &Path, ask: Ask) -> Plan {
    let mut plan = Plan::default();
    if let Err(error) = fill(&mut plan, settings, limits, state, Policy::of(settings, ask)).await {
        plan.errors.push(error);
    }
    plan
}

async fn fill(
    plan: &mut Plan,
    settings: &config::Lagerkoll,
    limits: &Limits,
    state: &Path,
    policy: Policy,
) -> Result<(), MirrorError> {
    let ledger = |account: &Account| state::Reader::open(state)?.standing(&store_key(settings, account));
    let reader =
        |account: &Account| -> Result<Reader, MirrorError> { Ok(connect(settings, account, limits)?.reader().clone()) };
    plan.left_behind = state::Reader::open(state)?.own_events_elsewhere(&Names::of(settings).keys())?;
    let account = &settings.account;
    let ours = ledger(account)?;
    if settings.events.is_empty() && settings.copies.is_empty() && ours.own.is_empty() && ours.adds.is_empty() {
        return Ok(());
    }
    let listed = reader(account)?.list().await.map_err(|error| listing_error(account, error))?;
    let here = policy.compare(listed, declared(settings), &ours, false);
    let wanted = copies_of_projected(&here);
    plan.stores.push(planned(account, here));
    for copy in &settings.copies {
        match policy.compare_copy(&reader(copy)?, wanted.clone(), &ledger(copy)?).await {
            Ok(there) => plan.stores.push(planned(copy, there)),
            Err(error) => plan.errors.push(listing_error(copy, error)),
        }
    }
    Ok(())
}

fn planned(account: &Account, store: Compared) -> PlannedStore {
    PlannedStore {
        store: account.store.clone(),
        set_aside: store.work.set_aside.len(),
        steps: store.work.all_steps().cloned().collect(),
        guard: store.guard,
    }
}
