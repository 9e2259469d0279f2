//! What an import may create: it is ours wherever NiceChat lists it, also when the feed no longer has it by then.

use rusqlite::{Connection, params};

use super::record::IMPORT_AT_LARGE;
use crate::catalog::Kind;

/// Forgets an object that is known to be ours, or gone.
pub(in crate::systems::catalog::store) fn settled(
    connection: &Connection,
    kind: Kind,
    id: &str,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM import_object WHERE kind = ?1 AND id = ?2";
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
