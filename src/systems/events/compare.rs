//! What every store lists, and what is to be done there: the part of a pass that only reads.

use jiff::Timestamp;

use super::guard::{HeldThere, guard};
use super::reconcile::{Step, Terms, Wanted, Work, reconcile};
use crate::config;
use crate::event::Event;
use crate::pass::{Ask, PassKind};
use crate::remote::CallError;
use crate::remote::lagerkoll::Reader;
use crate::systems::events::store::Standing;

/// A store with its events.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) listed: Vec<Event>,
    pub(super) work: Work,
    /// What may not be sent without somebody's word.
    pub(super) guard: Vec<HeldThere>,
}

/// How stores are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    max_delete_percent: u8,
    terms: Terms,
}

impl Policy {
    pub(super) fn of(settings: &config::Lagerkoll, Ask { kind, force }: Ask) -> Policy {
        let terms = Terms { now: Timestamp::now(), retry_refused: kind == PassKind::Resync, release: force };
        Policy { max_delete_percent: settings.max_delete_percent, terms }
    }

    /// Compares a store's listing with what it is to have.
    pub(super) fn compare(self, listed: Vec<Event>, wanted: Vec<Wanted>, ledger: &Standing, is_copy: bool) -> Compared {
        let work = reconcile(&wanted, &listed, ledger, self.terms);
        let guard = guard(&work, &wanted, is_copy, self.max_delete_percent);
        Compared { listed, work, guard }
    }

    /// Reads a store that is copied to, and compares it.
    pub(super) async fn compare_copy(
        self,
        reader: &Reader,
        wanted: Vec<Wanted>,
        ledger: &Standing,
    ) -> Result<Compared, CallError> {
        Ok(self.compare(reader.list().await?, wanted, ledger, true))
    }
}

/// The declared events.
pub(super) fn declared(settings: &config::Lagerkoll) -> Vec<Wanted> {
    let wanted = |event: &config::DeclaredEvent| Wanted { key: event.name.clone(), content: event.content.clone() };
    settings.events.iter().map(wanted).collect()
}

/// What other stores are to have: the events of this one.
pub(super) fn copies_of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<Wanted> {
    let copy = |event: &Event| Wanted { key: event.id().to_string(), content: event.content() };
    events.into_iter().map(copy).collect()
}

/// What other stores are to have once the steps here are carried out. Events to come have no id yet: what
/// replaces another one goes by the id of that, whose copies will be its own.
pub(super) fn copies_of_projected(here: &Compared) -> Vec<Wanted> {
    let goes = |event: &Event| {
        let is_it = |step: &Step| match step {
            Step::Add(_) => false,
            Step::Replace { old, .. } | Step::Remove { old, .. } => old.id() == event.id(),
        };
        here.work.all_steps().any(is_it)
    };
    let to_come = here.work.all_steps().filter_map(|step| match step {
        Step::Add(wanted) => Some(wanted.clone()),
        Step::Replace { wanted, old } => Some(Wanted { key: old.id().to_string(), content: wanted.content.clone() }),
        Step::Remove { .. } => None,
    });
    copies_of(here.listed.iter().filter(|event| !goes(event))).into_iter().chain(to_come).collect()
}
