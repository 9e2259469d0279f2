//! Feed imports: their rows, what they may create, the feed that we serve for them, and what they taught us.

pub(super) mod created;
mod read;
mod record;
mod write;

pub use record::{AtLarge, Experience, Failures, Import, ImportEnd, ImportState, NewImport};
