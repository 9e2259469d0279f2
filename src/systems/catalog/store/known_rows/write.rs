//! Writing the table at the end of a pass, as far as it is another one, and taking it out of use before anything changes.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::chunks::{Chunks, Old, is_end};
use super::content::Content;
use super::log::{NewRow, RowLog, Step};
use super::stored::{IN_USE, InUse, load};
use super::table::{FeedRow, FeedRows};
use crate::catalog::{Category, Digest, Hasher, Kind};
use crate::feed::RowDigest;
use crate::systems::catalog::store::keys::{KeyRow, key_row};
use crate::systems::catalog::store::object_set::Objects;

/// What sets the digest of a row apart whose object isn't acknowledged yet to be what it means: no row has it, but its
/// object keeps its place among the others.
const WAITING: Digest = 0x6b1d_2f93_c47a_e850_913e_5ab7_0c46_f8d1;
/// Categories that no row is in, beside as many as rows are in, before all are numbered anew.
const SPARE: usize = 64;

/// What becomes of the table at the end of a pass.
#[derive(Debug)]
pub enum RowsEnding {
    /// It is in use again as it is.
    Same(InUse),
    /// It is made anew of these.
    New(RowLog),
}

impl RowsEnding {
    /// Whether most of the rows were known before.
    pub fn is_mostly_known(&self) -> bool {
        match self {
            RowsEnding::Same(_) => true,
            RowsEnding::New(log) => log.known_rows() > log.new_rows(),
        }
    }
}

/// Takes the table out of use.
pub(in crate::systems::catalog::store) fn invalidate(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    IN_USE.remove(transaction)
}

/// Puts the table into use.
pub(in crate::systems::catalog::store) fn finish(
    transaction: &Transaction<'_>,
    ending: RowsEnding,
    hasher: &Hasher,
) -> rusqlite::Result<()> {
    let in_use = match ending {
        RowsEnding::Same(in_use) => in_use,
        RowsEnding::New(log) => match replace(transaction, log, hasher)? {
            Some(in_use) => in_use,
            None => return Ok(()),
        },
    };
    IN_USE.set(transaction, &in_use.to_text(hasher)?)
}

/// `None` = the state has objects beyond the table's numbers, or the old table isn't any more what was compared.
fn replace(transaction: &Transaction<'_>, mut log: RowLog, hasher: &Hasher) -> rusqlite::Result<Option<InUse>> {
    let (old, chunks) =
        if log.known > 0 { before(transaction, hasher)? } else { (FeedRows::default(), Old::default()) };
    if log.known > 0 && old.content != log.content {
        return Ok(None);
    }
    if log.known == 0 {
        transaction.execute_batch("DELETE FROM feed_row; DELETE FROM feed_category; DELETE FROM feed_stray;")?;
    }
    let Some((mut ours, owned)) = objects(transaction)? else { return Ok(None) };
    let categories = std::mem::take(&mut log.categories);
    let mut table = Table {
        ours: &mut ours,
        chunk: FeedRows::default(),
        places: places(&mut log, &old, categories.len())?,
        rows: 0,
        content: Content::new(hasher),
        chunks: Chunks::new(transaction, hasher, chunks),
    };
    log.replay(|step| match step {
        Step::Known { from, count } => (from..from + count).try_for_each(|at| {
            let at = at as usize;
            if at < old.len() { table.add(old.get(at), old.changes_at(at)) } else { Ok(()) }
        }),
        Step::Parsed(row) => {
            let NewRow { digest, category, currency_assumed, changes_at, .. } = row;
            let Some(KeyRow { digest: acknowledged, object, .. }) = key_row(transaction, Kind::Product, row.key)?
            else {
                return Ok(());
            };
            let Ok(object) = u32::try_from(object) else { return Ok(()) };
            // Only what was acknowledged is what the row means.
            let digest = if acknowledged == row.fields { digest } else { RowDigest(digest.0 ^ WAITING) };
            table.add(FeedRow { digest, object, category, currency_assumed }, changes_at)
        }
    })?;
    table.flush()?;
    let Table { places, rows, mut content, chunks, .. } = table;
    chunks.end()?;
    let mut places: Vec<(u32, u32)> = places.into_iter().map(|(old, place)| (place, old)).collect();
    places.sort_unstable();
    let placed = places.into_iter().filter_map(|(_, old)| categories.get(old as usize)).cloned().collect();
    let new = FeedRows { categories: placed, orphans: ours.iter().collect(), ..FeedRows::default() };
    write_rest(transaction, &old, &new)?;
    new.categories.iter().for_each(|category| content.category(category));
    new.orphans.iter().for_each(|object| content.orphan(*object));
    Ok(Some(InUse { rows, owned, judged: log.judged, content: content.sum() }))
}

/// The table as it is, and its chunks.
fn before(transaction: &Transaction<'_>, hasher: &Hasher) -> rusqlite::Result<(FeedRows, Old)> {
    let mut chunks = Old::default();
    let rows = load(transaction, hasher, |number, bytes| chunks.add(number, hasher.digest(bytes)))?;
    Ok((rows, chunks))
}

/// Where each category of a log comes to lie: where it was, so that rows that stay mean what they did. With too many that
/// no row is in any more, all are numbered anew, as rows meet them.
fn places(log: &mut RowLog, old: &FeedRows, count: usize) -> rusqlite::Result<HashMap<u32, u32>> {
    let mut used = vec![false; count];
    let mut meet = |category: Option<u32>| {
        if let Some(used) = category.and_then(|category| used.get_mut(category as usize)) {
            *used = true;
        }
    };
    log.replay(|step| {
        match step {
            Step::Known { from, count } => {
                let rows = (from as usize).min(old.len())..((from + count) as usize).min(old.len());
                rows.for_each(|at| meet(old.get(at).category));
            }
            Step::Parsed(row) => meet(row.category),
        }
        Ok(())
    })?;
    let used = used.into_iter().filter(|used| *used).count();
    let is_kept = log.known > 0 && count <= 2 * used + SPARE;
    Ok(if is_kept { (0..count as u32).map(|place| (place, place)).collect() } else { HashMap::new() })
}

/// Writes categories and orphans, as far as they are others than before.
fn write_rest(transaction: &Transaction<'_>, old: &FeedRows, new: &FeedRows) -> rusqlite::Result<()> {
    let kept = old.categories.iter().zip(&new.categories).take_while(|(old, new)| old == new).count();
    transaction.execute("DELETE FROM feed_category WHERE category >= ?1", [kept as i64])?;
    let mut insert = transaction.prepare("INSERT INTO feed_category (category, id, name) VALUES (?1, ?2, ?3)")?;
    for (place, Category { id, name }) in new.categories.iter().enumerate().skip(kept) {
        insert.execute(params![place as i64, id.as_str(), name])?;
    }
    if old.orphans != new.orphans {
        transaction.execute("DELETE FROM feed_stray", [])?;
        let mut insert = transaction.prepare("INSERT INTO feed_stray (object) VALUES (?1)")?;
        new.orphans.iter().try_for_each(|object| insert.execute([object]).map(|_| ()))?;
    }
    Ok(())
}

/// Products of ours, and how many they are.
fn objects(transaction: &Transaction<'_>) -> rusqlite::Result<Option<(Objects, u64)>> {
    let (mut ours, mut owned) = (Objects::default(), 0);
    let mut statement = transaction.prepare("SELECT object FROM object_key WHERE kind = ?1")?;
    let mut rows = statement.query([Kind::Product])?;
    while let Some(row) = rows.next()? {
        let Ok(object) = u32::try_from(row.get::<_, i64>(0)?) else { return Ok(None) };
        ours.add(object);
        owned += 1;
    }
    Ok(Some((ours, owned)))
}

/// The table while it is written.
struct Table<'t> {
    /// Products of ours that no row became so far.
    ours: &'t mut Objects,
    chunk: FeedRows,
    /// Where the categories that are in use come to lie.
    places: HashMap<u32, u32>,
    rows: u64,
    content: Content,
    chunks: Chunks<'t>,
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
        if is_end(row.digest, self.chunk.len()) { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        if !self.chunk.is_empty() {
            let bytes = self.chunk.encode();
            self.content.chunk(&bytes);
            self.chunk.clear_rows();
            self.chunks.add(bytes)?;
        }
        Ok(())
    }
}
