//! An item as it lies on a page: what is looked at from pass to pass stands before what it says, which is then neither
//! read nor written anew.

use super::layout::{put, take, take_text};
use crate::catalog::Digest;

/// What whoever puts an item there wants to know of it later without reading it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Note {
    /// The digest of the row that it was made of; `None` = the same row may mean something else another time.
    pub row: Option<Digest>,
    /// A word of the writer's own.
    pub word: u16,
}

/// An item on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'p> {
    /// Its id.
    pub id: &'p str,
    /// What is noted of it.
    pub note: Note,
    /// The number of its currency in the generation's contents, from 1 on; 0 = none.
    pub(super) currency: u32,
    /// The number of its category there, likewise.
    pub(super) category: u32,
    /// Its fields.
    pub(super) json: &'p [u8],
}

impl<'p> Entry<'p> {
    /// Adds it to a page.
    pub(super) fn put(&self, page: &mut Vec<u8>) {
        put(page, self.id.as_bytes());
        // No row has this digest, but for one in 2 to the power of 128.
        page.extend_from_slice(&self.note.row.unwrap_or_default().to_le_bytes());
        page.extend_from_slice(&self.note.word.to_le_bytes());
        page.extend_from_slice(&self.currency.to_le_bytes());
        page.extend_from_slice(&self.category.to_le_bytes());
        put(page, self.json);
    }

    /// Takes the next one off a page.
    pub(super) fn take(page: &mut &'p [u8]) -> Option<Entry<'p>> {
        let id = take_text(page)?;
        let row = u128::from_le_bytes(chunk(page)?);
        let word = u16::from_le_bytes(chunk(page)?);
        let currency = u32::from_le_bytes(chunk(page)?);
        let category = u32::from_le_bytes(chunk(page)?);
        let json = take(page)?;
        let row = Some(row).filter(|row| *row != 0);
        Some(Entry { id, note: Note { row, word }, currency, category, json })
    }
}

fn chunk<const N: usize>(page: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, rest) = page.split_first_chunk()?;
    *page = rest;
    Some(*chunk)
}
