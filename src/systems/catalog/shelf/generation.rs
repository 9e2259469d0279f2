//! Reading a generation.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::entry::Entry;
use super::error::ShelfError;
use super::layout::{
    About, Category, Contents, FILE, FOOT, MAGIC, Span, moved, read_foot, take_number, take_text, unpack,
};
use crate::catalog::Fields;

/// An item as it lies on the shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct Stocked {
    /// Its id.
    pub id: String,
    /// See [`crate::remote::nicechat::product_fields`].
    pub fields: Fields,
}

/// What one feed says. It never changes, and may be read from any thread, also when it has left the shelf.
#[derive(Debug)]
pub struct Generation {
    path: PathBuf,
    file: File,
    contents: Contents,
}

impl Generation {
    /// Opens the one in a folder.
    pub(super) fn open(folder: &Path) -> Result<Generation, ShelfError> {
        let path = folder.join(FILE);
        let unreadable = |error| ShelfError::Unreadable { path: path.clone(), error };
        let file = File::open(&path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let damaged = |what| ShelfError::Damaged { path: path.clone(), what };
        let at = length.checked_sub(FOOT as u64).ok_or_else(|| damaged("it is too short"))?;
        let (mut head, mut foot) = ([0; MAGIC.len()], [0; FOOT]);
        file.read_exact_at(&mut head, 0).and_then(|()| file.read_exact_at(&mut foot, at)).map_err(unreadable)?;
        let last = read_foot(&foot).filter(|last| head == MAGIC && last.at + u64::from(last.length) == at);
        let last = last.ok_or_else(|| damaged("it has no end"))?;
        let block = read_block(&file, last).map_err(unreadable)?;
        let contents = block.and_then(|block| serde_json::from_slice(&block).ok());
        let contents = contents.ok_or_else(|| damaged("its contents can't be read"))?;
        Ok(Generation { path, file, contents })
    }

    /// When it was begun.
    pub fn made(&self) -> Timestamp {
        self.contents.made
    }

    /// What it was made of.
    pub fn about(&self) -> &About {
        &self.contents.about
    }

    /// Bytes that it takes on the disk.
    pub fn bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Whether it is still what lies in its folder.
    pub fn is_on_shelf(&self) -> bool {
        let inode = |metadata: std::io::Result<std::fs::Metadata>| metadata.map(|metadata| metadata.ino()).ok();
        let own = inode(self.file.metadata());
        own.is_some() && own == inode(std::fs::metadata(&self.path))
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// How many items it has.
    pub fn len(&self) -> u64 {
        self.contents.items
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.contents.items == 0
    }

    /// The currencies of its items, and how many have each.
    pub fn currencies(&self) -> impl Iterator<Item = (&str, u64)> {
        let all = self.numbered_currencies().iter().map(|(name, count)| (name.as_str(), *count));
        all.filter(|(_, count)| *count > 0)
    }

    /// The one that most items have.
    pub fn main_currency(&self) -> Option<&str> {
        let most = self.currencies().max_by(|(one, ones), (other, others)| ones.cmp(others).then(one.cmp(other)));
        most.map(|(currency, _)| currency)
    }

    /// All that have a number.
    pub(super) fn numbered_currencies(&self) -> &[(String, u64)] {
        &self.contents.currencies
    }

    /// Its categories in the feed's order, with their names: a page of them; `None` = there are no more.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn categories(&self, page: usize) -> Result<Option<Vec<(String, String)>>, ShelfError> {
        let Some(numbered) = self.numbered_categories(page)? else { return Ok(None) };
        let used = numbered.into_iter().filter(|category| category.items > 0);
        Ok(Some(used.map(|Category { id, name, .. }| (id, name)).collect()))
    }

    /// All that have a number, and how many items have each: a page of them.
    pub(super) fn numbered_categories(&self, page: usize) -> Result<Option<Vec<Category>>, ShelfError> {
        let Some(span) = self.contents.categories.get(page) else { return Ok(None) };
        let page = self.read(*span)?;
        let mut rest = page.as_slice();
        let mut categories = Vec::new();
        while !rest.is_empty() {
            let category = take_text(&mut rest).zip(take_text(&mut rest)).zip(take_number(&mut rest));
            let ((id, name), items) = category.ok_or_else(|| self.damaged("a category is cut off"))?;
            categories.push(Category { id: id.to_owned(), name: name.to_owned(), items });
        }
        Ok(Some(categories))
    }

    /// Its items in the feed's order: a page of them; `None` = there are no more.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn items(&self, page: usize) -> Result<Option<Vec<Stocked>>, ShelfError> {
        let Some((_, span)) = self.contents.pages.get(page) else { return Ok(None) };
        let page = self.read(*span)?;
        let mut rest = page.as_slice();
        let mut items = Vec::new();
        while !rest.is_empty() {
            items.push(self.take_item(&mut rest)?);
        }
        Ok(Some(items))
    }

    /// The item with an id.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn get(&self, id: &str) -> Result<Option<Stocked>, ShelfError> {
        let ids = &self.contents.ids;
        let Some(page) = ids.partition_point(|(first, _)| first.as_str() <= id).checked_sub(1) else {
            return Ok(None);
        };
        let found = self.place_on(page, id)?;
        found.map(|place| self.at(place).and_then(|item| self.is_of(id, item))).transpose()
    }

    /// The place of the item with an id.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn place(&self, id: &str) -> Result<Option<u64>, ShelfError> {
        let ids = &self.contents.ids;
        let Some(page) = ids.partition_point(|(first, _)| first.as_str() <= id).checked_sub(1) else {
            return Ok(None);
        };
        self.place_on(page, id)
    }

    /// The same, on a page of ids.
    fn place_on(&self, page: usize, id: &str) -> Result<Option<u64>, ShelfError> {
        let page = self.id_page(page)?;
        let mut rest = page.as_slice();
        while !rest.is_empty() {
            let (other, place) = self.take_id(&mut rest)?;
            if other == id {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The page that an item's place is on, and the place of the first one on it; `None` = there is none.
    pub(super) fn page_of(&self, place: u64) -> Option<(usize, u64)> {
        let page = self.contents.pages.partition_point(|(first, _)| *first <= place).checked_sub(1)?;
        (place < self.contents.items).then(|| self.contents.pages.get(page).map(|(first, _)| (page, *first))).flatten()
    }

    /// A page of items as it lies there, for another place.
    pub(in crate::systems::catalog) fn page_moved(&self, page: usize, to: u64) -> Result<Vec<u8>, ShelfError> {
        let span = self.contents.pages.get(page).map(|(_, span)| *span);
        let span = span.ok_or_else(|| self.damaged("a page is missing"))?;
        let block = read_span(&self.file, span);
        let block = block.map_err(|error| ShelfError::Unreadable { path: self.path.clone(), error })?;
        moved(&block, span.at, to).ok_or_else(|| self.damaged("a block isn't what was written"))
    }

    /// The bytes of a page.
    pub(super) fn page(&self, page: usize) -> Result<Option<Vec<u8>>, ShelfError> {
        self.contents.pages.get(page).map(|(_, span)| self.read(*span)).transpose()
    }

    fn is_of(&self, id: &str, item: Stocked) -> Result<Stocked, ShelfError> {
        if item.id == id { Ok(item) } else { Err(self.damaged("an id leads to another item")) }
    }

    /// The item at a place in the feed's order.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn at(&self, place: u64) -> Result<Stocked, ShelfError> {
        let pages = &self.contents.pages;
        let page = pages.partition_point(|(first, _)| *first <= place).checked_sub(1);
        let (first, span) = page.and_then(|page| pages.get(page)).ok_or_else(|| self.damaged("a page is missing"))?;
        let page = self.read(*span)?;
        let mut rest = page.as_slice();
        for _ in *first..place {
            Entry::take(&mut rest).ok_or_else(|| self.damaged("an item is missing"))?;
        }
        self.take_item(&mut rest)
    }

    pub(super) fn take_item(&self, rest: &mut &[u8]) -> Result<Stocked, ShelfError> {
        let item = Entry::take(rest);
        let item = item.and_then(|entry| Some((entry.id, serde_json::from_slice(entry.json).ok()?)));
        let (id, fields) = item.ok_or_else(|| self.damaged("an item can't be read"))?;
        Ok(Stocked { id: id.to_owned(), fields })
    }

    /// The ids in their order (of their bytes), from one on, or where it would be. Those that begin alike are together.
    pub fn ids(&self, from: &str) -> impl Iterator<Item = Result<String, ShelfError>> {
        let first = self.contents.ids.partition_point(|(first, _)| first.as_str() <= from).saturating_sub(1);
        let from = from.to_owned();
        let pages = (first..self.contents.ids.len()).map(|page| self.ids_of(page));
        let ids = pages.flat_map(|page| match page {
            Ok(ids) => ids.into_iter().map(|(id, _)| Ok(id)).collect(),
            Err(error) => vec![Err(error)],
        });
        ids.skip_while(move |id| id.as_ref().is_ok_and(|id| *id < from))
    }

    /// Gives every id with its item's place to `each`, in the ids' order.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn each_id(&self, mut each: impl FnMut(&str, u64)) -> Result<(), ShelfError> {
        for page in 0..self.contents.ids.len() {
            self.ids_of(page)?.iter().for_each(|(id, place)| each(id, *place));
        }
        Ok(())
    }

    /// Its ids with the places of their items, in the ids' order.
    pub(super) fn places(&self) -> impl Iterator<Item = Result<(String, u64), ShelfError>> {
        (0..self.contents.ids.len()).flat_map(|page| match self.ids_of(page) {
            Ok(ids) => ids.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    fn ids_of(&self, page: usize) -> Result<Vec<(String, u64)>, ShelfError> {
        let page = self.id_page(page)?;
        let mut rest = page.as_slice();
        let mut ids = Vec::new();
        while !rest.is_empty() {
            let (id, place) = self.take_id(&mut rest)?;
            ids.push((id.to_owned(), place));
        }
        Ok(ids)
    }

    fn id_page(&self, page: usize) -> Result<Vec<u8>, ShelfError> {
        let span = self.contents.ids.get(page).map(|(_, span)| *span);
        self.read(span.ok_or_else(|| self.damaged("a page is missing"))?)
    }

    fn take_id<'p>(&self, rest: &mut &'p [u8]) -> Result<(&'p str, u64), ShelfError> {
        let id = take_text(rest).zip(take_number(rest));
        id.ok_or_else(|| self.damaged("an id is cut off"))
    }

    fn read(&self, span: Span) -> Result<Vec<u8>, ShelfError> {
        let block = read_block(&self.file, span);
        let block = block.map_err(|error| ShelfError::Unreadable { path: self.path.clone(), error })?;
        block.ok_or_else(|| self.damaged("a block isn't what was written"))
    }

    pub(super) fn damaged(&self, what: &'static str) -> ShelfError {
        ShelfError::Damaged { path: self.path.clone(), what }
    }
}

fn read_span(file: &File, span: Span) -> io::Result<Vec<u8>> {
    let mut block = vec![0; span.length as usize];
    file.read_exact_at(&mut block, span.at)?;
    Ok(block)
}

fn read_block(file: &File, span: Span) -> io::Result<Option<Vec<u8>>> {
    Ok(unpack(&read_span(file, span)?, span.at))
}
