//! Orders: what NiceChat says was sold in its chats, and what is known of whom.
//!
//! What an order has of persons is kept apart from the rest, so that nobody writes it down by accident.

mod amount;
mod read;
mod total;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use amount::Amount;
pub use total::{Sum, Sums, shares};

/// An order without what is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// NiceChat's.
    pub id: i64,
    /// The shop's own number.
    pub num: Option<String>,
    /// When it was made.
    pub date: Option<Timestamp>,
    /// The domain where it was made.
    pub website: Option<String>,
    /// The chat that it came of.
    pub chat: Option<i64>,
    /// Who of the shop had a part in it, by their addresses; nobody twice.
    pub agents: Vec<String>,
    /// What was bought.
    pub lines: Vec<Line>,
}

/// A product of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// As in the feed.
    pub id: Option<String>,
    /// As it was called then.
    pub title: Option<String>,
    /// How many pieces.
    pub qty: Option<u64>,
    /// Of a piece.
    pub price: Option<Amount>,
    /// Its own, which NiceChat may leave out.
    pub currency: Option<String>,
    /// It has one of its own that can't be read: no other one takes its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_odd_currency: bool,
    /// Its page.
    pub url: Option<String>,
}

impl Line {
    /// Quantity times price, where both are known.
    pub fn amount(&self) -> Option<Amount> {
        self.price?.times(self.qty?)
    }
}

/// What an order says of persons. Each part is as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Of the client, as of the moment of asking.
    pub client: Option<Map<String, Value>>,
    /// In the words of the shop's own form.
    pub billing_address: Option<Map<String, Value>>,
    /// The same.
    pub shipping_address: Option<Map<String, Value>>,
    /// What else.
    pub info: Option<Map<String, Value>>,
}

/// An entry of the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// An order.
    Order(Box<ListedOrder>),
    /// Something that can't be known by an id.
    Odd(OddOrder),
}

/// An order as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// What is kept.
    pub order: Order,
    /// What is kept only when somebody asks for it.
    pub contacts: Contacts,
    /// Fields that can't be read, in words.
    pub unreadable: Vec<String>,
    /// The names of fields that we don't know: `deal.coupon`.
    pub unknown: Vec<String>,
}

/// An entry that is no order, or has no usable id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddOrder {
    /// All that it says but for its contacts: it is known again by that.
    pub said: String,
    /// What is wrong with it, without a word of its own.
    pub why: &'static str,
}
