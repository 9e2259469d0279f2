//! The rows of the feed that the state equals, in its order: what each one's bytes mean.
//!
//! A row is in the table only while the object it became is acknowledged to be what the row means:
//! whatever writes an object takes the table out of use in the same transaction, and only the end of a pass
//! puts it into use again, with the rows whose objects were acknowledged by then.

mod chunks;
mod content;
mod log;
mod stored;
mod table;
mod write;

pub use log::{NewRow, RowLog};
pub use stored::{InUse, ReadKnownRows};
pub use table::{FeedRow, FeedRows};
pub use write::RowsEnding;
pub(super) use write::{finish, invalidate};
