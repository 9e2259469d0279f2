//! What was changed, when and why: every change that NiceChat acknowledged, and what the guard held back.

mod change;
mod read;
mod write;

pub use change::{Change, ChangeKind, Why};
pub use read::{ChangesPage, Entry, HistoryFilter, ReadHistory};
pub use write::{HeldNote, Loaded, Noted, PassId, WriteHistory};
pub(super) use write::{note, note_load, of_pass};

/// The part of an id's digest that changes are found by: others may have the same, and are told apart by their ids.
fn short_key(hasher: &crate::digest::Hasher, id: &str) -> [u8; KEY] {
    let [.., a, b, c, d] = hasher.digest(id.as_bytes()).to_be_bytes();
    [a, b, c, d]
}

/// Its bytes.
const KEY: usize = 4;
