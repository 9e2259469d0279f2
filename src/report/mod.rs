//! What people and programs read: plans, feeds, status, progress.

mod event_plan;
mod event_words;
mod events;
mod excluded;
mod feed;
mod ics;
mod output;
mod plan;
mod progress;
mod status;
mod words;

pub use event_plan::{EventTally, event_operations, event_plan_text, left_behind};
pub use events::{event_changes_json, event_changes_text, events_headline, events_json, events_summary, events_text};
pub use excluded::Excluded;
pub use feed::{FeedJson, FeedText};
pub use ics::{EventCalendar, event_calendar};
pub use output::PrintError;
pub use plan::{event_plan_json, plan_json, plan_text, unproven};
pub use progress::{Bar, progress_words};
pub use status::{Status, no_state, pass_headline, pass_summary};
pub use words::{number, span, strange_stock};
