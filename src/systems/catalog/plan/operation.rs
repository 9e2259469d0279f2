//! What a pass is going to do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalog::{Fields, Id, Kind, UnknownWords};
use crate::pass::exceeds;
use crate::state::{Foreign, Record};
use crate::systems::catalog::diff::fields::same;

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// `POST` of the whole object.
    Create,
    /// `PATCH` of the fields that differ.
    Update,
    /// `PATCH` that switches a category off.
    Disable,
    /// `DELETE`.
    Delete,
    /// Nothing is sent: the state alone learns that the object is as wanted.
    Note,
}

impl Action {
    /// Whether it is done to an object that the feed doesn't have.
    pub fn is_removal(self) -> bool {
        matches!(self, Action::Delete | Action::Disable)
    }
}

/// One object's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: Id,
    /// What is done.
    pub action: Action,
    /// The fields that are sent.
    pub send: Fields,
    /// What is known of those fields now; of a deletion, of all fields.
    pub old: Fields,
    /// What the state is to hold once that is acknowledged; `None` = nothing more.
    pub record: Option<Record>,
    /// The category that the product was last acknowledged to be in.
    pub was_in: Option<String>,
    /// An earlier request about it failed or was cut off: what it did is in doubt, and this one comes
    /// after all others of its stage, so as not to keep them waiting again.
    pub is_late: bool,
}

/// The parts of an application, one after the other. Within one, operations run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What only the state learns.
    Notes,
    /// Categories to create or change: products refer to them.
    Categories,
    /// Products to delete whose ids differ in case only from wanted ones.
    TwinDeletes,
    /// Products to create or change, the urgent first.
    Products,
    /// Products to delete.
    ProductDeletes,
    /// Categories to delete or disable, when no product is left in them.
    CategoryDeletes,
    /// Wanted categories whose ids differ in case only from those.
    CategoryTwins,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 7] = [
        Stage::Notes,
        Stage::Categories,
        Stage::TwinDeletes,
        Stage::Products,
        Stage::ProductDeletes,
        Stage::CategoryDeletes,
        Stage::CategoryTwins,
    ];
}

/// How urgent it is to create an object: see [`Operation::urgency`].
pub(in crate::systems::catalog) const CREATE: u8 = 2;

impl Operation {
    /// An operation on an object of which no request is in doubt.
    pub fn new(kind: Kind, id: &Id, action: Action, send: Fields, old: Fields, record: Option<Record>) -> Operation {
        Operation { kind, id: id.clone(), action, send, old, record, was_in: None, is_late: false }
    }

    /// When its turn is, unless it is about one of two objects whose ids differ in case only.
    pub fn stage(&self) -> Stage {
        match (self.action, self.kind) {
            (Action::Note, _) => Stage::Notes,
            (Action::Delete, Kind::Product) => Stage::ProductDeletes,
            (Action::Delete | Action::Disable, _) => Stage::CategoryDeletes,
            (_, Kind::Category) => Stage::Categories,
            (_, Kind::Product) => Stage::Products,
        }
    }

    /// All fields that the object is to have.
    pub fn whole(&self) -> Fields {
        self.record.as_ref().map(|record| record.acked.clone()).unwrap_or_default()
    }

    /// Its turn within the stage: gone out of stock, price, new, the rest.
    pub fn urgency(&self) -> u8 {
        let changes = |name: &str| self.send.contains_key(name);
        match self.action {
            Action::Update if self.send.get("in_stock") == Some(&Value::Bool(false)) => 0,
            Action::Update if changes("price") || changes("currency") => 1,
            Action::Create => CREATE,
            _ => 3,
        }
    }

    /// The operation as `plan --format json` prints it; for a create the whole object is sent.
    pub fn to_json(&self) -> Value {
        let mut fields = self.send.clone();
        let op = match self.action {
            Action::Create => {
                fields.insert("id".to_owned(), json!(self.id.as_str()));
                "create"
            }
            Action::Update => "update",
            Action::Disable => "disable",
            Action::Delete => "delete",
            Action::Note => "note",
        };
        json!({"op": op, "type": self.kind.name(), "id": self.id.as_str(), "fields": fields})
    }

    /// The changes field by field: name, old value if it is known, new value.
    pub fn changes(&self) -> impl Iterator<Item = (&str, Option<&Value>, &Value)> {
        self.send
            .iter()
            .map(|(name, new)| (name.as_str(), self.old.get(name), new))
            .filter(|(name, old, new)| old.is_none_or(|old| !same(name, old, new)))
    }
}

/// How many objects of one kind a plan creates, changes, deletes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects of ours before the pass.
    pub owned: u64,
    /// Objects to create.
    pub create: u64,
    /// Objects to change.
    pub update: u64,
    /// Objects to delete.
    pub delete: u64,
    /// Of those, objects that were never ours (`prune = "all"`).
    pub delete_foreign: u64,
    /// Of those, objects that may never have been made: a create was cut off. No loss to guard against.
    pub delete_in_doubt: u64,
    /// Objects that were there already and become ours.
    pub adopted: u64,
    /// Categories to switch off.
    pub disable: u64,
    /// Objects that only the state learns of.
    pub note: u64,
    /// Objects that NiceChat lists, that are not ours, and that stay.
    pub foreign: u64,
}

impl Tally {
    /// Adds an operation.
    pub fn add(&mut self, operation: &Operation) {
        match operation.action {
            Action::Create => self.create += 1,
            Action::Update => self.update += 1,
            Action::Delete => self.delete += 1,
            Action::Disable => self.disable += 1,
            Action::Note => self.note += 1,
        }
    }

    /// Operations that send something.
    pub fn sent(&self) -> u64 {
        self.create + self.update + self.delete + self.disable
    }
}

/// What a reading of the feed and the comparison came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows taken.
    pub items: u64,
    /// Rows not taken.
    pub rejected: u64,
    /// Rows that [`crate::config::Rules`] leave out.
    pub excluded: u64,
    /// Of those that are not taken, rows without an id.
    pub nameless: u64,
    /// Items for which nothing is to be sent.
    pub unchanged: u64,
    /// Of those, items that NiceChat refuses as they are.
    pub set_aside: u64,
    /// Objects that are missed but not deleted: a row without a readable id may be theirs.
    pub held_back: u64,
    /// Objects that are missed but not deleted: nothing proves that the feed was there to its end.
    pub unproven: u64,
    /// Whether the last row was left for the same reason.
    pub left_last_row: bool,
    /// Why the feed's end is not proven, if any of these two was left undone for it.
    pub unproven_because: Option<&'static str>,
    /// Prices that were given `default_currency`.
    pub currency_assumed: u64,
    /// What availabilities say that is no word anybody defined: those items are not in stock.
    pub strange_stock: UnknownWords,
    /// Items that have a category.
    pub categorised: u64,
    /// Rows that are not taken, with an id that is not ours: NiceChat might take them from the feed itself.
    pub strangers: u64,
    /// Whether the whole of NiceChat's listing was read.
    pub is_listed: bool,
    /// Categories.
    pub categories: Tally,
    /// Products.
    pub products: Tally,
}

impl Summary {
    /// The tally of a kind, to be counted up.
    pub fn tally_mut(&mut self, kind: Kind) -> &mut Tally {
        match kind {
            Kind::Category => &mut self.categories,
            Kind::Product => &mut self.products,
        }
    }

    /// The tally of a kind.
    pub fn tally(&self, kind: Kind) -> &Tally {
        match kind {
            Kind::Category => &self.categories,
            Kind::Product => &self.products,
        }
    }

    /// Operations that send something.
    pub fn sent(&self) -> u64 {
        self.categories.sent() + self.products.sent()
    }

    /// All operations.
    pub fn operations(&self) -> u64 {
        self.sent() + self.categories.note + self.products.note
    }

    /// What NiceChat has that isn't ours, if that is known.
    pub fn foreign(&self) -> Option<Foreign> {
        let Tally { foreign: categories, .. } = self.categories;
        let Tally { foreign: products, .. } = self.products;
        self.is_listed.then_some(Foreign { categories, products })
    }

    /// Objects to create.
    pub fn created(&self) -> u64 {
        self.both(|tally| tally.create)
    }

    /// Objects to change.
    pub fn updated(&self) -> u64 {
        self.both(|tally| tally.update)
    }

    /// One count of both kinds.
    pub fn both(&self, count: impl Fn(&Tally) -> u64) -> u64 {
        count(&self.categories) + count(&self.products)
    }
}

/// Why the guard refuses a pass, or `None` when it doesn't: an empty feed, or strictly more than
/// `max_delete_percent` of a kind gone and more than ten of them. Objects that were never ours
/// count as well when `prune = "all"` would delete them, in both the part and the whole.
pub fn guard(summary: &Summary, max_delete_percent: u8) -> Option<String> {
    if summary.items == 0 {
        return Some(match summary.rejected {
            0 => "the feed is empty: not one product is in it".to_owned(),
            rejected => format!("not one of the feed's {rejected} rows could be taken"),
        });
    }
    [(Kind::Product, &summary.products), (Kind::Category, &summary.categories)].into_iter().find_map(|(kind, tally)| {
        let gone = tally.delete - tally.delete_in_doubt + tally.disable;
        let all = tally.owned + tally.adopted + tally.delete_foreign;
        let percent = exceeds(gone, all, max_delete_percent)?;
        let things = kind.plural(all);
        Some(format!(
            "{gone} of {all} {things} ({percent} %) would go, more than max_delete_percent = {max_delete_percent}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(owned: u64, delete: u64) -> Summary {
        let products = Tally { owned, delete, ..Tally::default() };
        Summary { items: 1, products, ..Summary::default() }
    }

    #[test]
    fn the_guard_is_strict_about_more_than() {
        assert_eq!(guard(&summary(50, 10), 19), None, "ten are never too many");
        assert_eq!(guard(&summary(55, 11), 20), None, "exactly twenty per cent");
        assert!(guard(&summary(54, 11), 20).is_some());
        assert_eq!(guard(&summary(11, 11), 100), None);
        assert!(guard(&summary(1_000_000, 11), 0).is_some());
    }

    #[test]
    fn the_guard_refuses_empty_feeds_and_counts_what_was_never_ours() {
        assert!(guard(&Summary::default(), 100).is_some());
        let mut foreign = summary(0, 1000);
        foreign.products.delete_foreign = 1000;
        assert!(guard(&foreign, 20).is_some());
    }
}
