//! Adds whose answer was lost: which event of a listing may be theirs. Computes only.

use std::collections::HashSet;

use serde_json::Value;

use super::store::PendingAdd;
use crate::event::Event;

/// A listing, with what is known to be ours in it.
pub(super) struct Matcher<'a> {
    listed: &'a [Event],
    ours: HashSet<i64>,
    /// Who made what is ours; empty = nobody knows.
    creators: Vec<&'a Value>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(listed: &'a [Event], ours: HashSet<i64>) -> Matcher<'a> {
        let creators = listed.iter().filter(|event| ours.contains(&event.id())).filter_map(Event::creator).collect();
        Matcher { listed, ours, creators }
    }

    /// An event is ours from here on.
    pub(super) fn claim(&mut self, id: i64) {
        self.ours.insert(id);
    }

    /// Events that an add of ours made, as far as can be told: they are new, not by somebody else for sure, and say
    /// the same, or more (a service may fill in what was not sent), but then by the same creator as others of ours.
    /// No more than there were tries, the most alike first.
    pub(super) fn made_by(&self, add: &PendingAdd) -> Vec<&'a Event> {
        let is_alike = |event: &Event| event.content().will_do_for(&add.sent);
        let alike = self.new_since(add).filter(|event| is_alike(event) && self.may_be_by_us(event));
        let more = self
            .new_since(add)
            .filter(|event| !is_alike(event) && event.content().covers(&add.sent) && self.is_by_us(event));
        alike.chain(more).take(add.tries as usize).collect()
    }

    /// Events that an add of ours may have made, if the service changed what we sent: they are new, of the
    /// same kind, and not by somebody else for sure.
    pub(super) fn candidates(&self, add: &PendingAdd) -> Vec<i64> {
        let is_one = |event: &&Event| event.content().is_of_kind(&add.sent) && self.may_be_by_us(event);
        self.new_since(add).filter(is_one).map(Event::id).collect()
    }

    fn new_since(&self, add: &PendingAdd) -> impl Iterator<Item = &'a Event> {
        self.listed.iter().filter(|event| !add.before.contains(&event.id()) && !self.ours.contains(&event.id()))
    }

    fn may_be_by_us(&self, event: &Event) -> bool {
        self.creators.is_empty() || event.creator().is_none() || self.is_by_us(event)
    }

    fn is_by_us(&self, event: &Event) -> bool {
        event.creator().is_some_and(|creator| self.creators.contains(&creator))
    }
}

/// Why an add is held back that one of these events may have come of.
pub(super) fn held_back(candidates: &[i64]) -> String {
    let ids = candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "the answer to adding it was lost, and what appeared since may be it, though it says something else \
         (event {ids}): it is neither changed nor added again. If that is it, remove it at Lagerkoll, and the next \
         pass adds it anew; if it is somebody else's, `run --once --force` adds ours beside it"
    )
}
