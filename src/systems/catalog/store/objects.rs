//! The objects that are ours, as NiceChat acknowledged them last.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::columns::{digest, fields, text_unless_empty};
use super::keys::{KeyRow, key_row};
use super::packed::pack;
use super::presence::presence;
use super::{imports, known_rows, missing};
use crate::catalog::{Digest, Fields, Kind};
use crate::digest::Hasher;
use crate::state::{OWNED_SINCE, Reader, StateError};

/// What we know of an object of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its id in the feed and in NiceChat.
    pub id: String,
    /// The fields that we sent and NiceChat acknowledged, as we sent them. A field that is not
    /// there is in doubt: a request about it was under way when a pass was cut off.
    pub acked: Fields,
    /// NiceChat's own spelling of a field, where it differs from ours (its address of a picture).
    pub answered: Fields,
    /// What a field was listed as before we repaired it last.
    pub repaired: Fields,
}

/// What becomes of an object's row once NiceChat has acknowledged a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// See [`Known::acked`].
    pub acked: Fields,
    /// Of the wanted object that `acked` now equals; 0 never equals one.
    pub digest: Digest,
    /// See [`Known::answered`].
    pub answered: Fields,
    /// See [`Known::repaired`].
    pub repaired: Fields,
}

/// Reading objects.
pub trait ReadObjects: AsRef<Reader> {
    /// Every object of a kind, in the order of its key.
    ///
    /// # Errors
    /// When the file can't be read, or is damaged.
    fn keys(&self, kind: Kind, mut each: impl FnMut(KeyRow)) -> Result<(), StateError> {
        let reader = self.as_ref();
        let sql = "SELECT key, digest, object FROM object_key WHERE kind = ?1 ORDER BY key";
        let read = |row: &Row<'_>| Ok(KeyRow { key: digest(row, 0)?, digest: digest(row, 1)?, object: row.get(2)? });
        let mut last = None;
        reader.each(sql, [kind], read, |row| {
            // The database gives them as it finds them, and they are looked up by halves.
            if last.replace(row.key).is_some_and(|last| last >= row.key) {
                return Err(reader.damaged("the keys of its objects are out of order".to_owned()));
            }
            each(row);
            Ok(())
        })
    }

    /// What is known of the object with this key.
    ///
    /// # Errors
    /// When the file can't be read.
    fn key(&self, kind: Kind, key: Digest) -> Result<Option<KeyRow>, StateError> {
        self.as_ref().read(|connection| key_row(connection, kind, key))
    }

    /// An object's row.
    ///
    /// # Errors
    /// When the file can't be read, or has no such row.
    fn object(&self, object: i64) -> Result<Known, StateError> {
        self.as_ref().one("SELECT id, acked, answered, repaired FROM object WHERE object = ?1", [object], |row| {
            Ok(Known { id: row.get(0)?, acked: fields(row, 1)?, answered: fields(row, 2)?, repaired: fields(row, 3)? })
        })
    }

    /// An object's id.
    ///
    /// # Errors
    /// When the file can't be read, or has no such object.
    fn object_id(&self, object: i64) -> Result<String, StateError> {
        self.as_ref().one("SELECT id FROM object WHERE object = ?1", [object], |row| row.get(0))
    }

    /// The ids of all objects of a kind, and where they lie.
    ///
    /// # Errors
    /// When the file can't be read.
    fn ids(&self, kind: Kind, mut each: impl FnMut(i64, &str)) -> Result<(), StateError> {
        self.as_ref().read(|connection| {
            let mut statement = connection.prepare_cached("SELECT object, id FROM object WHERE kind = ?1")?;
            let mut rows = statement.query([kind])?;
            while let Some(row) = rows.next()? {
                each(row.get(0)?, row.get_ref(1)?.as_str()?);
            }
            Ok(())
        })
    }

    /// How many objects of a kind are ours.
    ///
    /// # Errors
    /// When the file can't be read.
    fn owned(&self, kind: Kind) -> Result<u64, StateError> {
        let reader = self.as_ref();
        if reader.version() < OWNED_SINCE {
            return reader.count("SELECT count(*) FROM object_key WHERE kind = ?1", [kind]);
        }
        reader.read(|connection| owned(connection, kind))
    }
}

impl ReadObjects for Reader {}

/// How many objects of a kind are ours.
pub(super) fn owned(connection: &Connection, kind: Kind) -> rusqlite::Result<u64> {
    let mut statement =
        connection.prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'owned_' || ?1")?;
    let objects: Option<i64> = statement.query_row([kind], |row| row.get(0)).optional()?;
    Ok(objects.unwrap_or_default().unsigned_abs())
}

/// Counts objects that came, or went.
fn count(transaction: &Transaction<'_>, kind: Kind, change: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES ('owned_' || ?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = value + ?2";
    transaction.prepare_cached(sql)?.execute(params![kind, change]).map(|_| ())
}

/// Writes an object that NiceChat acknowledged.
pub(super) fn put(
    transaction: &Transaction<'_>,
    hasher: &Hasher,
    kind: Kind,
    id: &str,
    record: &Record,
) -> rusqlite::Result<()> {
    known_rows::invalidate(transaction)?;
    imports::settled(transaction, (kind, id), false)?;
    let key = hasher.digest(id.as_bytes()).to_be_bytes();
    let (acked, has) = (pack(&record.acked)?, presence(&record.acked));
    let (answered, repaired) = (text_unless_empty(&record.answered)?, text_unless_empty(&record.repaired)?);
    let update = "UPDATE object SET acked = ?3, answered = ?4, repaired = ?5
                  WHERE object = (SELECT object FROM object_key WHERE kind = ?1 AND key = ?2)";
    let known = transaction.prepare_cached(update)?.execute(params![kind, key, acked, answered, repaired])?;
    if known > 0 {
        let sql = "UPDATE object_key SET digest = ?3, has = ?4 WHERE kind = ?1 AND key = ?2";
        transaction.prepare_cached(sql)?.execute(params![kind, key, record.digest.to_be_bytes(), has])?;
        return Ok(());
    }
    let insert = "INSERT INTO object (kind, id, acked, answered, repaired) VALUES (?1, ?2, ?3, ?4, ?5)";
    transaction.prepare_cached(insert)?.execute(params![kind, id, acked, answered, repaired])?;
    let object = transaction.last_insert_rowid();
    let sql = "INSERT INTO object_key (kind, key, digest, object, has) VALUES (?1, ?2, ?3, ?4, ?5)";
    transaction.prepare_cached(sql)?.execute(params![kind, key, record.digest.to_be_bytes(), object, has])?;
    count(transaction, kind, 1)
}

/// Forgets an object that is gone.
pub(super) fn delete(transaction: &Transaction<'_>, hasher: &Hasher, kind: Kind, id: &str) -> rusqlite::Result<()> {
    known_rows::invalidate(transaction)?;
    if kind == Kind::Product {
        missing::forget(transaction, id)?;
    }
    let key = hasher.digest(id.as_bytes()).to_be_bytes();
    let sql = "DELETE FROM object WHERE object = (SELECT object FROM object_key WHERE kind = ?1 AND key = ?2)";
    transaction.prepare_cached(sql)?.execute(params![kind, key])?;
    let sql = "DELETE FROM object_key WHERE kind = ?1 AND key = ?2";
    let gone = transaction.prepare_cached(sql)?.execute(params![kind, key])?;
    imports::settled(transaction, (kind, id), gone > 0)?;
    if gone > 0 { count(transaction, kind, -1) } else { Ok(()) }
}
