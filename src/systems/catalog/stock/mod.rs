//! What the feed says, put on the shelf for those who show it: the last feed that was read whole, with what the guard
//! holds, and what rows that can't be read say, left as it was.
//!
//! It has nothing to do with what NiceChat has acknowledged. Where a plan was made, its verdict counts; where none could
//! be made, for want of NiceChat, the feed is judged against the shelf by the same settings. Rows that are known by their
//! bytes are taken over as they lie there.

mod before;
mod fill;
mod judge;
mod merge;
mod preview;
mod reading;
mod run;
mod showing;
mod stocking;
mod tally;

pub(super) use self::fill::Fate;
pub use self::judge::Word;
pub use self::preview::Preview;
pub(super) use self::preview::{PreviewOfOne, next_shown};
pub(super) use self::run::Decided;
pub use self::run::{Outcome, is_of};
pub use self::showing::Showing;
pub use self::stocking::{SHOWN, Stocking, shown};
