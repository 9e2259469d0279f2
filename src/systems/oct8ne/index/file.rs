//! How an index lies in its file, and reading it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::columns::{Columns, Ranks};
use crate::systems::catalog::{FOOT, MAGIC, Span, read_foot, take, take_text, unpack};

/// The name of the file.
pub(in crate::systems::oct8ne) const FILE: &str = "index";
/// Documents of a segment.
pub(super) const SEGMENT: u64 = 1 << 16;
/// Grows when an index of the same generation would be another one.
pub(super) const VERSION: u32 = 1;

/// Where in a document a word stands.
pub(super) const TITLE: u8 = 1;
pub(super) const BRAND: u8 = 2;
pub(super) const CATEGORY: u8 = 4;
pub(super) const CODE: u8 = 8;
pub(super) const DESCRIPTION: u8 = 16;

/// What a term begins with: the word itself, what its forms have in common, an id or a code as a whole.
pub(super) const WORD: char = 'w';
pub(super) const STEM: char = 's';
pub(super) const WHOLE: char = 'c';

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
}

/// Some of the documents.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) docs: u32,
    /// Blocks of terms, each with its first one.
    pub(super) terms: Vec<(String, Span)>,
    pub(super) columns: Span,
    pub(super) ranks: Span,
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

    pub(super) fn columns(&self, segment: &Segment) -> io::Result<Columns> {
        Columns::read(&block(&self.file, segment.columns)?, segment.docs as usize).ok_or_else(damaged)
    }

    pub(super) fn ranks(&self, segment: &Segment) -> io::Result<Ranks> {
        Ranks::read(&block(&self.file, segment.ranks)?, segment.docs as usize).ok_or_else(damaged)
    }

    /// Gives the terms of a segment that begin so, with their postings, to `each`.
    pub(super) fn terms(&self, segment: &Segment, begin: &str, mut each: impl FnMut(&str, &[u8])) -> io::Result<()> {
        let first = segment.terms.partition_point(|(term, _)| term.as_str() <= begin).saturating_sub(1);
        for (term, span) in &segment.terms[first.min(segment.terms.len())..] {
            if term.as_str() > begin && !term.starts_with(begin) {
                break;
            }
            let block = block(&self.file, *span)?;
            let mut rest = block.as_slice();
            while !rest.is_empty() {
                let (term, postings) = take_text(&mut rest).zip(take(&mut rest)).ok_or_else(damaged)?;
                if term.starts_with(begin) {
                    each(term, postings);
                } else if term > begin {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The postings of a term of a segment.
    pub(super) fn term(&self, segment: &Segment, term: &str, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let at = segment.terms.partition_point(|(first, _)| first.as_str() <= term);
        let Some((_, span)) = at.checked_sub(1).and_then(|at| segment.terms.get(at)) else { return Ok(()) };
        let block = block(&self.file, *span)?;
        let mut rest = block.as_slice();
        while !rest.is_empty() {
            let (other, postings) = take_text(&mut rest).zip(take(&mut rest)).ok_or_else(damaged)?;
            if other == term {
                each(postings);
                break;
            }
        }
        Ok(())
    }
}

fn block(file: &File, span: Span) -> io::Result<Vec<u8>> {
    let mut block = vec![0; span.length as usize];
    file.read_exact_at(&mut block, span.at)?;
    unpack(&block, span.at).ok_or_else(damaged)
}

fn damaged() -> io::Error {
    io::Error::other("the search index isn't what was written")
}
