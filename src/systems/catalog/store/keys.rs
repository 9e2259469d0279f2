//! Objects by the digests of their ids.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::digest;
use crate::catalog::{Digest, Kind};

/// What every pass reads of every object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRow {
    /// A digest of the id.
    pub key: Digest,
    /// See [`super::Record::digest`].
    pub digest: Digest,
    /// Where the object's own row lies.
    pub object: i64,
}

/// What is known of the object with this key.
pub(super) fn key_row(connection: &Connection, kind: Kind, key: Digest) -> rusqlite::Result<Option<KeyRow>> {
    let sql = "SELECT digest, object FROM object_key WHERE kind = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row(params![kind, key.to_be_bytes()], |row| {
        Ok(KeyRow { key, digest: digest(row, 0)?, object: row.get(1)? })
    });
    row.optional()
}
