//! Somebody's word for what a guard holds. It hangs beside the state, where `approve` leaves it for the next pass of
//! whoever holds the lock.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::state::{Board, StateError};

/// The notice's name.
pub const NAME: &str = "approved";

/// The notice.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    /// Of all that is approved.
    digest: String,
}

/// The digest that somebody has approved, if anybody has. A notice that can't be read is none; it is told.
pub fn word(state: &Path) -> Option<String> {
    let read = Board::new(state, NAME).read::<Word>().inspect_err(|illegible| warn!("{illegible}"));
    read.ok().flatten().map(|word| word.digest)
}

/// Gives somebody's word for what has this digest.
///
/// # Errors
/// When it can't be written.
pub fn give_word(state: &Path, digest: &str) -> Result<(), StateError> {
    Board::new(state, NAME).write(&Word { digest: digest.to_owned() })
}

/// Takes the word away, once it is in the state what it lets through.
pub fn take_word(state: &Path) {
    // What can't be removed fits nothing that is held from now on.
    if let Err(error) = Board::new(state, NAME).remove() {
        warn!("{error}");
    }
}
