//! What people are told of passes: once when something begins, and once when it is over, also over restarts. What was
//! told is kept in the state, written with the row of the pass.

mod audience;
mod judge;
mod stale;

pub use audience::{Audience, Telling};
pub(super) use judge::{Told, judge};
pub(super) use stale::{Health, JobHealth};
