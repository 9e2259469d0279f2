//! Reading changes, the latest first.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::write::{APPROVERS, not_indexed};
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
    /// Nothing that the guard held back.
    pub is_done: bool,
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
    /// Who has given their word for it; `None` = nobody had to, or that is not known.
    pub approved_by: Option<String>,
}

impl Entry {
    /// Why, in words.
    pub fn why(&self) -> String {
        self.change.why.words(self.pass)
    }

    /// Who has given their word for it, if somebody had to, and it is known.
    pub fn by(&self) -> Option<&str> {
        self.approved_by.as_deref().filter(|_| self.change.why == Why::Approved)
    }

    /// Why, and by whose word.
    pub fn why_and_by(&self) -> String {
        self.by().map_or_else(|| self.why(), |by| format!("{} ({by})", self.why()))
    }
}

/// When each pass began, by its number, and who has given their word for what it let through.
type Passes = HashMap<i64, (Timestamp, Option<String>)>;

/// Some of the changes that fit, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangesPage {
    /// The changes.
    pub entries: Vec<Entry>,
    /// Where the next ones begin; `None` = there are no more.
    pub next: Option<i64>,
    /// It was looked no further, though less was found than asked for.
    pub is_cut: bool,
}

/// Changes that are looked at for a page. What hardly ever fits is looked for page by page, so that none takes long.
const LOOKED_AT: i64 = 20_000;

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
        let until = |(_, (started, _)): &(&i64, &(Timestamp, _))| filter.until.is_none_or(|until| *started < until);
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

    /// How many changes there are.
    ///
    /// # Errors
    /// When the file can't be read.
    fn count_changes(&self) -> Result<u64, StateError> {
        let reader = self.as_ref();
        if reader.version() < HISTORY_SINCE {
            return Ok(0);
        }
        let count = |row: &Row<'_>| row.get::<_, i64>(0);
        let count = reader.read(|connection| connection.query_row("SELECT count(*) FROM change", [], count))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// At most so many of the changes that fit, the latest first: those before a place that an earlier page gave.
    ///
    /// # Errors
    /// When the file can't be read.
    fn changes_page(
        &self,
        filter: &HistoryFilter,
        before: Option<i64>,
        most: usize,
    ) -> Result<ChangesPage, StateError> {
        let reader = self.as_ref();
        if reader.version() < HISTORY_SINCE {
            return Ok(ChangesPage::default());
        }
        if let Some(id) = &filter.id {
            return page_of(reader, (filter, id), before, most);
        }
        let passes = passes(reader)?;
        reader.read(|connection| page(connection, (filter, &passes), before, most))
    }
}

impl ReadHistory for Reader {}

/// See [`ReadHistory::changes_page`].
fn page(
    connection: &Connection,
    (filter, passes): (&HistoryFilter, &Passes),
    before: Option<i64>,
    most: usize,
) -> rusqlite::Result<ChangesPage> {
    let ends = |end: &str| {
        let sql = format!("SELECT change FROM change ORDER BY change {end} LIMIT 1");
        connection.prepare_cached(&sql)?.query_row([], |row| row.get::<_, i64>(0)).optional()
    };
    let (Some(first), Some(last)) = (ends("ASC")?, ends("DESC")?) else { return Ok(ChangesPage::default()) };
    // A pass has nothing from before it began; and nothing from after the next one began, unless the clock was put back.
    let until = |until| passes.iter().filter(|(_, (at, _))| *at < until).map(|(pass, _)| *pass).max();
    let since = |since| passes.iter().filter(|(_, (at, _))| *at >= since).map(|(pass, _)| *pass).min();
    let end = match filter.until.map(until) {
        Some(Some(pass)) => first_of(connection, pass.saturating_add(1), (first, last))?,
        Some(None) => first,
        None => last + 1,
    };
    let begin = match filter.since.map(since) {
        Some(Some(pass)) => first_of(connection, pass.saturating_sub(1), (first, last))?,
        // What the last pass did may be later than its begin.
        Some(None) => first_of(connection, passes.keys().max().copied().unwrap_or_default(), (first, last))?,
        None => first,
    };
    let end = before.map_or(end, |before| before.min(end));
    let low = end.saturating_sub(LOOKED_AT).max(begin);
    let codes = filter.change.map(|change| Kind::ALL.map(|kind| change.code(kind)));
    // What is held comes last among the codes.
    let last = if filter.is_done { ChangeKind::Held.code(Kind::Category) - 1 } else { i64::MAX };
    let [least, greatest] = codes.unwrap_or([0, last]);
    let sql = "SELECT pass, at, what, why, id, fields, change FROM change
               WHERE change >= ?1 AND change < ?2 AND what BETWEEN ?3 AND ?4 ORDER BY change DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![low, end, least, greatest])?;
    let mut found = ChangesPage::default();
    while let Some(row) = rows.next()? {
        let Some(entry) = entry(row, passes)?.filter(|entry| filter.fits(entry)) else { continue };
        if found.entries.len() == most {
            return Ok(found);
        }
        found.entries.push(entry);
        found.next = Some(row.get(6)?);
    }
    found.is_cut = low > begin;
    found.next = found.is_cut.then_some(low);
    Ok(found)
}

/// The first change of a pass or of a later one; their numbers have no gaps.
fn first_of(connection: &Connection, pass: i64, (first, last): (i64, i64)) -> rusqlite::Result<i64> {
    let (mut low, mut high) = (first, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let sql = "SELECT pass FROM change WHERE change = ?1";
        let of: Option<i64> = connection.prepare_cached(sql)?.query_row([middle], |row| row.get(0)).optional()?;
        if of.is_some_and(|of| of < pass) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// The same of one id, whose changes are found by the index.
fn page_of(
    reader: &Reader,
    (filter, id): (&HistoryFilter, &str),
    before: Option<i64>,
    most: usize,
) -> Result<ChangesPage, StateError> {
    let (found, passes) = (numbers(reader, id)?, passes(reader)?);
    let before = before.unwrap_or(i64::MAX);
    reader.read(|connection| {
        let sql = "SELECT change FROM change WHERE change >= ?1 AND change < ?2 AND id = ?3 ORDER BY change DESC";
        let mut statement = connection.prepare_cached(sql)?;
        let recent = statement.query_map(params![found.not_indexed, before, id], |row| row.get::<_, i64>(0))?;
        let recent: Vec<i64> = recent.collect::<rusqlite::Result<_>>()?;
        let sql = "SELECT pass, at, what, why, id, fields FROM change WHERE change = ?1 AND id = ?2";
        let mut one = connection.prepare_cached(sql)?;
        let mut page = ChangesPage::default();
        let indexed = found.changes.iter().rev().copied().filter(|at| *at < before);
        for at in recent.into_iter().chain(indexed) {
            let entry = one.query_row(params![at, id], |row| entry(row, &passes)).optional()?.flatten();
            let Some(entry) = entry.filter(|entry| filter.fits(entry)) else { continue };
            if page.entries.len() == most {
                return Ok(page);
            }
            page.entries.push(entry);
            page.next = Some(at);
        }
        page.next = None;
        Ok(page)
    })
}

impl HistoryFilter {
    fn fits(&self, entry: &Entry) -> bool {
        let has = |field: &String| entry.change.fields().any(|(name, ..)| name == field);
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && self.change.is_none_or(|change| entry.change.change == change)
            && !(self.is_done && entry.change.change == ChangeKind::Held)
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

fn passes(reader: &Reader) -> Result<Passes, StateError> {
    let mut approvers = reader.get(&APPROVERS)?.unwrap_or_default();
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let rows = reader.all("SELECT pass, started FROM change_pass", [], read)?;
    let rows =
        rows.into_iter().filter_map(|(pass, started)| Some((pass, (started.parse().ok()?, approvers.remove(&pass)))));
    Ok(rows.collect())
}

/// `None` = a row that no version of this program writes.
fn entry(row: &Row<'_>, passes: &Passes) -> rusqlite::Result<Option<Entry>> {
    let (pass, at): (i64, i64) = (row.get(0)?, row.get(1)?);
    let (Some((pass, approved_by)), Some((change, kind))) = (passes.get(&pass), ChangeKind::of_code(row.get(2)?))
    else {
        return Ok(None);
    };
    let id: String = row.get(4)?;
    let at = *pass + Duration::from_millis(at.unsigned_abs());
    let change = Change { change, fields: fields(row, 5)?, why: Why::of_code(row.get(3)?) };
    let (id, approved_by) = (Some(id).filter(|id| !id.is_empty()), approved_by.clone());
    Ok(Some(Entry { at, pass: *pass, kind, id, change, approved_by }))
}
