//! Objects whose ids differ in case only.
//!
//! Some services take `abc` and `ABC` for one id, and nobody says which kind NiceChat is. Where it is of that kind,
//! deleting the one takes the other away. So, while one of the two goes and the other stays or comes, the deletion goes
//! first, and what is wanted is made sure of behind it: what is to be created is created then, and what is there is
//! sent one field that it has already, whose 404 has it created anew. Categories can't go before their products,
//! and are made sure of at the very end.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Differ;
use crate::catalog::{Digest, Fields, Hasher, Id, Kind};
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::diff::index::Flags;
use crate::systems::catalog::plan::operation::{Action, Operation, Stage};
use crate::systems::catalog::plan::store::Place;
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::store::Record;

/// Ids that go, folded; whether NiceChat lists them.
type Going = HashMap<Digest, bool>;

/// Of so many objects all ids are read; of more, only those that are usual spellings of an id that goes.
const MOST_READ: u64 = 50_000;

/// How else an id is usually written.
fn spellings(id: &str) -> [String; 4] {
    let (lower, upper) = (id.to_lowercase(), id.to_uppercase());
    let turned = |c: char| if c.is_lowercase() { c.to_uppercase().next() } else { c.to_lowercase().next() };
    let swapped = id.chars().filter_map(turned).collect();
    let title = lower.chars().take(1).flat_map(char::to_uppercase).chain(lower.chars().skip(1)).collect();
    [lower, upper, swapped, title]
}

/// The id's digest without regard to case; `None` when it has no letters that have any.
fn folded(id: &str, hasher: &Hasher) -> Option<Digest> {
    let lower = id.to_lowercase();
    let has_case = lower != id || id.to_uppercase() != id;
    has_case.then(|| hasher.digest(lower.as_bytes()))
}

/// The field that a wanted object is made sure of by. A category may have been switched off with its twin.
fn asked_about(kind: Kind) -> &'static str {
    match kind {
        Kind::Category => "is_enabled",
        Kind::Product => "title",
    }
}

impl Differ {
    /// Puts the operations on objects whose ids differ in case only into an order that loses neither.
    pub(super) fn order_twins(&mut self) -> Result<(), DifferError> {
        for kind in Kind::ALL {
            let (removals, wanted) = match kind {
                Kind::Category => (Stage::CategoryDeletes, Stage::Categories),
                Kind::Product => (Stage::ProductDeletes, Stage::Products),
            };
            let going = self.going(kind, removals)?;
            if going.is_empty() {
                continue;
            }
            let mut parted = HashSet::new();
            if kind == Kind::Product {
                self.part_new(&going, &mut parted)?;
            }
            self.part_staged(kind, wanted, &going, &mut parted)?;
            self.part_known(kind, removals, &going, &mut parted)?;
            if kind == Kind::Product && !parted.is_empty() {
                let mut first = Vec::new();
                self.draft.store.ids(removals, kind, |id, place| {
                    first.extend(folded(id, &self.inventory.hasher).filter(|key| parted.contains(key)).map(|_| place));
                })?;
                first.into_iter().try_for_each(|place| self.draft.store.move_to(Stage::TwinDeletes, place))?;
            }
        }
        Ok(())
    }

    fn going(&self, kind: Kind, removals: Stage) -> Result<Going, DifferError> {
        let mut going = Going::new();
        if !self.draft.store.has(removals) {
            return Ok(going);
        }
        self.draft.store.ids(removals, kind, |id, _| {
            if let Some(key) = folded(id, &self.inventory.hasher) {
                *going.entry(key).or_insert(true) &= self.is_listed(kind, id);
            }
        })?;
        Ok(going)
    }

    fn is_listed(&self, kind: Kind, id: &str) -> bool {
        let index = self.inventory.index(kind);
        self.inventory.absence_proven
            && index.find(self.inventory.key(id)).is_some_and(|at| index.flags(at).has(Flags::LISTED))
    }

    /// Whether an object is the twin of one that goes. Where a listing has both, they are two.
    fn is_twin(&self, kind: Kind, id: &str, going: &Going) -> Option<Digest> {
        let key = folded(id, &self.inventory.hasher)?;
        let is_listed = going.get(&key)?;
        (!*is_listed || !self.is_listed(kind, id)).then_some(key)
    }

    /// Twins that the plan creates, changes, or takes over.
    fn part_staged(
        &mut self,
        kind: Kind,
        wanted: Stage,
        going: &Going,
        parted: &mut HashSet<Digest>,
    ) -> Result<(), DifferError> {
        for stage in [wanted, Stage::RecordOnly] {
            let mut found: Vec<(Place, Digest)> = Vec::new();
            self.draft.store.ids(stage, kind, |id, place| {
                found.extend(self.is_twin(kind, id, going).map(|key| (place, key)));
            })?;
            for (place, key) in found {
                let Some(operation) = self.draft.store.operation_at(place)? else { continue };
                let Some(record) = operation.record else { continue };
                let is_sent = stage != Stage::RecordOnly;
                let at = self.inventory.locate(kind, self.inventory.key(operation.id.as_str()))?;
                // What the state alone learns of an object that the feed doesn't have makes it no wanted one.
                if !is_sent && !at.is_some_and(|at| self.inventory.is_seen(kind, at)) {
                    continue;
                }
                if parted.insert(key) || is_sent {
                    self.make_sure(kind, &operation.id, record, is_sent)?;
                }
            }
        }
        Ok(())
    }

    /// Twins among the new products of which nothing was known.
    fn part_new(&self, going: &Going, parted: &mut HashSet<Digest>) -> Result<(), DifferError> {
        let mut found = Vec::new();
        self.draft.store.new_ids(|id| {
            found.extend(self.is_twin(Kind::Product, id, going).map(|key| (id.to_owned(), key)));
        })?;
        for (id, key) in found {
            parted.insert(key);
            self.draft.store.add_twin(Kind::Product, &id, None)?;
        }
        Ok(())
    }

    /// Twins that are as wanted.
    fn part_known(
        &mut self,
        kind: Kind,
        removals: Stage,
        going: &Going,
        parted: &mut HashSet<Digest>,
    ) -> Result<(), DifferError> {
        for object in self.known_twins(kind, removals, going)? {
            let known = self.inventory.reader.object(object)?;
            let Some(key) = self.is_twin(kind, &known.id, going).filter(|key| !parted.contains(key)) else { continue };
            let Ok(id) = Id::parse(&known.id) else { continue };
            let at = self.inventory.locate(kind, self.inventory.key(&known.id))?;
            let Some(at) = at.filter(|at| self.inventory.is_seen(kind, *at)) else { continue };
            let digest = self.inventory.digest(kind, at)?;
            let record = Record { acked: known.acked, digest, answered: known.answered, repaired: known.repaired };
            self.make_sure(kind, &id, record, false)?;
            parted.insert(key);
        }
        Ok(())
    }

    /// Objects of ours that may be twins of those that go.
    fn known_twins(&mut self, kind: Kind, removals: Stage, going: &Going) -> Result<BTreeSet<i64>, DifferError> {
        let mut found = BTreeSet::new();
        if self.draft.summary.tally(kind).owned <= MOST_READ {
            let is_going = |id: &str| folded(id, &self.inventory.hasher).is_some_and(|key| going.contains_key(&key));
            self.inventory.reader.ids(kind, |object, id| found.extend(is_going(id).then_some(object)))?;
            return Ok(found);
        }
        let mut keys = HashSet::new();
        self.draft.store.ids(removals, kind, |id, _| {
            // One without case has none.
            let others = folded(id, &self.inventory.hasher).map(|_| spellings(id)).into_iter().flatten();
            keys.extend(others.filter(|spelling| spelling != id).map(|spelling| self.inventory.key(&spelling)));
        })?;
        for key in keys {
            let at = self.inventory.locate(kind, key)?;
            found.extend(at.map(|at| self.inventory.index(kind).object(at)).filter(|object| *object != 0));
        }
        Ok(found)
    }

    /// Has a wanted object looked at once its twin is gone. `is_sent` = it is sent anyway: a product then, a category before,
    /// of which nobody knows yet whether that is taken.
    fn make_sure(&mut self, kind: Kind, id: &Id, record: Record, is_sent: bool) -> Result<(), DifferError> {
        let field = asked_about(kind);
        let is_new = self.inventory.locate(kind, self.inventory.key(id.as_str()))?.is_none();
        self.draft.store.add_twin(kind, id.as_str(), (!is_new).then_some(field))?;
        if is_sent && kind == Kind::Product {
            return Ok(());
        }
        let asked = record.acked.get(field).map(|value| (field.to_owned(), value.clone()));
        let send: Fields = if is_sent { record.acked.clone() } else { asked.into_iter().collect() };
        let operation = Operation::new((kind, id), Action::Update, send.clone(), send, Some(record));
        self.draft.summary.tally_mut(kind).add(&operation);
        let stage = if kind == Kind::Category { Stage::CategoryTwins } else { operation.stage() };
        Ok(self.draft.store.add_to(stage, &operation)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_case_have_no_twins() {
        let folded = |id| folded(id, &Hasher::without_secret());
        assert_eq!(folded("aBc-1"), folded("AbC-1"));
        assert_eq!(folded("ж"), folded("Ж"));
        assert_ne!(folded("abc"), folded("abd"));
        assert_eq!((folded("100-2"), folded("茶")), (None, None));
        assert_eq!(spellings("aBc-1"), ["abc-1", "ABC-1", "AbC-1", "Abc-1"]);
    }
}
