//! The file that says what was done at NewStore. What is in it is on the disk before anything follows from it.

mod error;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::records::{Intent, Known, Record, RetailerRecord, RetailerState, StoreState};
use crate::config::NewStore;
use crate::phone::PhoneNumber;
use crate::state::OwnFile;
use crate::systems::look::Copied;

pub use error::LedgerError;

/// What is between the links that were sent. An address has no line breaks.
const BETWEEN: &str = "\n";

/// Each step takes the file from one format to the next.
const STEPS: [&str; 1] = ["
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    -- Stores of which something is known. No two have a number: not even a mistake of ours can write that down.
    CREATE TABLE store (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, phone_number TEXT UNIQUE, enable INTEGER NOT NULL,
        declaration TEXT, reason TEXT, since TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE retailer (
        retailer INTEGER PRIMARY KEY CHECK (retailer = 1), state TEXT NOT NULL, ecom_link TEXT, reason TEXT,
        since TEXT NOT NULL
    );
"];

/// The file, held by this process alone.
pub struct Ledger(OwnFile);

/// What the file says, beside whoever writes it.
///
/// # Errors
/// When it is another NewStore's, or can't be read.
pub fn known(settings: &NewStore) -> Result<Known, LedgerError> {
    Ok(OwnFile::read(&settings.file, &STEPS, settings.base_url.as_str(), read)?.unwrap_or_default())
}

/// Copies the file to a new one beside the state's copy. `None` = nothing was done yet.
///
/// # Errors
/// When it can't be read, or something is there already.
pub(super) fn back_up(settings: &NewStore, copy: &Path) -> Result<Option<Copied>, LedgerError> {
    let mut path = copy.as_os_str().to_owned();
    path.push(".");
    path.push(settings.file.file_name().unwrap_or_default());
    let path = PathBuf::from(path);
    let length = OwnFile::back_up(&settings.file, &STEPS, &path)?;
    Ok(length.map(|length| Copied { path, length }))
}

impl Ledger {
    /// Takes the file for this process, and makes it if there is none.
    ///
    /// # Errors
    /// When another process has it, it is another NewStore's, or can't be used.
    pub fn open(settings: &NewStore) -> Result<Ledger, LedgerError> {
        Ok(Ledger(OwnFile::open(&settings.file, &STEPS, settings.base_url.as_str())?))
    }

    /// What it says.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn known(&self) -> Result<Known, LedgerError> {
        Ok(self.0.look(read)?)
    }

    /// Writes down what became of a store; `None` = nothing, and nothing is known of it any more.
    pub(super) fn put(&mut self, id: &str, record: Option<&Record>) -> Result<(), LedgerError> {
        Ok(self.0.write(|transaction| put(transaction, id, record))?)
    }

    /// The same of the retailer.
    pub(super) fn put_retailer(&mut self, record: Option<&RetailerRecord>) -> Result<(), LedgerError> {
        Ok(self.0.write(|transaction| put_retailer(transaction, record))?)
    }
}

fn read(connection: &Connection) -> rusqlite::Result<Known> {
    let mut statement =
        connection.prepare("SELECT id, state, phone_number, enable, declaration, reason, since FROM store")?;
    let stores = statement.query_map([], |row| Ok((row.get(0)?, record(row)?)))?.collect::<Result<_, _>>()?;
    let retailer =
        connection.query_row("SELECT state, ecom_link, reason, since FROM retailer", [], retailer).optional()?;
    Ok(Known { stores, retailer })
}

fn strange(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "a value that was never written".into())
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get::<_, String>(column)?.parse().map_err(|_| strange(column))
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let number: Option<String> = row.get(2)?;
    let number = number.map(|number| PhoneNumber::parse(&number).ok_or_else(|| strange(2))).transpose()?;
    let (enable, reason): (bool, Option<String>) = (row.get(3)?, row.get(5)?);
    let text = |text: Option<String>, column| text.ok_or_else(|| strange(column));
    let state = match row.get_ref(1)?.as_str()? {
        "onboarded" => StoreState::Onboarded { number, is_enabled: false },
        "enabled" => StoreState::Onboarded { number, is_enabled: true },
        word @ ("doubt" | "disputed") => {
            let intent = Intent { number: number.ok_or_else(|| strange(2))?, enable, reason };
            if word == "doubt" { StoreState::Doubt(intent) } else { StoreState::Disputed(intent) }
        }
        "refused" => StoreState::Refused { declaration: text(row.get(4)?, 4)?, reason: text(reason, 5)? },
        "there" => StoreState::There { sent: number.ok_or_else(|| strange(2))?, reason: text(reason, 5)? },
        _ => return Err(strange(1)),
    };
    Ok(Record { state, since: time(row, 6)? })
}

fn retailer(row: &Row<'_>) -> rusqlite::Result<RetailerRecord> {
    let (link, reason): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
    let link = || link.clone().ok_or_else(|| strange(1));
    let state = match row.get_ref(0)?.as_str()? {
        "sent" => RetailerState::Sent(link()?.split(BETWEEN).map(str::to_owned).collect()),
        "configured" => RetailerState::Configured(link()?),
        "there" => RetailerState::There,
        "refused" => RetailerState::Refused { link: link()?, reason: reason.ok_or_else(|| strange(2))? },
        _ => return Err(strange(0)),
    };
    Ok(RetailerRecord { state, since: time(row, 3)? })
}

fn put(transaction: &Transaction<'_>, id: &str, record: Option<&Record>) -> rusqlite::Result<()> {
    // Not by replacing: that would take another store's row away that has the number.
    transaction.execute("DELETE FROM store WHERE id = ?1", [id])?;
    let Some(Record { state, since }) = record else { return Ok(()) };
    let (word, enable, declaration) = match state {
        StoreState::Onboarded { is_enabled, .. } => (state.name(), *is_enabled, None),
        StoreState::Doubt(intent) => (state.name(), intent.enable, None),
        StoreState::Refused { declaration, .. } => (state.name(), false, Some(declaration)),
        StoreState::Disputed(intent) => ("disputed", intent.enable, None),
        StoreState::There { .. } => ("there", false, None),
    };
    let (number, since) = (state.number().map(PhoneNumber::as_str), since.to_string());
    let sql = "INSERT INTO store (id, state, phone_number, enable, declaration, reason, since)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    transaction.execute(sql, params![id, word, number, enable, declaration, state.reason(), since]).map(|_| ())
}

fn put_retailer(transaction: &Transaction<'_>, record: Option<&RetailerRecord>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM retailer", [])?;
    let Some(RetailerRecord { state, since }) = record else { return Ok(()) };
    let (word, link, reason) = match state {
        RetailerState::Sent(links) => ("sent", Some(links.join(BETWEEN)), None),
        RetailerState::Configured(link) => ("configured", Some(link.clone()), None),
        RetailerState::There => ("there", None, None),
        RetailerState::Refused { link, reason } => ("refused", Some(link.clone()), Some(reason)),
    };
    let sql = "INSERT INTO retailer (retailer, state, ecom_link, reason, since) VALUES (1, ?1, ?2, ?3, ?4)";
    transaction.execute(sql, params![word, link, reason, since.to_string()]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).expect("a number")
    }

    #[test]
    fn everything_comes_back_as_it_was_and_no_number_twice() {
        let file = Connection::open_in_memory().expect("a database");
        file.execute_batch(STEPS[0]).expect("tables");
        let since = "2026-01-02T03:04:05.678901Z".parse().expect("a time");
        let reason = "words".to_owned();
        let of = |number: &str, enable, reason: Option<&str>| Intent {
            number: PhoneNumber::parse(number).expect("a number"),
            enable,
            reason: reason.map(str::to_owned),
        };
        let states = [
            StoreState::Onboarded { number: None, is_enabled: false },
            StoreState::Onboarded { number: Some(number("+13055550100")), is_enabled: true },
            StoreState::Doubt(of("+13055550101", true, None)),
            StoreState::Doubt(of("+13055550102", false, Some("reset"))),
            StoreState::Refused { declaration: "{}".to_owned(), reason: reason.clone() },
            StoreState::There { sent: number("+13055550103"), reason: reason.clone() },
            StoreState::Disputed(of("+13055550104", true, Some("no"))),
        ];
        let mut expected = Known::default();
        let transaction = file.unchecked_transaction().expect("a transaction");
        for (at, state) in states.into_iter().enumerate() {
            let record = Record { state, since };
            put(&transaction, &at.to_string(), Some(&record)).expect("written");
            expected.stores.insert(at.to_string(), record);
        }
        let link = || "https://shop.example".to_owned();
        for state in [
            RetailerState::Sent(vec![link()]),
            RetailerState::Sent(vec![link(), "https://other.example".to_owned()]),
            RetailerState::Configured(link()),
            RetailerState::There,
            RetailerState::Refused { link: link(), reason },
        ] {
            expected.retailer = Some(RetailerRecord { state, since });
            put_retailer(&transaction, expected.retailer.as_ref()).expect("written");
            assert_eq!(read(&transaction).expect("read"), expected);
        }
        for at in ["1", "2", "3", "5", "6"] {
            let twin = Record { state: expected.stores[at].state.clone(), since };
            assert!(put(&transaction, "twin", Some(&twin)).is_err(), "{at}");
        }
        put(&transaction, "1", None).expect("forgotten");
        expected.stores.remove("1");
        assert_eq!(read(&transaction).expect("read"), expected);
        transaction.execute("UPDATE store SET state = 'x'", []).expect("written");
        assert!(read(&transaction).is_err());
    }
}
