//! What every store lists, and what is to be done there: the part of a pass that only reads.

use jiff::Timestamp;

use super::guard::{HeldThere, guard};
use super::reconcile::{Step, Terms, Wanted, Work, reconcile};
use crate::config;
use crate::event::{Content, Event};
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
        let copies = is_copy.then(|| known_copies(ledger));
        let work = reconcile(&wanted, &listed, copies.as_ref().unwrap_or(ledger), self.terms);
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
    events.into_iter().map(|event| copy(event.id().to_string(), &event.content())).collect()
}

/// An event as another store is to have it, where the service keeps by itself when it ran last, say.
fn copy(key: String, content: &Content) -> Wanted {
    Wanted { key, content: content.without_services_own() }
}

/// What is known of copies. Older ones were sent with what the service keeps by itself: that makes no difference.
fn known_copies(ledger: &Standing) -> Standing {
    let mut known = ledger.clone();
    for own in &mut known.own {
        own.sent = own.sent.without_services_own();
    }
    known
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
        Step::Add(wanted) => Some(copy(wanted.key.clone(), &wanted.content)),
        Step::Replace { wanted, old } => Some(copy(old.id().to_string(), &wanted.content)),
        Step::Remove { .. } => None,
    });
    copies_of(here.listed.iter().filter(|event| !goes(event))).into_iter().chain(to_come).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::systems::events::store::OwnEvent;

    #[test]
    fn copies_that_were_sent_with_what_the_service_keeps_stay() {
        let event = |id: i64, ran: i64| {
            let trigger = json!({"time": "08:00", "lastRun": ran});
            Event::parse(json!({"id": id, "triggerType": "TIME", "trigger": trigger})).expect("an event")
        };
        let sent = event(1, 1).content();
        let own = OwnEvent { id: 9, key: Some("1".to_owned()), seen: Some(sent.clone()), sent, gone: None };
        let ledger = Standing { own: vec![own], ..Standing::default() };
        let terms = Terms { now: Timestamp::UNIX_EPOCH, retry_refused: false, release: false };
        let policy = Policy { max_delete_percent: 20, terms };
        let compared = policy.compare(vec![event(9, 2)], copies_of([&event(1, 3)]), &ledger, true);
        assert!(compared.work.steps.is_empty() && !compared.work.is_news, "{:?}", compared.work);
    }
}
