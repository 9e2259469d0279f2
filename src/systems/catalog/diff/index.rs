//! Objects of one kind in a few bytes each: what a pass looks items up in.

use crate::catalog::{Digest, DigestMap};
use crate::feed::RowPlace;
use crate::systems::catalog::store::KeyRow;

/// Per-object flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(u8);

impl Flags {
    /// The feed has it.
    pub(super) const SEEN: Flags = Flags(1);
    /// A request about it may have been under way when a pass was cut off.
    pub(super) const IN_DOUBT: Flags = Flags(2);
    /// NiceChat lists it.
    pub(super) const LISTED: Flags = Flags(4);
    /// The listing has something to say about it.
    pub(super) const OBSERVED: Flags = Flags(8);
    /// NiceChat refused it as it was.
    pub(super) const REFUSED: Flags = Flags(16);
    /// It is not ours: only the listing has it.
    pub(super) const FOREIGN: Flags = Flags(32);

    pub(super) fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether NiceChat lists the object, and just as it was acknowledged last.
    pub(super) fn is_as_listed(self) -> bool {
        self == Flags::LISTED
    }

    pub(super) fn add(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

/// Every object of the kind, sorted, 45 bytes a row; or only those that were asked for, when few will be.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where the objects are that were asked for so far. `None` = all objects are there.
    places: Option<DigestMap<Digest, usize>>,
    keys: Vec<Digest>,
    /// 0 equals none; in a sparse index it may be one that wasn't read.
    digests: Vec<Digest>,
    objects: Vec<i64>,
    flags: Vec<Flags>,
    /// Their rows in the feed, once those were read.
    rows: Vec<RowPlace>,
}

impl Index {
    /// One that has objects added as they are asked for.
    pub(super) fn sparse() -> Index {
        Index { places: Some(DigestMap::default()), ..Index::default() }
    }

    /// Whether objects may exist that are not in it.
    pub(super) fn is_sparse(&self) -> bool {
        self.places.is_some()
    }

    /// Adds a row of the state; they come in the order of their keys, unless the index is sparse.
    pub(super) fn push(&mut self, row: KeyRow) {
        match &mut self.places {
            Some(places) => _ = places.insert(row.key, self.keys.len()),
            None => debug_assert!(self.keys.last().is_none_or(|last| *last < row.key)),
        }
        self.keys.push(row.key);
        self.digests.push(row.digest);
        self.objects.push(row.object);
        self.flags.push(Flags::default());
        self.rows.push(RowPlace::UNKNOWN);
    }

    /// Adds objects that are not in the state (`object` 0), and sorts everything again.
    pub(super) fn extend(&mut self, rows: impl IntoIterator<Item = (Digest, Flags)>) {
        if self.is_sparse() {
            for (key, flags) in rows {
                self.push(KeyRow { key, digest: 0, object: 0 });
                self.mark(self.len() - 1, flags);
            }
            return;
        }
        let mut all: Vec<(Digest, Digest, i64, Flags, RowPlace)> = (0..self.keys.len())
            .map(|at| (self.keys[at], self.digests[at], self.objects[at], self.flags[at], self.rows[at]))
            .chain(rows.into_iter().map(|(key, flags)| (key, 0, 0, flags, RowPlace::UNKNOWN)))
            .collect();
        all.sort_unstable_by_key(|row| row.0);
        *self = Index::default();
        for (key, digest, object, flags, row) in all {
            self.keys.push(key);
            self.digests.push(digest);
            self.objects.push(object);
            self.flags.push(flags);
            self.rows.push(row);
        }
    }

    /// Where the row with this key is.
    pub(super) fn find(&self, key: Digest) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(&key).copied(),
            None => self.keys.binary_search(&key).ok(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn digest(&self, at: usize) -> Digest {
        self.digests[at]
    }

    pub(super) fn set_digest(&mut self, at: usize, digest: Digest) {
        self.digests[at] = digest;
    }

    /// Where the object's row lies in the state; 0 = there is none.
    pub(super) fn object(&self, at: usize) -> i64 {
        self.objects[at]
    }

    pub(super) fn key(&self, at: usize) -> Digest {
        self.keys[at]
    }

    pub(super) fn flags(&self, at: usize) -> Flags {
        self.flags[at]
    }

    /// The first row of the object in the feed, if it was parsed.
    pub(super) fn place(&self, at: usize) -> RowPlace {
        self.rows[at]
    }

    pub(super) fn set_place(&mut self, at: usize, row: RowPlace) {
        self.rows[at] = row;
    }

    pub(super) fn mark(&mut self, at: usize, flags: Flags) {
        self.flags[at].add(flags);
    }
}
