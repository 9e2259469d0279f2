//! How an index lies in its file, and reading it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::columns::Layout;
use super::dictionary::{Entries, Pages};
use super::list::{Kind, List};
use super::postings::{self, Postings};
use crate::systems::catalog::{FOOT, MAGIC, Span, read_foot, unpack};

/// The name of the file.
pub(in crate::systems::oct8ne) const FILE: &str = "index";
/// The most documents of a segment.
pub(super) const SEGMENT: usize = 1 << 16;
/// Grows when an index of the same generation would be another one.
pub(super) const VERSION: u32 = 4;

/// Where in a document a word stands.
pub(super) const TITLE: u8 = 1;
pub(super) const BRAND: u8 = 2;
pub(super) const CATEGORY: u8 = 4;
pub(super) const CODE: u8 = 8;
pub(super) const DESCRIPTION: u8 = 16;

/// Between what forms have in common and nothing: words have no such letter, so a stem is no word, and stands beside it.
pub(super) const STEM: char = '\0';

/// What the last block says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) version: u32,
    /// What else it depends on.
    pub(super) key: String,
    pub(super) docs: u64,
    pub(super) currencies: Vec<String>,
    /// Ids and names.
    pub(super) categories: Span,
    pub(super) brands: Span,
    pub(super) segments: Vec<Segment>,
    /// Words, and what their forms have in common with [`STEM`] behind it: each with its lists.
    pub(super) terms: Pages,
    /// Ids and codes, each as a whole with the places of its products.
    pub(super) codes: Pages,
    pub(super) layout: Layout,
}

/// Some of the documents.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) docs: u32,
    /// Where its lists begin, and its rows.
    pub(super) lists: u64,
    pub(super) rows: u64,
    /// A digest of the group of each document; 0 = there is none.
    pub(super) groups: Span,
}

/// More bytes than any list has: those of a segment with a bit and a byte a document.
const LONGEST: usize = 1 << 17;

/// What was read of the lists last: those of words that begin alike lie side by side.
#[derive(Default)]
pub(super) struct Window {
    at: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn from(&self, at: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(at.checked_sub(self.at)?).ok()?..)
    }

    /// Whether the whole list at a place is there.
    fn has(&self, at: u64) -> bool {
        let list = self.from(at);
        list.is_some_and(|list| postings::length(list).is_some_and(|length| length <= list.len()))
    }
}

/// An index that is there.
#[derive(Debug)]
pub(in crate::systems::oct8ne) struct Index {
    file: File,
    pub(super) contents: Contents,
    pub(super) categories: Vec<(String, String)>,
    pub(super) brands: Vec<String>,
}

impl Index {
    /// Opens the one in a generation's folder; `None` = there is none that is whole, of this version and with this key.
    pub(in crate::systems::oct8ne) fn open(folder: &Path, key: &str) -> Option<Index> {
        let file = File::open(folder.join(FILE)).ok()?;
        let at = file.metadata().ok()?.len().checked_sub(FOOT as u64)?;
        let (mut head, mut foot) = ([0; MAGIC.len()], [0; FOOT]);
        file.read_exact_at(&mut head, 0).and_then(|()| file.read_exact_at(&mut foot, at)).ok()?;
        let last = read_foot(&foot).filter(|last| head == MAGIC && last.at + u64::from(last.length) == at)?;
        let contents: Contents = serde_json::from_slice(&block(&file, last).ok()?).ok()?;
        if contents.version != VERSION || contents.key != key {
            return None;
        }
        let categories = serde_json::from_slice(&block(&file, contents.categories).ok()?).ok()?;
        let brands = serde_json::from_slice(&block(&file, contents.brands).ok()?).ok()?;
        Some(Index { file, contents, categories, brands })
    }

    /// Whether it depends on this.
    pub(in crate::systems::oct8ne) fn is_of(&self, key: &str) -> bool {
        self.contents.key == key
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.contents.segments
    }

    /// The digests of the groups of a segment's documents.
    pub(super) fn groups(&self, segment: &Segment) -> io::Result<Vec<u64>> {
        let block = block(&self.file, segment.groups)?;
        let (groups, _) = block.as_chunks::<8>();
        Ok(groups.iter().map(|group| u64::from_le_bytes(*group)).collect())
    }

    /// Gives the terms of a dictionary that begin so, with their packed numbers, to `each`.
    pub(super) fn begin(&self, pages: &Pages, begin: &str, mut each: impl FnMut(&[u8], &[u8])) -> io::Result<()> {
        let first = pages.partition_point(|(term, _)| term.as_str() <= begin).saturating_sub(1);
        for (term, span) in pages.get(first..).unwrap_or_default() {
            if term.as_str() > begin && !term.starts_with(begin) {
                break;
            }
            let block = block(&self.file, *span)?;
            let mut entries = Entries::of(&block);
            while !entries.is_at_end() {
                let (term, numbers) = entries.next().ok_or_else(damaged)?;
                if term.starts_with(begin.as_bytes()) {
                    each(term, numbers);
                } else if term > begin.as_bytes() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Gives the packed numbers of a term of a dictionary to `each`.
    pub(super) fn find(&self, pages: &Pages, wanted: &str, each: impl FnOnce(&[u8])) -> io::Result<()> {
        let at = pages.partition_point(|(first, _)| first.as_str() <= wanted);
        let Some((_, span)) = at.checked_sub(1).and_then(|at| pages.get(at)) else { return Ok(()) };
        let block = block(&self.file, *span)?;
        let mut entries = Entries::of(&block);
        while !entries.is_at_end() {
            let (term, numbers) = entries.next().ok_or_else(damaged)?;
            if term >= wanted.as_bytes() {
                if term == wanted.as_bytes() {
                    each(numbers);
                }
                break;
            }
        }
        Ok(())
    }

    /// A list of a segment that isn't of a single document. What is read of the file stays in the window, and is at least
    /// so much.
    pub(super) fn postings(
        &self,
        segment: &Segment,
        list: List,
        window: &mut Window,
        least: usize,
    ) -> io::Result<Option<Postings>> {
        let Kind::At(at, docs) = list.kind() else { return Ok(None) };
        let (at, all) = (segment.lists.checked_add(at).ok_or_else(damaged)?, segment.docs as usize);
        if !window.has(at) {
            self.fill(window, at, postings::first_bytes(docs).max(least))?;
            let length = postings::length(&window.bytes).filter(|length| *length <= LONGEST).ok_or_else(damaged)?;
            if length > window.bytes.len() {
                self.fill(window, at, length)?;
            }
        }
        let bytes = window.from(at).ok_or_else(damaged)?;
        Postings::read(bytes, all, at).ok_or_else(damaged).map(Some)
    }

    fn fill(&self, window: &mut Window, at: u64, length: usize) -> io::Result<()> {
        window.at = at;
        window.bytes.resize(length, 0);
        let length = self.read_up_to(&mut window.bytes, at)?;
        window.bytes.truncate(length);
        Ok(())
    }

    /// Reads what the file has at a place, as much as fits. Gives how much that is.
    pub(super) fn read_up_to(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < bytes.len() {
            match self.file.read_at(&mut bytes[read..], at.saturating_add(read as u64)) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

fn block(file: &File, span: Span) -> io::Result<Vec<u8>> {
    let mut block = vec![0; span.length as usize];
    file.read_exact_at(&mut block, span.at)?;
    unpack(&block, span.at).ok_or_else(damaged)
}

pub(super) fn damaged() -> io::Error {
    io::Error::other("the search index isn't what was written")
}
