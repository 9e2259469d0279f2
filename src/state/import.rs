//! Feed imports: their rows, the feed that we serve for them, and what they taught us.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use super::doubt::DOUBTED;
use super::imported::{self, AtLarge};
use super::meta::set;
use super::reader::{Reader, code, fields};
use super::writer::Writer;
use super::{StateError, schema};
use crate::catalog::{Fields, Kind};

/// How many imports are remembered.
const IMPORTS_KEPT: i64 = 100;
/// The first format that has imports.
const SINCE: i64 = 2;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// About to be pushed, or pushed with no answer yet.
    Pushing,
    /// NiceChat has put it into its queue.
    Enqueued,
    /// NiceChat is at it.
    Started,
    /// NiceChat is done.
    Success,
    /// It came to nothing, or nobody knows what it came to: the reason tells.
    Failed,
}

impl ImportState {
    /// The name in the state and in reports; NiceChat's own where it has one.
    pub fn name(self) -> &'static str {
        match self {
            ImportState::Pushing => "pushing",
            ImportState::Enqueued => "enqueued",
            ImportState::Started => "started",
            ImportState::Success => "success",
            ImportState::Failed => "failed",
        }
    }

    fn of(name: &str) -> ImportState {
        let open = [ImportState::Pushing, ImportState::Enqueued, ImportState::Started, ImportState::Success];
        open.into_iter().find(|state| state.name() == name).unwrap_or(ImportState::Failed)
    }
}

/// An import to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    /// The part of our addresses that nobody can guess.
    pub door: String,
    /// Whether NiceChat reads the feed from us rather than from its own place.
    pub is_served: bool,
    /// Items in the feed.
    pub expected: u64,
    /// Objects that the import is to create.
    pub to_create: u64,
    /// Objects that the import is to change.
    pub to_update: u64,
}

/// An import, under way or over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Its row.
    #[serde(skip)]
    pub import: i64,
    /// See [`NewImport::door`].
    #[serde(skip)]
    pub door: String,
    /// See [`NewImport::is_served`].
    #[serde(skip)]
    pub is_served: bool,
    /// NiceChat's name for it, once it has answered the push.
    pub token: Option<String>,
    /// How far it is.
    pub state: ImportState,
    /// When we pushed it.
    pub pushed: Timestamp,
    /// When NiceChat last had news of it, or it was given up.
    pub updated: Option<Timestamp>,
    /// How many elements NiceChat says that it imported.
    pub imported: Option<u64>,
    /// Items in the feed.
    pub expected: u64,
    /// See [`NewImport::to_create`].
    #[serde(skip)]
    pub to_create: u64,
    /// See [`NewImport::to_update`].
    #[serde(skip)]
    pub to_update: u64,
    /// How many objects it left otherwise than the feed has them, once that is known.
    pub left: Option<u64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Import {
    /// A complaint when NiceChat imported less than the feed holds.
    pub fn shortfall(&self) -> Option<String> {
        let imported = self.imported.filter(|imported| *imported < self.expected)?;
        Some(format!("NiceChat imported {imported} of the feed's {} items", self.expected))
    }
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportEnd {
    /// `None` = success.
    pub failure: Option<String>,
    /// NiceChat's time of it.
    pub updated: Option<Timestamp>,
    /// NiceChat's count.
    pub imported: Option<u64>,
    /// Whether it is sure that nothing was imported.
    pub came_to_nothing: bool,
    /// Whether NiceChat may still carry it out, and what it is asked after with then.
    pub at_large: Option<Option<String>>,
}

/// Imports that failed one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// How many, since the last success or resync.
    pub in_a_row: u32,
    /// When the last of them ended.
    pub last: Option<Timestamp>,
}

/// What earlier passes taught about the pace of NiceChat. Seconds are of wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Experience {
    /// Seconds from one answered change to the next, with all that go on side by side.
    pub change_seconds: Option<f64>,
    /// Seconds of the last import that succeeded.
    pub import_seconds: Option<f64>,
    /// Items in its feed.
    pub import_items: u64,
    /// Whether that was fetched from us.
    pub import_was_served: bool,
    /// Objects that it left to be put right.
    pub import_left: u64,
    /// Objects on a page of NiceChat's listing.
    pub page_size: Option<u64>,
}

/// Where the reading of the served feed goes on. One kind after the other.
#[derive(Debug, Clone)]
pub enum ServedFrom {
    /// Behind this object that is as the state has it.
    Known(i64),
    /// Behind this id of those that the feed has otherwise.
    Changed(String),
}

/// Objects of the served feed, by id, and where the next ones begin (`None` = that was all).
pub type Served = (Vec<(String, Fields)>, Option<ServedFrom>);

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

    /// Objects of the feed that is served for an import, at most `most` and possibly none.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn served(&self, kind: Kind, from: &ServedFrom, most: u32) -> Result<Served, StateError> {
        let run = || -> rusqlite::Result<Served> {
            let mut objects = Vec::new();
            let mut last = None;
            match from {
                ServedFrom::Known(object) => {
                    let sql = "SELECT object, id, acked FROM object WHERE kind = ?1 AND object > ?2 AND NOT EXISTS
                               (SELECT 1 FROM served WHERE served.kind = object.kind AND served.id = object.id)
                               ORDER BY object LIMIT ?3";
                    let mut statement = self.connection.prepare_cached(sql)?;
                    let mut rows = statement.query(params![code(kind), object, most])?;
                    while let Some(row) = rows.next()? {
                        last = Some(ServedFrom::Known(row.get(0)?));
                        objects.push((row.get(1)?, fields(row, 2)?));
                    }
                    // What the feed has otherwise comes after what it has as before.
                    Ok((objects, Some(last.unwrap_or_else(|| ServedFrom::Changed(String::new())))))
                }
                ServedFrom::Changed(id) => {
                    let sql = "SELECT id, fields FROM served WHERE kind = ?1 AND id > ?2 AND fields IS NOT NULL
                               ORDER BY id LIMIT ?3";
                    let mut statement = self.connection.prepare_cached(sql)?;
                    let mut rows = statement.query(params![code(kind), id, most])?;
                    while let Some(row) = rows.next()? {
                        let id: String = row.get(0)?;
                        last = Some(ServedFrom::Changed(id.clone()));
                        objects.push((id, fields(row, 1)?));
                    }
                    Ok((objects, last))
                }
            }
        };
        run().map_err(|error| self.fail(error))
    }

    /// The currencies of the served feed.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn served_currencies(&self) -> Result<Vec<String>, StateError> {
        let mut currencies = BTreeSet::new();
        for sql in [
            "SELECT acked FROM object WHERE kind = 1",
            "SELECT fields FROM served WHERE kind = 1 AND fields IS NOT NULL",
        ] {
            let mut run = || -> rusqlite::Result<()> {
                let mut statement = self.connection.prepare(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let fields = fields(row, 0)?;
                    let currency = fields.get("currency").and_then(|currency| currency.as_str());
                    if let Some(new) = currency.filter(|currency| !currencies.contains(*currency)) {
                        currencies.insert(new.to_owned());
                    }
                }
                Ok(())
            };
            run().map_err(|error| self.fail(error))?;
        }
        Ok(currencies.into_iter().collect())
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

impl Writer {
    /// Writes objects of the feed that is to be served for an import, where it has them otherwise than
    /// the state (`None` = it doesn't have them). `first` = of a new feed.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn serve(&self, objects: Vec<(Kind, String, Option<Fields>)>, first: bool) -> Result<(), StateError> {
        self.run_lightly(move |transaction| {
            if first {
                transaction.execute("DELETE FROM served", [])?;
            }
            let sql = "INSERT OR REPLACE INTO served (kind, id, fields) VALUES (?1, ?2, ?3)";
            let mut statement = transaction.prepare_cached(sql)?;
            for (kind, id, fields) in objects {
                let fields = fields.map(|fields| serde_json::to_string(&fields).unwrap_or_default());
                statement.execute(params![code(kind), id, fields])?;
            }
            Ok(())
        })
        .await
    }

    /// Writes an import down before it is pushed: from now on NiceChat may hold anything, until its
    /// listing has been taken in again.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn begin_import(&self, new: NewImport) -> Result<Import, StateError> {
        let pushed = Timestamp::now();
        self.run(move |transaction| {
            let NewImport { door, is_served, expected, to_create, to_update } = new;
            let sql = "INSERT INTO import (door, is_served, state, pushed, expected, to_create, to_update)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let state = ImportState::Pushing;
            let [items, creates, updates] =
                [expected, to_create, to_update].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            let row = params![door, is_served, state.name(), pushed.to_string(), items, creates, updates];
            transaction.execute(sql, row)?;
            let import = transaction.last_insert_rowid();
            transaction.execute("DELETE FROM import WHERE import <= ?1 - ?2", params![import, IMPORTS_KEPT])?;
            let sql = "INSERT INTO meta (key, value) VALUES ('unsettled', ?1) ON CONFLICT (key) DO NOTHING";
            transaction.execute(sql, [import.to_string()])?;
            let (token, updated, imported, left, reason) = (None, None, None, None, None);
            Ok(Import {
                import,
                door,
                is_served,
                token,
                state,
                pushed,
                updated,
                imported,
                expected,
                to_create,
                to_update,
                left,
                reason,
            })
        })
        .await
    }

    /// Records NiceChat's name for an import; returns when that is written, so that no poll comes
    /// before it.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_pushed(&self, import: i64, token: String) -> Result<(), StateError> {
        self.run(move |transaction| {
            let sql = "UPDATE import SET token = ?2, state = ?3 WHERE import = ?1";
            transaction.execute(sql, params![import, token, ImportState::Enqueued.name()]).map(|_| ())
        })
        .await
    }

    /// Records how far an import is.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_goes_on(
        &self,
        import: i64,
        state: ImportState,
        updated: Option<Timestamp>,
    ) -> Result<(), StateError> {
        self.run(move |transaction| {
            let sql = "UPDATE import SET state = ?2, updated = ?3 WHERE import = ?1";
            transaction.execute(sql, params![import, state.name(), updated.map(|at| at.to_string())]).map(|_| ())
        })
        .await
    }

    /// Records the end of an import and the failures up to it, and forgets the feed that was served
    /// for it.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn end_import(&self, import: i64, end: ImportEnd, failures: Failures) -> Result<(), StateError> {
        self.run(move |transaction| {
            let ImportEnd { failure, updated, imported, came_to_nothing, at_large } = end;
            let state = if failure.is_some() { ImportState::Failed } else { ImportState::Success };
            let sql =
                "UPDATE import SET state = ?2, updated = coalesce(?3, updated), imported = ?4, reason = ?5 WHERE import = ?1";
            let imported = imported.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            transaction.execute(
                sql,
                params![import, state.name(), updated.map(|at| at.to_string()), imported, failure],
            )?;
            transaction.execute("DELETE FROM served", [])?;
            if came_to_nothing {
                // An earlier import may have left it unsettled, and that holds.
                let sql = "DELETE FROM meta WHERE key = 'unsettled' AND value = ?1";
                transaction.execute(sql, [import.to_string()])?;
                imported::expire(transaction)?;
            }
            if let Some(token) = at_large {
                imported::at_large(transaction, &AtLarge { import, token, passes: 0 })?;
            }
            set(transaction, "import_failures", &serde_json::to_string(&failures).unwrap_or_default())
        })
        .await
    }

    /// Records how many objects an import left to be put right.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_left(&self, import: i64, left: u64) -> Result<(), StateError> {
        self.run(move |transaction| {
            let left = i64::try_from(left).unwrap_or(i64::MAX);
            transaction.execute("UPDATE import SET left_over = ?2 WHERE import = ?1", params![import, left]).map(|_| ())
        })
        .await
    }

    /// Gives imports another chance.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn forgive_imports(&self) -> Result<(), StateError> {
        self.run(|transaction| transaction.execute("DELETE FROM meta WHERE key = 'import_failures'", []).map(|_| ()))
            .await
    }
}

const _: () = assert!(SINCE <= schema::VERSION);
