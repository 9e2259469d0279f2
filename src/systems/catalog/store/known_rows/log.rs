//! The rows of a feed while it is read: what the next table is made of, once the plan has been carried out.

use std::collections::HashMap;
use std::io::{self, BufReader, Read};

use jiff::Timestamp;

use super::table::FeedRows;
use crate::catalog::{Category, Digest, Id};
use crate::feed::RowDigest;
use crate::spill::Spill;

/// A row that was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRow {
    /// Of the row.
    pub digest: RowDigest,
    /// Of the id.
    pub key: Digest,
    /// Of the item's fields.
    pub fields: Digest,
    /// Where [`RowLog::category`] has its category.
    pub category: Option<u32>,
    /// Whether its price was given the default currency.
    pub currency_assumed: bool,
    /// When its sale begins or ends next.
    pub changes_at: Option<Timestamp>,
}

/// The accepted rows of a feed in its order, as far as they may go into the table: what is long goes
/// to a temporary file.
#[derive(Debug, Default)]
pub struct RowLog {
    rows: Spill,
    /// Rows of the old table, beside each other there as here.
    run: Option<(u32, u32)>,
    pub(super) categories: Vec<Category>,
    places: HashMap<Id, Vec<u32>>,
    pub(super) known: u64,
    new: u64,
    pub(super) judged: Timestamp,
    /// Of the old table.
    pub(super) content: Digest,
}

impl RowLog {
    /// A log of a feed whose rows `table` may know, with sales as they are at `judged`.
    pub fn new(table: Option<&FeedRows>, judged: Timestamp) -> RowLog {
        let content = table.map_or(0, |table| table.content);
        let mut log = RowLog { judged, content, ..RowLog::default() };
        table.iter().flat_map(|table| &table.categories).for_each(|category| _ = log.category(category));
        log
    }

    /// Where a category is among those that rows are in.
    pub fn category(&mut self, category: &Category) -> u32 {
        let known = self.places.get(&category.id).into_iter().flatten();
        if let Some(place) = known.copied().find(|place| self.categories[*place as usize] == *category) {
            return place;
        }
        let place = self.categories.len() as u32;
        self.categories.push(category.clone());
        self.places.entry(category.id.clone()).or_default().push(place);
        place
    }

    /// The moment at which sales were judged.
    pub fn judged(&self) -> Timestamp {
        self.judged
    }

    /// How many rows were known.
    pub fn known_rows(&self) -> u64 {
        self.known
    }

    /// How many rows were parsed.
    pub fn new_rows(&self) -> u64 {
        self.new
    }

    /// The next row is one of the old table.
    ///
    /// # Errors
    /// When the temporary file can't be written.
    pub fn known(&mut self, at: u32) -> io::Result<()> {
        self.known += 1;
        match &mut self.run {
            Some((from, count)) if *from + *count == at => *count += 1,
            _ => {
                self.end_run()?;
                self.run = Some((at, 1));
            }
        }
        Ok(())
    }

    /// The next row was parsed.
    ///
    /// # Errors
    /// When the temporary file can't be written.
    pub fn parsed(&mut self, row: &NewRow) -> io::Result<()> {
        self.new += 1;
        self.end_run()?;
        self.rows.end().push(1 | u8::from(row.currency_assumed) << 1 | u8::from(row.changes_at.is_some()) << 2);
        for digest in [row.digest.0, row.key, row.fields] {
            self.rows.end().extend(digest.to_le_bytes());
        }
        self.rows.end().extend(row.category.map_or(0, |category| category + 1).to_le_bytes());
        self.rows.end().extend(row.changes_at.iter().flat_map(|time| time.as_nanosecond().to_le_bytes()));
        self.rows.settle()
    }

    fn end_run(&mut self) -> io::Result<()> {
        let Some((from, count)) = self.run.take() else { return Ok(()) };
        self.rows.end().push(0);
        self.rows.end().extend(from.to_le_bytes());
        self.rows.end().extend(count.to_le_bytes());
        self.rows.settle()
    }

    /// Gives all rows to `each`.
    pub(super) fn replay(&mut self, mut each: impl FnMut(Step) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        self.end_run().map_err(unreadable)?;
        let rows = self.rows.reader().map_err(unreadable)?;
        let mut steps = BufReader::with_capacity(1 << 16, rows);
        while let Some(step) = Step::read(&mut steps).map_err(unreadable)? {
            each(step)?;
        }
        Ok(())
    }
}

fn unreadable(error: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// A part of a log.
pub(super) enum Step {
    /// So many rows of the old table, from this one on.
    Known { from: u32, count: u32 },
    /// A row that was parsed.
    Parsed(NewRow),
}

impl Step {
    fn read(reader: &mut impl Read) -> io::Result<Option<Step>> {
        let mut tag = [0];
        if reader.read(&mut tag)? == 0 {
            return Ok(None);
        }
        if tag == [0] {
            return Ok(Some(Step::Known { from: word(reader)?, count: word(reader)? }));
        }
        Ok(Some(Step::Parsed(NewRow {
            digest: RowDigest(wide(reader)?),
            key: wide(reader)?,
            fields: wide(reader)?,
            category: word(reader)?.checked_sub(1),
            currency_assumed: tag[0] & 2 != 0,
            changes_at: if tag[0] & 4 == 0 { None } else { time(reader)? },
        })))
    }
}

fn word(reader: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn wide(reader: &mut impl Read) -> io::Result<Digest> {
    let mut bytes = [0; 16];
    reader.read_exact(&mut bytes)?;
    Ok(Digest::from_le_bytes(bytes))
}

fn time(reader: &mut impl Read) -> io::Result<Option<Timestamp>> {
    let nanoseconds = i128::from_le_bytes(wide(reader)?.to_le_bytes());
    Ok(Timestamp::from_nanosecond(nanoseconds).ok())
}
