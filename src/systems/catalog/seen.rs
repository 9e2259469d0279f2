//! What was made of a row, for those who ask about one product.

use crate::catalog::Rejection;
use crate::feed::{Offer, Row};

/// What was made of a row.
#[derive(Debug)]
pub enum Seen {
    /// An item.
    Item(Box<Offer>),
    /// A row that a rule leaves out: its number, from 1 on, and what it asks for.
    Excluded { row: Box<Row>, rule: usize, fits: String },
    /// Nothing.
    Rejected(Rejection),
}

impl Seen {
    /// The line on which the row begins.
    pub fn line(&self) -> u64 {
        match self {
            Seen::Item(offer) => offer.line,
            Seen::Excluded { row, .. } => row.line(),
            Seen::Rejected(rejection) => rejection.line,
        }
    }
}
