//! Reading about imports.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::created::AT_LARGE;
use super::record::{AtLarge, Experience, Failures, Import, ImportState};
use crate::catalog::Kind;
use crate::state::doubt::DOUBTED;
use crate::state::reader::{Reader, code};
use crate::state::{StateError, meta, schema};

/// The first format that has imports.
const SINCE: i64 = 2;
/// The first format that has what they may create.
const CREATED_SINCE: i64 = 7;
const _: () = assert!(SINCE < CREATED_SINCE && CREATED_SINCE <= schema::VERSION);

impl Reader {
    fn has_imports(&self) -> bool {
        self.version >= SINCE
    }

    /// The last imports, the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn imports(&self, most: u32) -> Result<Vec<Import>, StateError> {
        if !self.has_imports() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT import, door, is_served, token, state, pushed, updated, imported, expected, left_over, reason,
                    to_create, to_update
             FROM import ORDER BY import DESC LIMIT {most}"
        );
        self.all(&sql, import_of)
    }

    /// The import that is under way, if one is.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn open_import(&self) -> Result<Option<Import>, StateError> {
        let latest = self.imports(1)?.pop();
        Ok(latest.filter(|import| !matches!(import.state, ImportState::Success | ImportState::Failed)))
    }

    /// Whether an import may have changed anything since NiceChat's listing was last taken in.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn is_unsettled(&self) -> Result<bool, StateError> {
        Ok(self.meta("unsettled")?.is_some())
    }

    /// Whether NiceChat may hold otherwise than the state says because the file isn't the one that was written last.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn is_doubted(&self) -> Result<bool, StateError> {
        Ok(self.doubt.is_some() || self.meta(DOUBTED)?.is_some())
    }

    /// Imports that failed one after the other.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn import_failures(&self) -> Result<Failures, StateError> {
        Ok(self.meta("import_failures")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// What earlier passes taught.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn experience(&self) -> Result<Experience, StateError> {
        Ok(self.meta("experience")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Whether an import may have created anything that isn't known to be ours yet.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn awaits_imported(&self) -> Result<bool, StateError> {
        if self.version < CREATED_SINCE {
            return Ok(false);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM import_object)";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| self.fail(error))
    }

    /// The import that was given up last, if it may still have an effect.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn import_at_large(&self) -> Result<Option<AtLarge>, StateError> {
        let text = meta::get(&self.connection, AT_LARGE).map_err(|error| self.fail(error))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether an import may have created this object.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn may_be_imported(&self, kind: Kind, id: &str) -> Result<bool, StateError> {
        let run = || {
            let sql = "SELECT EXISTS (SELECT 1 FROM import_object WHERE kind = ?1 AND id = ?2)";
            self.connection.prepare_cached(sql)?.query_row(params![code(kind), id], |row| row.get(0))
        };
        run().map_err(|error| self.fail(error))
    }
}

fn import_of(row: &Row<'_>) -> rusqlite::Result<Import> {
    let time = |column| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<String>>(column)?.and_then(|text| text.parse().ok()))
    };
    let count =
        |column| -> rusqlite::Result<Option<u64>> { Ok(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs)) };
    Ok(Import {
        import: row.get(0)?,
        door: row.get(1)?,
        is_served: row.get(2)?,
        token: row.get(3)?,
        state: ImportState::of(&row.get::<_, String>(4)?),
        pushed: time(5)?.unwrap_or_default(),
        updated: time(6)?,
        imported: count(7)?,
        expected: count(8)?.unwrap_or_default(),
        left: count(9)?,
        reason: row.get(10)?,
        to_create: count(11)?.unwrap_or_default(),
        to_update: count(12)?.unwrap_or_default(),
    })
}
