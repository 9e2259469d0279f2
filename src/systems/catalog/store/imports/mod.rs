//! Feed imports: their rows, what they may create, the feed that we serve for them, and what they taught us.

mod created;
mod read;
mod record;
mod write;

pub(super) use created::settled;
pub use read::ReadImports;
pub use record::{AtLarge, Failures, Import, ImportEnd, ImportState, NewImport, Timings};
pub use write::WriteImports;
pub(super) use write::{listed, set_timings};
