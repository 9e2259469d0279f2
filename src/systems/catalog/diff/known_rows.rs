//! The rows of the last feed, held against those of this one side by side.

use jiff::Timestamp;

use crate::catalog::Category;
use crate::feed::{RowDigest, RowPlace};
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::ReadKnownRows as _;
use crate::systems::catalog::store::{FeedRows, Objects};

/// The rows that need not be parsed, and which of their objects the feed has.
pub(super) struct KnownRows {
    /// The rows.
    pub(super) table: FeedRows,
    /// Where the next row is expected.
    next: usize,
    /// Rows since the last one that was found.
    unknown: usize,
    guesses: Guesses,
    /// Whether the feed has any of the rows.
    pub(super) is_of_use: bool,
    /// Rows by their digest, made when a row is not where it is expected.
    places: Option<Places>,
    /// Where the rows are that will be asked for, with their digests, the next one last.
    prefetched: Vec<(RowDigest, Option<u32>)>,
    /// Rows that are likely to be asked for, in order, and how far they were.
    ahead: Vec<RowDigest>,
    passed: usize,
    /// How many of them were not where they were expected.
    strayed: usize,
    /// Objects that a row of the feed became already, known or parsed.
    seen: Objects,
    /// Objects that a request is in doubt about, that were refused, or of which a listing has more to say: their rows are
    /// parsed.
    special: Objects,
    /// Categories that a known row was in.
    used: Vec<bool>,
    now: Timestamp,
    /// Where the rows are in this feed.
    rows: Vec<RowPlace>,
    /// The rows by their objects, made when a duplicate of one is found.
    by_object: Option<Vec<(u32, u32)>>,
}

/// Rows that are prefetched and not asked for, before one that is: blank ones, categories.
const SKIPPED: usize = 8;

/// So many places around the expected one a row is looked for first: others came or went there.
const NEAR: usize = 8;
/// A row that isn't there is none of the table's, as far as it pays to look, when one of so many behind it is: rows that
/// changed stand among others that didn't.
const BEHIND: usize = 32;
/// When no more than one row in so many strays, each is looked up by itself.
const FEW: usize = 8;

/// So many more guesses may be wrong than right: each costs the reading of an object.
const WRONG: usize = 16;

/// What came of guesses, see [`KnownRows::guess`].
#[derive(Default)]
struct Guesses {
    right: usize,
    wrong: usize,
}

/// Rows by their digest: a table with twice the room that they need, in which a row lies at the place
/// that its digest names or behind it.
struct Places {
    slots: Vec<u32>,
    mask: usize,
}

impl Places {
    const NONE: u32 = u32::MAX;

    /// Those rows that this feed has not had so far.
    fn new(table: &FeedRows, rows: &[RowPlace]) -> Places {
        let left = rows.iter().filter(|row| **row == RowPlace::UNKNOWN).count();
        let size = (2 * left.max(1)).next_power_of_two();
        let mut places = Places { slots: vec![Self::NONE; size], mask: size - 1 };
        for ((at, digest), row) in (0..Self::NONE).zip(table.digests()).zip(rows) {
            if *row != RowPlace::UNKNOWN {
                continue;
            }
            let mut slot = places.slot(digest);
            while places.slots[slot] != Self::NONE {
                slot = (slot + 1) & places.mask;
            }
            places.slots[slot] = at;
        }
        places
    }

    fn slot(&self, digest: RowDigest) -> usize {
        digest.0 as usize & self.mask
    }

    /// What lies at the place that the digest names.
    fn first(&self, digest: RowDigest) -> Option<u32> {
        Some(self.slots[self.slot(digest)]).filter(|at| *at != Self::NONE)
    }

    /// The row with this digest, of which it is known what lies at its place.
    fn find(&self, table: &FeedRows, digest: RowDigest, first: Option<u32>) -> Option<u32> {
        let mut at = first?;
        let mut slot = self.slot(digest);
        while !table.is_at(at as usize, digest) {
            slot = (slot + 1) & self.mask;
            at = self.slots[slot];
            if at == Self::NONE {
                return None;
            }
        }
        Some(at)
    }
}

/// An object as the table numbers it; 0 stands for those that the state doesn't have.
fn number(object: i64) -> Option<u32> {
    u32::try_from(object).ok().filter(|object| *object != 0)
}

impl KnownRows {
    /// The rows of the last feed, as far as they mean the same at `now`.
    pub(super) fn read(reader: &Reader, now: Timestamp) -> Result<Option<KnownRows>, StateError> {
        // A clock that was put back may have sales begin or end that nobody thought of.
        let rows = reader.feed_rows()?.filter(|rows| rows.judged <= now && !rows.is_empty());
        Ok(rows.map(|rows| KnownRows::new(rows, now)))
    }

    fn new(table: FeedRows, now: Timestamp) -> KnownRows {
        let used = vec![false; table.categories.len()];
        let rows = vec![RowPlace::UNKNOWN; table.len()];
        KnownRows {
            table,
            next: 0,
            unknown: 0,
            guesses: Guesses::default(),
            is_of_use: false,
            places: None,
            prefetched: Vec::new(),
            ahead: Vec::new(),
            passed: 0,
            strayed: 0,
            seen: Objects::default(),
            special: Objects::default(),
            used,
            now,
            rows,
            by_object: None,
        }
    }

    /// Whether the feed has none of the rows, as far as was read: of every `one_in` as many.
    pub(super) fn is_useless(&self, one_in: usize) -> bool {
        !self.is_of_use && self.unknown * one_in > self.table.len()
    }

    /// Rows of this object are parsed.
    pub(super) fn set_special(&mut self, object: i64) {
        if let Some(object) = number(object) {
            self.special.add(object);
        }
    }

    /// The row with this digest, on this line, if it still means what it did and is the first of its object.
    pub(super) fn take(&mut self, digest: RowDigest, line: u64) -> Option<usize> {
        let Some(at) = self.find(digest) else {
            self.unknown += 1;
            return None;
        };
        self.is_of_use = true;
        (self.next, self.unknown) = (at + 1, 0);
        let object = self.table.get(at).object;
        let is_special = self.special.has(object);
        let is_over = self.table.changes_at(at).is_some_and(|time| time <= self.now);
        let is_taken = !is_special && !is_over && self.seen.add(object);
        if is_taken && let Some(row) = self.rows.get_mut(at) {
            *row = RowPlace::new(line, true);
        }
        is_taken.then_some(at)
    }

    /// Which object a row is likely to be of that wasn't found: the one whose row was in its place. `None` = such guesses
    /// have been wrong too often.
    pub(super) fn guess(&self) -> Option<i64> {
        let at =
            (self.next + self.unknown).checked_sub(1).filter(|_| self.guesses.wrong <= self.guesses.right + WRONG)?;
        (at < self.table.len()).then(|| self.table.get(at).object.into())
    }

    /// Whether the last guess was right.
    pub(super) fn guessed(&mut self, is_right: bool) {
        self.guesses.right += usize::from(is_right);
        self.guesses.wrong += usize::from(!is_right);
    }

    /// The last guess was right, and the object as it was acknowledged: its digest alone would have told.
    pub(super) fn guessed_for_nothing(&mut self) {
        self.guesses.right = self.guesses.right.saturating_sub(1);
        self.guesses.wrong += 1;
    }

    /// Whether this feed has the object's row, as it was.
    pub(super) fn has_known(&mut self, object: i64) -> bool {
        self.place(object) != RowPlace::UNKNOWN
    }

    /// The row of an object in this feed, if it is a known one.
    pub(super) fn place(&mut self, object: i64) -> RowPlace {
        let Some(object) = number(object) else { return RowPlace::UNKNOWN };
        let by_object = self.by_object.get_or_insert_with(|| {
            let mut all: Vec<(u32, u32)> = self.table.objects().zip(0..).collect();
            all.sort_unstable();
            all
        });
        let found = by_object.binary_search_by_key(&object, |(object, _)| *object).ok();
        let row = found.and_then(|at| self.rows.get(by_object[at].1 as usize));
        row.copied().unwrap_or(RowPlace::UNKNOWN)
    }

    fn find(&mut self, digest: RowDigest) -> Option<usize> {
        if self.table.is_at(self.next, digest) {
            return Some(self.next);
        }
        // Rows that changed keep their places, however many stand one behind the other.
        if self.table.is_at(self.next + self.unknown, digest) {
            return Some(self.next + self.unknown);
        }
        self.strayed += 1;
        let ahead = self.prefetched.len().saturating_sub(SKIPPED);
        if let Some(at) = self.prefetched[ahead..].iter().rposition(|(prefetched, _)| *prefetched == digest) {
            let (_, place) = self.prefetched[ahead + at];
            self.prefetched.truncate(ahead + at);
            return place.map(|place| place as usize);
        }
        if self.places.is_none() {
            let near = (1..=NEAR).flat_map(|away| [Some(self.next + away), self.next.checked_sub(away)]).flatten();
            if let Some(at) = near.into_iter().find(|at| self.table.is_at(*at, digest)) {
                return Some(at);
            }
            if self.goes_on_behind(digest) {
                return None;
            }
        }
        let places = self.places.get_or_insert_with(|| Places::new(&self.table, &self.rows));
        places.find(&self.table, digest, places.first(digest)).map(|at| at as usize)
    }

    /// Whether the feed goes on behind this row about where the table does. Then it isn't looked up among all rows: to be
    /// taken for a new one costs a row that has moved the time of parsing it, and nothing else.
    fn goes_on_behind(&mut self, digest: RowDigest) -> bool {
        let found = self.ahead[self.passed..].iter().position(|row| *row == digest);
        self.passed += found.unwrap_or_default();
        let behind = self.ahead.get(self.passed + 1..).unwrap_or_default();
        let begins = [self.next, self.next + self.unknown];
        let is_near =
            |row: &RowDigest| begins.iter().any(|begin| (0..=NEAR).any(|away| self.table.is_at(begin + away, *row)));
        // At the end of what is known of the feed nothing can be told.
        (found.is_some() && behind.len() < 2) || behind.iter().take(BEHIND).any(is_near)
    }

    /// Looks rows up that will be asked for: many at a time, so that the processor waits for all of their
    /// memory at once. Nothing to do while rows are where they are expected.
    pub(super) fn prefetch(&mut self, rows: &[RowDigest]) {
        let is_one_of_few = self.strayed * FEW <= self.ahead.len();
        (self.passed, self.strayed) = (0, 0);
        self.ahead.clear();
        self.ahead.extend_from_slice(rows);
        self.prefetched.clear();
        let Some(places) = self.places.as_ref().filter(|_| !is_one_of_few) else { return };
        self.prefetched.extend(rows.iter().rev().map(|digest| (*digest, places.first(*digest))));
        for (digest, place) in &mut self.prefetched {
            *place = places.find(&self.table, *digest, *place);
        }
    }

    /// A row's category, if this is the first row in it.
    pub(super) fn new_category(&mut self, category: u32) -> Option<&Category> {
        let used = self.used.get_mut(category as usize)?;
        if std::mem::replace(used, true) { None } else { self.table.categories.get(category as usize) }
    }

    /// Whether a row of the feed became this object already.
    pub(super) fn has_seen(&self, object: i64) -> bool {
        number(object).is_some_and(|object| self.seen.has(object))
    }

    /// A row of the feed became this object.
    pub(super) fn see(&mut self, object: i64) {
        if let Some(object) = number(object) {
            self.seen.add(object);
        }
    }

    /// Products of ours that no row of the feed became.
    pub(super) fn missing(&self) -> impl Iterator<Item = i64> {
        let all = self.table.objects().chain(self.table.orphans.iter().copied());
        all.filter(|object| !self.seen.has(*object)).map(i64::from)
    }
}
