//! Where the table is cut, and which of its chunks are written: those that aren't there yet.
//!
//! A chunk ends behind a row whose digest says so, so that a row that comes or goes changes the chunk that it is in and no
//! other. Chunks are read in the order of their numbers, between which there is room for new ones.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Transaction, params};

use crate::catalog::{Digest, Hasher};
use crate::feed::RowDigest;

/// The most rows of a chunk.
pub(super) const LONGEST: usize = 4096;
/// The fewest, but for the last one.
#[cfg(not(test))]
const SHORTEST: usize = 128;
/// Behind them, one row in so many ends it.
#[cfg(not(test))]
const ENDS: Digest = 512;
// What tests have few rows for is to happen there all the same.
#[cfg(test)]
const SHORTEST: usize = 1;
#[cfg(test)]
const ENDS: Digest = 2;

/// Between the numbers of chunks that are added at the end.
const STEP: i64 = 1 << 20;
/// New chunks beside each other that are kept in memory until it is known between which old ones they come.
#[cfg(not(test))]
const PENDING: usize = 256;
#[cfg(test)]
const PENDING: usize = 2;

/// Whether a chunk of so many rows ends behind one with this digest.
pub(super) fn is_end(RowDigest(digest): RowDigest, rows: usize) -> bool {
    rows >= LONGEST || (rows >= SHORTEST && digest % ENDS == 0)
}

/// The chunks that are there, by what they hold.
#[derive(Default)]
pub(super) struct Old {
    by_content: HashMap<Digest, i64>,
    numbers: BTreeSet<i64>,
}

impl Old {
    pub(super) fn add(&mut self, number: i64, content: Digest) {
        self.by_content.insert(content, number);
        self.numbers.insert(number);
    }
}

/// The table's chunks while it is written.
pub(super) struct Chunks<'t> {
    transaction: &'t Transaction<'t>,
    hasher: &'t Hasher,
    /// What is still there and was not met.
    old: Old,
    /// The number of the chunk before those that are pending.
    last: i64,
    pending: Vec<Vec<u8>>,
}

impl<'t> Chunks<'t> {
    /// Writes a table in the place of one of these chunks, which are all that there are.
    pub(super) fn new(transaction: &'t Transaction<'t>, hasher: &'t Hasher, old: Old) -> Chunks<'t> {
        Chunks { transaction, hasher, old, last: 0, pending: Vec::new() }
    }

    /// The next chunk.
    pub(super) fn add(&mut self, chunk: Vec<u8>) -> rusqlite::Result<()> {
        let found = self.old.by_content.get(&self.hasher.digest(&chunk)).copied();
        if let Some(number) = found.filter(|number| self.has_room_before(*number)) {
            self.write_before(number)?;
            self.old.numbers.remove(&number);
            self.last = number;
            return Ok(());
        }
        self.pending.push(chunk);
        if self.pending.len() > PENDING { self.append() } else { Ok(()) }
    }

    /// No more chunks come.
    pub(super) fn end(mut self) -> rusqlite::Result<()> {
        self.append()
    }

    /// Whether the pending chunks come to lie between the last one and this one.
    fn has_room_before(&self, number: i64) -> bool {
        let pending = i64::try_from(self.pending.len()).unwrap_or(i64::MAX);
        number > self.last && number - self.last > pending
    }

    fn write_before(&mut self, number: i64) -> rusqlite::Result<()> {
        self.delete(|old| old < number)?;
        let (from, room) = (self.last, number - self.last);
        let count = self.pending.len() as i64 + 1;
        for (at, chunk) in (1..count).zip(std::mem::take(&mut self.pending)) {
            self.insert(from + room / count * at, &chunk)?;
        }
        Ok(())
    }

    /// Writes what is pending at the end, and lets go of what was there.
    fn append(&mut self) -> rusqlite::Result<()> {
        self.delete(|_| true)?;
        self.old = Old::default();
        for chunk in std::mem::take(&mut self.pending) {
            self.last += STEP;
            self.insert(self.last, &chunk)?;
        }
        Ok(())
    }

    /// Deletes old chunks that nothing was found in, the first ones first.
    fn delete(&mut self, is_wanted: impl Fn(i64) -> bool) -> rusqlite::Result<()> {
        while let Some(number) = self.old.numbers.first().copied().filter(|number| is_wanted(*number)) {
            self.old.numbers.pop_first();
            self.transaction.prepare_cached("DELETE FROM feed_row WHERE chunk = ?1")?.execute([number])?;
        }
        Ok(())
    }

    fn insert(&self, number: i64, chunk: &[u8]) -> rusqlite::Result<()> {
        let sql = "INSERT INTO feed_row (chunk, rows) VALUES (?1, ?2)";
        self.transaction.prepare_cached(sql)?.execute(params![number, chunk]).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    /// The chunks of the table in their order, and their numbers.
    fn stored(connection: &Connection) -> Vec<(i64, Vec<u8>)> {
        let mut all = connection.prepare("SELECT chunk, rows FROM feed_row ORDER BY chunk").expect("a table");
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    }

    /// Writes these chunks, and gives how many rows of the file that has changed.
    fn write(connection: &mut Connection, hasher: &Hasher, wanted: &[u16]) -> u64 {
        let mut old = Old::default();
        stored(connection).iter().for_each(|(number, chunk)| old.add(*number, hasher.digest(chunk)));
        let before = connection.total_changes();
        let transaction = connection.transaction().expect("a transaction");
        let mut chunks = Chunks::new(&transaction, hasher, old);
        for chunk in wanted {
            chunks.add(chunk.to_le_bytes().to_vec()).expect("written");
        }
        chunks.end().expect("written");
        transaction.commit().expect("written");
        connection.total_changes() - before
    }

    fn table() -> Connection {
        let connection = Connection::open_in_memory().expect("a file");
        connection
            .execute_batch("CREATE TABLE feed_row (chunk INTEGER PRIMARY KEY, rows BLOB NOT NULL)")
            .expect("a table");
        connection
    }

    proptest! {
        /// Whatever was there, what is wanted is there in its order.
        #[test]
        fn what_is_wanted_is_there(tables in vec(proptest::sample::subsequence((0..40_u16).collect::<Vec<_>>(), 0..40), 1..9),
                                   turned in any::<bool>()) {
            let (mut connection, hasher) = (table(), Hasher::without_secret());
            for (at, mut wanted) in tables.into_iter().enumerate() {
                if turned && at % 2 == 1 {
                    wanted.reverse();
                }
                write(&mut connection, &hasher, &wanted);
                let there: Vec<u16> =
                    stored(&connection).iter().map(|(_, c)| u16::from_le_bytes([c[0], c[1]])).collect();
                prop_assert_eq!(there, wanted);
            }
        }
    }

    #[test]
    fn only_what_changed_is_written_however_often_it_does() {
        let (mut connection, hasher) = (table(), Hasher::without_secret());
        let mut wanted: Vec<u16> = (0..100).collect();
        write(&mut connection, &hasher, &wanted);
        assert_eq!(write(&mut connection, &hasher, &wanted), 0);
        for turn in 0..50 {
            wanted[50] = 1_000 + turn;
            assert_eq!(write(&mut connection, &hasher, &wanted), 2, "one goes, one comes");
            wanted.insert(20, 2_000 + turn);
            let written = write(&mut connection, &hasher, &wanted);
            assert!(written == 1 || written > 100, "one comes, or there is no room any more: {written}");
            wanted.remove(70);
            assert_eq!(write(&mut connection, &hasher, &wanted), 1, "one goes");
            wanted.push(3_000 + turn);
            write(&mut connection, &hasher, &wanted);
        }
    }
}
