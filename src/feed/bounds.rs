//! How much one row may bring, far beyond what any shop writes: what comes from outside has an end.
//!
//! The bounds of elements and rows as they are cut are in `window`, those of YML's categories in `tree`.

use super::Row;
use crate::catalog::{Item, Rejection};

/// Bytes of an id: Google allows 50 letters.
const MAX_ID: usize = 1 << 10;
/// Bytes of an item's texts all together. Requests and plans hold many items at the same time.
pub(super) const MAX_ITEM: usize = 2 << 20;
/// Characters of the reason why a row is rejected.
const MAX_REASON: usize = 500;
/// Characters of a cell.
const CELL: usize = 200;
/// Characters of an excerpt.
const EXCERPT: usize = 40;

/// Attributes of an element.
pub(super) const MAX_ATTRIBUTES: usize = 1_000;
/// Elements in an item's element, down to its children's children.
pub(super) const MAX_NODES: usize = 10_000;
/// Start tags in it, those of a description included.
pub(super) const MAX_TAGS: usize = 100_000;
/// `<` in an element that start nothing.
pub(super) const MAX_STRAYS: usize = 100_000;
/// Columns of a text feed, and cells that are told apart in a row: enough for two rows that ran together.
pub(super) const MAX_COLUMNS: usize = 10_000;
pub(super) const MAX_CELLS: usize = 3 * MAX_COLUMNS;
/// Bytes that are looked at once more, all in all, to make out quotes that break the rules: some seconds' worth, as tests are
/// built, too.
pub(super) const MAX_SECOND_LOOKS: u64 = if cfg!(test) { 1 << 25 } else { 1 << 30 };
/// Bytes of a column's or an element's name that means anything.
pub(super) const MAX_NAME: usize = 200;
/// Namespaces that are declared at a place, and the bytes that their declarations take.
pub(super) const MAX_NAMESPACES: usize = 200;
pub(super) const MAX_DECLARED: usize = 64 << 10;
/// Bytes of a category's path in Google's feeds, and of all paths that are in use.
pub(super) const MAX_PATH: usize = 4 << 10;
pub(super) const MAX_PATHS: usize = 64 << 20;

/// The beginning of a string of the feed, for a message.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// What is kept of a cell for whoever has to mend it.
pub(super) fn cell_text(text: &str) -> String {
    let mut letters = text.chars();
    let mut short: String = letters.by_ref().take(CELL).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// A row within the bounds: what is larger is not taken.
pub(super) fn within_bounds(row: Row) -> Row {
    let (id, line) = match &row {
        Row::Offer(offer) => (Some(offer.item.id.as_str()), offer.line),
        Row::Rejected(rejection) => (rejection.id.as_deref(), rejection.line),
    };
    if let Some(id) = id.filter(|id| id.len() > MAX_ID) {
        // It is what damage left of other cells: whose row it is can't be told.
        let reason = format!("its id is longer than {} KiB; it begins with {:?}", MAX_ID >> 10, excerpt(id));
        return Row::Rejected(Rejection::new(line, None, "row", reason));
    }
    match row {
        // (What else is known of it has bounds of its own, and isn't always read.)
        Row::Offer(offer) if offer.item.size() - offer.item.local.size() > MAX_ITEM => {
            let Item { id, .. } = offer.item;
            let reason = format!("its texts take more than {} MiB", MAX_ITEM >> 20);
            Row::Rejected(Rejection::new(line, Some(id.to_string()), "row", reason))
        }
        Row::Rejected(mut rejection) => {
            if let Some((end, _)) = rejection.reason.char_indices().nth(MAX_REASON) {
                rejection.reason.truncate(end);
                rejection.reason.push('…');
                rejection.reason.shrink_to_fit();
            }
            Row::Rejected(rejection)
        }
        offer => offer,
    }
}
