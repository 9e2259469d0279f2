//! What a pass has found out so far: its report tells it, however the pass ends.

use jiff::SignedDuration;

use super::error::OrdersError;
use super::guard::Held;
use super::store::{Counts, Erased};
use crate::remote::Traffic;

/// What a pass has found out so far.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) traffic: Traffic,
    /// Nobody had read the whole listing before.
    pub(super) is_first: bool,
    /// The state may not be the one that was written last: what is new to it may have been told.
    pub(super) is_doubted: bool,
    /// Entries of the listing that were read.
    pub(super) met: u64,
    pub(super) new: u64,
    pub(super) changed: u64,
    pub(super) gone: u64,
    pub(super) erased: Erased,
    /// When that was done last, on the clock that nobody sets.
    pub(super) erased_at: Option<SignedDuration>,
    /// How many there are now; `None` = nobody knows.
    pub(super) counts: Option<Counts>,
    /// Whether the pass did what it was for.
    pub(super) was_read: bool,
    /// Whether the listing was read to its end, whatever it counts.
    pub(super) is_at_end: bool,
    /// How it is otherwise than it says.
    pub(super) disagreement: Option<String>,
    /// Fields that can't be read: the order, and which.
    pub(super) unreadable: Vec<(i64, String)>,
    /// Names of fields that nobody has told of yet.
    pub(super) names: Vec<String>,
    /// What waits for somebody's word.
    pub(super) held: Option<Held>,
    /// Why nothing may be sent for a while.
    pub(super) paused: Option<String>,
    pub(super) error: Option<OrdersError>,
}
