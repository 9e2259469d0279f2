//! What a pass is going to do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalog::{Digest, Fields, Id, Kind};
use crate::systems::catalog::diff::fields::same;
use crate::systems::catalog::plan::risk::Risks;
use crate::systems::catalog::store::{Field, Record, Why};

/// Stands for the digest of the object where NiceChat refuses what no feed asked for: none has this one.
const UNASKED: Digest = 1;
/// The same where it is that a missing product is told to be out of stock.
pub(crate) const SOLD_OUT: Digest = 2;

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
    RecordOnly,
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
    /// What was last acknowledged of fields that are sent because they are in doubt: whether they are so still, nobody
    /// knows.
    pub in_doubt: Fields,
    /// What the state is to hold once that is acknowledged; `None` = nothing more.
    pub record: Option<Record>,
    /// A digest of the object as it is wanted, also where the record is of another one: see [`Operation::refusal`].
    pub wanted: Digest,
    /// The category that the product is in, as far as it is known, where it is to leave that or to be deleted.
    pub was_in: Option<String>,
    /// An earlier request about it failed or was cut off: this one comes after all others of its stage, so as not to
    /// keep them waiting again.
    pub is_late: bool,
    /// What an earlier request about it was to do may be done.
    pub may_be_done: bool,
    /// What of it may be damage.
    pub risks: Risks,
    /// What brings it about.
    pub why: Why,
}

/// The parts of an application, one after the other. Within one, operations run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What only the state learns.
    RecordOnly,
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
    /// What the guard holds: none of it is carried out.
    Held,
    /// Risky changes and removals that NiceChat refuses, and removals of categories that products stay in: none of it
    /// is carried out either, and somebody's word is about it all the same, as the guard is about the changes.
    SetAside,
}

impl Stage {
    /// All stages of an application, in order.
    pub const ALL: [Stage; 7] = [
        Stage::RecordOnly,
        Stage::Categories,
        Stage::TwinDeletes,
        Stage::Products,
        Stage::ProductDeletes,
        Stage::CategoryDeletes,
        Stage::CategoryTwins,
    ];
}

/// An operation's turn within its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Gone out of stock.
    OutOfStock,
    /// Another price.
    Price,
    /// New.
    Create,
    /// All else.
    Other,
}

impl Operation {
    /// An operation on an object of which no request is in doubt.
    pub fn new(
        (kind, id): (Kind, &Id),
        action: Action,
        send: Fields,
        old: Fields,
        record: Option<Record>,
    ) -> Operation {
        Operation {
            kind,
            id: id.clone(),
            action,
            send,
            old,
            in_doubt: Fields::new(),
            wanted: record.as_ref().map_or(0, |record| record.digest),
            record,
            was_in: None,
            is_late: false,
            may_be_done: false,
            risks: Risks::default(),
            why: Why::Feed,
        }
    }

    /// Whether it deletes what nothing is known of any more but its id.
    pub fn is_of_id_alone(&self) -> bool {
        self.action == Action::Delete && self.old.is_empty() && self.was_in.is_none()
    }

    /// When its turn is, unless it is about one of two objects whose ids differ in case only.
    pub fn stage(&self) -> Stage {
        match (self.action, self.kind) {
            (Action::RecordOnly, _) => Stage::RecordOnly,
            (Action::Delete, Kind::Product) => Stage::ProductDeletes,
            (Action::Delete | Action::Disable, _) => Stage::CategoryDeletes,
            (_, Kind::Category) => Stage::Categories,
            (_, Kind::Product) => Stage::Products,
        }
    }

    /// What NiceChat refuses if it refuses it: the object as it is wanted, by its digest; 0 = to take it away.
    pub fn refusal(&self) -> Digest {
        if self.action.is_removal() { 0 } else { self.wanted.max(UNASKED) }
    }

    /// All fields that the object is to have.
    pub fn whole(&self) -> Fields {
        self.record.as_ref().map(|record| record.acked.clone()).unwrap_or_default()
    }

    /// Its turn within the stage.
    pub fn urgency(&self) -> Urgency {
        let changes = |name: &str| self.send.contains_key(name);
        match self.action {
            Action::Update if self.send.get("in_stock") == Some(&Value::Bool(false)) => Urgency::OutOfStock,
            Action::Update if changes("price") || changes("currency") => Urgency::Price,
            Action::Create => Urgency::Create,
            _ => Urgency::Other,
        }
    }

    /// Whether customers are told something wrong until it is sent.
    pub fn is_urgent(&self) -> bool {
        !self.is_late && self.urgency() < Urgency::Create
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
            Action::RecordOnly => "note",
        };
        json!({"op": op, "type": self.kind.name(), "id": self.id.as_str(), "fields": fields})
    }

    /// Whether nothing of it is sent while these fields are held: what one request is told of, another would take for
    /// settled. No fields = all of it is meant.
    pub fn is_held_whole(&self, held: &[Field]) -> bool {
        held.is_empty() || held.iter().any(|field| self.in_doubt.contains_key(field.name()))
    }

    /// The value of a field that was acknowledged last, unless it is the one that is sent.
    pub fn last(&self, name: &str) -> Option<&Value> {
        let is_another = |last: &&Value| self.send.get(name).is_none_or(|new| !same(name, last, new));
        self.old.get(name).or_else(|| self.in_doubt.get(name).filter(is_another))
    }

    /// The changes field by field: name, old value if it is known, new value.
    pub fn changes(&self) -> impl Iterator<Item = (&str, Option<&Value>, &Value)> {
        self.send
            .iter()
            .map(|(name, new)| (name.as_str(), self.old.get(name), new))
            .filter(|(name, old, new)| old.is_none_or(|old| !same(name, old, new)))
    }
}
