//! What the rows of a feed have told so far, apart from the items themselves.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::decide::Wanted;
use crate::catalog::{Category, Digest, Id};

/// The most words of broken rows that are kept.
const MENTIONS: usize = 1_000_000;

/// What the rows of a feed have told so far.
#[derive(Default)]
pub(super) struct FeedView {
    /// The names of categories that items are in.
    pub(super) used: HashMap<Id, String>,
    /// Names of the categories in use, once all rows are read.
    pub(super) names: HashSet<String>,
    /// Categories that products need which stay as they are.
    pub(super) kept: HashSet<String>,
    /// Products set aside whose category may be sent in this pass, which can change the answer.
    pub(super) set_aside: Vec<(Id, Wanted)>,
    /// When a sale begins or ends next.
    pub(super) changes_at: Option<Timestamp>,
    /// A row was too broken to tell whose it is: no product's absence is proven.
    pub(super) some_row_is_unknown: bool,
    /// Why the feed may have gone on: no object's absence is proven.
    pub(super) unproven: Option<&'static str>,
    /// Ids that stand in broken rows: what is missed of them may have been in one.
    pub(super) mentioned: HashSet<Digest>,
}

impl FeedView {
    pub(super) fn use_category(&mut self, category: &Category) {
        if let Some(name) = category.name.as_ref().filter(|_| !self.used.contains_key(&category.id)) {
            self.used.insert(category.id.clone(), name.clone());
        }
    }

    /// A sale begins or ends then.
    pub(super) fn may_change_at(&mut self, time: Option<Timestamp>) {
        self.changes_at = [self.changes_at, time].into_iter().flatten().min();
    }

    /// Words of a broken row that may be ids.
    pub(super) fn mention(&mut self, words: impl Iterator<Item = Digest>) {
        self.mentioned.extend(words.take(MENTIONS.saturating_sub(self.mentioned.len())));
    }
}
