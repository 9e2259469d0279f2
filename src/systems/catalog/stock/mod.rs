//! What the feed says, put on the shelf for those who show it: the last feed that was read whole, with what the guard
//! holds, and what rows that can't be read say, left as it was.
//!
//! It has nothing to do with what NiceChat has acknowledged. Where a plan was made, its verdict counts; where none could
//! be made, for want of NiceChat, the feed is judged against the shelf by the same settings.

mod fill;
mod judge;
mod merge;
mod run;
mod stocking;

pub use self::judge::Word;
pub(super) use self::run::Decided;
pub use self::run::{Outcome, is_of};
pub use self::stocking::{SHOWN, Stocking, shown};
