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
    /// All stores together.
    pub(super) applied: Applied,
    pub(super) refused: u64,
    /// What the guard holds, so that nothing is sent.
    pub(super) held: Option<Held>,
    /// Whether it has judged every store.
    pub(super) was_judged: bool,
    /// Why nothing may be sent for a while.
    pub(super) paused: Option<String>,
    pub(super) left_behind: Vec<(String, u64)>,
    pub(super) errors: Vec<MirrorError>,
}

impl Findings {
    /// Adds what came of a store's steps.
    pub(super) fn count(&mut self, account: &Account, steps: u64, store: StoreApplied) {
        let StoreApplied { applied, still_refused, was_cut_short, is_unauthorized } = store;
        self.refused += still_refused;
        let done = applied.created + applied.replaced + applied.deleted + applied.refused.len() as u64;
        self.applied.created += applied.created;
        self.applied.replaced += applied.replaced;
        self.applied.deleted += applied.deleted;
        self.applied.failed += applied.failed;
        if let Some(why) = applied.failure {
            self.errors.push(MirrorError::Pending {
                store: account.store.clone(),
                failed: if was_cut_short { steps.saturating_sub(done) } else { applied.failed },
                steps,
                why,
                is_unauthorized,
            });
        }
    }
}

/// What came of a store's steps.
pub(super) struct StoreApplied {
    pub(super) applied: Applied,
    /// Events that Lagerkoll still refuses as they are.
    pub(super) still_refused: u64,
    /// No request would have done better.
    pub(super) was_cut_short: bool,
    pub(super) is_unauthorized: bool,
}
