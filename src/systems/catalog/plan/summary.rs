//! What a plan comes to, in numbers.

use jiff::Timestamp;

use super::gone::GoneColumn;
use super::operation::{Action, Operation};
use super::risk::{Risk, Risks};
use crate::catalog::{Faults, Fields, Kind, UnknownWords};
use crate::systems::catalog::store::{Field, Foreign};

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
    pub record_only: u64,
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
            Action::RecordOnly => self.record_only += 1,
        }
    }

    /// Operations that send something.
    pub fn sent(&self) -> u64 {
        self.create + self.update + self.delete + self.disable
    }

    /// One operation less: it is held.
    pub fn take_back(&mut self, action: Action) {
        let count = match action {
            Action::Create => &mut self.create,
            Action::Update => &mut self.update,
            Action::Delete => &mut self.delete,
            Action::Disable => &mut self.disable,
            Action::RecordOnly => &mut self.record_only,
        };
        *count = count.saturating_sub(1);
    }
}

/// How many products a plan puts at which risk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RiskTally {
    each: [u64; Risk::OF_CHANGES.len()],
    /// Products that would have neither a price nor a currency any more.
    priceless: u64,
}

impl RiskTally {
    /// Adds an operation.
    pub fn add(&mut self, risks: Risks) {
        if risks != Risks::default() {
            for (count, risk) in self.each.iter_mut().zip(Risk::OF_CHANGES) {
                *count += u64::from(risks.has(risk));
            }
            let both = [Field::Price, Field::Currency].map(Risk::Emptied);
            self.priceless += u64::from(both.into_iter().all(|risk| risks.has(risk)));
        }
    }

    /// How many are at a risk.
    pub fn of(&self, risk: Risk) -> u64 {
        Risk::OF_CHANGES.iter().position(|other| *other == risk).map_or(0, |at| self.each[at])
    }

    /// How many would have neither a price nor a currency any more.
    pub fn priceless(&self) -> u64 {
        self.priceless
    }
}

/// What [`crate::config::Rules`] were good for in a reading of the feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleUse {
    /// Whether each of them decided on a row that was parsed.
    pub decided: Vec<bool>,
    /// Some rows were not parsed: the same rules took them earlier.
    pub knew_rows: bool,
}

/// How many products have a value in each field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldTally([u64; Field::ALL.len()]);

impl FieldTally {
    /// Adds a product.
    pub fn add(&mut self, fields: &Fields) {
        for (count, field) in self.0.iter_mut().zip(Field::ALL) {
            *count += u64::from(field.is_in(fields));
        }
    }

    /// How many have a value in a field.
    pub fn of(&self, field: Field) -> u64 {
        Field::ALL.iter().position(|other| *other == field).map_or(0, |at| self.0[at])
    }
}

/// What a reading of the feed and the comparison came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows taken.
    pub items: u64,
    /// Rejected rows.
    pub rejected: u64,
    /// What is wrong with them.
    pub faults: Faults,
    /// Rows that [`crate::config::Rules`] leave out.
    pub excluded: u64,
    /// What those were good for.
    pub rules: RuleUse,
    /// Of the rejected ones, rows without an id.
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
    /// Products that are missed but not deleted yet: they are to wait.
    pub waiting: u64,
    /// When the first of them has waited long enough; `None` = not before another feed lacks it.
    pub waiting_until: Option<Timestamp>,
    /// Prices that were given `default_currency`.
    pub currency_assumed: u64,
    /// What availabilities say that is no word anybody defined: those items are not in stock.
    pub strange_stock: UnknownWords,
    /// Items that have a category.
    pub categorised: u64,
    /// Rows that are not taken, with an id that is not ours, or too broken to tell it: NiceChat might take them from the
    /// feed itself.
    pub strangers: u64,
    /// Categories to be sent that lie in others: NiceChat's own have no tree, and it names them otherwise.
    pub nested: u64,
    /// The fields in which some row has a value, a bit each; of rows that were not parsed only those that products
    /// would lose otherwise.
    pub fields_seen: u16,
    /// Columns that the last feed had.
    pub gone: Vec<GoneColumn>,
    /// Columns that mean nothing, and what they are probably meant to be, where no other column is that.
    pub misspelt: Vec<(String, &'static str)>,
    /// Whether the whole of NiceChat's listing was read.
    pub is_listed: bool,
    /// Products at risk.
    pub risks: RiskTally,
    /// Of the products that become ours, those that have a value in a field already.
    pub adopted: FieldTally,
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

    /// Everything is held.
    pub fn nothing_is_sent(&mut self) {
        for tally in [&mut self.categories, &mut self.products] {
            let Tally { owned, delete_foreign, delete_in_doubt, adopted, foreign, record_only, .. } = *tally;
            let kept =
                Tally { owned, delete_foreign, delete_in_doubt, adopted, foreign, record_only, ..Tally::default() };
            *tally = kept;
        }
    }

    /// Operations that send something.
    pub fn sent(&self) -> u64 {
        self.categories.sent() + self.products.sent()
    }

    /// All operations.
    pub fn operations(&self) -> u64 {
        self.sent() + self.categories.record_only + self.products.record_only
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
