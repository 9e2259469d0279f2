//! What is to be done so that a store has the events that it should have. Computes only.
//!
//! An event is ours when we added it, which the state remembers by its id; nobody else's is ever
//! changed or removed. One of somebody else that is just as wanted is as good as ours, and not added
//! a second time.

use std::collections::{HashMap, HashSet};

use crate::event::{Content, Event};
use crate::state::{OwnEvent, Standing};

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
    /// Whether the state has to learn that.
    pub is_news: bool,
    /// In the order of application: what failed before comes after other adds, removals come last.
    pub steps: Vec<Step>,
    /// Events that Lagerkoll refuses as they are: the keys.
    pub set_aside: Vec<String>,
    /// Events of ours that are for something, before any step.
    pub kept_so_far: u64,
}

/// Compares what a store is to have with what it lists. `listed` is the whole listing.
pub fn reconcile(wanted: &[Wanted], listed: &[Event], standing: &Standing, retry_refused: bool) -> Work {
    let by_id: HashMap<i64, &Event> = listed.iter().map(|event| (event.id(), event)).collect();
    let mut own: Vec<OwnEvent> = standing.own.iter().filter(|own| by_id.contains_key(&own.id)).cloned().collect();
    find_lost(&mut own, listed, standing);
    for own in &mut own {
        let event = by_id.get(&own.id);
        own.seen = own.seen.take().or_else(|| event.map(|event| event.content()));
    }
    let kept_so_far = own.iter().filter(|own| own.key.is_some()).count() as u64;
    let mut comparison = Comparison {
        is_taken: own.iter().map(|own| own.id).collect(),
        wanted: wanted.iter().map(|wanted| wanted.key.as_str()).collect(),
        standing,
        retry_refused,
        listed,
        by_id,
        own,
        late: Vec::new(),
        steps: Vec::new(),
        set_aside: Vec::new(),
    };
    wanted.iter().for_each(|wanted| comparison.want(wanted));
    let (mut steps, removals) = (std::mem::take(&mut comparison.steps), comparison.removals());
    steps.extend(std::mem::take(&mut comparison.late));
    steps.extend(removals);
    let Comparison { own, set_aside, .. } = comparison;
    let is_news = own != standing.own || !standing.adds.is_empty();
    Work { own, is_news, steps, set_aside, kept_so_far }
}

/// Whether an event may be the one that an add of ours made: it says the same, or more (a service may
/// fill in what was not sent), but then by the same creator as an event that is known to be ours.
pub(super) fn may_be(event: &Event, sent: &Content, own: &[&Event]) -> bool {
    let content = event.content();
    let is_creator = |own: &&Event| event.creator().is_some() && own.creator() == event.creator();
    content.is_like(sent) || (content.covers(sent) && own.iter().any(is_creator))
}

/// Adds whose answer was lost are found again by their content, unless it was there before.
fn find_lost(own: &mut Vec<OwnEvent>, listed: &[Event], standing: &Standing) {
    let known: Vec<&Event> = listed.iter().filter(|event| own.iter().any(|own| own.id == event.id())).collect();
    for add in &standing.adds {
        for event in listed {
            let is_known = own.iter().any(|own| own.id == event.id()) || add.twins.contains(&event.id());
            if is_known || !may_be(event, &add.sent, &known) {
                continue;
            }
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
            own.push(OwnEvent { id: event.id(), key, sent: add.sent.clone(), seen: None });
        }
    }
    own.sort_by_key(|own| own.id);
}

struct Comparison<'a> {
    listed: &'a [Event],
    by_id: HashMap<i64, &'a Event>,
    standing: &'a Standing,
    retry_refused: bool,
    wanted: HashSet<&'a str>,
    own: Vec<OwnEvent>,
    /// Listed events that are ours, or stand for a wanted one already.
    is_taken: HashSet<i64>,
    steps: Vec<Step>,
    /// Steps that failed before, and must not keep the others waiting again.
    late: Vec<Step>,
    set_aside: Vec<String>,
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
            spare.is_none() && !self.is_taken.contains(&event.id()) && event.content().is_like(&wanted.content)
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
        let refused = self.standing.refused.iter().find(|refused| refused.key == wanted.key);
        if !self.retry_refused && refused.is_some_and(|refused| refused.sent == wanted.content) {
            self.set_aside.push(wanted.key.clone());
            return;
        }
        let old = current.and_then(|at| self.by_id.get(&self.own[at].id));
        let step = match old {
            Some(old) => Step::Replace { wanted: wanted.clone(), old: (*old).clone() },
            None => Step::Add(wanted.clone()),
        };
        let has_failed = self.standing.adds.iter().any(|add| add.key == wanted.key);
        if has_failed { self.late.push(step) } else { self.steps.push(step) }
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

/// Why the guard refuses the work in a store, or `None` when it doesn't: strictly more than
/// `max_delete_percent` of the events that are ours there would go, and more than ten; or all of them,
/// because the store that is copied from lists no event at all.
pub fn guard(work: &Work, wanted: &[Wanted], is_copy: bool, max_delete_percent: u8) -> Option<String> {
    let is_loss = |step: &&Step| matches!(step, Step::Remove { is_leftover: false, .. });
    let gone = work.steps.iter().filter(is_loss).count() as u64;
    let all = work.kept_so_far;
    if is_copy && wanted.is_empty() && gone > 0 {
        return Some(format!("the store that is copied from lists no event, and all {gone} copies would go"));
    }
    let is_too_much = gone > 10 && u128::from(gone) * 100 > u128::from(all) * u128::from(max_delete_percent);
    is_too_much.then(|| {
        let percent = gone * 100 / all.max(1);
        format!("{gone} of {all} events ({percent} %) would go, more than max_delete_percent = {max_delete_percent}")
    })
}

#[cfg(test)]
mod tests;
