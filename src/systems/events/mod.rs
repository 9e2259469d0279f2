//! Lagerkoll's scheduled events: a mirror of them, and keeping those that are ours as they should be.
//!
//! Reading and writing are different types over one connection, as with NiceChat: a plan is given a
//! `Reader`, and so can't change anything.

mod apply;
mod job;
mod lost;
mod plan;
mod reconcile;
mod report;
mod survey;
mod system;

pub use job::{MirrorError, Names, StoreName, place};
pub use plan::{Plan, PlannedStore, plan};
pub use reconcile::{Step, Terms, Wanted, Work, guard, reconcile};
pub use report::{EventCalendar, event_calendar, event_changes_json, event_changes_text, events_json, events_text};
pub use system::EventsSystem;
