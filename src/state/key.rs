//! Single values by name, each with its type.

use std::fmt::Display;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The name of a value in the state, and how that value is written and read.
#[derive(Debug)]
pub struct Key<T> {
    name: &'static str,
    write: fn(&T) -> rusqlite::Result<String>,
    read: fn(&str) -> Option<T>,
}

impl<T> Key<T> {
    /// A value with a form of its own. What `read` makes nothing of counts as not there.
    pub const fn new(
        name: &'static str,
        write: fn(&T) -> rusqlite::Result<String>,
        read: fn(&str) -> Option<T>,
    ) -> Key<T> {
        Key { name, write, read }
    }

    /// The value, if there is one that can be read.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn get(&self, connection: &Connection) -> rusqlite::Result<Option<T>> {
        Ok(self.written(connection)?.and_then(|text| (self.read)(&text)))
    }

    /// Its name in the table `meta`, for statements that ask for more than it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether there is a value, whatever it is.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn is_set(&self, connection: &Connection) -> rusqlite::Result<bool> {
        Ok(self.written(connection)?.is_some())
    }

    fn written(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        statement.query_row([self.name], |row| row.get(0)).optional()
    }

    /// Writes the value.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set(&self, connection: &Connection, value: &T) -> rusqlite::Result<()> {
        let sql =
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.write(connection, sql, value)
    }

    /// Writes the value where there is none.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set_first(&self, connection: &Connection, value: &T) -> rusqlite::Result<()> {
        self.write(connection, "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING", value)
    }

    fn write(&self, connection: &Connection, sql: &str, value: &T) -> rusqlite::Result<()> {
        connection.prepare_cached(sql)?.execute(params![self.name, (self.write)(value)?]).map(|_| ())
    }

    /// Takes the value away.
    ///
    /// # Errors
    /// When that can't be written.
    pub fn remove(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([self.name]).map(|_| ())
    }
}

impl<T: Display + FromStr> Key<T> {
    /// A value that is written as it is shown.
    pub const fn text(name: &'static str) -> Key<T> {
        Key::new(name, |value| Ok(value.to_string()), |text| text.parse().ok())
    }
}

impl<T: Serialize + DeserializeOwned> Key<T> {
    /// A value that is written as JSON.
    pub const fn json(name: &'static str) -> Key<T> {
        Key::new(name, json::<T>, |text| serde_json::from_str(text).ok())
    }
}

/// A value as JSON, for a column.
///
/// # Errors
/// When it has no such form.
pub fn json<T: Serialize + ?Sized>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(unwritable)
}

/// The same before it is text.
///
/// # Errors
/// When it has no such form.
pub fn value<T: Serialize + ?Sized>(value: &T) -> rusqlite::Result<Value> {
    serde_json::to_value(value).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Key<u64> = Key::text("count");
    const LIST: Key<Vec<String>> = Key::json("list");

    #[test]
    fn values_come_back_as_they_were() {
        let file = Connection::open_in_memory().expect("a database");
        file.execute_batch("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)").expect("a table");
        assert_eq!((COUNT.get(&file).expect("read"), COUNT.is_set(&file).expect("read")), (None, false));
        COUNT.set_first(&file, &1).expect("written");
        COUNT.set_first(&file, &2).expect("written");
        assert_eq!(COUNT.get(&file).expect("read"), Some(1));
        COUNT.set(&file, &3).expect("written");
        assert_eq!(COUNT.get(&file).expect("read"), Some(3));
        LIST.set(&file, &vec!["\"".to_owned()]).expect("written");
        assert_eq!(LIST.get(&file).expect("read"), Some(vec!["\"".to_owned()]));
        file.execute("UPDATE meta SET value = 'x'", []).expect("written");
        assert_eq!((COUNT.get(&file).expect("read"), COUNT.is_set(&file).expect("read")), (None, true));
        LIST.remove(&file).expect("removed");
        assert!(!LIST.is_set(&file).expect("read"));
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        assert!(json(&std::collections::BTreeMap::from([((), 1)])).is_err());
    }
}
