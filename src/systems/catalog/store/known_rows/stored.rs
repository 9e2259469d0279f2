//! Reading the table, and whether it is the one that was written.

use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::content::Content;
use super::table::{FeedRows, ROW};
use crate::catalog::{Category, Digest, Hasher, Id};
use crate::state::{Key, Reader, SECRET_SINCE, StateError, json};

/// Where the state says that the table is in use: an [`InUse`] with a sum over itself.
pub(super) const IN_USE: Key<String> = Key::text("feed_rows");

/// What says that the table is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InUse {
    /// How many rows it has.
    pub rows: u64,
    /// Products of ours.
    pub owned: u64,
    /// The moment at which sales were judged.
    pub judged: Timestamp,
    /// A sum over the table.
    pub content: Digest,
}

impl InUse {
    /// As it is written down: with a sum over itself.
    pub(super) fn to_text(self, hasher: &Hasher) -> rusqlite::Result<String> {
        let json = json(&self)?;
        Ok(format!("{:032x} {json}", hasher.digest(json.as_bytes())))
    }

    fn parse(text: &str, hasher: &Hasher) -> Option<InUse> {
        let (sum, json) = text.split_once(' ')?;
        let is_whole = sum == format!("{:032x}", hasher.digest(json.as_bytes()));
        serde_json::from_str(json).ok().filter(|_| is_whole)
    }
}

/// Reads the table, and gives `each` its chunks with their numbers. What is damaged so that it can't even be read ends it,
/// for the sum to tell.
pub(super) fn load(
    connection: &Connection,
    hasher: &Hasher,
    each: impl FnMut(i64, &[u8]),
) -> rusqlite::Result<FeedRows> {
    let mut rows = FeedRows::default();
    match fill(&mut rows, connection, hasher, each) {
        Err(error @ rusqlite::Error::SqliteFailure(..)) => Err(error),
        _ => Ok(rows),
    }
}

fn fill(
    rows: &mut FeedRows,
    connection: &Connection,
    hasher: &Hasher,
    mut each: impl FnMut(i64, &[u8]),
) -> rusqlite::Result<()> {
    let mut content = Content::new(hasher);
    // Of a damaged table, anything.
    let bytes: i64 =
        connection.query_row("SELECT total(length(rows)) FROM feed_row", [], |row| row.get(0)).unwrap_or(0);
    // At once: a table that grows is there twice while it does.
    rows.rows.reserve_exact(usize::try_from(bytes).unwrap_or_default() / ROW);
    let mut statement = connection.prepare("SELECT rows, chunk FROM feed_row ORDER BY chunk")?;
    let mut chunks = statement.query([])?;
    while let Some(chunk) = chunks.next()? {
        let bytes = chunk.get_ref(0)?.as_blob()?;
        content.chunk(bytes);
        each(chunk.get(1)?, bytes);
        if rows.decode(bytes).is_none() {
            return Ok(());
        }
    }
    let mut statement = connection.prepare("SELECT id, name FROM feed_category ORDER BY category")?;
    let mut categories = statement.query([])?;
    while let Some(row) = categories.next()? {
        let Ok(id) = Id::parse(row.get_ref(0)?.as_str()?) else { return Ok(()) };
        let category = Category { id, name: row.get(1)? };
        content.category(&category);
        rows.categories.push(category);
    }
    let mut statement = connection.prepare("SELECT object FROM feed_stray ORDER BY object")?;
    rows.orphans = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    rows.orphans.iter().for_each(|object| content.orphan(*object));
    rows.content = content.sum();
    Ok(())
}

/// Reading the rows that are known by their bytes.
pub trait ReadKnownRows: AsRef<Reader> {
    /// The rows of the feed that the state equals, while it equals one and they are as they were written.
    ///
    /// # Errors
    /// When the file can't be read.
    fn feed_rows(&self) -> Result<Option<FeedRows>, StateError> {
        // Older formats have none that could be checked.
        let reader = self.as_ref();
        let text = if reader.version() < SECRET_SINCE { None } else { reader.get(&IN_USE)? };
        let Some(text) = text else { return Ok(None) };
        if let Some(InUse { rows: count, owned, judged, content }) = InUse::parse(&text, reader.hasher()) {
            let rows = reader.read(|connection| load(connection, reader.hasher(), |_, _| ()))?;
            if (rows.len() as u64, rows.content) == (count, content) {
                return Ok(Some(FeedRows { owned, judged, ..rows }));
            }
        }
        warn!(
            "{}: what it remembers of the feed's rows is damaged; every row is compared anew, which mends it. Is the \
             disk sound?",
            reader.path().display()
        );
        Ok(None)
    }
}

impl ReadKnownRows for Reader {}
