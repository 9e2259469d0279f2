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

/// A page, and where its ids are.
#[derive(Default)]
struct Page {
    number: usize,
    first: u64,
    bytes: Vec<u8>,
    ids: Vec<Range<usize>>,
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
        if self.next >= self.page.ids.len() {
            let (number, first) = (self.page.number + 1, self.page.first + self.page.ids.len() as u64);
            if let Some(page) = load(self.generation, number, first)? {
                (self.page, self.next) = (page, 0);
            }
        }
        if let Some(ahead) = (self.next..self.page.ids.len()).find(|at| self.page.id(*at) == id.as_bytes()) {
            self.next = ahead + 1;
            return Ok(Some(self.page.first + ahead as u64));
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
        self.generation.at(place)
    }
}

impl Page {
    fn id(&self, at: usize) -> &[u8] {
        self.ids.get(at).and_then(|range| self.bytes.get(range.clone())).unwrap_or_default()
    }
}

fn load(generation: &Generation, number: usize, first: u64) -> Result<Option<Page>, ShelfError> {
    let Some(bytes) = generation.page(number)? else { return Ok(None) };
    let mut ids = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let id = take_text(&mut rest).ok_or_else(|| generation.damaged("an item is cut off"))?.len();
        let end = bytes.len() - rest.len();
        ids.push(end - id..end);
        take(&mut rest).ok_or_else(|| generation.damaged("an item is cut off"))?;
    }
    Ok(Some(Page { number, first, bytes, ids }))
}
