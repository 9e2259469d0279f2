//! How older files become newer ones.

use std::path::Path;

use rusqlite::{Connection, Transaction};

use super::schema::{SECRET_SINCE, STEPS};
use super::{StateError, schema, secret};

/// Refuses a file of a format that we don't know.
pub(super) fn check(connection: &Connection, path: &Path, known: i64) -> Result<i64, StateError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|error| StateError::of(path, error))?;
    if found > known {
        return Err(StateError::Newer { path: path.to_owned(), found, known });
    }
    Ok(found)
}

/// A database that some other program made.
pub(super) fn not_ours(path: &Path) -> StateError {
    StateError::Corrupt { path: path.to_owned(), detail: "a database of another program".to_owned() }
}

/// Brings a state file to our format, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    upgrade(connection, path, &STEPS, |transaction, found| {
        if found < SECRET_SINCE { schema::rekey(transaction, &secret::make(transaction)?) } else { Ok(()) }
    })
}

/// Takes a file through the steps that it lacks, and then the last one, which knows where it began: all or nothing.
pub(super) fn upgrade(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
    last: impl FnOnce(&Transaction<'_>, i64) -> rusqlite::Result<()>,
) -> Result<(), StateError> {
    let version = version(steps);
    let found = check(connection, path, version)?;
    if found == 0 {
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
        if tables.map_err(|error| StateError::of(path, error))? > 0 {
            return Err(not_ours(path));
        }
    }
    let run = || {
        let transaction = connection.transaction()?;
        for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
            transaction.execute_batch(step)?;
        }
        last(&transaction, found)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()
    };
    if found < version { run().map_err(|error| StateError::of(path, error)) } else { Ok(()) }
}

/// The format that so many steps come to.
pub(super) fn version(steps: &[&str]) -> i64 {
    steps.len() as i64
}
