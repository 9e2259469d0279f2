//! Rounds and watches, for people and for programs.

mod hours;
mod page;
mod round;
mod standing;
mod watches;

pub use hours::{hours_json, hours_text};
pub(super) use round::{Ended, Failure, report, row};
pub(super) use standing::AvailabilityLook;
pub use watches::{WatchState, history_json, history_text, watch_spans, watch_states, watches_json, watches_text};
