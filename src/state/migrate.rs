//! How older files become newer ones.

use std::path::Path;

use rusqlite::Connection;

use super::schema::{SECRET_SINCE, STEPS, VERSION};
use super::{StateError, schema, secret};

/// Refuses a file of a format that we don't know.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<i64, StateError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|error| StateError::of(path, error))?;
    if found > VERSION {
        return Err(StateError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    Ok(found)
}

/// A database that some other program made.
pub(super) fn not_ours(path: &Path) -> StateError {
    StateError::Corrupt { path: path.to_owned(), detail: "a database of another program".to_owned() }
}

/// Brings a file to our format, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    let found = check(connection, path)?;
    if found == 0 {
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
        if tables.map_err(|error| StateError::of(path, error))? > 0 {
            return Err(not_ours(path));
        }
    }
    let steps = STEPS.iter().skip(usize::try_from(found).unwrap_or(0));
    let run = || {
        let transaction = connection.transaction()?;
        for step in steps {
            transaction.execute_batch(step)?;
        }
        if found < SECRET_SINCE {
            schema::rekey(&transaction, &secret::make(&transaction)?)?;
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    };
    if found < VERSION { run().map_err(|error| StateError::of(path, error)) } else { Ok(()) }
}
