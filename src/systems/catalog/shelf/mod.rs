//! The shelf: what the feed says, by id, beside what NiceChat has acknowledged.
//!
//! A folder beside the state file with the accepted items of a feed that was read whole. It is written only when
//! somebody needs it, holds nothing that the feed doesn't say, and can be made again at any time: what is damaged, or of
//! another version, is an error that its user answers by doing so.
//!
//! A generation is a folder of its own whose file never changes again, so that readers need no lock: who has one open
//! keeps it, whatever is put beside it, or removed. It is written under another name, and renamed when it is on the
//! disk: a kill leaves the old one, the new one, or both.

mod blocks;
mod draft;
mod entry;
mod error;
mod folder;
mod generation;
mod layout;
mod numbers;
mod walk;

pub use blocks::Blocks;
pub use draft::Draft;
pub(super) use entry::Entry;
pub use entry::Note;
pub use error::ShelfError;
pub use folder::Shelf;
pub use generation::{Generation, Stocked};
pub(super) use layout::Gone;
pub use layout::{About, Span, foot, pack, put, read_foot, take, take_number, take_text, unpack};
pub use layout::{FOOT, MAGIC};
pub use walk::Walk;

#[cfg(test)]
mod tests;
