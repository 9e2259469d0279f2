//! From rows to a plan: each item is looked up as it is read, and only what differs is kept.
//!
//! The one way from bytes to the difference. It is given a state that it can read and a temporary
//! file of its own; it could not change anything if it tried.

mod closing;
mod listing;
mod rows;
mod seen;
mod twins;
mod want;

use std::collections::HashSet;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::error::DifferError;
use super::feed_view::FeedView;
use super::inventory::Inventory;
use super::patience::{Patience, Waiting};
use crate::catalog::{Digest, Fields, Id, Kind, Owner, Rejection};
use crate::config::{Prune, VanishedCategory};
use crate::feed::{Offer, Row};
use crate::remote::nicechat::product_fields;
use crate::state::Reader;
use crate::systems::catalog::columns::fields_of;
use crate::systems::catalog::plan::store::PlanStore;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::store::{Missing, RowLog, RowsEnding, Why};

/// The settings that a plan depends on.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What may be deleted.
    pub prune: Prune,
    /// What becomes of categories without items.
    pub vanished_category: VanishedCategory,
    /// Never pruned: our products may refer to it.
    pub default_category: Option<Id>,
    /// Try again what NiceChat refused.
    pub retry_refused: bool,
    /// By how much a price must change to be a risk.
    pub price_factor: Decimal,
}

/// A finished comparison.
pub struct Comparison {
    /// The operations and the rejected rows.
    pub store: PlanStore,
    /// What they come to.
    pub summary: Summary,
    /// When a sale in the feed begins or ends next.
    pub changes_at: Option<Timestamp>,
    /// What the state is to know of the feed's rows, once the plan has been carried out.
    pub rows: Option<RowsEnding>,
    /// The products that whole feeds don't have any more, deleted now or not; `None` = they don't wait.
    pub missing: Option<Vec<Missing>>,
    /// Objects that may be ours, listed or not, and with which nothing is done in this pass.
    pub left: Vec<(Kind, Id)>,
}

/// A comparison under way.
pub struct Differ {
    policy: Policy,
    inventory: Inventory,
    feed: FeedView,
    draft: Draft,
    /// What is missing and waits, if it is to wait.
    waiting: Option<Waiting>,
    /// Products that the settings' rules leave out, as far as they may be ours, or wait.
    left_out: HashSet<Digest>,
    /// The rows of this feed, if the passes to come are to know them.
    row_log: Option<RowLog>,
}

/// A plan in the making.
struct Draft {
    store: PlanStore,
    summary: Summary,
    /// Objects that may be ours, listed or not, and with which nothing is done now.
    left: Vec<(Kind, Id)>,
    /// What operations are for now: a row of the feed, or what it doesn't have.
    why: Why,
}

impl Differ {
    /// Begins with what the state knows.
    ///
    /// # Errors
    /// When the state can't be read, or there is no room for a temporary file.
    pub fn new(reader: Reader, policy: Policy) -> Result<Differ, DifferError> {
        Differ::begin(Inventory::new(reader)?, policy)
    }

    /// Begins with what the state knows, the rows of the last feed included: what the feed still has of
    /// them isn't parsed again. For a comparison without a listing, which would have more to say.
    ///
    /// # Errors
    /// As [`Differ::new`].
    pub fn with_known_rows(reader: Reader, policy: Policy, now: Timestamp) -> Result<Differ, DifferError> {
        Differ::begin(Inventory::with_known_rows(reader, now)?, policy)
    }

    /// Has new products come in an order that only who carries the plan out is content with: see [`PlanStore`].
    pub fn sort_creates_by_keys(&mut self) {
        self.draft.store.sort_creates_by_keys();
    }

    /// From now on, after the listing, what the feed still has of the rows of the last one isn't parsed again either, where
    /// NiceChat lists the product as it was acknowledged.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn recall_rows(&mut self, now: Timestamp) -> Result<(), DifferError> {
        self.inventory.recall_rows(now)
    }

    fn begin(inventory: Inventory, policy: Policy) -> Result<Differ, DifferError> {
        let mut summary = Summary::default();
        for kind in Kind::ALL {
            summary.tally_mut(kind).owned = inventory.owned(kind);
        }
        let draft = Draft { store: PlanStore::new()?, summary, left: Vec::new(), why: Why::Feed };
        Ok(Differ {
            policy,
            inventory,
            feed: FeedView::default(),
            draft,
            waiting: None,
            left_out: HashSet::new(),
            row_log: None,
        })
    }

    /// Products that the feed doesn't have are not deleted at once.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn be_patient(&mut self, patience: Patience) -> Result<(), DifferError> {
        self.waiting = Some(Waiting::begin(&self.inventory.reader, patience)?);
        Ok(())
    }

    /// Takes in a row of the feed.
    ///
    /// # Errors
    /// When the state or the temporary file can't be used.
    pub fn row(&mut self, row: Row) -> Result<(), DifferError> {
        match row {
            Row::Offer(offer) => {
                let digest = offer.item.digest(&self.inventory.hasher);
                self.offer(*offer, digest)
            }
            Row::Rejected(rejection) => self.rejection(&rejection),
        }
    }

    /// `digest` = of the item.
    fn offer(&mut self, offer: Offer, digest: Digest) -> Result<(), DifferError> {
        let Offer { item, changes_at, currency_assumed, strange_stock, line } = offer;
        self.draft.why = Why::Line(line);
        self.draft.summary.fields_seen |= fields_of(&item);
        strange_stock.iter().for_each(|word| self.draft.summary.strange_stock.add(word));
        self.count_item(item.category.is_some(), currency_assumed, changes_at);
        item.category.iter().for_each(|category| self.feed.use_category(category));
        let key = self.inventory.key(item.id.as_str());
        let sent =
            if self.inventory.locate(Kind::Product, key)?.is_none() && self.inventory.is_plain(Kind::Product, key) {
                // As `want` has it, without taking the item apart: a first load is made of these.
                self.draft.summary.products.create += 1;
                self.draft.store.add_create(&item, (key, digest), line)?;
                true
            } else {
                self.want((Kind::Product, &item.id), digest, |hasher| item.digest(hasher), || product_fields(&item))?
            };
        self.draft.summary.unchanged += u64::from(!sent);
        Ok(())
    }

    fn count_item(&mut self, is_categorised: bool, currency_assumed: bool, changes_at: Option<Timestamp>) {
        self.draft.summary.items += 1;
        self.draft.summary.categorised += u64::from(is_categorised);
        self.draft.summary.currency_assumed += u64::from(currency_assumed);
        self.feed.may_change_at(changes_at);
    }

    /// A rule leaves an item out: it is as good as gone, and only why is another thing.
    pub(in crate::systems::catalog) fn leave_out(&mut self, id: &str) -> Result<(), DifferError> {
        let key = self.inventory.key(id);
        let at = self.inventory.locate(Kind::Product, key)?;
        // What isn't ours may wait to be deleted, or be what an import created.
        if at.is_some() || self.waiting.is_some() || self.inventory.awaits_imported {
            self.left_out.insert(key);
        }
        if let Some(at) = at {
            let object = self.inventory.products.object(at);
            // A row of it that is known may come yet, and is a duplicate.
            self.inventory.known_rows.iter_mut().for_each(|known_rows| known_rows.set_special(object));
        }
        Ok(())
    }

    /// A row that was not taken leaves the product that we know by its id as it is.
    fn rejection(&mut self, rejection: &Rejection) -> Result<(), DifferError> {
        self.draft.summary.rejected += 1;
        self.draft.summary.faults.add(rejection);
        self.draft.why = Why::Line(rejection.line);
        self.draft.store.reject(rejection)?;
        self.feed.may_change_at(rejection.changes_at);
        self.feed.mention(rejection.mentions.iter().map(|word| self.inventory.key(word)));
        let id = match rejection.owner() {
            Owner::Item(id) | Owner::FaultyId(id) => id,
            Owner::Nameless => {
                self.draft.summary.nameless += 1;
                return Ok(());
            }
            // It may be that of any product that is missed later.
            Owner::Unknown => {
                self.feed.some_row_is_unknown = true;
                self.draft.summary.strangers += 1;
                return Ok(());
            }
        };
        let key = self.inventory.key(id);
        let Some(at) = self.inventory.locate(Kind::Product, key)? else {
            self.feed.some_row_is_unknown |= rejection.is_doubtful;
            // Of a duplicate's id the first row tells.
            self.draft.summary.strangers += u64::from(matches!(rejection.owner(), Owner::Item(_)));
            return Ok(());
        };
        // What becomes of the product the first row of its id has said.
        if self.inventory.is_seen(Kind::Product, at) || (rejection.is_duplicate() && self.left_out.contains(&key)) {
            return Ok(());
        }
        self.keep_category(Kind::Product, at)?;
        self.keep(Kind::Product, at)?;
        self.leave_foreign(Kind::Product, at)
    }
}

fn category_of(product: &Fields) -> Option<String> {
    product.get("category").and_then(|id| id.as_str()).map(str::to_owned)
}
