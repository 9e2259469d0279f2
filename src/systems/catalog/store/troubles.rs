//! What is not as wanted, for people: rows of the feed that were not taken, and objects that NiceChat refuses or whose
//! request failed.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Row, Transaction, params};

use super::columns::time;
use crate::catalog::{Cell, Faults, Kind, Rejection};
use crate::state::{COUNTED_SINCE, HISTORY_SINCE, Reader, StateError, limit};
use crate::text::count;

/// An object that is not as wanted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedObject {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: String,
    /// Why, in words.
    pub reason: String,
    /// Whether NiceChat refuses it for good (until it changes, or a resync).
    pub refused: bool,
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
}

/// How many objects NiceChat refuses until they change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefusedCount {
    /// Categories.
    pub categories: u64,
    /// Products.
    pub products: u64,
}

impl RefusedCount {
    /// Of both kinds.
    pub fn all(self) -> u64 {
        self.categories + self.products
    }
}

/// `2 products and 1 category`.
impl fmt::Display for RefusedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [(Kind::Product, self.products), (Kind::Category, self.categories)];
        let counts = counts.into_iter().filter(|(_, n)| *n > 0);
        let told: Vec<String> = counts.map(|(kind, n)| count(n, kind.name(), kind.plural(2))).collect();
        f.write_str(&told.join(" and "))
    }
}

/// How an earlier format tells how many rows are rejected.
const COUNT_REJECTED: &str = "
    SELECT field, field = 'id' AND (reason LIKE 'same id as %' OR reason LIKE 'duplicate:%'), count(*)
    FROM rejected GROUP BY 1, 2";

/// Reading what is not as wanted.
pub trait ReadTroubles: AsRef<Reader> {
    /// Gives each object that is not as wanted, at most so many: refused ones, then those whose request failed.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    fn each_failed<E: From<StateError>>(
        &self,
        most: u64,
        each: impl FnMut(FailedObject) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT kind, id, reason, at, 1 FROM refused
                   UNION ALL SELECT kind, id, reason, NULL, 0 FROM journal WHERE reason IS NOT NULL
                   ORDER BY 5 DESC, 1, 2 LIMIT ?1";
        let failed = |row: &Row<'_>| {
            Ok(FailedObject {
                kind: row.get(0)?,
                id: row.get(1)?,
                reason: row.get(2)?,
                since: time(row, 3)?,
                refused: row.get(4)?,
            })
        };
        self.as_ref().each(sql, [limit(most)], failed, each)
    }

    /// How many objects [`ReadTroubles::each_failed`] has.
    ///
    /// # Errors
    /// When the file can't be read.
    fn failed(&self) -> Result<u64, StateError> {
        let sql = "SELECT (SELECT count(*) FROM refused) + (SELECT count(*) FROM journal WHERE reason IS NOT NULL)";
        self.as_ref().count(sql, [])
    }

    /// Gives each row that the last reading of the feed did not take, at most so many, in the feed's order.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    fn each_rejected<E: From<StateError>>(
        &self,
        most: u64,
        each: impl FnMut(Rejection) -> Result<(), E>,
    ) -> Result<(), E> {
        let has_cells = self.as_ref().version() >= HISTORY_SINCE;
        let cells = if has_cells { "title, column_name, value, first" } else { "NULL, NULL, NULL, NULL" };
        let sql = format!("SELECT line, id, field, reason, {cells} FROM rejected ORDER BY rowid LIMIT ?1");
        self.as_ref().each(&sql, [limit(most)], rejection, each)
    }

    /// At most so many of these rows behind a place that an earlier page gave, each with its place; of one id only, if
    /// one is given.
    ///
    /// # Errors
    /// When the file can't be read.
    fn rejected_page(
        &self,
        id: Option<&str>,
        after: Option<i64>,
        most: usize,
    ) -> Result<Vec<(i64, Rejection)>, StateError> {
        let has_cells = self.as_ref().version() >= HISTORY_SINCE;
        let cells = if has_cells { "title, column_name, value, first" } else { "NULL, NULL, NULL, NULL" };
        let sql = format!(
            "SELECT line, id, field, reason, {cells}, rowid FROM rejected
             WHERE rowid > ?1 AND (?2 IS NULL OR id = ?2) ORDER BY rowid LIMIT ?3"
        );
        let parameters = params![after.unwrap_or(i64::MIN), id, limit(most as u64)];
        self.as_ref().all(&sql, parameters, |row| Ok((row.get(8)?, rejection(row)?)))
    }

    /// What is wrong with the rows that the last reading rejected, and how many objects NiceChat refuses.
    ///
    /// # Errors
    /// When the file can't be read.
    fn trouble(&self) -> Result<(Faults, RefusedCount), StateError> {
        let mut faults = Faults::default();
        let is_counted = self.as_ref().version() >= COUNTED_SINCE;
        let sql = if is_counted { "SELECT field, is_duplicate, rows FROM rejected_count" } else { COUNT_REJECTED };
        let fault = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs()));
        self.as_ref().each(sql, [], fault, |(field, is_duplicate, rows)| {
            faults.add_many(&field, is_duplicate, rows);
            Ok::<(), StateError>(())
        })?;
        let refused = |kind: Kind| self.as_ref().count("SELECT count(*) FROM refused WHERE kind = ?1", [kind]);
        let refused = RefusedCount { categories: refused(Kind::Category)?, products: refused(Kind::Product)? };
        Ok((faults, refused))
    }
}

impl ReadTroubles for Reader {}

/// Adds rows that the reading of a feed did not take.
pub(super) fn reject(transaction: &Transaction<'_>, rejections: Vec<Rejection>) -> rusqlite::Result<()> {
    let mut faults = Faults::default();
    let sql = "INSERT INTO rejected (line, id, field, reason, title, column_name, value, first)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut insert = transaction.prepare_cached(sql)?;
    let number = |line: u64| i64::try_from(line).unwrap_or(i64::MAX);
    for rejection in rejections {
        faults.add(&rejection);
        let Rejection { line, id, field, reason, cell, first, .. } = rejection;
        let Cell { column, value, title } = cell.map(|cell| *cell).unwrap_or_default();
        insert.execute(params![number(line), id, field, reason, title, column, value, first.map(number)])?;
    }
    let sql = "INSERT INTO rejected_count (field, is_duplicate, rows) VALUES (?1, ?2, ?3)
               ON CONFLICT (field, is_duplicate) DO UPDATE SET rows = rows + ?3";
    let mut count = transaction.prepare_cached(sql)?;
    faults.each(|field, is_duplicate, rows| count.execute(params![field, is_duplicate, number(rows)]).map(|_| ()))
}

/// A rejected row with its line, id, field, reason, title, column, value, and the line of the first row of its id.
pub(in crate::systems::catalog) fn rejection(row: &Row<'_>) -> rusqlite::Result<Rejection> {
    let (line, field): (i64, String) = (row.get(0)?, row.get(2)?);
    let cell = Cell { title: row.get(4)?, column: row.get(5)?, value: row.get(6)? };
    let mut rejection = Rejection::new(line.unsigned_abs(), row.get(1)?, &field, row.get(3)?).of_cell(cell);
    rejection.first = row.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs);
    Ok(rejection)
}
