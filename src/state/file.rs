//! The open file: every transaction of the one who writes it goes through here.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tracing::warn;

use super::doubt::{TRANSACTIONS, Transactions, doubt, settle};
use super::place::Place;
use super::{Key, StateError, migrate, secret};
use crate::digest::Hasher;

/// What the file is opened with. The log is taken in when a pass ends, or when it has 64 MiB.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;
                       PRAGMA cell_size_check = ON; PRAGMA wal_autocheckpoint = 16384;";

/// How long somebody else with the file is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Whose the state is: the service's address.
pub(super) const BASE_URL: Key<String> = Key::text("base_url");

/// Whether a transaction must be on the disk before it counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// It outlives a power cut.
    Yes,
    /// It outlives the process, and may be lost in a power cut.
    No,
}

/// An open state file with its lock.
pub(super) struct StateFile {
    // In this order: the file is closed before its lock is given back.
    pub(super) connection: Connection,
    place: Place,
    transactions: u64,
    durable: Durable,
    /// What the state's digests are made with.
    pub(super) hasher: Hasher,
}

impl StateFile {
    pub(super) fn open(place: Place, base_url: Option<&str>) -> Result<StateFile, StateError> {
        let path = place.path();
        let of = |error| StateError::of(path, error);
        let mut connection = Connection::open(path).map_err(of)?;
        connection.busy_timeout(PATIENCE).map_err(of)?;
        migrate::migrate(&mut connection, path)?;
        connection.execute_batch(PRAGMAS).map_err(of)?;
        base_url.map_or(Ok(()), |base_url| check_base(&connection, path, base_url))?;
        let doubt = doubt(&connection, path, place.lock.found()).map_err(of)?;
        if let Some(doubt) = doubt {
            let path = path.display();
            warn!("the state file {path} {doubt}; the next pass reads NiceChat's listing before it relies on it");
        }
        let transactions = settle(&mut connection, &place, doubt).map_err(of)?;
        let hasher = secret::read(&connection, path)?;
        place.check()?;
        Ok(StateFile { connection, place, transactions, durable: Durable::Yes, hasher })
    }

    pub(super) fn fail(&self, error: rusqlite::Error) -> StateError {
        StateError::of(self.place.path(), error)
    }

    /// From now on, whether zeros are written over what is deleted. It costs a million products too much to be so always.
    pub(super) fn erase(&self, erase: bool) -> Result<(), StateError> {
        // It answers with what it was set to.
        let set = self.connection.pragma_update_and_check(None, "secure_delete", erase, |_| Ok(()));
        set.map_err(|error| self.fail(error))
    }

    /// Writes all of `work`, or nothing.
    pub(super) fn transact<T>(
        &mut self,
        durable: Durable,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        self.place.check()?;
        self.try_transact(durable, work).map_err(|error| self.fail(error))
    }

    fn try_transact<T>(
        &mut self,
        durable: Durable,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        if durable != self.durable {
            let mode = if durable == Durable::Yes { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", mode)?;
            self.durable = durable;
        }
        let next = self.transactions + 1;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        // Outside first: whoever finds less inside has lost it. It is no promise that this itself was written.
        let changed = self.place.lock.count(next).unwrap_or_default();
        TRANSACTIONS.set(&transaction, &Transactions { count: Some(next), changed })?;
        transaction.commit()?;
        self.transactions = next;
        Ok(result)
    }
}

/// Whether two addresses are of the same service: what is asked for lies below them, with or without a last slash.
pub(super) fn is_same_base(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

pub(super) fn check_base(connection: &Connection, path: &Path, base_url: &str) -> Result<(), StateError> {
    let of = |error| StateError::of(path, error);
    BASE_URL.set_first(connection, &base_url.to_owned()).map_err(of)?;
    let theirs = BASE_URL.get(connection).map_err(of)?.unwrap_or_default();
    if is_same_base(&theirs, base_url) {
        Ok(())
    } else {
        Err(StateError::OtherBase { path: path.to_owned(), theirs, ours: base_url.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Reader;

    #[test]
    fn a_slash_at_the_end_of_an_address_makes_no_other_service() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.db");
        let open = |base_url| StateFile::open(Place::take(&path).expect("a place"), Some(base_url)).map(drop);
        open("https://a.example/api").expect("a state");
        let look = |base_url| Reader::open(&path).expect("a reader").check_base(Some(base_url));
        for same in ["https://a.example/api", "https://a.example/api/"] {
            assert!(open(same).is_ok() && look(same).is_ok(), "{same}");
        }
        for other in ["https://a.example/", "https://a.example/api/b"] {
            assert!(open(other).is_err() && look(other).is_err(), "{other}");
        }
    }
}
