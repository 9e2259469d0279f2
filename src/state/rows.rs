//! The rows of the feed that the state equals, in its order: what each one's bytes mean.
//!
//! A row is in the table only while the object it became is acknowledged to be what the row means:
//! whatever writes an object takes the table out of use in the same transaction, and only a pass that was
//! carried through puts it into use again.

mod content;
mod stored;
mod trail;

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::reader::{Reader, code, digest};
use super::{KeyRow, Objects, StateError, meta};
use crate::catalog::{Category, Digest, Hasher, Kind};
use crate::feed::RowDigest;
use content::Content;
pub use stored::InUse;
use stored::load;
use trail::Step;
pub use trail::{NewRow, Trail};

/// Rows that are stored together.
const CHUNK: usize = 4096;
/// Bytes a row takes: its digest, its object, its category with its flags.
const ROW: usize = 16 + 4 + 4;
/// Bytes of a time, and of the row in the chunk that has it.
const CHANGE: usize = 2 + 16;

/// Where the state says that the table is in use.
const IN_USE: &str = "feed_rows";

/// What a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRow {
    /// Of the row.
    pub digest: RowDigest,
    /// Where the object that it became lies.
    pub object: u32,
    /// Which one of [`FeedRows::categories`] it is in.
    pub category: Option<u32>,
    /// Whether its price was given the default currency.
    pub currency_assumed: bool,
}

/// A row without gaps, so that what is read of it lies together.
#[derive(Debug, Clone, Copy)]
struct Packed {
    digest: [u64; 2],
    object: u32,
    /// Flags, and above them one more than the category's place; 0 = none.
    rest: u32,
}

/// The price was given the default currency.
const ASSUMED: u32 = 1;
/// A sale begins or ends later.
const CHANGES: u32 = 2;

fn halves(RowDigest(digest): RowDigest) -> [u64; 2] {
    [digest as u64, (digest >> 64) as u64]
}

impl Packed {
    fn digest(&self) -> RowDigest {
        let [low, high] = self.digest.map(Digest::from);
        RowDigest(high << 64 | low)
    }
}

/// The table in memory: 24 bytes a row.
#[derive(Debug, Default)]
pub struct FeedRows {
    rows: Vec<Packed>,
    changes: Vec<(u32, Timestamp)>,
    /// Every category that a row is in.
    pub categories: Vec<Category>,
    /// Products of ours that no row became.
    pub strays: Vec<u32>,
    /// Products of ours.
    pub owned: u64,
    /// The moment at which sales were judged.
    pub judged: Timestamp,
    /// See [`InUse::content`].
    pub content: Digest,
}

impl FeedRows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the row at this place, if there is one, has this digest.
    pub fn is_at(&self, at: usize, digest: RowDigest) -> bool {
        self.rows.get(at).is_some_and(|row| row.digest == halves(digest))
    }

    /// The rows' digests.
    pub fn digests(&self) -> impl Iterator<Item = RowDigest> {
        self.rows.iter().map(Packed::digest)
    }

    /// The rows' objects.
    pub fn objects(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|row| row.object)
    }

    /// A row.
    pub fn get(&self, at: usize) -> FeedRow {
        let row = &self.rows[at];
        FeedRow {
            digest: row.digest(),
            object: row.object,
            category: (row.rest >> 2).checked_sub(1),
            currency_assumed: row.rest & ASSUMED != 0,
        }
    }

    /// When the sale of a row begins or ends.
    pub fn changes_at(&self, at: usize) -> Option<Timestamp> {
        if self.rows[at].rest & CHANGES == 0 {
            return None;
        }
        let found = self.changes.binary_search_by_key(&at, |(row, _)| *row as usize).ok()?;
        Some(self.changes[found].1)
    }

    fn push(&mut self, row: FeedRow, changes_at: Option<Timestamp>) {
        if let (Some(time), Ok(at)) = (changes_at, u32::try_from(self.len())) {
            self.changes.push((at, time));
        }
        let category = row.category.map_or(0, |category| category + 1);
        let flags = u32::from(row.currency_assumed) * ASSUMED + u32::from(changes_at.is_some()) * CHANGES;
        self.rows.push(Packed { digest: halves(row.digest), object: row.object, rest: category << 2 | flags });
    }

    fn clear_rows(&mut self) {
        self.rows.clear();
        self.changes.clear();
    }

    /// All rows as they are stored; [`FeedRows::decode`] reads it.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 + ROW * self.len() + CHANGE * self.changes.len());
        bytes.extend((self.len() as u32).to_le_bytes());
        for row in &self.rows {
            bytes.extend(row.digest().0.to_le_bytes());
            bytes.extend(row.object.to_le_bytes());
            bytes.extend(row.rest.to_le_bytes());
        }
        for (at, time) in &self.changes {
            bytes.extend((*at as u16).to_le_bytes());
            bytes.extend(time.as_nanosecond().to_le_bytes());
        }
        bytes
    }

    /// Adds the rows of a stored chunk; `None` = it is damaged.
    fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let first = u32::try_from(self.len()).ok()?;
        let (count, bytes) = bytes.split_first_chunk()?;
        let (rows, changes) = bytes.split_at_checked(ROW * u32::from_le_bytes(*count) as usize)?;
        for row in rows.chunks_exact(ROW) {
            let (digest, row) = row.split_first_chunk()?;
            let (object, row) = row.split_first_chunk()?;
            self.rows.push(Packed {
                digest: halves(RowDigest(Digest::from_le_bytes(*digest))),
                object: u32::from_le_bytes(*object),
                rest: u32::from_le_bytes(*row.first_chunk()?),
            });
        }
        for change in changes.chunks_exact(CHANGE) {
            let (at, time) = change.split_first_chunk()?;
            let time = Timestamp::from_nanosecond(i128::from_le_bytes(*time.first_chunk()?)).ok()?;
            self.changes.push((first + u32::from(u16::from_le_bytes(*at)), time));
        }
        Some(())
    }
}

impl Reader {
    /// What is known of the object with this key.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn key(&self, kind: Kind, key: Digest) -> Result<Option<KeyRow>, StateError> {
        let run = || key_row(&self.connection, kind, key);
        run().map_err(|error| self.fail(error))
    }
}

fn key_row(connection: &Connection, kind: Kind, key: Digest) -> rusqlite::Result<Option<KeyRow>> {
    let sql = "SELECT digest, object FROM object_key WHERE kind = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row(params![code(kind), key.to_be_bytes()], |row| {
        Ok(KeyRow { key, digest: digest(row, 0)?, object: row.get(1)? })
    });
    row.optional()
}

/// What becomes of the table at the end of a pass.
#[derive(Debug)]
pub enum RowsEnding {
    /// It is in use again as it is.
    Same(InUse),
    /// It is made anew of these.
    New(Trail),
}

/// Takes the table out of use.
pub(super) fn disuse(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    meta::remove(transaction, IN_USE)
}

/// Puts the table into use.
pub(super) fn finish(transaction: &Transaction<'_>, ending: RowsEnding, hasher: &Hasher) -> rusqlite::Result<()> {
    let in_use = match ending {
        RowsEnding::Same(in_use) => in_use,
        RowsEnding::New(trail) => match replace(transaction, trail, hasher)? {
            Some(in_use) => in_use,
            None => return Ok(()),
        },
    };
    meta::set(transaction, IN_USE, &in_use.to_text(hasher))
}

/// `None` = the state has objects beyond the table's numbers, or the old table isn't any more what was compared.
fn replace(transaction: &Transaction<'_>, mut trail: Trail, hasher: &Hasher) -> rusqlite::Result<Option<InUse>> {
    let old = if trail.known > 0 { load(transaction, hasher)? } else { FeedRows::default() };
    if trail.known > 0 && old.content != trail.content {
        return Ok(None);
    }
    let Some((mut ours, owned)) = objects(transaction)? else { return Ok(None) };
    transaction.execute_batch("DELETE FROM feed_row; DELETE FROM feed_category; DELETE FROM feed_stray;")?;
    let categories = std::mem::take(&mut trail.categories);
    let content = Content::new(hasher);
    let mut table =
        Table { transaction, ours: &mut ours, chunk: FeedRows::default(), places: HashMap::new(), rows: 0, content };
    trail.replay(|step| match step {
        Step::Known { from, count } => (from..from + count).try_for_each(|at| {
            let at = at as usize;
            if at < old.len() { table.add(old.get(at), old.changes_at(at)) } else { Ok(()) }
        }),
        Step::Parsed(row) => {
            let NewRow { digest, category, currency_assumed, changes_at, .. } = row;
            match key_row(transaction, Kind::Product, row.key)? {
                // Only what was acknowledged is what the row means.
                Some(KeyRow { digest: acknowledged, object, .. }) if acknowledged == row.fields => {
                    let Ok(object) = u32::try_from(object) else { return Ok(()) };
                    table.add(FeedRow { digest, object, category, currency_assumed }, changes_at)
                }
                _ => Ok(()),
            }
        }
    })?;
    table.flush()?;
    let Table { places, rows, mut content, .. } = table;
    let mut places: Vec<(u32, u32)> = places.into_iter().map(|(old, place)| (place, old)).collect();
    places.sort_unstable();
    let mut insert = transaction.prepare("INSERT INTO feed_category (category, id, name) VALUES (?1, ?2, ?3)")?;
    for (place, old) in places {
        if let Some(category @ Category { id, name }) = categories.get(old as usize) {
            insert.execute(params![place, id.as_str(), name])?;
            content.category(category);
        }
    }
    let mut insert = transaction.prepare("INSERT INTO feed_stray (object) VALUES (?1)")?;
    for object in ours.iter() {
        insert.execute([object])?;
        content.stray(object);
    }
    Ok(Some(InUse { rows, owned, judged: trail.judged, content: content.sum() }))
}

/// Products of ours, and how many they are.
fn objects(transaction: &Transaction<'_>) -> rusqlite::Result<Option<(Objects, u64)>> {
    let (mut ours, mut owned) = (Objects::default(), 0);
    let mut statement = transaction.prepare("SELECT object FROM object_key WHERE kind = 1")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Ok(object) = u32::try_from(row.get::<_, i64>(0)?) else { return Ok(None) };
        ours.add(object);
        owned += 1;
    }
    Ok(Some((ours, owned)))
}

/// The table while it is written.
struct Table<'t> {
    transaction: &'t Transaction<'t>,
    /// Products of ours that no row became so far.
    ours: &'t mut Objects,
    chunk: FeedRows,
    /// Where the categories that are in use come to lie.
    places: HashMap<u32, u32>,
    rows: u64,
    content: Content,
}

impl Table<'_> {
    fn add(&mut self, row: FeedRow, changes_at: Option<Timestamp>) -> rusqlite::Result<()> {
        if !self.ours.remove(row.object) {
            return Ok(());
        }
        let next = self.places.len() as u32;
        let category = row.category.map(|old| *self.places.entry(old).or_insert(next));
        self.chunk.push(FeedRow { category, ..row }, changes_at);
        self.rows += 1;
        if self.chunk.len() == CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        if !self.chunk.is_empty() {
            let sql = "INSERT INTO feed_row (rows) VALUES (?1)";
            let bytes = self.chunk.encode();
            self.content.chunk(&bytes);
            self.transaction.prepare_cached(sql)?.execute([bytes])?;
            self.chunk.clear_rows();
        }
        Ok(())
    }
}
