//! Reading about imports.

use rusqlite::{Row, params};

use super::record::{
    AtLarge, Failures, IMPORT_AT_LARGE, IMPORT_FAILURES, IMPORTED_FEED, Import, TIMINGS, Timings, UNSETTLED,
    WAS_AT_LARGE,
};
use crate::catalog::{Digest, Kind};
use crate::state::{Reader, StateError, VERSION};
use crate::systems::catalog::store::columns::time;

/// The first format that has imports.
const SINCE: i64 = 2;
/// The first format that has what they may create.
const CREATED_SINCE: i64 = 7;
const _: () = assert!(SINCE < CREATED_SINCE && CREATED_SINCE <= VERSION);

/// Reading about imports.
pub trait ReadImports: AsRef<Reader> {
    /// The last imports, the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    fn imports(&self, most: u32) -> Result<Vec<Import>, StateError> {
        if self.as_ref().version() < SINCE {
            return Ok(Vec::new());
        }
        let sql =
            "SELECT import, door, is_served, token, state, pushed, updated, imported, expected, left_over, reason,
                          to_create, to_update
                   FROM import ORDER BY import DESC LIMIT ?1";
        self.as_ref().all(sql, [most], import_of)
    }

    /// The import that is under way, if one is.
    ///
    /// # Errors
    /// When the file can't be read.
    fn open_import(&self) -> Result<Option<Import>, StateError> {
        let latest = self.imports(1)?.pop();
        Ok(latest.filter(|import| import.state.is_open()))
    }

    /// Whether an import may have changed anything since NiceChat's listing was last taken in.
    ///
    /// # Errors
    /// When the file can't be read.
    fn is_unsettled(&self) -> Result<bool, StateError> {
        self.as_ref().read(|connection| UNSETTLED.is_set(connection))
    }

    /// The bytes of the feed that an import has read since then, if there is one alone.
    ///
    /// # Errors
    /// When the file can't be read.
    fn imported_feed(&self) -> Result<Option<Digest>, StateError> {
        if self.is_unsettled()? { self.as_ref().get(&IMPORTED_FEED) } else { Ok(None) }
    }

    /// Imports that failed one after the other.
    ///
    /// # Errors
    /// When the file can't be read.
    fn import_failures(&self) -> Result<Failures, StateError> {
        Ok(self.as_ref().get(&IMPORT_FAILURES)?.unwrap_or_default())
    }

    /// How fast NiceChat was in earlier passes.
    ///
    /// # Errors
    /// When the file can't be read.
    fn timings(&self) -> Result<Timings, StateError> {
        Ok(self.as_ref().get(&TIMINGS)?.unwrap_or_default())
    }

    /// Whether there is anything that an import may create, or bring back.
    ///
    /// # Errors
    /// When the file can't be read.
    fn awaits_imported(&self) -> Result<bool, StateError> {
        if self.as_ref().version() < CREATED_SINCE {
            return Ok(false);
        }
        self.as_ref().one("SELECT EXISTS (SELECT 1 FROM import_object)", [], |row| row.get(0))
    }

    /// Whether an import was at large since NiceChat's listing was taken in last.
    ///
    /// # Errors
    /// When the file can't be read.
    fn import_was_at_large(&self) -> Result<bool, StateError> {
        Ok(self.as_ref().get(&WAS_AT_LARGE)?.unwrap_or_default())
    }

    /// Gives each object that an import may create, or bring back, to `each`.
    ///
    /// # Errors
    /// When the file can't be read.
    fn each_imported(&self, mut each: impl FnMut(Kind, String)) -> Result<(), StateError> {
        let read = |row: &Row<'_>| Ok((row.get::<_, Kind>(0)?, row.get::<_, String>(1)?));
        self.as_ref().each("SELECT kind, id FROM import_object", [], read, |(kind, id)| {
            each(kind, id);
            Ok(())
        })
    }

    /// The import that was given up last, if it may still have an effect.
    ///
    /// # Errors
    /// When the file can't be read.
    fn import_at_large(&self) -> Result<Option<AtLarge>, StateError> {
        self.as_ref().get(&IMPORT_AT_LARGE)
    }

    /// Whether an import may have created this object.
    ///
    /// # Errors
    /// When the file can't be read.
    fn may_be_imported(&self, kind: Kind, id: &str) -> Result<bool, StateError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM import_object WHERE kind = ?1 AND id = ?2)";
        self.as_ref().one(sql, params![kind, id], |row| row.get(0))
    }
}

impl ReadImports for Reader {}

fn import_of(row: &Row<'_>) -> rusqlite::Result<Import> {
    let count =
        |column| -> rusqlite::Result<Option<u64>> { Ok(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs)) };
    Ok(Import {
        import: row.get(0)?,
        nonce: row.get(1)?,
        is_served: row.get(2)?,
        token: row.get(3)?,
        state: row.get(4)?,
        pushed: time(row, 5)?.unwrap_or_default(),
        updated: time(row, 6)?,
        imported: count(7)?,
        expected: count(8)?.unwrap_or_default(),
        left: count(9)?,
        reason: row.get(10)?,
        to_create: count(11)?.unwrap_or_default(),
        to_update: count(12)?.unwrap_or_default(),
    })
}
