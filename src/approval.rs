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
    /// Whose guard holds it; what earlier versions wrote is the catalog's.
    #[serde(default = "catalog")]
    held_by: String,
}

/// Whose words are the catalog's.
pub const CATALOG: &str = "catalog";

fn catalog() -> String {
    CATALOG.to_owned()
}

/// The digest of what this guard holds that somebody has approved, if anybody has. A notice that can't be read is
/// none; it is told.
pub fn word(state: &Path, held_by: &str) -> Option<String> {
    let read = Board::new(state, NAME).read::<Word>().inspect_err(|illegible| warn!("{illegible}"));
    read.ok().flatten().filter(|word| word.held_by == held_by).map(|word| word.digest)
}

/// Gives somebody's word for what has this digest.
///
/// # Errors
/// When it can't be written.
pub fn give_word(state: &Path, held_by: &str, digest: &str) -> Result<(), StateError> {
    Board::new(state, NAME).write(&Word { digest: digest.to_owned(), held_by: held_by.to_owned() })
}

/// Takes away the word that was `seen` when a plan was judged, once it is in the state what it lets through. One that was
/// given since is the next pass's, and one for another guard its own.
pub fn take_word(state: &Path, held_by: &str, seen: Option<&str>) {
    let Some(seen) = seen else { return };
    if word(state, held_by).is_none_or(|word| word != seen) {
        return;
    }
    // What can't be removed fits nothing that is held from now on.
    if let Err(error) = Board::new(state, NAME).remove() {
        warn!("{error}");
    }
}
