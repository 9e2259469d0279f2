//! What was made of a row, for those who ask about one product.

use crate::catalog::Rejection;
use crate::feed::Offer;

/// What was made of a row.
#[derive(Debug)]
pub enum Seen {
    /// An item.
    Item(Box<Offer>),
    /// An item that a rule leaves out: its number, from 1 on, and what it asks for.
    Excluded { offer: Box<Offer>, rule: usize, fits: String },
    /// Nothing.
    Rejected(Rejection),
}

impl Seen {
    /// The line on which the row begins.
    pub fn line(&self) -> u64 {
        match self {
            Seen::Item(offer) | Seen::Excluded { offer, .. } => offer.line,
            Seen::Rejected(rejection) => rejection.line,
        }
    }
}
