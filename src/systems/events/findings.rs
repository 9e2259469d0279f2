//! What a pass has found out so far: its report tells it, however the pass ends.

use super::apply::Applied;
use super::error::MirrorError;
use super::guard::Held;
use crate::config::Account;
use crate::remote::lagerkoll::Writer;
use crate::systems::events::store::Mirrored;

/// What a pass has found out so far.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) connections: Vec<Writer>,
    /// Events of the store, once they are listed.
    pub(super) listed: Option<u64>,
    pub(super) mirrored: Mirrored,
    /// All stores together, but for the one under way.
    pub(super) applied: Applied,
    /// What came of the steps of the store under way so far.
    pub(super) under_way: Applied,
    pub(super) refused: u64,
    /// What the guard holds, so that nothing is sent.
    pub(super) held: Option<Held>,
    /// Whether it is known what it holds of all stores.
    pub(super) was_judged: bool,
    /// Why nothing may be sent for a while.
    pub(super) paused: Option<String>,
    pub(super) left_behind: Vec<(String, u64)>,
    pub(super) errors: Vec<MirrorError>,
}

impl Findings {
    /// Adds what came of the steps of the store under way to that of all, and gives it.
    pub(super) fn settle(&mut self) -> Applied {
        let store = std::mem::take(&mut self.under_way);
        self.applied.created += store.created;
        self.applied.replaced += store.replaced;
        self.applied.deleted += store.deleted;
        self.applied.failed += store.failed;
        store
    }

    /// Adds what came of all steps of the store under way.
    pub(super) fn count(&mut self, account: &Account, steps: u64, store: StoreApplied) {
        let StoreApplied { still_refused, was_cut_short, is_unauthorized } = store;
        let applied = self.settle();
        self.refused += still_refused;
        if let Some(why) = applied.failure {
            self.errors.push(MirrorError::Pending {
                store: account.store.clone(),
                failed: if was_cut_short { steps.saturating_sub(applied.done) } else { applied.failed },
                steps,
                why,
                is_unauthorized,
            });
        }
    }
}

/// How a store's steps ended.
pub(super) struct StoreApplied {
    /// Events that Lagerkoll still refuses as they are.
    pub(super) still_refused: u64,
    /// No request would have done better.
    pub(super) was_cut_short: bool,
    pub(super) is_unauthorized: bool,
}
