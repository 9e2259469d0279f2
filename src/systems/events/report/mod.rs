//! Events, plans and passes over them, for people and for programs.

mod ics;
mod listing;
mod page;
mod pass;
mod plan;
mod standing;
mod words;

pub use ics::{EventCalendar, event_calendar};
pub use listing::{event_changes_json, event_changes_text, events_json, events_text};
pub(crate) use pass::{LABEL, report};
pub(crate) use plan::PlannedEvents;
pub(crate) use standing::EventsLook;
