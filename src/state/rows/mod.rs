//! The rows of the feed that the state equals, in its order: what each one's bytes mean.
//!
//! A row is in the table only while the object it became is acknowledged to be what the row means:
//! whatever writes an object takes the table out of use in the same transaction, and only a pass that was
//! carried through puts it into use again.

mod content;
mod stored;
mod table;
mod trail;
mod write;

pub use stored::InUse;
pub use table::{FeedRow, FeedRows};
pub use trail::{NewRow, Trail};
pub use write::RowsEnding;
pub(super) use write::{disuse, finish};
