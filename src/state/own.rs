//! A file of a system's own beside the state, for what must not be lost with it: with tables and a lock of its own, so
//! that it can be written beside whoever holds the state's.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::StateError;
use super::backup::back_up;
use super::file::{BASE_URL, PATIENCE, check_base, is_same_base};
use super::lock::{Counted, counted};
use super::migrate::{check, not_ours, upgrade, version};
use super::place::{Place, resolve};
use super::reader::{connect, existing};

/// What every transaction says is on the disk when it has ended: nothing that happens afterwards can undo it.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;";

/// What the lock beside such a file counts once there is something in it.
const WRITTEN: u64 = 1;

/// Refuses a file without a byte that something was written to: a copy that failed, or a disk that was full. What SQLite
/// leaves when it is killed before it writes anything looks just so, but then the lock says that nothing was written.
fn check_emptied(path: &Path, counted: Option<&Counted>) -> Result<(), StateError> {
    let is_empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
    if is_empty && counted.is_some_and(|counted| counted.transactions >= WRITTEN) {
        return Err(StateError::Corrupt { path: path.to_owned(), detail: "it is empty, and was not".to_owned() });
    }
    Ok(())
}

/// Such a file, open for writing.
pub struct OwnFile {
    // In this order: the file is closed before its lock is given back.
    connection: Connection,
    place: Place,
}

impl OwnFile {
    /// Takes the file's lock, and opens or creates the file for the service at this address. Each of the steps takes
    /// it from one format to the next, and the first one makes the table `meta`.
    ///
    /// # Errors
    /// When another process has it, it belongs to another address, or can't be used.
    pub fn open(path: &Path, steps: &[&str], base_url: &str) -> Result<OwnFile, StateError> {
        let was_there = path.exists();
        let place = Place::take(path)?;
        let path = place.path();
        let of = |error| StateError::of(path, error);
        if was_there {
            check_emptied(path, place.lock.found())?;
        } else {
            let _ = place.lock.count(0);
        }
        let mut connection = Connection::open(path).map_err(of)?;
        connection.busy_timeout(PATIENCE).map_err(of)?;
        upgrade(&mut connection, path, steps, |_, _| Ok(()))?;
        connection.execute_batch(PRAGMAS).map_err(of)?;
        check_base(&connection, path, base_url)?;
        place.check()?;
        // A full disk keeps nobody from working: what is written says so itself.
        let _ = place.lock.count(WRITTEN);
        Ok(OwnFile { connection, place })
    }

    /// Reads a file of these steps, beside whoever writes it; `None` = there is none, and it stays away.
    ///
    /// # Errors
    /// When it belongs to another address, or can't be read.
    pub fn read<T>(
        path: &Path,
        steps: &[&str],
        base_url: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StateError> {
        let Some(connection) = OwnFile::snapshot(path, steps)? else { return Ok(None) };
        let of = |error| StateError::of(path, error);
        match BASE_URL.get(&connection).map_err(of)? {
            Some(theirs) if !is_same_base(&theirs, base_url) => {
                Err(StateError::OtherBase { path: path.to_owned(), theirs, ours: base_url.to_owned() })
            }
            _ => work(&connection).map(Some).map_err(of),
        }
    }

    /// One transaction: everything read is of the same moment. `None` = there is no such file.
    fn snapshot(path: &Path, steps: &[&str]) -> Result<Option<Connection>, StateError> {
        let Some(path) = &existing(path)? else {
            let found = resolve(path).ok().and_then(|path| counted(&path));
            return check_emptied(path, found.as_ref()).map(|()| None);
        };
        let connection = connect(path)?;
        if check(&connection, path, version(steps))? == 0 {
            return Err(not_ours(path));
        }
        connection.execute_batch("BEGIN").map_err(|error| StateError::of(path, error))?;
        Ok(Some(connection))
    }

    /// Copies such a file to a new one, beside whoever writes it, and gives its length; `None` = there is none.
    ///
    /// # Errors
    /// When it can't be read, something is there already, or the copy can't be written.
    pub fn back_up(path: &Path, steps: &[&str], to: &Path) -> Result<Option<u64>, StateError> {
        let Some(connection) = OwnFile::snapshot(path, steps)? else { return Ok(None) };
        back_up(&connection, to).map(Some)
    }

    /// What it says to whoever holds it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn look<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        work(&self.connection).map_err(|error| StateError::of(self.place.path(), error))
    }

    /// Writes all of `work`, or nothing; what was written is on the disk then.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StateError> {
        self.place.check()?;
        let write = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit().map(|()| result)
        };
        write().map_err(|error| StateError::of(self.place.path(), error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const STEPS: [&str; 2] = [
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
        "CREATE TABLE thing (thing INTEGER PRIMARY KEY);",
    ];
    const BASE: &str = "https://a.example/";

    fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM thing", [], |row| row.get(0))
    }

    #[test]
    fn it_is_written_by_one_and_read_by_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("more/own.db");
        assert_eq!(OwnFile::read(&path, &STEPS, BASE, count).expect("none"), None);
        assert!(!path.exists());
        let mut own = OwnFile::open(&path, &STEPS, BASE).expect("it");
        own.write(|transaction| transaction.execute("INSERT INTO thing VALUES (1)", [])).expect("written");
        assert_eq!(
            own.look(|connection| connection.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0))).ok(),
            Some(2)
        );
        assert_eq!(OwnFile::read(&path, &STEPS, BASE, count).expect("it"), Some(1));
        assert!(matches!(OwnFile::open(&path, &STEPS, BASE), Err(StateError::Locked { .. })));
        for name in ["own.db", "own.db-wal", "own.db-shm", "own.db.lock"] {
            let mode = std::fs::metadata(path.with_file_name(name)).expect(name).permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name}");
        }
        drop(own);
        let other = "https://b.example/";
        assert!(matches!(OwnFile::read(&path, &STEPS, other, count), Err(StateError::OtherBase { .. })));
        assert!(matches!(OwnFile::open(&path, &STEPS, other), Err(StateError::OtherBase { .. })));
        assert!(matches!(OwnFile::read(&path, &STEPS[..1], BASE, count), Err(StateError::Newer { .. })));
    }

    #[test]
    fn a_file_that_is_taken_away_is_written_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("own.db");
        let mut own = OwnFile::open(&path, &STEPS, BASE).expect("it");
        std::fs::remove_file(&path).expect("gone");
        let written = own.write(|transaction| transaction.execute("INSERT INTO thing VALUES (1)", []));
        assert!(matches!(written, Err(StateError::Replaced { .. })));
    }
}
