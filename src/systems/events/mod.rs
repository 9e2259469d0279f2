//! Lagerkoll's scheduled events: a mirror of them, and keeping those that are ours as they should be.
//!
//! Reading and writing are different types over one connection, as with NiceChat: a plan is given a
//! `Reader`, and so can't change anything.

mod apply;
mod close;
mod compare;
mod error;
mod findings;
mod guard;
mod job;
mod matcher;
mod names;
mod pass;
mod plan;
mod probe;
mod reconcile;
mod report;
pub mod store;
mod system;

pub use error::MirrorError;
pub use guard::{Held, guard};
pub use names::{Names, StoreName, place};
pub use plan::{Plan, PlannedStore};
pub use reconcile::{Step, Terms, Wanted, Work, reconcile};
pub use report::{EventCalendar, event_calendar, event_changes_json, event_changes_text, events_json, events_text};
pub use system::EventsSystem;
