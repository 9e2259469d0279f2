//! Writing a generation.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::blocks::Blocks;
use super::entry::{Entry, Note};
use super::error::ShelfError;
use super::generation::{Generation, Stocked};
use super::layout::{About, Category, Contents, FILE, MAGIC, PAGE, foot, put};
use super::numbers::Numbers;
use super::walk::Page;
use crate::catalog::{Id, Item, Local};
use crate::remote::nicechat::ProductFields;
use crate::sorter::Sorter;
use crate::state::private;

/// A page that is taken over as it lies there doesn't leave one behind that is smaller than this part of a full one.
const LEAST: usize = PAGE / 4;

/// A generation that is being written. Memory: a page, the ids that are sorted at once, the categories, and 4 bytes for
/// each item of the one before.
pub struct Draft {
    /// Where it is until it is whole.
    folder: Unfinished,
    /// What it is called then.
    whole: PathBuf,
    file: Blocks,
    page: Vec<u8>,
    json: Vec<u8>,
    sorter: Sorter,
    numbers: Numbers,
    /// Where the items of the generation before went, by their places there.
    moved: Vec<u32>,
    first: u64,
    contents: Contents,
}

/// A folder that goes with whoever has it, unless it is renamed before: what a full disk leaves in it may be large.
struct Unfinished(PathBuf);

impl Deref for Unfinished {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What can't be removed is when the next one begins.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An item of the generation before that isn't in this one.
const GONE: u32 = u32::MAX;

/// An item that is added.
struct New<'a> {
    id: &'a str,
    note: Note,
    /// Its place in the generation before, if it is in there.
    was: Option<u64>,
}

impl Draft {
    /// Begins one in a folder that is there, and is empty.
    pub(super) fn begin(folder: PathBuf, whole: PathBuf) -> Result<Draft, ShelfError> {
        let folder = Unfinished(folder);
        let path = folder.join(FILE);
        let run = || {
            let mut file = BufWriter::new(private::open(&path)?);
            file.write_all(&MAGIC)?;
            Ok(Blocks::behind_magic(file))
        };
        let file = run().map_err(ShelfError::unwritable(&path))?;
        let contents = Contents {
            made: Timestamp::now(),
            items: 0,
            about: About::default(),
            currencies: Vec::new(),
            pages: Vec::new(),
            ids: Vec::new(),
            categories: Vec::new(),
        };
        let (page, json, sorter) = (Vec::new(), Vec::new(), Sorter::new(&folder));
        let (numbers, moved) = (Numbers::default(), Vec::new());
        Ok(Draft { folder, whole, file, page, json, sorter, numbers, moved, first: 0, contents })
    }

    /// Has much in common with the one before, which is then given to [`Draft::finish_after`], too: its numbers hold.
    pub(super) fn after(self, old: &Generation) -> Result<Draft, ShelfError> {
        let moved = vec![GONE; usize::try_from(old.len()).unwrap_or_default()];
        Ok(Draft { numbers: Numbers::of(old)?, moved, ..self })
    }

    /// Adds an item behind those that it has. No two have one id.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add(&mut self, item: &Item) -> Result<(), ShelfError> {
        let write = |draft: &mut Draft| {
            draft.json.clear();
            serde_json::to_writer(&mut draft.json, &ProductFields(item))?;
            draft.put_item(item, Note::default(), None)
        };
        write(self).map_err(ShelfError::unwritable(&self.folder))
    }

    /// The same with what is shown to others than NiceChat. `was` = its place in the generation before.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add_whole(&mut self, item: &Item, note: Note, was: Option<u64>) -> Result<(), ShelfError> {
        self.write_whole(item, note, was).map_err(ShelfError::unwritable(&self.folder))
    }

    /// Adds an item as it may lie on a shelf; `category` = the name of its category, `was` as above.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add_stocked(
        &mut self,
        stocked: &Stocked,
        category: Option<&str>,
        note: Note,
        was: Option<u64>,
    ) -> Result<(), ShelfError> {
        self.write_stocked(stocked, category, note, was).map_err(ShelfError::unwritable(&self.folder))
    }

    /// Takes items over that lie beside each other on a page of the generation before, as they are.
    ///
    /// # Errors
    /// When they can't be read or written.
    pub fn take_over(&mut self, old: &Generation, page: &Page, places: Range<u64>) -> Result<(), ShelfError> {
        let is_whole = places.start == page.first && places.end == page.first + page.len() as u64;
        if is_whole && (self.page.is_empty() || self.page.len() >= LEAST) {
            self.end_page().map_err(ShelfError::unwritable(&self.folder))?;
            let block = old.page_moved(page.number, self.file.at)?;
            let span = self.file.put(&block).map_err(ShelfError::unwritable(&self.folder))?;
            self.contents.pages.push((self.first, span));
            for place in places {
                let entry = page.at(place).ok_or_else(|| old.damaged("an item is missing"))?;
                self.count(&entry, Some(place)).map_err(ShelfError::unwritable(&self.folder))?;
            }
            self.first = self.contents.items;
            return Ok(());
        }
        for place in places {
            let entry = page.at(place).ok_or_else(|| old.damaged("an item is missing"))?;
            entry.put(&mut self.page);
            let done = self.count(&entry, Some(place));
            let done = if is_whole { done } else { done.and_then(|()| self.end_full_page()) };
            done.map_err(ShelfError::unwritable(&self.folder))?;
        }
        // Else what a small page leaves over would be in the way of all pages to come.
        let end = if is_whole { self.end_page() } else { Ok(()) };
        end.map_err(ShelfError::unwritable(&self.folder))
    }

    /// Adds an item of a page of the generation before although no row says so now: what its row said then, at another
    /// time, counts no more.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn keep(&mut self, old: &Generation, page: &Page, place: u64) -> Result<(), ShelfError> {
        let entry = page.at(place).ok_or_else(|| old.damaged("an item is missing"))?;
        let entry = Entry { note: Note { row: None, ..entry.note }, ..entry };
        entry.put(&mut self.page);
        let done = self.count(&entry, Some(place)).and_then(|()| self.end_full_page());
        done.map_err(ShelfError::unwritable(&self.folder))
    }

    /// Says what it is made of.
    pub fn describe(&mut self, about: About) {
        self.contents.about = about;
    }

    fn write_whole(&mut self, item: &Item, note: Note, was: Option<u64>) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &ProductFields(item))?;
        if item.local != Local::default() {
            // The closing brace comes behind it.
            self.json.pop();
            self.json.extend_from_slice(b",\"local\":");
            serde_json::to_writer(&mut self.json, &item.local.to_fields())?;
            self.json.push(b'}');
        }
        self.put_item(item, note, was)
    }

    fn write_stocked(
        &mut self,
        stocked: &Stocked,
        category: Option<&str>,
        note: Note,
        was: Option<u64>,
    ) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &stocked.fields)?;
        let text = |name: &str| stocked.fields.get(name).and_then(Value::as_str);
        let id = text("category").and_then(|id| Id::parse(id).ok());
        self.put(&New { id: &stocked.id, note, was }, text("currency"), id.as_ref().zip(category))
    }

    fn put_item(&mut self, item: &Item, note: Note, was: Option<u64>) -> io::Result<()> {
        let category = item.category.as_ref();
        let category = category.and_then(|category| Some((&category.id, category.name.as_deref()?)));
        let new = New { id: item.id.as_str(), note, was };
        self.put(&new, item.currency.as_ref().map(|currency| currency.as_str()), category)
    }

    /// Adds an item whose fields are written already.
    fn put(&mut self, new: &New<'_>, currency: Option<&str>, category: Option<(&Id, &str)>) -> io::Result<()> {
        let (currency, category) = (self.numbers.currency(currency), self.numbers.category(category));
        let json = std::mem::take(&mut self.json);
        let entry = Entry { id: new.id, note: new.note, currency, category, json: &json };
        entry.put(&mut self.page);
        self.count(&entry, new.was)?;
        self.json = json;
        self.end_full_page()
    }

    /// An item is on the page.
    fn count(&mut self, entry: &Entry<'_>, was: Option<u64>) -> io::Result<()> {
        let place = self.contents.items;
        let moved = was.and_then(|was| self.moved.get_mut(usize::try_from(was).ok()?));
        match (moved, u32::try_from(place)) {
            (Some(moved), Ok(place)) if place != GONE => *moved = place,
            _ => self.sorter.add(entry.id, place)?,
        }
        self.numbers.count(entry.currency, entry.category);
        self.contents.items += 1;
        Ok(())
    }

    fn end_full_page(&mut self) -> io::Result<()> {
        if self.page.len() >= PAGE { self.end_page() } else { Ok(()) }
    }

    fn end_page(&mut self) -> io::Result<()> {
        if !self.page.is_empty() {
            self.contents.pages.push((self.first, self.file.write(&self.page)?));
            self.page.clear();
            self.first = self.contents.items;
        }
        Ok(())
    }

    /// Puts it on the shelf, whole and on the disk. `user` = who it is held for, by a name that can be one of a file.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(self, user: &str) -> Result<Generation, ShelfError> {
        self.finish_after(user, None)
    }

    /// The same after the generation that it has much in common with.
    ///
    /// # Errors
    /// When it can't be written, or that one not be read.
    pub fn finish_after(self, user: &str, old: Option<&Generation>) -> Result<Generation, ShelfError> {
        let (folder, whole) = self.end(old)?;
        let run = || {
            private::open(&folder.join(user))?;
            sync_folder(&folder)?;
            std::fs::rename(&*folder, &whole)?;
            sync_folder(whole.parent().unwrap_or(Path::new(".")))
        };
        run().map_err(ShelfError::unwritable(&folder))?;
        Generation::open(&whole)
    }

    fn end(mut self, old: Option<&Generation>) -> Result<(Unfinished, PathBuf), ShelfError> {
        let path = self.folder.to_path_buf();
        let unwritable = ShelfError::unwritable(&path);
        self.end_page().map_err(&unwritable)?;
        let Draft { folder, whole, file, sorter, numbers, moved, contents, .. } = self;
        let mut ids = IdPages { file, page: Vec::new(), first: None, contents };
        let mut known = old.into_iter().flat_map(Generation::places).peekable();
        // A damaged page of the one before is told when all is over: a callback of the sorter can't.
        let mut damage = None;
        let mut up_to = |id: Option<&str>, ids: &mut IdPages| {
            while let Some(entry) = known.next_if(|entry| {
                id.is_none_or(|id| entry.as_ref().is_ok_and(|(known, _)| known.as_str() < id) || entry.is_err())
            }) {
                match entry {
                    Ok((known, was)) => {
                        let place = usize::try_from(was).ok().and_then(|was| moved.get(was).copied());
                        if let Some(place) = place.filter(|place| *place != GONE) {
                            ids.add(&known, u64::from(place))?;
                        }
                    }
                    Err(error) => damage = Some(error),
                }
            }
            Ok(())
        };
        let merged = sorter.finish(|id, place| {
            up_to(Some(id), &mut ids)?;
            ids.add(id, place)
        });
        merged.and_then(|()| up_to(None, &mut ids)).map_err(&unwritable)?;
        damage.map_or(Ok(()), Err)?;
        ids.end(numbers).map_err(&unwritable)?;
        Ok((folder, whole))
    }
}

/// The pages of ids that come behind those of the items.
struct IdPages {
    file: Blocks,
    page: Vec<u8>,
    first: Option<String>,
    contents: Contents,
}

impl IdPages {
    fn add(&mut self, id: &str, place: u64) -> io::Result<()> {
        put(&mut self.page, id.as_bytes());
        self.page.extend_from_slice(&place.to_le_bytes());
        self.first.get_or_insert_with(|| id.to_owned());
        if self.page.len() >= PAGE { self.end_page() } else { Ok(()) }
    }

    fn end_page(&mut self) -> io::Result<()> {
        if let Some(first) = self.first.take() {
            self.contents.ids.push((first, self.file.write(&self.page)?));
            self.page.clear();
        }
        Ok(())
    }

    /// Writes what comes behind them.
    fn end(mut self, numbers: Numbers) -> io::Result<()> {
        self.end_page()?;
        let IdPages { mut file, mut page, mut contents, .. } = self;
        contents.currencies = numbers.currencies;
        for Category { id, name, items } in numbers.categories {
            put(&mut page, id.as_bytes());
            put(&mut page, name.as_bytes());
            page.extend_from_slice(&items.to_le_bytes());
            if page.len() >= PAGE {
                contents.categories.push(file.write(&page)?);
                page.clear();
            }
        }
        if !page.is_empty() {
            contents.categories.push(file.write(&page)?);
        }
        let last = file.write(&serde_json::to_vec(&contents)?)?;
        file.file.write_all(&foot(last))?;
        file.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// Has the names in a folder written to the disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
