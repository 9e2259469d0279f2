//! What an import may create: it is ours wherever NiceChat lists it, also when the feed no longer has it by then.

use rusqlite::{Connection, params};

use super::record::AtLarge;
use crate::catalog::Kind;
use crate::state::meta;
use crate::state::reader::code;

/// An import that was given up, but that NiceChat may still carry out.
pub(super) const AT_LARGE: &str = "import_at_large";

/// Writes down that an import was given up, but may have its effect yet.
pub(in crate::state) fn at_large(connection: &Connection, import: &AtLarge) -> rusqlite::Result<()> {
    meta::set(connection, AT_LARGE, &serde_json::to_string(import).unwrap_or_default())
}

/// Forgets an object that is known to be ours, or gone.
pub(in crate::state) fn settled(connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM import_object WHERE kind = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute(params![code(kind), id]).map(|_| ())
}

/// Forgets what imports may have created, once a listing has been dealt with, or one came to nothing; unless one is at
/// large.
pub(in crate::state) fn expire(connection: &Connection) -> rusqlite::Result<()> {
    if meta::get(connection, AT_LARGE)?.is_none() {
        connection.execute("DELETE FROM import_object", [])?;
    }
    Ok(())
}
