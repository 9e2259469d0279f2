//! Writing the table anew at the end of a pass, and taking it out of use before anything changes.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::content::Content;
use super::log::{NewRow, RowLog, Step};
use super::stored::{IN_USE, InUse, load};
use super::table::{CHUNK, FeedRow, FeedRows};
use crate::catalog::{Category, Hasher, Kind};
use crate::systems::catalog::store::keys::{KeyRow, key_row};
use crate::systems::catalog::store::object_set::Objects;

/// What becomes of the table at the end of a pass.
#[derive(Debug)]
pub enum RowsEnding {
    /// It is in use again as it is.
    Same(InUse),
    /// It is made anew of these.
    New(RowLog),
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
    let old = if log.known > 0 { load(transaction, hasher)? } else { FeedRows::default() };
    if log.known > 0 && old.content != log.content {
        return Ok(None);
    }
    let Some((mut ours, owned)) = objects(transaction)? else { return Ok(None) };
    transaction.execute_batch("DELETE FROM feed_row; DELETE FROM feed_category; DELETE FROM feed_stray;")?;
    let categories = std::mem::take(&mut log.categories);
    let content = Content::new(hasher);
    let mut table =
        Table { transaction, ours: &mut ours, chunk: FeedRows::default(), places: HashMap::new(), rows: 0, content };
    log.replay(|step| match step {
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
        content.orphan(object);
    }
    Ok(Some(InUse { rows, owned, judged: log.judged, content: content.sum() }))
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
