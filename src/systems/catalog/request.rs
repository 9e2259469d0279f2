//! What a pass, or somebody who only wants to read its plan, asks the planner for.

use jiff::Timestamp;

use crate::approval::{CATALOG, word};
use crate::pass::{Ask, PassKind};
use crate::pause::Pause;
use crate::state::{self, StateError};
use crate::systems::catalog::store::ReadGuard as _;

/// What a plan is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// What for.
    pub(super) kind: PassKind,
    /// The moment at which sales are judged.
    pub(super) now: Timestamp,
    /// Whether the guard lets everything through.
    pub(super) force: bool,
    /// Whether what is planned is carried out: then the state is to learn what the rows of the feed mean, too.
    pub(super) is_carried_out: bool,
    /// What NiceChat's listing has is known: nothing that matters.
    pub(super) knows_listing: bool,
}

impl Request {
    /// The same after an import: what NiceChat's listing has is another thing now.
    pub(super) fn after_import(self) -> Request {
        Request { knows_listing: false, ..self }
    }

    /// Of a pass that begins now.
    pub(super) fn of_pass(ask: Ask) -> Request {
        Request { kind: ask.kind, now: Timestamp::now(), force: ask.force, is_carried_out: true, knows_listing: false }
    }

    /// The same; a word for what a resync holds is for what a resync sends, which has read NiceChat's listing.
    ///
    /// # Errors
    /// When the state can't be read.
    pub(super) fn as_approved(self, state: &state::Reader) -> Result<Request, StateError> {
        let Some(word) = word(state.path(), CATALOG) else { return Ok(self) };
        let held = state.held()?.and_then(|held| held["digest"].as_str().map(str::to_owned));
        let is_sent = Pause::in_force(state.path()).is_none();
        let is_its = is_sent && held == Some(word) && state.is_held_by_resync()?;
        Ok(Request { kind: if is_its { PassKind::Resync } else { self.kind }, ..self })
    }

    /// The same, which needs not read NiceChat's listing: a pass before it has, and found nothing of ours.
    pub(super) fn knowing_the_listing(self, knows_listing: bool) -> Request {
        Request { knows_listing: knows_listing && self.kind == PassKind::Sync, ..self }
    }
}
