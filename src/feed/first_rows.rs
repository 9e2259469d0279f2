//! The first row of each id.

use std::collections::hash_map::Entry;

use super::RowPlace;
use crate::catalog::{Digest, DigestMap};

/// The first row of each id. Memory: 20 bytes an id, which as numbers of their own size would be 32.
#[derive(Debug, Default)]
pub struct FirstRows(DigestMap<[u8; 16], RowPlace>);

impl FirstRows {
    /// The first row of the id with this digest; `None` = this one.
    pub fn first(&mut self, id: Digest, row: RowPlace) -> Option<RowPlace> {
        match self.0.entry(id.to_le_bytes()) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(row);
                None
            }
        }
    }

    /// Whether there was a row of the id.
    pub fn has(&self, id: Digest) -> bool {
        self.0.contains_key(&id.to_le_bytes())
    }
}
