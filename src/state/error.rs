//! What can be wrong with a state file.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use thiserror::Error;

/// Why the state can't be used. Every message says which file, and what to do.
#[derive(Debug, Error)]
pub enum StateError {
    /// Another instance works with the file.
    #[error("{path}: another shelfkeeper (process {holder}) works with this state file; \
             --lock-wait SECONDS waits until it ends, SIGUSR1 has a daemon make a resync", path = path.display())]
    Locked {
        /// The state file.
        path: PathBuf,
        /// The other process's id, or what is known of it.
        holder: String,
    },
    /// The path doesn't lead any more to the file that was opened.
    #[error(
        "{path}: the state file {what} while shelfkeeper worked with it; nothing is sent or written any more: \
         restart shelfkeeper, and it works with the file that is there then", path = path.display()
    )]
    Replaced {
        /// The state file.
        path: PathBuf,
        /// What became of it.
        what: &'static str,
    },
    /// The file has another name, by which another instance could work with it.
    #[error(
        "{path}: this file has {links} names (hard links), and by another name another shelfkeeper could work with \
         it; remove the others (`find -samefile` finds them), or give [state] path a copy", path = path.display()
    )]
    Linked {
        /// The state file.
        path: PathBuf,
        /// How many.
        links: u64,
    },
    /// The file was written for another NiceChat.
    #[error(
        "{path}: this state belongs to {theirs}, but base_url is {ours}; \
         give [state] path another file, so that nothing is taken for deleted", path = path.display()
    )]
    OtherBase {
        /// The state file.
        path: PathBuf,
        /// The address in the file.
        theirs: String,
        /// The address in the settings.
        ours: String,
    },
    /// The file was written by a later version.
    #[error(
        "{path}: written by a newer shelfkeeper (format {found}, this one knows {known}); \
         install that version again, or give [state] path another file", path = path.display()
    )]
    Newer {
        /// The state file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is damaged, or no state file at all.
    #[error(
        "{path}: not a state file, or damaged ({detail}); move it away and the next pass \
         adopts what NiceChat lists", path = path.display()
    )]
    Corrupt {
        /// The state file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// No right to write.
    #[error("{path}: can't be written ({detail}); check the owner and mode of the file and its folder", path = path.display())]
    ReadOnly {
        /// The state file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// No room to write.
    #[error("{path}: the disk is full; what NiceChat acknowledged so far is safe, free some space and run again", path = path.display())]
    Full {
        /// The state file.
        path: PathBuf,
    },
    /// The file system's refusal.
    #[error("{path}: {error}{advice}", path = path.display(), advice = advice(error))]
    Io {
        /// The file.
        path: PathBuf,
        /// Its refusal.
        error: io::Error,
    },
    /// Anything else that SQLite says.
    #[error("{path}: {error}", path = path.display())]
    Sqlite {
        /// The state file.
        path: PathBuf,
        /// SQLite's words.
        error: rusqlite::Error,
    },
    /// The state's thread has ended: an error before this one says why.
    #[error("the state file can't be written any more")]
    Gone,
}

/// What to do about the file system's refusal, where that is clear.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; it belongs to another user: run this as that user, or as root",
        _ => "",
    }
}

impl StateError {
    /// Tells SQLite's errors apart.
    pub(super) fn of(path: &Path, error: rusqlite::Error) -> StateError {
        let path = path.to_owned();
        let detail = error.to_string();
        // What readers and writers share, beside the file, can't be made: SQLite calls that an I/O error.
        if error.sqlite_extended_error_code() == Some(SQLITE_IOERR_SHMSIZE) {
            return StateError::Full { path };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StateError::Corrupt { path, detail },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StateError::ReadOnly { path, detail }
            }
            Some(ErrorCode::DiskFull) => StateError::Full { path },
            _ => StateError::Sqlite { path, error },
        }
    }

    /// What the file system says to a file that is to be written.
    pub(super) fn unwritable(path: &Path, error: io::Error) -> StateError {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StateError::ReadOnly { path, detail: error.to_string() }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StateError::Full { path },
            _ => StateError::Io { path, error },
        }
    }

    /// Whether the settings are at fault rather than the file.
    pub fn is_config(&self) -> bool {
        matches!(self, StateError::OtherBase { .. })
    }
}
