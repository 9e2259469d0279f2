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

impl Row {
    /// The line on which it begins.
    pub fn line(&self) -> u64 {
        match self {
            Row::Offer(offer) => offer.line,
            Row::Rejected(rejection) => rejection.line,
        }
    }

    /// When a sale in it begins or ends next.
    pub fn changes_at(&self) -> Option<Timestamp> {
        match self {
            Row::Offer(offer) => offer.changes_at,
            Row::Rejected(rejection) => rejection.changes_at,
        }
    }

    /// Its id, if one can be read.
    pub fn id(&self) -> Option<&str> {
        match self {
            Row::Offer(offer) => Some(offer.item.id.as_str()),
            Row::Rejected(rejection) => rejection.id.as_deref(),
        }
    }
}

/// Where a row of the feed begins, and whether it is taken: what is told of the first row with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace(u32);

impl RowPlace {
    /// Of a row of which that isn't known.
    pub const UNKNOWN: RowPlace = RowPlace(0);
    const REJECTED: u32 = 1 << 31;

    /// Of a row that begins on this line.
    pub fn new(line: u64, is_taken: bool) -> RowPlace {
        match u32::try_from(line) {
            Ok(line) if line < Self::REJECTED => RowPlace(if is_taken { line } else { line | Self::REJECTED }),
            _ => RowPlace::UNKNOWN,
        }
    }

    /// The line, if it is known.
    pub fn line(self) -> Option<u64> {
        Some(self.0 & !Self::REJECTED).filter(|line| *line > 0).map(u64::from)
    }

    /// Whether an item is made of the row.
    pub fn is_taken(self) -> bool {
        self.0 & Self::REJECTED == 0
    }
}

/// A digest of a row's bytes and of all else that its meaning depends on, but for its line and, while it
/// has a sale that begins or ends later, the time: equal digests, equal items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowDigest(pub Digest);
