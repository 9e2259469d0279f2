//! What an import may create: it is ours wherever NiceChat lists it, also when the feed no longer has it by then.

use rusqlite::{Connection, params};

use super::record::IMPORT_AT_LARGE;
use crate::catalog::Kind;

/// Forgets an object that is known to be ours, or gone; unless an import is at large, which may bring back what was ours
/// and is gone, whatever it was pushed for: it read the feed of then.
pub(in crate::systems::catalog::store) fn settled(
    connection: &Connection,
    (kind, id): (Kind, &str),
    was_ours_and_is_gone: bool,
) -> rusqlite::Result<()> {
    if was_ours_and_is_gone && IMPORT_AT_LARGE.is_set(connection)? {
        let sql = "INSERT OR IGNORE INTO import_object (kind, id) VALUES (?1, ?2)";
        return connection.prepare_cached(sql)?.execute(params![kind, id]).map(|_| ());
    }
    // One statement, for it is made with every acknowledgement, and there is mostly nothing.
    let sql = "DELETE FROM import_object WHERE kind = ?1 AND id = ?2
               AND NOT EXISTS (SELECT 1 FROM meta WHERE key = ?3)";
    connection.prepare_cached(sql)?.execute(params![kind, id, IMPORT_AT_LARGE.name()]).map(|_| ())
}

/// Forgets what imports may have created, once a listing has been dealt with, or one came to nothing; unless one is at
/// large.
pub(super) fn expire(connection: &Connection) -> rusqlite::Result<()> {
    if !IMPORT_AT_LARGE.is_set(connection)? {
        connection.execute("DELETE FROM import_object", [])?;
    }
    Ok(())
}
