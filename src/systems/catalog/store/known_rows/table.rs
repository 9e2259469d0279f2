//! The table in memory, and its chunks as they are stored.

use jiff::Timestamp;

use crate::catalog::{Category, Digest};
use crate::feed::RowDigest;

/// Bytes a row takes: its digest, its object, its category with its flags.
pub(super) const ROW: usize = 16 + 4 + 4;
/// Bytes of a time, and of the row in the chunk that has it.
const CHANGE: usize = 2 + 16;

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
pub(super) struct Packed {
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
    pub(super) rows: Vec<Packed>,
    pub(super) changes: Vec<(u32, Timestamp)>,
    /// Every category that a row is in, and maybe others.
    pub categories: Vec<Category>,
    /// Products of ours that no row became.
    pub orphans: Vec<u32>,
    /// Products of ours.
    pub owned: u64,
    /// The moment at which sales were judged.
    pub judged: Timestamp,
    /// See [`super::InUse::content`].
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

    pub(super) fn push(&mut self, row: FeedRow, changes_at: Option<Timestamp>) {
        if let (Some(time), Ok(at)) = (changes_at, u32::try_from(self.len())) {
            self.changes.push((at, time));
        }
        let category = row.category.map_or(0, |category| category + 1);
        let flags = u32::from(row.currency_assumed) * ASSUMED + u32::from(changes_at.is_some()) * CHANGES;
        self.rows.push(Packed { digest: halves(row.digest), object: row.object, rest: category << 2 | flags });
    }

    pub(super) fn clear_rows(&mut self) {
        self.rows.clear();
        self.changes.clear();
    }

    /// All rows as they are stored; [`FeedRows::decode`] reads it.
    pub(super) fn encode(&self) -> Vec<u8> {
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
    pub(super) fn decode(&mut self, bytes: &[u8]) -> Option<()> {
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
