//! Reading what is known of events.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Params, Row};
use serde_json::Value;

use super::{
    Change, ChangeKind, GONE_SINCE, HELD, MirrorState, OwnEvent, PendingAdd, RefusedAdd, RefusedEvent, SINCE, Standing,
};
use crate::event::Event;
use crate::state::{Reader, StateError};

/// Reading what is known of events.
pub trait ReadEvents: AsRef<Reader> {
    /// The mirrored events, in the order of their ids.
    ///
    /// # Errors
    /// When the file can't be read.
    fn events(&self, place: &str) -> Result<Vec<Event>, StateError> {
        rows(self.as_ref(), "SELECT body FROM event WHERE place = ?1 ORDER BY id", [place], |row| event(row, 0))
    }

    /// Gives each change that is remembered, the earliest first.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    fn each_event_change<E: From<StateError>>(
        &self,
        place: &str,
        each: impl FnMut(Change) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.as_ref().version() < SINCE {
            return Ok(());
        }
        let sql = "SELECT at, change, old, new FROM event_change WHERE place = ?1 ORDER BY entry";
        let change = |row: &Row<'_>| {
            let kind: ChangeKind = row.get(1)?;
            let (event, old) = match kind {
                ChangeKind::Added => (event(row, 3)?, None),
                ChangeKind::Changed => (event(row, 3)?, Some(event(row, 2)?)),
                ChangeKind::Removed => (event(row, 2)?, None),
            };
            Ok(Change { at: time(row, 0)?, kind, event, old })
        };
        self.as_ref().each(sql, [place], change, each)
    }

    /// What the guard holds of a mirror's stores, as programs are told.
    ///
    /// # Errors
    /// When the file can't be read.
    fn held_events(&self, place: &str) -> Result<Option<Value>, StateError> {
        Ok(self.as_ref().get(&HELD)?.filter(|(held_at, _)| held_at == place).map(|(_, held)| held))
    }

    /// How a mirror stands; `None` while no pass has tried.
    ///
    /// # Errors
    /// When the file can't be read.
    fn mirror(&self, place: &str) -> Result<Option<MirrorState>, StateError> {
        let sql = "SELECT mirrored_at, (SELECT count(*) FROM event WHERE event.place = event_mirror.place)
                   FROM event_mirror WHERE place = ?1";
        let rows = rows(self.as_ref(), sql, [place], |row| {
            let at: Option<String> = row.get(0)?;
            Ok(MirrorState {
                count: row.get::<_, i64>(1)?.unsigned_abs(),
                mirrored_at: at.and_then(|at| at.parse().ok()),
            })
        })?;
        Ok(rows.into_iter().next())
    }

    /// What is known of our events in a store.
    ///
    /// # Errors
    /// When the file can't be read.
    fn standing(&self, store: &str) -> Result<Standing, StateError> {
        let gone = if self.as_ref().version() < GONE_SINCE { "NULL" } else { "gone_at" };
        let own = format!("SELECT id, key, sent, seen, {gone} FROM event_own WHERE store = ?1 ORDER BY id");
        let own = rows(self.as_ref(), &own, [store], |row| {
            let seen = row.get::<_, Option<String>>(3)?.map(|_| json(row, 3)).transpose()?;
            let gone = row.get::<_, Option<String>>(4)?.map(|_| time(row, 4)).transpose()?;
            Ok(OwnEvent { id: row.get(0)?, key: row.get(1)?, sent: json(row, 2)?, seen, gone })
        })?;
        let tries = if self.as_ref().version() < GONE_SINCE { "1" } else { "tries" };
        let adds = format!("SELECT key, sent, twins, {tries} FROM event_add WHERE store = ?1 ORDER BY key");
        let adds = rows(self.as_ref(), &adds, [store], |row| {
            Ok(PendingAdd { key: row.get(0)?, sent: json(row, 1)?, before: json(row, 2)?, tries: row.get(3)? })
        })?;
        let refused = "SELECT key, sent, reason, at FROM event_refused WHERE store = ?1 ORDER BY key";
        let refused = rows(self.as_ref(), refused, [store], |row| {
            Ok(RefusedAdd { key: row.get(0)?, sent: json(row, 1)?, reason: row.get(2)?, since: time(row, 3)? })
        })?;
        Ok(Standing { own, adds, refused })
    }

    /// How many events of ours are in stores other than these, by the store's name in the state.
    ///
    /// # Errors
    /// When the file can't be read.
    fn own_events_elsewhere(&self, stores: &[String]) -> Result<Vec<(String, u64)>, StateError> {
        let sql = "SELECT store, count(*) FROM event_own
                   WHERE store NOT IN (SELECT value FROM json_each(?1)) GROUP BY store ORDER BY store";
        rows(self.as_ref(), sql, [Value::from(stores).to_string()], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })
    }

    /// Events that Lagerkoll refuses in a store, or that are set aside there for another reason.
    ///
    /// # Errors
    /// When the file can't be read.
    fn refused_events(&self, store: &str) -> Result<Vec<RefusedEvent>, StateError> {
        let sql = "SELECT key, reason, at FROM event_refused WHERE store = ?1 ORDER BY key";
        rows(self.as_ref(), sql, [store], |row| {
            Ok(RefusedEvent { key: row.get(0)?, reason: row.get(1)?, since: time(row, 2)? })
        })
    }
}

impl ReadEvents for Reader {}

/// The rows of a query about events; none in a file of a format that has no events yet.
fn rows<T>(
    reader: &Reader,
    sql: &str,
    of: impl Params,
    each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StateError> {
    if reader.version() < SINCE { Ok(Vec::new()) } else { reader.all(sql, of, each) }
}

pub(super) fn event(row: &Row<'_>, column: usize) -> rusqlite::Result<Event> {
    let value: Value = json(row, column)?;
    Event::parse(value).map_err(|error| broken(column, error))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get::<_, String>(column)?.parse().map_err(|error: jiff::Error| broken(column, error))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(|error| broken(column, error))
}

fn broken(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
