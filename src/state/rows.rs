//! The rows of the feed that the state equals, by the digests of their bytes: a pass needn't parse
//! those that it meets again.
//!
//! A row is here only while the digest of the object that it became, as acknowledged, is the one of
//! the row's item. Whatever writes an object takes the whole table out of use in the same transaction.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::reader::code;
use super::writer::set;
use super::{Reader, StateError, Writer};
use crate::catalog::{Category, Digest, Id, Kind};

/// How many rows one BLOB holds.
pub const CHUNK: usize = 4096;

const ROW: usize = 24;
const MOMENT: usize = 20;
const OPEN: usize = 36;

const CURRENCY_ASSUMED: u32 = 1 << 31;
const CHANGES: u32 = 1 << 30;
/// No category, as an index.
const NO_CATEGORY: u32 = CHANGES - 1;

/// What is known of a row without parsing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownRow {
    /// Of its bytes, and all else that its meaning depends on.
    pub digest: Digest,
    /// Where the object that it became lies in the state.
    pub object: u32,
    /// Its category, in the table's list.
    pub category: Option<u32>,
    /// Whether its price was given the default currency.
    pub currency_assumed: bool,
    /// When its sale begins or ends next.
    pub changes_at: Option<Timestamp>,
}

/// A row whose object the state is yet to be asked for: its acknowledged digest must be `item` by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRow {
    /// A digest of the id.
    pub key: Digest,
    /// A digest of the item.
    pub item: Digest,
}

/// What the table says besides its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    /// How many products the state has.
    owned: u64,
    /// Products that no row stands for.
    rest: Vec<u32>,
    /// Id and path.
    categories: Vec<(String, Option<String>)>,
    /// The rows' sales were judged at this moment: nothing is known of earlier ones.
    judged: Timestamp,
}

/// The table, read whole: 24 bytes a row.
#[derive(Debug, Default)]
pub struct RowTable {
    digests: Vec<Digest>,
    objects: Vec<u32>,
    about: Vec<u32>,
    moments: Vec<(u32, Timestamp)>,
    /// The rows' categories.
    pub categories: Vec<Category>,
    /// How many products the state has.
    pub owned: u64,
    /// Products that no row stands for.
    pub rest: Vec<u32>,
}

impl RowTable {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// Of each row, in the feed's order.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// See [`KnownRow::object`].
    pub fn objects(&self) -> &[u32] {
        &self.objects
    }

    /// A row.
    pub fn row(&self, at: usize) -> KnownRow {
        let about = self.about[at];
        let moment = || {
            let found = self.moments.binary_search_by_key(&at, |(row, _)| *row as usize).ok()?;
            Some(self.moments[found].1)
        };
        KnownRow {
            digest: self.digests[at],
            object: self.objects[at],
            category: Some(about & NO_CATEGORY).filter(|category| *category != NO_CATEGORY),
            currency_assumed: about & CURRENCY_ASSUMED != 0,
            changes_at: if about & CHANGES != 0 { moment() } else { None },
        }
    }

    /// `None` when the chunk is not one of ours.
    fn add(&mut self, rows: &[u8], moments: &[u8]) -> Option<()> {
        let first = u32::try_from(self.len()).ok()?;
        for row in rows.chunks_exact(ROW) {
            self.digests.push(Digest::from_le_bytes(row[..16].try_into().ok()?));
            self.objects.push(u32::from_le_bytes(row[16..20].try_into().ok()?));
            self.about.push(u32::from_le_bytes(row[20..].try_into().ok()?));
        }
        for moment in moments.chunks_exact(MOMENT) {
            let row = u32::from_le_bytes(moment[..4].try_into().ok()?);
            let nanoseconds = i128::from_le_bytes(moment[4..].try_into().ok()?);
            self.moments.push((first + row, Timestamp::from_nanosecond(nanoseconds).ok()?));
        }
        Some(())
    }
}

/// Rows on their way into the table, as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowChunk {
    /// Digest, object and the rest of each.
    pub rows: Vec<u8>,
    /// The moments at which sales begin or end.
    pub moments: Vec<u8>,
    /// The rows of which the object is to be looked up.
    pub open: Vec<u8>,
}

impl RowChunk {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row; `open` = its object isn't known yet.
    pub fn push(&mut self, row: KnownRow, open: Option<OpenRow>) {
        let Ok(at) = u32::try_from(self.len()) else { return };
        if let Some(moment) = row.changes_at {
            self.moments.extend(at.to_le_bytes());
            self.moments.extend(moment.as_nanosecond().to_le_bytes());
        }
        if let Some(OpenRow { key, item }) = open {
            self.open.extend(at.to_le_bytes());
            self.open.extend(key.to_le_bytes());
            self.open.extend(item.to_le_bytes());
        }
        let about = row.category.filter(|category| *category < NO_CATEGORY).unwrap_or(NO_CATEGORY)
            | if row.currency_assumed { CURRENCY_ASSUMED } else { 0 }
            | if row.changes_at.is_some() { CHANGES } else { 0 };
        self.rows.extend(row.digest.to_le_bytes());
        self.rows.extend(row.object.to_le_bytes());
        self.rows.extend(about.to_le_bytes());
    }

    /// The same with the objects of open rows looked up, without the rows that have none to stand for.
    fn closed(self, mut object: impl FnMut(OpenRow) -> rusqlite::Result<Option<u32>>) -> rusqlite::Result<RowChunk> {
        if self.open.is_empty() {
            return Ok(self);
        }
        let mut table = RowTable::default();
        if table.add(&self.rows, &self.moments).is_none() {
            return Ok(RowChunk::default());
        }
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let mut open = self.open.chunks_exact(OPEN).peekable();
        let mut closed = RowChunk::default();
        for at in 0..table.len() {
            let mut row = table.row(at);
            if let Some(bytes) = open.next_if(|bytes| number(&bytes[..4]) == at as u128) {
                match object(OpenRow { key: number(&bytes[4..20]), item: number(&bytes[20..]) })? {
                    Some(object) => row.object = object,
                    None => continue,
                }
            }
            closed.push(row, None);
        }
        Ok(closed)
    }
}

impl Reader {
    /// The table, if it can be used at this moment.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn feed_rows(&self, now: Timestamp) -> Result<Option<RowTable>, StateError> {
        let header = self.meta("feed_rows")?.and_then(|text| serde_json::from_str::<Header>(&text).ok());
        let Some(header) = header.filter(|header| header.judged <= now) else { return Ok(None) };
        let mut table = RowTable { owned: header.owned, rest: header.rest, ..RowTable::default() };
        for (id, name) in header.categories {
            let Ok(id) = Id::parse(&id) else { return Ok(None) };
            table.categories.push(Category { id, name });
        }
        let read = || {
            let mut statement = self.connection.prepare_cached("SELECT rows, moments FROM feed_row ORDER BY chunk")?;
            let mut chunks = statement.query([])?;
            while let Some(chunk) = chunks.next()? {
                let of = |column| chunk.get_ref(column).and_then(|value| Ok(value.as_blob()?));
                if table.add(of(0)?, of(1)?).is_none() {
                    return Ok(None);
                }
            }
            Ok(Some(table))
        };
        read().map_err(|error| self.fail(error))
    }
}

impl Writer {
    /// Writes a chunk of the next table, which is out of use until [`Writer::use_rows`].
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn put_rows(&self, chunk: RowChunk, is_first: bool) -> Result<(), StateError> {
        self.run(move |transaction| {
            if is_first {
                drop_rows(transaction)?;
                transaction.execute("DELETE FROM feed_row", [])?;
            }
            let sql = "SELECT object FROM object_key WHERE kind = ?1 AND key = ?2 AND digest = ?3";
            let mut find = transaction.prepare_cached(sql)?;
            let chunk = chunk.closed(|OpenRow { key, item }| {
                let row = params![code(Kind::Product), key.to_be_bytes(), item.to_be_bytes()];
                let object: Option<i64> = find.query_row(row, |row| row.get(0)).optional()?;
                Ok(object.and_then(|object| u32::try_from(object).ok()))
            })?;
            if !chunk.is_empty() {
                let sql = "INSERT INTO feed_row (rows, moments) VALUES (?1, ?2)";
                transaction.prepare_cached(sql)?.execute(params![chunk.rows, chunk.moments])?;
            }
            Ok(())
        })
        .await
    }

    /// Puts the table into use: its rows are of these categories, and were judged at `now`.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn use_rows(&self, categories: Vec<Category>, now: Timestamp) -> Result<(), StateError> {
        self.run(move |transaction| {
            let owned = transaction
                .query_row("SELECT count(*) FROM object_key WHERE kind = ?1", [code(Kind::Product)], |row| {
                    row.get::<_, i64>(0)
                })?
                .unsigned_abs();
            let Some(rest) = rest(transaction, owned)? else { return Ok(()) };
            let categories =
                categories.into_iter().map(|category| (category.id.as_str().to_owned(), category.name)).collect();
            let header = Header { owned, rest, categories, judged: now };
            set(transaction, "feed_rows", &serde_json::to_string(&header).unwrap_or_default())
        })
        .await
    }
}

/// Takes the table out of use.
pub(super) fn drop_rows(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM meta WHERE key = 'feed_rows'")?.execute([]).map(|_| ())
}

/// Products that no row stands for; `None` when the state has objects beyond the table's numbers.
fn rest(transaction: &Transaction<'_>, owned: u64) -> rusqlite::Result<Option<Vec<u32>>> {
    let mut with_rows = Objects::default();
    let mut statement = transaction.prepare("SELECT rows FROM feed_row")?;
    let mut chunks = statement.query([])?;
    while let Some(chunk) = chunks.next()? {
        for row in chunk.get_ref(0)?.as_blob()?.chunks_exact(ROW) {
            with_rows.insert(u32::from_le_bytes(row[16..20].try_into().unwrap_or_default()));
        }
    }
    if with_rows.len() == owned {
        return Ok(Some(Vec::new()));
    }
    let mut statement = transaction.prepare("SELECT object FROM object_key WHERE kind = ?1")?;
    let mut objects = statement.query([code(Kind::Product)])?;
    let mut rest = Vec::new();
    while let Some(row) = objects.next()? {
        let Ok(object) = u32::try_from(row.get::<_, i64>(0)?) else { return Ok(None) };
        if !with_rows.has(object) {
            rest.push(object);
        }
    }
    Ok(Some(rest))
}

/// A set of objects, by where they lie in the state: a bit each.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    bits: Vec<u64>,
    count: u64,
}

impl Objects {
    /// Adds one; `false` = it was there already.
    pub fn insert(&mut self, object: u32) -> bool {
        let (word, bit) = ((object / 64) as usize, 1 << (object % 64));
        if self.bits.len() <= word {
            self.bits.resize((word + 1).max(2 * self.bits.len()), 0);
        }
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        self.count += u64::from(is_new);
        is_new
    }

    /// Whether it is there.
    pub fn has(&self, object: u32) -> bool {
        self.bits.get((object / 64) as usize).is_some_and(|word| word & (1 << (object % 64)) != 0)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
