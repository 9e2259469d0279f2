//! A feed's rows, taken or not.

use jiff::Timestamp;

use crate::catalog::{Digest, Item, Rejection};

/// An accepted row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What the row means.
    pub item: Item,
    /// The physical line on which it begins.
    pub line: u64,
    /// When its sale begins or ends next.
    pub changes_at: Option<Timestamp>,
    /// Whether its price was given the default currency.
    pub currency_assumed: bool,
    /// What its availability says, when that is no word that anybody defined.
    pub strange_stock: Option<String>,
}

/// A row, taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    Offer(Box<Offer>),
    Rejected(Rejection),
}

/// A digest of a row's bytes and of all else that its meaning depends on, but for its line and, while it
/// has a sale that begins or ends later, the time: equal digests, equal items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowDigest(pub Digest);
