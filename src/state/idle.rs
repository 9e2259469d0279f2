//! Connections for reading that nobody uses at the moment: opening one makes SQLite parse every table's definition, which
//! takes longer than what is usually read.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::identity::FileId;

/// So many are kept.
const KEPT: usize = 2;

/// The idle connections of one state file, as long as its writer lives.
#[derive(Debug)]
pub(super) struct Idle(Mutex<Option<Vec<(FileId, Connection)>>>);

impl Default for Idle {
    fn default() -> Idle {
        Idle(Mutex::new(Some(Vec::new())))
    }
}

impl Idle {
    /// One to this file, if there is one.
    pub(super) fn take(&self, file: FileId) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = idle.as_mut()?;
        // To a file that was moved away, nobody wants any.
        idle.retain(|(of, _)| *of == file);
        idle.pop().map(|(_, connection)| connection)
    }

    /// Closes them all, and keeps none from now on.
    pub(super) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keeps one for whoever reads this file next.
    pub(super) fn put_back(&self, file: FileId, connection: Connection) {
        // What it has read goes out of memory.
        if connection.execute_batch("ROLLBACK; PRAGMA shrink_memory;").is_err() {
            return;
        }
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(idle) = idle.as_mut().filter(|idle| idle.len() < KEPT) {
            idle.push((file, connection));
        }
    }
}
