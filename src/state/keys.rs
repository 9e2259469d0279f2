//! Objects by the digests of their ids.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::reader::{Reader, code, digest};
use super::{KeyRow, StateError};
use crate::catalog::{Digest, Kind};

impl Reader {
    /// What is known of the object with this key.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn key(&self, kind: Kind, key: Digest) -> Result<Option<KeyRow>, StateError> {
        let run = || key_row(&self.connection, kind, key);
        run().map_err(|error| self.fail(error))
    }
}

/// What is known of the object with this key.
pub(super) fn key_row(connection: &Connection, kind: Kind, key: Digest) -> rusqlite::Result<Option<KeyRow>> {
    let sql = "SELECT digest, object FROM object_key WHERE kind = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row(params![code(kind), key.to_be_bytes()], |row| {
        Ok(KeyRow { key, digest: digest(row, 0)?, object: row.get(1)? })
    });
    row.optional()
}
