//! What is to be done so that a store has the events that it should have. Computes only.
//!
//! An event is ours when we added it, which the state remembers by its id; nobody else's is ever
//! changed or removed. Where somebody else has added just the event that is wanted, it is not added
//! a second time.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::matcher::{Matcher, held_back};
use crate::event::{Content, Event};
use crate::systems::events::store::{OwnEvent, PendingAdd, REMEMBERED, RefusedAdd, Standing};

/// An event that a store is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is for: a declared event's name, or the id of the event that it is a copy of.
    pub key: String,
    /// What it is to be.
    pub content: Content,
}

/// A change to a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An event is missing.
    Add(Wanted),
    /// An event of ours is otherwise: a new one is added, then this one removed.
    Replace {
        /// The new one.
        wanted: Wanted,
        /// The one that is there.
        old: Event,
    },
    /// An event of ours is for nothing any more.
    Remove {
        /// The one that is there.
        old: Event,
        /// It was replaced already, or added a second time: no loss.
        is_leftover: bool,
    },
}

/// What is to be done in a store, and what the listing taught.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// The events that are ours as far as is known now.
    pub own: Vec<OwnEvent>,
    /// Adds of which nobody knows what became of them even now. They are held back.
    pub adds: Vec<PendingAdd>,
    /// Whether the state has to learn these.
    pub is_news: bool,
    /// In the order of application: removals come last.
    pub steps: Vec<Step>,
    /// Steps that failed before, and must not keep the others waiting again.
    pub late: Vec<Step>,
    /// Events that Lagerkoll refuses as they are, or that are held back: the keys.
    pub set_aside: Vec<String>,
    /// Of those, the ones that are held back from now on, and why.
    pub held_back: Vec<RefusedAdd>,
    /// Events of ours that are for something, before any step.
    pub kept_so_far: u64,
    /// Events of ours that the listing lacks for the first time, with what is to be added again.
    pub vanished: Vec<(i64, Content)>,
}

impl Work {
    /// All steps in the order of application.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(&self.late)
    }
}

/// How a store is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// When it was listed.
    pub now: Timestamp,
    /// Whether what Lagerkoll refuses is tried again.
    pub retry_refused: bool,
    /// Whether what is held back is added all the same.
    pub release: bool,
}

/// Compares what a store is to have with what it lists. `listed` is the whole listing.
pub fn reconcile(wanted: &[Wanted], listed: &[Event], ledger: &Standing, terms: Terms) -> Work {
    let by_id: HashMap<i64, &Event> = listed.iter().map(|event| (event.id(), event)).collect();
    let mut own = ledger.own.clone();
    let unclear = find_lost(&mut own, listed, ledger);
    for own in &mut own {
        match by_id.get(&own.id) {
            Some(event) => {
                own.gone = None;
                own.seen = own.seen.take().or_else(|| Some(event.content()));
            }
            // It stays ours: a listing may be out of date, or of other events than the last one.
            None => own.gone = own.gone.or(Some(terms.now)),
        }
    }
    own.retain(|own| own.gone.is_none_or(|since| terms.now.duration_since(since) < REMEMBERED));
    let kept_so_far = own.iter().filter(|own| own.key.is_some() && own.gone.is_none()).count() as u64;
    let mut comparison = Comparison {
        is_taken: own.iter().map(|own| own.id).collect(),
        wanted: wanted.iter().map(|wanted| wanted.key.as_str()).collect(),
        ledger,
        terms,
        listed,
        by_id,
        unclear,
        own,
        work: Work { kept_so_far, ..Work::default() },
    };
    comparison.hold_back();
    wanted.iter().for_each(|wanted| comparison.want(wanted));
    let removals = comparison.removals();
    let Comparison { own, mut work, .. } = comparison;
    work.steps.extend(removals);
    work.is_news = own != ledger.own || work.adds != ledger.adds;
    Work { own, ..work }
}

/// An add whose outcome the listing does not show.
struct Unclear<'a> {
    add: &'a PendingAdd,
    candidates: Vec<i64>,
}

/// Adds whose answer was lost are found again by their content, unless it was there before.
fn find_lost<'a>(own: &mut Vec<OwnEvent>, listed: &[Event], ledger: &'a Standing) -> Vec<Unclear<'a>> {
    let mut matcher = Matcher::new(listed, own.iter().map(|own| own.id).collect());
    for add in &ledger.adds {
        for event in matcher.made_by(add) {
            matcher.claim(event.id());
            let before = own.iter_mut().find(|own| own.key.as_ref() == Some(&add.key));
            let key = match before {
                // Added twice: an earlier try was taken after all.
                Some(before) if before.sent == add.sent => None,
                Some(before) => {
                    before.key = None;
                    Some(add.key.clone())
                }
                None => Some(add.key.clone()),
            };
            own.push(OwnEvent { id: event.id(), key, sent: add.sent.clone(), seen: None, gone: None });
        }
    }
    own.sort_by_key(|own| own.id);
    let is_there = |add: &PendingAdd| own.iter().any(|own| own.key.as_ref() == Some(&add.key) && own.sent == add.sent);
    // An add of which no request is lost is not there.
    let unclear = ledger.adds.iter().filter(|add| add.tries > 0 && !is_there(add));
    let unclear = unclear.map(|add| Unclear { add, candidates: matcher.candidates(add) });
    unclear.filter(|unclear| !unclear.candidates.is_empty()).collect()
}

struct Comparison<'a> {
    listed: &'a [Event],
    by_id: HashMap<i64, &'a Event>,
    ledger: &'a Standing,
    terms: Terms,
    wanted: HashSet<&'a str>,
    unclear: Vec<Unclear<'a>>,
    own: Vec<OwnEvent>,
    /// Listed events that are ours, or stand for a wanted one already.
    is_taken: HashSet<i64>,
    work: Work,
}

impl Comparison<'_> {
    fn want(&mut self, wanted: &Wanted) {
        let current = self.own.iter().position(|own| own.key.as_ref() == Some(&wanted.key));
        if current.is_some_and(|at| self.is_as_wanted(&self.own[at], &wanted.content)) {
            return;
        }
        let is_spare = |own: &OwnEvent| own.key.as_deref().is_none_or(|key| !self.wanted.contains(key));
        let spare = self.own.iter().position(|own| is_spare(own) && self.is_as_wanted(own, &wanted.content));
        let foreign = self.listed.iter().find(|event| {
            spare.is_none() && !self.is_taken.contains(&event.id()) && event.content().will_do_for(&wanted.content)
        });
        if spare.is_some() || foreign.is_some() {
            if let Some(at) = current {
                self.own[at].key = None;
            }
            if let Some(at) = spare {
                self.own[at].key = Some(wanted.key.clone());
            }
            self.is_taken.extend(foreign.map(Event::id));
            return;
        }
        if self.is_set_aside(wanted) {
            if !self.work.set_aside.contains(&wanted.key) {
                self.work.set_aside.push(wanted.key.clone());
            }
            return;
        }
        let old = current.and_then(|at| self.by_id.get(&self.own[at].id));
        let step = match old {
            Some(old) => Step::Replace { wanted: wanted.clone(), old: (*old).clone() },
            None => Step::Add(wanted.clone()),
        };
        let newly_gone = current.map(|at| &self.own[at]).filter(|own| own.gone == Some(self.terms.now));
        self.work.vanished.extend(newly_gone.map(|own| (own.id, wanted.content.clone())));
        let has_failed = self.ledger.adds.iter().any(|add| add.key == wanted.key);
        if has_failed { self.work.late.push(step) } else { self.work.steps.push(step) }
    }

    /// Whether an event that is missing is not to be added for now: Lagerkoll refuses it as it is, or it may
    /// be there in another shape.
    fn is_set_aside(&self, wanted: &Wanted) -> bool {
        if self.work.set_aside.contains(&wanted.key) {
            return true;
        }
        let is_it = |refused: &&RefusedAdd| refused.key == wanted.key && refused.sent == wanted.content;
        // What was in doubt and is known not to be there was not refused.
        let was_in_doubt = self.ledger.adds.iter().any(|add| add.key == wanted.key);
        self.ledger.refused.iter().any(|refused| is_it(&refused)) && !was_in_doubt && !self.terms.retry_refused
    }

    /// Holds back what may be there in another shape, whether it is still wanted or not: nobody would know
    /// what it is otherwise.
    fn hold_back(&mut self) {
        for Unclear { add, candidates } in self.unclear.iter().filter(|_| !self.terms.release) {
            let reason = held_back(candidates);
            let is_told = |refused: &RefusedAdd| refused.key == add.key && refused.reason == reason;
            if !self.ledger.refused.iter().any(is_told) {
                let (key, sent) = (add.key.clone(), add.sent.clone());
                self.work.held_back.push(RefusedAdd { key, sent, reason, since: self.terms.now });
            }
            self.work.set_aside.push(add.key.clone());
            self.work.adds.push((*add).clone());
        }
    }

    /// Whether an event of ours was sent as it is wanted, and is still as the service had it then. What the
    /// service spells its own way is no difference, nor what it adds.
    fn is_as_wanted(&self, own: &OwnEvent, content: &Content) -> bool {
        let is_unchanged = |event: &&Event| {
            let spelling = own.seen.as_ref().map(|seen| seen.spelling(&own.sent));
            event.content().covers(spelling.as_ref().unwrap_or(&own.sent))
        };
        own.sent == *content && self.by_id.get(&own.id).is_some_and(is_unchanged)
    }

    fn removals(&self) -> Vec<Step> {
        let removal = |own: &OwnEvent| {
            let is_leftover = match own.key.as_deref() {
                Some(key) if self.wanted.contains(key) => return None,
                key => key.is_none(),
            };
            Some(Step::Remove { old: (*self.by_id.get(&own.id)?).clone(), is_leftover })
        };
        self.own.iter().filter_map(removal).collect()
    }
}

#[cfg(test)]
mod tests;
