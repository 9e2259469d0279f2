//! What can be wrong with a shelf.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What can be wrong with a shelf.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// It can't be written.
    #[error("{}: {error}; what the feed says can't be written down: is there room?", path.display())]
    Unwritable {
        /// What was written.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It can't be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It isn't what was written, or another version of this program has written it.
    #[error("{}: it is damaged, or of another version: {what}", path.display())]
    Damaged {
        /// What was read.
        path: PathBuf,
        /// How that shows.
        what: &'static str,
    },
}

impl ShelfError {
    pub(super) fn unwritable(path: &Path) -> impl Fn(io::Error) -> ShelfError + '_ {
        |error| ShelfError::Unwritable { path: path.to_owned(), error }
    }
}
