//! What can be wrong with the file that says what was done.

use std::path::PathBuf;

use rusqlite::Error::FromSqlConversionFailure;
use thiserror::Error;

use crate::state::StateError;

/// Why it can't be used. Every message says which file, and what to do.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// Another command works with it.
    #[error(
        "{path}: another `shelfkeeper newstore apply` (process {holder}) is at work; wait until it has ended",
        path = path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// The other process's id, or what is known of it.
        holder: String,
    },
    /// It was written for another NewStore.
    #[error(
        "{path}: this file says what was done at {theirs}, but newstore.base_url is {ours}; \
         set base_url back, or move the file away if nothing that it says holds for the new address",
        path = path.display()
    )]
    OtherBase {
        /// The file.
        path: PathBuf,
        /// The address in the file.
        theirs: String,
        /// The address in the settings.
        ours: String,
    },
    /// It is damaged.
    #[error(
        "{path}: damaged, or no file of shelfkeeper's ({detail}). It says which numbers were bought: put a copy of it \
         back; without one, move it away and `newstore settle` each store that has a number",
        path = path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// There is no room for it.
    #[error("{path}: the disk is full; what was acknowledged so far is safe, free some space", path = path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Something else, which says so itself.
    #[error(transparent)]
    Other(StateError),
}

impl From<StateError> for LedgerError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Locked { path, holder } => LedgerError::Locked { path, holder },
            StateError::OtherBase { path, theirs, ours } => LedgerError::OtherBase { path, theirs, ours },
            StateError::Corrupt { path, detail } => LedgerError::Corrupt { path, detail },
            // A value that was never written.
            StateError::Sqlite { path, error: error @ FromSqlConversionFailure(..) } => {
                LedgerError::Corrupt { path, detail: error.to_string() }
            }
            StateError::Full { path } => LedgerError::Full { path },
            other => LedgerError::Other(other),
        }
    }
}
