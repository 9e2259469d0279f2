//! Finding items of a generation in about the order in which they lie there: what a feed has from pass to pass.

use super::entry::Entry;
use super::error::ShelfError;
use super::generation::{Generation, Stocked};
use crate::catalog::Digest;

/// Looks items up, the next one being the likeliest.
pub struct Walk<'g> {
    generation: &'g Generation,
    page: Page,
    /// Where on the page the next one is expected.
    next: usize,
}

/// A page of items.
#[derive(Default)]
pub struct Page {
    pub(super) number: usize,
    /// The place of its first item.
    pub(super) first: u64,
    bytes: Vec<u8>,
    /// Where on the page its items begin, and the digests of their rows.
    items: Vec<(usize, Option<Digest>)>,
}

impl<'g> Walk<'g> {
    /// Begins at the first item.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn new(generation: &'g Generation) -> Result<Walk<'g>, ShelfError> {
        let page = load(generation, 0, 0)?.unwrap_or_default();
        Ok(Walk { generation, page, next: 0 })
    }

    /// The page that is open.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Whether the next item is expected on another page.
    pub fn is_at_end(&self) -> bool {
        self.next >= self.page.items.len()
    }

    /// Opens the page that an item lies on.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn go_to(&mut self, place: u64) -> Result<(), ShelfError> {
        if self.page.rest(place).is_none()
            && let Some((number, first)) = self.generation.page_of(place)
            && let Some(page) = load(self.generation, number, first)?
        {
            (self.page, self.next) = (page, 0);
        }
        Ok(())
    }

    /// Goes on to the next page when this one has no more.
    fn go_on(&mut self) -> Result<(), ShelfError> {
        if self.is_at_end() {
            let (number, first) = (self.page.number + 1, self.page.first + self.page.items.len() as u64);
            if let Some(page) = load(self.generation, number, first)? {
                (self.page, self.next) = (page, 0);
            }
        }
        Ok(())
    }

    /// The place of the item that was made of a row, if it is about where it is expected.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn known(&mut self, row: Digest) -> Result<Option<u64>, ShelfError> {
        self.go_on()?;
        let items = self.page.items.get(self.next..).unwrap_or_default();
        let Some(ahead) = items.iter().position(|(_, digest)| *digest == Some(row)) else { return Ok(None) };
        let at = self.next + ahead;
        self.next = at + 1;
        Ok(Some(self.page.first + at as u64))
    }

    /// The place of the item with an id.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn find(&mut self, id: &str) -> Result<Option<u64>, ShelfError> {
        // Who has just found it may ask again.
        if let Some(last) = self.next.checked_sub(1)
            && self.page.entry(last).is_some_and(|entry| entry.id == id)
        {
            return Ok(Some(self.page.first + last as u64));
        }
        self.go_on()?;
        let behind = (0..self.next.min(self.page.items.len())).rev();
        let on_page = (self.next..self.page.items.len()).chain(behind);
        if let Some(at) = { on_page }.find(|at| self.page.entry(*at).is_some_and(|entry| entry.id == id)) {
            self.next = at + 1;
            return Ok(Some(self.page.first + at as u64));
        }
        let Some(place) = self.generation.place(id)? else { return Ok(None) };
        if let Some((number, first)) = self.generation.page_of(place)
            && let Some(page) = load(self.generation, number, first)?
        {
            self.next = usize::try_from(place - first).unwrap_or_default() + 1;
            self.page = page;
        }
        Ok(Some(place))
    }

    /// The item at a place.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn item(&self, place: u64) -> Result<Stocked, ShelfError> {
        // Mostly it is on the page that is open: to read and unpack that again would cost more than all else.
        match self.page.rest(place) {
            Some(mut rest) => self.generation.take_item(&mut rest),
            None => self.generation.at(place),
        }
    }
}

impl Page {
    /// How many items it has.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The item at a place, if it is on this page.
    pub fn at(&self, place: u64) -> Option<Entry<'_>> {
        Entry::take(&mut self.rest(place)?)
    }

    fn rest(&self, place: u64) -> Option<&[u8]> {
        let at = usize::try_from(place.checked_sub(self.first)?).ok()?;
        self.bytes.get(self.items.get(at)?.0..)
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        Entry::take(&mut self.bytes.get(self.items.get(at)?.0..)?)
    }
}

fn load(generation: &Generation, number: usize, first: u64) -> Result<Option<Page>, ShelfError> {
    let Some(bytes) = generation.page(number)? else { return Ok(None) };
    let mut items = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let begin = bytes.len() - rest.len();
        let entry = Entry::take(&mut rest).ok_or_else(|| generation.damaged("an item is cut off"))?;
        items.push((begin, entry.note.row));
    }
    Ok(Some(Page { number, first, bytes, items }))
}
