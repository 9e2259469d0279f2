//! Terms in their order, each with some numbers: in packed pages, of which only the first terms are kept in memory.

use std::io;

use super::varint;
use crate::sorter::Sorter;
use crate::systems::catalog::{Blocks, Span};

/// A page is full when it has so many bytes: one is read and unpacked for each term that is asked for.
const PAGE: usize = 8 << 10;

/// Pages, each with its first term.
pub(super) type Pages = Vec<(String, Span)>;

/// Writes sorted terms; those that are alike become one.
pub(super) fn write(sorter: Sorter, blocks: &mut Blocks) -> io::Result<Pages> {
    let mut writer = Writer { pages: Vec::new(), page: Vec::new(), first: None, before: String::new() };
    let (mut term, mut numbers) = (String::new(), Vec::new());
    sorter.finish(|next, number| {
        if next != term {
            writer.add(&term, &numbers, blocks)?;
            next.clone_into(&mut term);
            numbers.clear();
        }
        numbers.push(number);
        Ok(())
    })?;
    writer.add(&term, &numbers, blocks)?;
    writer.end_page(blocks)?;
    Ok(writer.pages)
}

struct Writer {
    pages: Pages,
    page: Vec<u8>,
    first: Option<String>,
    /// The term before, of which the next one only has what differs.
    before: String,
}

impl Writer {
    fn add(&mut self, term: &str, numbers: &[u64], blocks: &mut Blocks) -> io::Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let shared = self.before.bytes().zip(term.bytes()).take_while(|(one, other)| one == other).count();
        let shared = if self.first.is_some() { shared } else { 0 };
        varint::put(&mut self.page, shared as u64);
        varint::put(&mut self.page, (term.len() - shared) as u64);
        self.page.extend_from_slice(&term.as_bytes()[shared..]);
        let (mut packed, mut last) = (Vec::new(), 0);
        for number in numbers {
            varint::put(&mut packed, number.wrapping_sub(last));
            last = *number;
        }
        varint::put(&mut self.page, packed.len() as u64);
        self.page.extend_from_slice(&packed);
        self.first.get_or_insert_with(|| term.to_owned());
        term.clone_into(&mut self.before);
        if self.page.len() >= PAGE { self.end_page(blocks) } else { Ok(()) }
    }

    fn end_page(&mut self, blocks: &mut Blocks) -> io::Result<()> {
        if let Some(first) = self.first.take() {
            self.pages.push((first, blocks.write(&self.page)?));
            self.page.clear();
        }
        Ok(())
    }
}

/// The entries of a page.
pub(super) struct Entries<'p> {
    rest: &'p [u8],
    term: Vec<u8>,
}

impl<'p> Entries<'p> {
    pub(super) fn of(page: &'p [u8]) -> Entries<'p> {
        Entries { rest: page, term: Vec::new() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next term, and its numbers as they are packed; `None` = it can't be read.
    pub(super) fn next(&mut self) -> Option<(&[u8], &'p [u8])> {
        let shared = usize::try_from(varint::take(&mut self.rest)?).ok()?;
        let own = self.take()?;
        let numbers = self.take()?;
        self.term.get(..shared)?;
        self.term.truncate(shared);
        self.term.extend_from_slice(own);
        Some((&self.term, numbers))
    }

    fn take(&mut self) -> Option<&'p [u8]> {
        let length = usize::try_from(varint::take(&mut self.rest)?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

/// The numbers of an entry.
pub(super) fn numbers(mut packed: &[u8]) -> impl Iterator<Item = u64> {
    let mut last = 0_u64;
    std::iter::from_fn(move || {
        last = last.wrapping_add(varint::take(&mut packed)?);
        Some(last)
    })
}
