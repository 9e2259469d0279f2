//! Reading the state, beside whoever writes it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Params, Row};

use super::doubt::{are_orders_doubted, doubt, doubted};
use super::file::{BASE_URL, PATIENCE, is_same_base};
use super::identity::FileId;
use super::idle::Idle;
use super::lock::{Counted, counted};
use super::open::open_for_reading;
use super::place::{no_file, resolve};
use super::{Key, SECRET_SINCE, StateError, VERSION, migrate, secret};
use crate::digest::Hasher;

/// A view of the state as it was when it was opened, whatever is written meanwhile.
pub struct Reader {
    /// There until it is dropped.
    connection: Option<Connection>,
    /// Where the connection goes then.
    home: Option<(FileId, Arc<Idle>)>,
    path: PathBuf,
    exists: bool,
    version: i64,
    /// Why it may not be the file that was written last.
    doubt: Option<&'static str>,
    hasher: Hasher,
}

impl AsRef<Reader> for Reader {
    fn as_ref(&self) -> &Reader {
        self
    }
}

impl Reader {
    /// Opens a state file for reading; one that isn't there reads as an empty state, and stays
    /// away.
    ///
    /// # Errors
    /// When it can't be read, is damaged or of a newer version.
    pub fn open(path: &Path) -> Result<Reader, StateError> {
        let Some(place) = existing(path)? else {
            let mut connection = Connection::open_in_memory().map_err(|error| StateError::of(path, error))?;
            migrate::migrate(&mut connection, path)?;
            let (hasher, path) = (secret::read(&connection, path)?, path.to_owned());
            let (connection, version) = (Some(connection), VERSION);
            return Ok(Reader { connection, home: None, path, exists: false, version, doubt: None, hasher });
        };
        let path = &place;
        let of = |error| StateError::of(path, error);
        // Before the file: what is written meanwhile is counted first.
        let counted = counted(path);
        let connection = connect(path)?;
        let version = migrate::check(&connection, path, VERSION)?;
        if version == 0 {
            return Err(migrate::not_ours(path));
        }
        let doubt = begin(&connection, path, counted.as_ref()).map_err(of)?;
        let has_secret = version >= SECRET_SINCE;
        let hasher = if has_secret { secret::read(&connection, path)? } else { Hasher::without_secret() };
        let (connection, path) = (Some(connection), path.to_owned());
        Ok(Reader { connection, home: None, path, exists: true, version, doubt, hasher })
    }

    /// The same of a file that has a writer, whose path, format and secret are known: by a connection that an earlier one
    /// has left.
    pub(super) fn of_writer(path: &Path, hasher: &Hasher, idle: &Arc<Idle>) -> Result<Reader, StateError> {
        let Ok(file) = std::fs::metadata(path) else { return Reader::open(path) };
        let file = FileId::of(&file);
        let counted = counted(path);
        let Some(connection) = idle.take(file) else {
            let mut reader = Reader::open(path)?;
            reader.home = reader.exists.then(|| (file, Arc::clone(idle)));
            return Ok(reader);
        };
        let doubt = begin(&connection, path, counted.as_ref()).map_err(|error| StateError::of(path, error))?;
        let (connection, home) = (Some(connection), Some((file, Arc::clone(idle))));
        Ok(Reader {
            connection,
            home,
            path: path.to_owned(),
            exists: true,
            version: VERSION,
            doubt,
            hasher: hasher.clone(),
        })
    }

    pub(super) fn connection(&self) -> Result<&Connection, StateError> {
        self.connection.as_ref().ok_or(StateError::Gone)
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

    /// The file's format: an older one lacks the tables that came later.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether the file may not be the one that was written last, so that nothing that it says is to be relied on.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn is_doubted(&self) -> Result<bool, StateError> {
        Ok(self.doubt()?.is_some())
    }

    /// Why, in words that go behind its name; `None` = it is relied on.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn doubt(&self) -> Result<Option<String>, StateError> {
        self.doubt.map_or_else(|| self.read(doubted), |doubt| Ok(Some(doubt.to_owned())))
    }

    /// The same of the orders in it.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn are_orders_doubted(&self) -> Result<bool, StateError> {
        Ok(self.doubt.is_some() || self.read(are_orders_doubted)?)
    }

    fn fail(&self, error: rusqlite::Error) -> StateError {
        StateError::of(&self.path, error)
    }

    /// Reads with whatever queries `work` makes.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        work(self.connection()?).map_err(|error| self.fail(error))
    }

    /// A single value, if there is one that can be read.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn get<T>(&self, key: &Key<T>) -> Result<Option<T>, StateError> {
        self.read(|connection| key.get(connection))
    }

    /// Refuses a state that belongs to another NiceChat.
    ///
    /// # Errors
    /// When it does.
    pub fn check_base(&self, base_url: Option<&str>) -> Result<(), StateError> {
        match (self.get(&BASE_URL)?, base_url) {
            (Some(theirs), Some(ours)) if !is_same_base(&theirs, ours) => {
                Err(StateError::OtherBase { path: self.path.clone(), theirs, ours: ours.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// What is said of a file that has what was never written.
    pub fn damaged(&self, detail: String) -> StateError {
        StateError::Corrupt { path: self.path.clone(), detail }
    }

    /// Gives the rows of a query one after the other: there may be more of them than memory holds.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    pub fn each<T, E: From<StateError>>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let fail = |error| self.fail(error);
        let mut statement = self.connection()?.prepare_cached(sql).map_err(fail)?;
        let mut rows = statement.query(parameters).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            each(read(row).map_err(fail)?)?;
        }
        Ok(())
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StateError> {
        self.read(|connection| connection.prepare_cached(sql)?.query_map(parameters, each)?.collect())
    }

    /// The one row that a query always has.
    ///
    /// # Errors
    /// When the file can't be read, or there is none.
    pub fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        self.read(|connection| connection.prepare_cached(sql)?.query_row(parameters, row))
    }

    /// The number that a query has.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn count(&self, sql: &str, parameters: impl Params) -> Result<u64, StateError> {
        self.one(sql, parameters, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let (Some(connection), Some((file, idle))) = (self.connection.take(), &self.home) {
            idle.put_back(*file, connection);
        }
    }
}

/// Begins the one transaction in which everything is read, so that it is of the same moment, and tells why the file may
/// not be the one that was written last.
fn begin(connection: &Connection, path: &Path, counted: Option<&Counted>) -> rusqlite::Result<Option<&'static str>> {
    connection.execute_batch("BEGIN; SELECT count(*) FROM meta;")?;
    doubt(connection, path, counted)
}

/// The place of a file that is read; `None` = there is none.
pub(super) fn existing(path: &Path) -> Result<Option<PathBuf>, StateError> {
    let io = |error| StateError::Io { path: path.to_owned(), error };
    match std::fs::metadata(path) {
        // The files beside it belong to the name that it has without symbolic links.
        Ok(file) if file.is_file() && file.len() > 0 => resolve(path).map(Some).map_err(io),
        // A file of no bytes is what SQLite makes before it writes anything.
        Ok(file) if file.is_file() => Ok(None),
        Ok(found) => Err(no_file(path, &found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // What may not be looked at may well be there.
        Err(error) => Err(io(error)),
    }
}

/// Opens such a file; nothing can be written to it.
pub(super) fn connect(path: &Path) -> Result<Connection, StateError> {
    let of = |error| StateError::of(path, error);
    let connection = open_for_reading(path).map_err(of)?;
    connection.busy_timeout(PATIENCE).map_err(of)?;
    connection.pragma_update(None, "query_only", true).map_err(of)?;
    connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA cell_size_check = ON;").map_err(of)?;
    Ok(connection)
}

/// A number of rows as SQLite takes it.
pub fn limit(most: u64) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
