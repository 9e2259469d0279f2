//! What the state keeps of orders.
//!
//! What is personal is a table of its own (`personal`), which is erased so that it is in no byte of the file.

mod pages;
mod personal;
mod read;
mod write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::order::Order;
use crate::outbox::NewEvent;
use crate::state::Key;

pub use pages::{Page, PagePut, WritePages};
pub use personal::{ErasePersonal, Erased, PersonalRules};
pub use read::{OrdersFilter, ReadOrders};
pub use write::{OrdersEnd, Vanished, WriteOrders};

/// When a pass last ended well.
const READ_AT: Key<Timestamp> = Key::text("orders_read_at");
/// When the listing was first read to its end, however it counts: before that nothing that is new is news.
const FIRST_READ: Key<Timestamp> = Key::text("orders_first_read");
/// Set while the next pass has to read the whole listing: its count and its pages disagreed.
const READ_WHOLE: Key<bool> = Key::text("orders_read_whole");
/// Names of fields that we don't know, and have told of.
const NAMES: Key<Vec<String>> = Key::json("orders_names");
/// What the guard holds, as programs are told.
const HELD: Key<Value> = Key::json("orders_held");
/// What of persons was kept when they were erased last.
const KEPT: Key<Vec<String>> = Key::json("orders_kept");
/// Set while the pages of the table of persons may have copies of what is not in it any more; [`UNCUT`] is then, too.
const COPIES: Key<bool> = Key::text("orders_copies");
/// Set while what was erased may still be in the log.
const UNCUT: Key<bool> = Key::text("orders_uncut");

/// What is kept of persons, by the name of its part.
pub type Personal = Map<String, Value>;

/// What our own snapshot says of a line's product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// ISO 4217 in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The category's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The category's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An order as it is listed now.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What is kept of it.
    pub order: Order,
    /// What our snapshot says of its lines' products.
    pub known: Vec<Known>,
    /// What is kept of persons; `None` = nothing.
    pub personal: Option<Personal>,
    /// Parts of its contacts that can't be read: what was kept of them stays.
    pub unreadable: Vec<String>,
    /// Digests of e-mail addresses in it.
    pub emails: Vec<[u8; 16]>,
    /// What hooks are told if it is new; `None` = nothing.
    pub event: Option<Box<NewEvent>>,
}

/// An order that is held.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOrder {
    /// As it was listed last.
    pub order: Order,
    /// What was known of its lines' products when it came, a line each.
    pub known: Vec<Known>,
    /// When it came.
    pub first_seen: Timestamp,
    /// When it was first missing from the listing.
    pub gone: Option<Timestamp>,
    /// What is kept of persons, when that was asked for.
    pub personal: Option<Personal>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders that are listed and held.
    pub held: u64,
    /// Those that are too old.
    pub old: u64,
    /// Entries that are no orders.
    pub aside: u64,
}

impl Counts {
    /// What a listing that agrees with this counts.
    pub fn all(self) -> u64 {
        self.held + self.old + self.aside
    }
}

/// An entry of the listing that is no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// By which it is known again.
    pub hash: [u8; 16],
    /// What is wrong with it.
    pub why: String,
    /// How many there are of it.
    pub times: u64,
    /// Since when.
    pub since: Timestamp,
}
