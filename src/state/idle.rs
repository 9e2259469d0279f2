//! Connections for reading that nobody uses at the moment: opening one makes SQLite parse every table's definition, which
//! takes longer than what is usually read.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::identity::FileId;

/// So many are kept.
const KEPT: usize = 2;

/// The idle connections of one state file, as long as its writer lives.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<(FileId, Connection)>>);

impl Idle {
    /// One to this file, if there is one.
    pub(super) fn take(&self, file: FileId) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // To a file that was moved away, nobody wants any.
        idle.retain(|(of, _)| *of == file);
        idle.pop().map(|(_, connection)| connection)
    }

    /// Closes them all.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Keeps one for whoever reads this file next.
    pub(super) fn put_back(&self, file: FileId, connection: Connection) {
        // What it has read goes out of memory.
        if connection.execute_batch("ROLLBACK; PRAGMA shrink_memory;").is_err() {
            return;
        }
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push((file, connection));
        }
    }
}
