//! Carrying out the steps in one store, one after the other.
//!
//! Before an event is added, that is written down; what came of it, before the next step. An add whose
//! answer was lost is looked for in the listing before it is tried again: there are never two.

use std::collections::HashSet;

use jiff::Timestamp;
use tracing::{debug, warn};

use super::matcher::{Matcher, held_back};
use super::reconcile::{Step, Wanted, Work};
use super::store::{AddedEvent, OwnEvent, PendingAdd, RefusedAdd, WriteEvents as _};
use crate::event::{Content, Event};
use crate::http_client;
use crate::remote::CallError;
use crate::remote::lagerkoll::Writer;
use crate::state::{self, StateError};

/// Adds, or removals, that fail one after the other, each after all its tries, before no more of them are tried.
const FAILURES_IN_A_ROW: u64 = 3;

/// Why an application ended before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// What is acknowledged could not be written down.
    State(StateError),
    /// No request will do better for now.
    Call(CallError),
}

impl From<StateError> for Halt {
    fn from(error: StateError) -> Self {
        Halt::State(error)
    }
}

/// What an application came to, in events.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub(super) created: u64,
    pub(super) replaced: u64,
    pub(super) deleted: u64,
    /// What Lagerkoll refused as it is: the keys.
    pub(super) refused: Vec<String>,
    pub(super) failed: u64,
    /// Steps that nothing is left to do of.
    pub(super) done: u64,
    /// The first failure that can pass, in words.
    pub(super) failure: Option<String>,
}

/// A store while it is changed.
pub(super) struct Application<'a> {
    pub(super) lagerkoll: &'a Writer,
    pub(super) state: &'a state::Writer,
    /// The store's name in the state.
    pub(super) store: &'a str,
    /// The place whose mirror the store's events are in, if they are.
    pub(super) mirror: Option<&'a str>,
    pub(super) retries: u32,
    /// The store's events, as far as is known.
    pub(super) listed: Vec<Event>,
    /// Those of them that are ours.
    pub(super) own: HashSet<i64>,
    /// Of ours, those that are for nothing any more.
    pub(super) leftovers: HashSet<i64>,
    /// The stores that this one is copied to, by their names in the state.
    pub(super) copies: &'a [String],
    /// What it came to so far, told also of a pass that is interrupted.
    pub(super) applied: &'a mut Applied,
    /// What is to be added and is not there yet, here or where copies are from.
    pub(super) missing: Vec<Content>,
}

/// What a step adds, unless it replaces something.
fn added(step: &Step) -> Option<Content> {
    match step {
        Step::Add(wanted) => Some(wanted.content.clone()),
        Step::Replace { .. } | Step::Remove { .. } => None,
    }
}

/// What came of an add.
struct Added {
    result: Result<Event, CallError>,
    /// Tries beside the one that counts that may have had their effect.
    lost: u32,
}

/// Failures one after the other. Adds that fail say nothing of removals, nor the other way round.
#[derive(Default)]
struct InARow {
    adds: u64,
    removals: u64,
    last: Option<CallError>,
}

impl InARow {
    /// Whether a step takes what is tried no more. Without its removal a replacement would be one event too many.
    fn rules_out(&self, step: &Step) -> bool {
        let (no_adds, no_removals) = (self.adds >= FAILURES_IN_A_ROW, self.removals >= FAILURES_IN_A_ROW);
        match step {
            Step::Add(_) => no_adds,
            Step::Replace { .. } => no_adds || no_removals,
            Step::Remove { .. } => no_removals,
        }
    }

    fn went_well(&mut self, step: &Step) {
        if !matches!(step, Step::Remove { .. }) {
            self.adds = 0;
        }
        if !matches!(step, Step::Add(_)) {
            self.removals = 0;
        }
    }

    fn failed(&mut self, is_removal: bool, error: CallError) {
        let count = if is_removal { &mut self.removals } else { &mut self.adds };
        // Who refuses something is there.
        *count = if matches!(error, CallError::Refused { .. }) { 0 } else { *count + 1 };
        self.last = Some(error);
    }

    /// The last failure, if there were so many that the rest of a kind was not tried.
    fn halt(self) -> Result<(), Halt> {
        let is_away = self.adds.max(self.removals) >= FAILURES_IN_A_ROW;
        self.last.filter(|_| is_away).map_or(Ok(()), |error| Err(Halt::Call(error)))
    }
}

impl Application<'_> {
    /// Carries out the steps, and counts what came of them as it goes.
    pub(super) async fn carry_out(&mut self, work: &Work) -> Result<(), Halt> {
        if work.is_news {
            self.state.set_own_events(self.store.to_owned(), work.own.clone(), work.adds.clone()).await?;
        }
        for refused in &work.held_back {
            // What was tried so far may still come.
            let tries = work.adds.iter().find(|add| add.key == refused.key).map_or(1, |add| add.tries);
            self.set_aside(refused.clone(), tries).await?;
        }
        self.missing.extend(work.all_steps().filter_map(added));
        let mut in_a_row = InARow::default();
        for step in self.in_order(work) {
            if in_a_row.rules_out(step) || self.is_still_needed(step) {
                continue;
            }
            let done = match step {
                Step::Add(wanted) => self.put(wanted, None).await,
                Step::Replace { wanted, old } => self.put(wanted, Some(old.id())).await,
                Step::Remove { old, is_leftover } => self.remove(old.id(), !is_leftover).await,
            };
            match done {
                Ok(()) => {
                    self.applied.done += 1;
                    in_a_row.went_well(step);
                }
                Err(Halt::Call(error)) => {
                    self.failed(&error);
                    if matches!(error, CallError::Unauthorized(_)) || error.asks_for_too_long() {
                        return Err(Halt::Call(error));
                    }
                    in_a_row.failed(self.is_removal(step), error);
                }
                Err(halt) => return Err(halt),
            }
        }
        in_a_row.halt()
    }

    /// Whether what failed of a step is a removal: of a replacement, once the new one is there.
    fn is_removal(&self, step: &Step) -> bool {
        match step {
            Step::Add(_) => false,
            Step::Replace { old, .. } => self.leftovers.contains(&old.id()),
            Step::Remove { .. } => true,
        }
    }

    /// The steps in order. What failed before comes last; among copies before the removals, which wait for it.
    fn in_order<'w>(&self, work: &'w Work) -> Vec<&'w Step> {
        let mut steps: Vec<&Step> = work.all_steps().collect();
        if self.mirror.is_none() {
            steps.sort_by_key(|step| matches!(step, Step::Remove { .. }));
        }
        steps
    }

    /// Whether a copy must stay for now: what it was copied from is gone, but may have become one that could
    /// not be copied yet.
    fn is_still_needed(&self, step: &Step) -> bool {
        let Step::Remove { old, is_leftover: false } = step else { return false };
        self.mirror.is_none() && self.missing.iter().any(|missing| missing.is_of_kind(&old.content()))
    }

    /// Told by the pass as a whole: a service that is away for hours must not fill the journal.
    fn failed(&mut self, error: &CallError) {
        debug!(store = self.store, reason = %error, "not done, to be tried again by the next pass");
        self.applied.failed += 1;
        self.applied.failure.get_or_insert_with(|| error.to_string());
    }

    /// Adds an event, then removes the one in whose place it is.
    async fn put(&mut self, wanted: &Wanted, old: Option<i64>) -> Result<(), Halt> {
        let Added { result, lost } = self.add(wanted).await?;
        let event = match result {
            Ok(event) => event.or_as_sent(&wanted.content),
            Err(CallError::Refused { reason, .. }) => return self.refused(wanted, reason, lost).await,
            Err(error) => return Err(Halt::Call(error)),
        };
        let own = OwnEvent {
            id: event.id(),
            key: Some(wanted.key.clone()),
            sent: wanted.content.clone(),
            // How the service spells it is learned from the next listing: an answer may differ from that.
            seen: None,
            gone: None,
        };
        debug!(store = self.store, event = own.id, key = wanted.key, "added");
        let mirror = self.mirror.map(|place| (place.to_owned(), event.clone()));
        let succeeds = old.map(|old| (old, self.copies.to_vec()));
        let added = AddedEvent { own, lost, mirror, succeeds };
        self.state.event_added(self.store.to_owned(), added).await?;
        self.own.insert(event.id());
        self.settled(wanted);
        self.leftovers.extend(old);
        self.listed.retain(|listed| listed.id() != event.id());
        self.listed.push(event);
        match old {
            Some(old) => {
                self.applied.replaced += 1;
                self.remove(old, false).await
            }
            None => {
                self.applied.created += 1;
                Ok(())
            }
        }
    }

    async fn refused(&mut self, wanted: &Wanted, reason: String, lost: u32) -> Result<(), Halt> {
        let Wanted { key, content: sent } = wanted.clone();
        self.applied.refused.push(key.clone());
        self.settled(wanted);
        let refused = RefusedAdd { key, sent, reason, since: Timestamp::now() };
        Ok(self.set_aside(refused, lost).await?)
    }

    /// Nothing waits for an event any more.
    fn settled(&mut self, wanted: &Wanted) {
        if let Some(at) = self.missing.iter().position(|missing| *missing == wanted.content) {
            self.missing.swap_remove(at);
        }
    }

    async fn set_aside(&self, refused: RefusedAdd, lost: u32) -> Result<(), StateError> {
        warn!(store = self.store, event = refused.key, reason = refused.reason, "an event is set aside");
        self.state.event_refused(self.store.to_owned(), refused, lost).await
    }

    /// Adds an event once, however often that has to be tried.
    async fn add(&mut self, wanted: &Wanted) -> Result<Added, StateError> {
        let content = &wanted.content;
        let before = self.listed.iter().map(Event::id).collect();
        let mut add = PendingAdd { key: wanted.key.clone(), sent: content.clone(), before, tries: 1 };
        self.state.intend_add(self.store.to_owned(), add.clone()).await?;
        let mut waits = backon::BackoffBuilder::build(http_client::waits(self.retries));
        let mut lost = 0;
        let result = loop {
            let error = match self.lagerkoll.add(content).await {
                Ok(event) if self.listed.iter().any(|listed| listed.id() == event.id()) => {
                    let known = format!("answered with event {}, which was there before and is not ours", event.id());
                    break Err(CallError::Refused { code: 0, reason: known });
                }
                Ok(event) => break Ok(event),
                Err(error) => error,
            };
            if !error.is_in_doubt() {
                break Err(error);
            }
            lost += 1;
            let Some(wait) = waits.next().filter(|_| !error.asks_for_too_long()) else { break Err(error) };
            tokio::time::sleep(error.retry_after().unwrap_or(wait)).await;
            match self.lagerkoll.reader().list().await {
                Ok(listed) => self.listed = listed,
                // The next pass will see what became of it. That the listing is refused says nothing of the event.
                Err(CallError::Refused { reason, .. }) => break Err(CallError::Strange(reason)),
                Err(error) => break Err(error),
            }
            let matcher = Matcher::new(&self.listed, self.own.clone());
            if let Some(found) = matcher.made_by(&add).first() {
                lost -= 1;
                break Ok((*found).clone());
            }
            let candidates = matcher.candidates(&add);
            if !candidates.is_empty() {
                break Err(CallError::Refused { code: 0, reason: held_back(&candidates) });
            }
            add.tries += 1;
            self.state.intend_add(self.store.to_owned(), add.clone()).await?;
        };
        if lost == 0 && matches!(&result, Err(error) if !matches!(error, CallError::Refused { .. })) {
            // It is known not to be there: what is alike from now on is somebody else's.
            self.state.intend_add(self.store.to_owned(), PendingAdd { tries: 0, ..add }).await?;
        }
        Ok(Added { result, lost })
    }

    async fn remove(&mut self, id: i64, counts: bool) -> Result<(), Halt> {
        let is_missing = match self.lagerkoll.remove(id).await {
            Ok(()) => false,
            Err(CallError::Missing) => true,
            Err(error) => return Err(Halt::Call(error)),
        };
        debug!(store = self.store, event = id, "removed");
        if is_missing {
            // Somebody on the way may say so of anything. The next listing knows.
            self.state.event_missing(self.store.to_owned(), id, Timestamp::now()).await?;
            self.leftovers.insert(id);
        } else {
            self.state.event_removed(self.store.to_owned(), id, self.mirror.map(str::to_owned)).await?;
            self.own.remove(&id);
            self.leftovers.remove(&id);
        }
        self.listed.retain(|event| event.id() != id);
        self.applied.deleted += u64::from(counts);
        Ok(())
    }
}
