//! Reading the state, beside whoever writes it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, OpenFlags, Params, Row, params};
use serde::Serialize;

use super::doubt::doubt;
use super::lock::counted;
use super::packed::Packed;
use super::place::{no_file, resolve};
use super::{FeedMark, Foreign, Known, StateError, meta, schema, secret};
use crate::catalog::{Digest, Fields, Hasher, Kind, Rejection};
use crate::pass::PassRow;

/// How many rows without an id the feed usually has.
pub(super) const NAMELESS: &str = "nameless_rows";

/// A view of the state as it was when it was opened, whatever is written meanwhile.
pub struct Reader {
    pub(super) connection: Connection,
    path: PathBuf,
    exists: bool,
    /// The file's format: an older one lacks the tables that came later.
    pub(super) version: i64,
    /// Why it may not be the file that was written last.
    pub(super) doubt: Option<&'static str>,
    pub(super) hasher: Hasher,
}

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

/// A request that was sent, or about to be, when a pass was cut off, or that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDoubt {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: String,
    /// The fields that it was about; `None` = all, and whether the object exists.
    pub fields: Option<Vec<String>>,
}

/// What NiceChat refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: String,
    /// Of what was refused; 0 = to delete it.
    pub digest: Digest,
    /// Whether that is one of the state's hasher: before states had a secret, there was another one.
    has_secret: bool,
}

impl Refused {
    /// Whether it is an object that has this digest, by the state's hasher.
    pub fn is_of(&self, digest: Digest, digest_with: impl Fn(&Hasher) -> Digest) -> bool {
        self.digest == if self.has_secret { digest } else { digest_with(&Hasher::without_secret()) }
    }
}

/// An object that is not as wanted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedObject {
    /// `category`, `product` or `event`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The object's id.
    pub id: String,
    /// The store at Lagerkoll, for an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// Whether NiceChat refuses it for good (until it changes, or a resync).
    pub refused: bool,
    /// Since when, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Reader {
    /// Opens a state file for reading; one that isn't there reads as an empty state, and stays
    /// away.
    ///
    /// # Errors
    /// When it can't be read, is damaged or of a newer version.
    pub fn open(path: &Path) -> Result<Reader, StateError> {
        let of = |error| StateError::of(path, error);
        let is_there = match std::fs::metadata(path) {
            // A file of no bytes is what SQLite makes before it writes anything.
            Ok(file) if file.is_file() => file.len() > 0,
            Ok(found) => return Err(no_file(path, &found)),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            // What may not be looked at may well be there.
            Err(error) => return Err(StateError::Io { path: path.to_owned(), error }),
        };
        if !is_there {
            let mut connection = Connection::open_in_memory().map_err(of)?;
            schema::migrate(&mut connection, path)?;
            let (hasher, path) = (secret::read(&connection, path)?, path.to_owned());
            return Ok(Reader { connection, path, exists: false, version: schema::VERSION, doubt: None, hasher });
        }
        // The files beside it belong to the name that it has without symbolic links.
        let path = &resolve(path).map_err(|error| StateError::Io { path: path.to_owned(), error })?;
        let of = |error| StateError::of(path, error);
        // Before the file: what is written meanwhile is counted first.
        let counted = counted(path);
        let connection = open_for_reading(path).map_err(of)?;
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(of)?;
        connection.pragma_update(None, "query_only", true).map_err(of)?;
        connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA cell_size_check = ON;").map_err(of)?;
        let version = schema::check(&connection, path)?;
        if version == 0 {
            return Err(schema::not_ours(path));
        }
        // One transaction: everything read is of the same moment.
        connection.execute_batch("BEGIN; SELECT count(*) FROM meta;").map_err(of)?;
        let doubt = doubt(&connection, path, counted.as_ref()).map_err(of)?;
        let has_secret = version >= schema::SECRET_SINCE;
        let hasher = if has_secret { secret::read(&connection, path)? } else { Hasher::without_secret() };
        Ok(Reader { connection, path: path.to_owned(), exists: true, version, doubt, hasher })
    }

    /// Where the state file is, or would be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a state file.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// What the state's digests are made with.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    pub(super) fn fail(&self, error: rusqlite::Error) -> StateError {
        StateError::of(&self.path, error)
    }

    pub(super) fn meta(&self, key: &str) -> Result<Option<String>, StateError> {
        meta::get(&self.connection, key).map_err(|error| self.fail(error))
    }

    /// Refuses a state that belongs to another NiceChat.
    ///
    /// # Errors
    /// When it does.
    pub fn check_base(&self, base_url: Option<&str>) -> Result<(), StateError> {
        match (self.meta("base_url")?, base_url) {
            (Some(theirs), Some(ours)) if theirs != ours => {
                Err(StateError::OtherBase { path: self.path.clone(), theirs, ours: ours.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// What the state remembers of the feed it equals; `None` while it does not equal one.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn feed_mark(&self) -> Result<Option<FeedMark>, StateError> {
        Ok(self.meta("feed_mark")?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether NiceChat's listing was taken in once, under settings that made us look at all of it
    /// (`prune = "all"`) or not.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn listed(&self) -> Result<Option<bool>, StateError> {
        Ok(self.meta("listed")?.map(|scope| scope == "all"))
    }

    /// How many rows without an id the feed had when nothing was held back for them; `None` = nobody counted.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn usually_nameless(&self) -> Result<Option<u64>, StateError> {
        Ok(self.meta(NAMELESS)?.and_then(|count| count.parse().ok()))
    }

    /// What NiceChat listed last that isn't ours, once a whole listing was read.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn foreign(&self) -> Result<Option<Foreign>, StateError> {
        Ok(self.meta("foreign")?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// How many operations of the last plan are still to be done.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn pending(&self) -> Result<u64, StateError> {
        Ok(self.meta("pending")?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Every object of a kind, in the order of its key.
    ///
    /// # Errors
    /// When the file can't be read, or is damaged.
    pub fn keys(&self, kind: Kind, mut each: impl FnMut(KeyRow)) -> Result<(), StateError> {
        let sql = "SELECT key, digest, object FROM object_key WHERE kind = ?1 ORDER BY key";
        let read = |row: &Row<'_>| Ok(KeyRow { key: digest(row, 0)?, digest: digest(row, 1)?, object: row.get(2)? });
        let mut last = None;
        self.each(sql, [code(kind)], read, |row| {
            // The database gives them as it finds them, and they are looked up by halves.
            if last.replace(row.key).is_some_and(|last| last >= row.key) {
                return Err(self.damaged("the keys of its objects are out of order".to_owned()));
            }
            each(row);
            Ok(())
        })
    }

    /// What is said of a file that has what was never written.
    pub fn damaged(&self, detail: String) -> StateError {
        StateError::Corrupt { path: self.path.clone(), detail }
    }

    /// An object's row.
    ///
    /// # Errors
    /// When the file can't be read, or has no such row.
    pub fn object(&self, object: i64) -> Result<Known, StateError> {
        let run = || {
            let sql = "SELECT id, acked, answered, repaired FROM object WHERE object = ?1";
            self.connection.prepare_cached(sql)?.query_row([object], |row| {
                Ok(Known {
                    id: row.get(0)?,
                    acked: fields(row, 1)?,
                    answered: fields(row, 2)?,
                    repaired: fields(row, 3)?,
                })
            })
        };
        run().map_err(|error| self.fail(error))
    }

    /// An object's id.
    ///
    /// # Errors
    /// When the file can't be read, or has no such object.
    pub fn object_id(&self, object: i64) -> Result<String, StateError> {
        let run = || {
            let sql = "SELECT id FROM object WHERE object = ?1";
            self.connection.prepare_cached(sql)?.query_row([object], |row| row.get(0))
        };
        run().map_err(|error| self.fail(error))
    }

    /// The ids of all objects of a kind, and where they lie.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn ids(&self, kind: Kind, mut each: impl FnMut(i64, &str)) -> Result<(), StateError> {
        let mut run = || {
            let mut statement = self.connection.prepare_cached("SELECT object, id FROM object WHERE kind = ?1")?;
            let mut rows = statement.query([code(kind)])?;
            while let Some(row) = rows.next()? {
                each(row.get(0)?, row.get_ref(1)?.as_str()?);
            }
            Ok(())
        };
        run().map_err(|error| self.fail(error))
    }

    /// Requests whose effect is in doubt.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn journal(&self) -> Result<Vec<InDoubt>, StateError> {
        self.all("SELECT kind, id, fields FROM journal", |row| {
            let fields: Option<String> = row.get(2)?;
            let fields = fields.and_then(|text| serde_json::from_str(&text).ok());
            Ok(InDoubt { kind: kind_of(row, 0)?, id: row.get(1)?, fields })
        })
    }

    /// Objects that NiceChat refuses.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn refused(&self) -> Result<Vec<Refused>, StateError> {
        let has_secret = if self.version < schema::SECRET_SINCE { "0" } else { "has_secret" };
        self.all(&format!("SELECT kind, id, digest, {has_secret} FROM refused"), |row| {
            Ok(Refused { kind: kind_of(row, 0)?, id: row.get(1)?, digest: digest(row, 2)?, has_secret: row.get(3)? })
        })
    }

    /// Gives each object that is not as wanted, at most so many: refused ones, then those whose request failed.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    pub fn each_failed<E: From<StateError>>(
        &self,
        most: u64,
        each: impl FnMut(FailedObject) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT kind, id, reason, at, 1 FROM refused
                   UNION ALL SELECT kind, id, reason, NULL, 0 FROM journal WHERE reason IS NOT NULL
                   ORDER BY 5 DESC, 1, 2 LIMIT ?1";
        let failed = |row: &Row<'_>| {
            let since: Option<String> = row.get(3)?;
            Ok(FailedObject {
                kind: kind_of(row, 0)?.name(),
                id: row.get(1)?,
                store: None,
                reason: row.get(2)?,
                since: since.and_then(|text| text.parse().ok()),
                refused: row.get(4)?,
            })
        };
        self.each(sql, [limit(most)], failed, each)
    }

    /// How many objects [`Reader::each_failed`] has.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn failed(&self) -> Result<u64, StateError> {
        let sql = "SELECT (SELECT count(*) FROM refused) + (SELECT count(*) FROM journal WHERE reason IS NOT NULL)";
        let count = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(|error| self.fail(error))
    }

    /// Gives each row that the last reading of the feed did not take, at most so many, in the feed's order.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    pub fn each_rejected<E: From<StateError>>(
        &self,
        most: u64,
        each: impl FnMut(Rejection) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT line, id, field, reason FROM rejected ORDER BY rowid LIMIT ?1";
        let rejection = |row: &Row<'_>| {
            let (line, field): (i64, String) = (row.get(0)?, row.get(2)?);
            Ok(Rejection::new(line.unsigned_abs(), row.get(1)?, &field, row.get(3)?))
        };
        self.each(sql, [limit(most)], rejection, each)
    }

    /// How many rows the last reading did not take, and how many objects NiceChat refuses.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn trouble(&self) -> Result<(u64, u64), StateError> {
        let sql = "SELECT (SELECT count(*) FROM rejected), (SELECT count(*) FROM refused)";
        let counts = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()));
        self.connection.query_row(sql, [], counts).map_err(|error| self.fail(error))
    }

    /// How many objects of a kind are ours.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn owned(&self, kind: Kind) -> Result<u64, StateError> {
        let sql = "SELECT count(*) FROM object_key WHERE kind = ?1";
        let count = self.connection.query_row(sql, [code(kind)], |row| row.get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(|error| self.fail(error))
    }

    /// The last passes, the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn passes(&self, most: u32) -> Result<Vec<PassRow>, StateError> {
        let sql = format!("SELECT row FROM pass ORDER BY pass DESC LIMIT {most}");
        let rows: Vec<String> = self.all(&sql, |row| row.get(0))?;
        Ok(rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect())
    }

    /// Gives the rows of a query one after the other: there may be more of them than memory holds.
    pub(super) fn each<T, E: From<StateError>>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let fail = |error| self.fail(error);
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        let mut rows = statement.query(parameters).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            each(read(row).map_err(fail)?)?;
        }
        Ok(())
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StateError> {
        let run = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(params![], each)?.collect()
        };
        run().map_err(|error| self.fail(error))
    }
}

/// Opens the file so that nothing is left beside it: a reader that may write cleans up after
/// itself, one that may not falls back to a file that nobody writes.
fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let usable = |connection: Connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map(|()| connection)
    };
    // Also for lack of room for what SQLite makes beside it.
    let is_denied = |error: &rusqlite::Error| {
        let denied = [ErrorCode::ReadOnly, ErrorCode::CannotOpen, ErrorCode::PermissionDenied];
        error.sqlite_error_code().is_some_and(|code| denied.contains(&code))
            || error.sqlite_extended_error_code() == Some(SQLITE_IOERR_SHMSIZE)
    };
    let has_log = std::fs::metadata(log_path(path)).is_ok_and(|log| log.len() > 0);
    let leave_log = |connection: Connection| {
        // A log that a crash left is the next writer's to take in; ours not to touch.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log).map(|_| connection)
    };
    let writable = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE);
    let writable = writable.and_then(leave_log).and_then(usable);
    match writable {
        Err(error) if is_denied(&error) => {}
        other => return other,
    }
    match Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(usable) {
        // What follows doesn't look at the log: without it the file says what was true once.
        Err(error) if is_denied(&error) && !has_log => {}
        other => return other,
    }
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{name}?immutable=1");
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(usable)
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// A number of rows as SQLite takes it.
fn limit(most: u64) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// How a kind is written in the file.
pub(super) fn code(kind: Kind) -> i64 {
    match kind {
        Kind::Category => 0,
        Kind::Product => 1,
    }
}

fn kind_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    Ok(if row.get::<_, i64>(column)? == 0 { Kind::Category } else { Kind::Product })
}

pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get::<_, [u8; 16]>(column).map(Digest::from_be_bytes)
}

pub(super) fn fields(row: &Row<'_>, column: usize) -> rusqlite::Result<Fields> {
    Ok(row.get::<_, Option<Packed>>(column)?.map(|Packed(fields)| fields).unwrap_or_default())
}
