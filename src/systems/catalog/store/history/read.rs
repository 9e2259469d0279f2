//! Reading changes, the latest first.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::write::not_indexed;
use super::{Change, ChangeKind, KEY, Why, short_key};
use crate::catalog::Kind;
use crate::state::{HISTORY_SINCE, Reader, StateError};
use crate::systems::catalog::store::columns::fields;

/// Which changes are wanted: those that fit all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of the objects with this id.
    pub id: Option<String>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Of this sort.
    pub change: Option<ChangeKind>,
    /// Of this field.
    pub field: Option<String>,
}

/// A change, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was acknowledged.
    pub at: Timestamp,
    /// When the pass began that brought it about.
    pub pass: Timestamp,
    /// Of the object.
    pub kind: Kind,
    /// Of the object; `None` = of all together: see [`super::Loaded`].
    pub id: Option<String>,
    /// What was changed, and why.
    pub change: Change,
}

/// Reading history.
pub trait ReadHistory: AsRef<Reader> {
    /// Gives the changes that fit, the latest first.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    fn each_change<E: From<StateError>>(
        &self,
        filter: &HistoryFilter,
        mut each: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let reader = self.as_ref();
        if reader.version() < HISTORY_SINCE {
            return Ok(());
        }
        let passes = passes(reader)?;
        let read = |row: &Row<'_>| entry(row, &passes);
        let mut each = |entry: Option<Entry>| match entry.filter(|entry| filter.fits(entry)) {
            Some(entry) => each(entry),
            None => Ok(()),
        };
        // A pass that began later has nothing from before.
        let until = |(_, started): &(&i64, &Timestamp)| filter.until.is_none_or(|until| **started < until);
        let last = passes.iter().filter(until).map(|(pass, _)| *pass).max().unwrap_or_default();
        let codes = filter.change.map(|change| Kind::ALL.map(|kind| change.code(kind)));
        let [low, high] = codes.unwrap_or([0, i64::MAX]);
        let wanted = "pass, at, what, why, id, fields FROM change";
        match &filter.id {
            Some(id) => {
                let found = numbers(reader, id)?;
                let one = format!("SELECT {wanted} WHERE change = ?1 AND id = ?2");
                let recent = format!("SELECT {wanted} WHERE change >= ?1 AND id = ?2 ORDER BY change DESC");
                reader.each(&recent, params![found.not_indexed, id], read, &mut each)?;
                found.changes.iter().rev().try_for_each(|at| reader.each(&one, params![at, id], read, &mut each))
            }
            None => {
                let sql = format!("SELECT {wanted} WHERE pass <= ?1 AND what BETWEEN ?2 AND ?3 ORDER BY change DESC");
                reader.each(&sql, params![last, low, high], read, &mut each)
            }
        }
    }
}

impl ReadHistory for Reader {}

impl HistoryFilter {
    fn fits(&self, entry: &Entry) -> bool {
        let has = |field: &String| entry.change.fields().any(|(name, ..)| name == field);
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && self.change.is_none_or(|change| entry.change.change == change)
            && self.field.as_ref().is_none_or(has)
    }
}

/// Where the changes of an id are.
struct Found {
    changes: Vec<i64>,
    /// The first of those of which the index doesn't tell: what a pass under way, or one that was cut off, wrote.
    not_indexed: i64,
}

fn numbers(reader: &Reader, id: &str) -> Result<Found, StateError> {
    let wanted = short_key(reader.hasher(), id);
    let mut changes = Vec::new();
    reader.read(|connection| {
        let mut statement = connection.prepare_cached("SELECT first, keys FROM change_key ORDER BY first")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (first, keys): (i64, _) = (row.get(0)?, row.get_ref(1)?.as_blob()?);
            let numbered = (first..).zip(keys.as_chunks::<KEY>().0);
            changes.extend(numbered.filter(|(_, key)| **key == wanted).map(|(at, _)| at));
        }
        Ok(Found { changes, not_indexed: not_indexed(connection)? })
    })
}

fn passes(reader: &Reader) -> Result<HashMap<i64, Timestamp>, StateError> {
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let rows = reader.all("SELECT pass, started FROM change_pass", [], read)?;
    Ok(rows.into_iter().filter_map(|(pass, started)| Some((pass, started.parse().ok()?))).collect())
}

/// `None` = a row that no version of this program writes.
fn entry(row: &Row<'_>, passes: &HashMap<i64, Timestamp>) -> rusqlite::Result<Option<Entry>> {
    let (pass, at): (i64, i64) = (row.get(0)?, row.get(1)?);
    let (Some(pass), Some((change, kind))) = (passes.get(&pass), ChangeKind::of_code(row.get(2)?)) else {
        return Ok(None);
    };
    let id: String = row.get(4)?;
    let at = *pass + Duration::from_millis(at.unsigned_abs());
    let change = Change { change, fields: fields(row, 5)?, why: Why::of_code(row.get(3)?) };
    Ok(Some(Entry { at, pass: *pass, kind, id: Some(id).filter(|id| !id.is_empty()), change }))
}
