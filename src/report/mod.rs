//! What people and programs read: plans, feeds, status, progress.

mod feed;
mod plan;
mod progress;
mod status;
mod words;

pub use feed::{FeedJson, FeedText};
pub use plan::{plan_json, plan_text};
pub use progress::{Bar, progress_words};
pub use status::{Status, summary_line};
pub use words::span;
