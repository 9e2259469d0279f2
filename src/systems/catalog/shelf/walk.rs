//! Finding items of a generation in about the order in which they lie there: what a feed has from pass to pass.

use std::ops::Range;

use super::error::ShelfError;
use super::generation::{Generation, Stocked};
use super::layout::{take, take_text};

/// Looks items up, the next one being the likeliest.
pub struct Walk<'g> {
    generation: &'g Generation,
    page: Page,
    /// Where on the page the next one is expected.
    next: usize,
}

/// A page, and where on it its items begin and their ids are.
#[derive(Default)]
struct Page {
    number: usize,
    first: u64,
    bytes: Vec<u8>,
    items: Vec<(usize, Range<usize>)>,
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

    /// The place of the item with an id.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn find(&mut self, id: &str) -> Result<Option<u64>, ShelfError> {
        if self.next >= self.page.items.len() {
            let (number, first) = (self.page.number + 1, self.page.first + self.page.items.len() as u64);
            if let Some(page) = load(self.generation, number, first)? {
                (self.page, self.next) = (page, 0);
            }
        }
        let behind = (0..self.next.min(self.page.items.len())).rev();
        let on_page = (self.next..self.page.items.len()).chain(behind);
        if let Some(at) = { on_page }.find(|at| self.page.id(*at) == id.as_bytes()) {
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
        let at = place.checked_sub(self.page.first).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| self.page.items.get(at)).and_then(|(begin, _)| self.page.bytes.get(*begin..)) {
            Some(mut rest) => self.generation.take_item(&mut rest),
            None => self.generation.at(place),
        }
    }
}

impl Page {
    fn id(&self, at: usize) -> &[u8] {
        self.items.get(at).and_then(|(_, id)| self.bytes.get(id.clone())).unwrap_or_default()
    }
}

fn load(generation: &Generation, number: usize, first: u64) -> Result<Option<Page>, ShelfError> {
    let Some(bytes) = generation.page(number)? else { return Ok(None) };
    let mut items = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let begin = bytes.len() - rest.len();
        let id = take_text(&mut rest).ok_or_else(|| generation.damaged("an item is cut off"))?.len();
        let end = bytes.len() - rest.len();
        items.push((begin, end - id..end));
        take(&mut rest).ok_or_else(|| generation.damaged("an item is cut off"))?;
    }
    Ok(Some(Page { number, first, bytes, items }))
}
