//! What an import may create: it is ours wherever NiceChat lists it, also when the feed no longer has it by then.

use rusqlite::{Connection, params};

use super::record::IMPORT_AT_LARGE;
use crate::catalog::Kind;

/// Forgets an object that is known to be ours; unless an import is at large, which may bring it back once it is gone.
pub(in crate::systems::catalog::store) fn settled(
    connection: &Connection,
    kind: Kind,
    id: &str,
) -> rusqlite::Result<()> {
    if IMPORT_AT_LARGE.is_set(connection)? {
        return Ok(());
    }
    let sql = "DELETE FROM import_object WHERE kind = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute(params![kind, id]).map(|_| ())
}

/// Forgets an object of ours that is gone. An import at large may bring any of them back, whatever it was pushed for: it read
/// the feed of then.
pub(in crate::systems::catalog::store) fn gone(connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<()> {
    if !IMPORT_AT_LARGE.is_set(connection)? {
        return settled(connection, kind, id);
    }
    let sql = "INSERT OR IGNORE INTO import_object (kind, id) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![kind, id]).map(|_| ())
}

/// Forgets what imports may have created, once a listing has been dealt with, or one came to nothing; unless one is at
/// large.
pub(super) fn expire(connection: &Connection) -> rusqlite::Result<()> {
    if !IMPORT_AT_LARGE.is_set(connection)? {
        connection.execute("DELETE FROM import_object", [])?;
    }
    Ok(())
}
