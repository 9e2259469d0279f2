//! Somebody's word for what a guard holds. It hangs beside the state, where `approve` leaves it for the next pass of
//! whoever holds the lock; each guard has a place of its own, so that no word takes another one's.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::state::{Board, StateError};
use crate::text::plain;

/// The notices' names: the catalog's, the orders' and the events'.
pub const NAMES: [&str; 3] = ["approved", "approved-orders", "approved-events"];

/// The notice.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    /// Of all that is approved.
    digest: String,
    /// Whose guard holds it; what earlier versions wrote is the catalog's.
    #[serde(default = "catalog")]
    held_by: String,
    /// Who gives it, in words; earlier versions didn't ask.
    #[serde(default)]
    by: Option<String>,
}

/// Letters of whoever gives it that are kept.
const LONGEST: usize = 64;

/// Whose words are the catalog's.
pub const CATALOG: &str = "catalog";

/// Whose are the events'.
pub const EVENTS: &str = "events";

fn catalog() -> String {
    CATALOG.to_owned()
}

fn board(state: &Path, held_by: &str) -> Board {
    let [catalogs, orders, events] = NAMES;
    let name = match held_by {
        CATALOG => catalogs,
        EVENTS => events,
        _ => orders,
    };
    Board::new(state, name)
}

fn hung(state: &Path, held_by: &str) -> Option<Word> {
    let read = board(state, held_by).read::<Word>().inspect_err(|illegible| warn!("{illegible}"));
    read.ok().flatten().filter(|word| word.held_by == held_by)
}

/// The digest of what this guard holds that somebody has approved, if anybody has. A notice that can't be read is
/// none; it is told.
pub fn word(state: &Path, held_by: &str) -> Option<String> {
    hung(state, held_by).map(|word| word.digest)
}

/// Who has given this word, if that is known.
pub fn approver(state: &Path, held_by: &str, word: &str) -> Option<String> {
    hung(state, held_by).filter(|hung| hung.digest == word)?.by
}

/// Gives somebody's word for what has this digest.
///
/// # Errors
/// When it can't be written.
pub fn give_word(state: &Path, held_by: &str, digest: &str, by: &str) -> Result<(), StateError> {
    let by = Some(plain(by, LONGEST)).filter(|by| !by.is_empty());
    board(state, held_by).write(&Word { digest: digest.to_owned(), held_by: held_by.to_owned(), by })
}

/// Who works at this shell: whoever has become root, by their own name.
pub fn who_is_here() -> String {
    let named = |variable: &str| std::env::var(variable).ok().filter(|name| !name.trim().is_empty());
    let user = rustix::process::getuid().as_raw();
    let in_file = || {
        let users = std::fs::read_to_string("/etc/passwd").ok()?;
        users.lines().find_map(|line| {
            let mut cells = line.split(':');
            let name = cells.next()?;
            (cells.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
        })
    };
    named("SUDO_USER").or_else(in_file).or_else(|| named("USER")).unwrap_or_else(|| format!("user {user}"))
}

/// Takes away the word that was `seen` when a plan was judged, once it is in the state what it lets through, or that there
/// is nothing of it. One that was given since is the next pass's, and one for another guard its own.
pub fn take_word(state: &Path, held_by: &str, seen: Option<&str>) {
    let Some(seen) = seen else { return };
    if word(state, held_by).is_none_or(|word| word != seen) {
        return;
    }
    // What can't be removed fits nothing that is held from now on.
    if let Err(error) = board(state, held_by).remove() {
        warn!("{error}");
    }
}
