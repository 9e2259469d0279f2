//! What every store lists, and what is to be done there: the part of a pass that only reads.

use super::client::Reader;
use super::reconcile::{Step, Wanted, Work, guard, reconcile};
use super::reply::CallError;
use crate::config;
use crate::event::Event;
use crate::state::Standing;

/// A store with its events.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) listed: Vec<Event>,
    pub(super) work: Work,
    /// Why nothing may be sent.
    pub(super) guard: Option<String>,
}

/// How stores are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    pub(super) max_delete_percent: u8,
    pub(super) retry_refused: bool,
}

impl Policy {
    pub(super) fn of(settings: &config::Lagerkoll, retry_refused: bool) -> Policy {
        Policy { max_delete_percent: settings.max_delete_percent, retry_refused }
    }

    /// Compares a store's listing with what it is to have.
    pub(super) fn compare(
        self,
        listed: Vec<Event>,
        wanted: Vec<Wanted>,
        standing: &Standing,
        is_copy: bool,
    ) -> Surveyed {
        let work = reconcile(&wanted, &listed, standing, self.retry_refused);
        let guard = guard(&work, &wanted, is_copy, self.max_delete_percent);
        Surveyed { listed, work, guard }
    }

    /// Reads a store that is copied to, and compares it.
    pub(super) async fn survey_copy(
        self,
        reader: &Reader,
        wanted: Vec<Wanted>,
        standing: &Standing,
    ) -> Result<Surveyed, CallError> {
        Ok(self.compare(reader.list().await?, wanted, standing, true))
    }
}

/// The declared events.
pub(super) fn declared(settings: &config::Lagerkoll) -> Vec<Wanted> {
    let wanted = |event: &config::DeclaredEvent| Wanted { key: event.name.clone(), content: event.content.clone() };
    settings.events.iter().map(wanted).collect()
}

/// What other stores are to have: the events of this one.
pub(super) fn copies_of(events: &[Event]) -> Vec<Wanted> {
    events.iter().map(|event| Wanted { key: event.id().to_string(), content: event.content() }).collect()
}

/// What other stores are to have once the steps here are carried out. Events to come have no id yet.
pub(super) fn copies_of_projected(here: &Surveyed) -> Vec<Wanted> {
    let is_staying = |event: &&Event| {
        let goes = |step: &Step| match step {
            Step::Add(_) => false,
            Step::Replace { old, .. } | Step::Remove { old, .. } => old.id() == event.id(),
        };
        !here.work.steps.iter().any(goes)
    };
    let staying: Vec<Event> = here.listed.iter().filter(is_staying).cloned().collect();
    let to_come = here.work.steps.iter().filter_map(|step| match step {
        Step::Add(wanted) | Step::Replace { wanted, .. } => Some(wanted.clone()),
        Step::Remove { .. } => None,
    });
    copies_of(&staying).into_iter().chain(to_come).collect()
}
