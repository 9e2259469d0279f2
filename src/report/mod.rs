//! What printing has in common, whatever is printed: lists as they are read, progress, and the contents of a feed.

mod columns;
mod csv;
mod excluded;
mod feed;
mod output;
mod progress;
mod rejected;
mod words;

pub use columns::{Columns, unknown_columns};
pub(crate) use csv::Csv;
pub use excluded::Excluded;
pub use feed::{FeedJson, FeedText};
pub(crate) use output::JsonList;
pub use output::{JsonObject, PrintError};
pub use progress::Bar;
pub use rejected::RejectedRows;
pub use words::{paused_line, requests, strange_stock};
