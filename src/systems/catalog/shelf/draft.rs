//! Writing a generation.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::blocks::Blocks;
use super::error::ShelfError;
use super::generation::{Generation, Stocked};
use super::layout::{About, Contents, FILE, MAGIC, PAGE, foot, put};
use super::sorter::Sorter;
use crate::catalog::{Id, Item, Local};
use crate::remote::nicechat::ProductFields;
use crate::state::private;

/// A generation that is being written. Memory: a page, the ids that are sorted at once, and the categories.
pub struct Draft {
    /// Where it is until it is whole.
    folder: PathBuf,
    /// What it is called then.
    whole: PathBuf,
    file: Blocks,
    page: Vec<u8>,
    json: Vec<u8>,
    sorter: Sorter,
    seen: HashSet<Id>,
    /// As they are written.
    categories: Vec<(Id, String)>,
    first: u64,
    contents: Contents,
}

impl Draft {
    /// Begins one in a folder that is there, and is empty.
    pub(super) fn begin(folder: PathBuf, whole: PathBuf) -> Result<Draft, ShelfError> {
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
            currencies: BTreeMap::new(),
            pages: Vec::new(),
            ids: Vec::new(),
            categories: Vec::new(),
        };
        let (page, json, sorter) = (Vec::new(), Vec::new(), Sorter::new(&folder));
        Ok(Draft {
            folder,
            whole,
            file,
            page,
            json,
            sorter,
            seen: HashSet::new(),
            categories: Vec::new(),
            first: 0,
            contents,
        })
    }

    /// Adds an item behind those that it has. No two have one id.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add(&mut self, item: &Item) -> Result<(), ShelfError> {
        self.write(item).map_err(ShelfError::unwritable(&self.folder))
    }

    /// The same with what is shown to others than NiceChat.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add_whole(&mut self, item: &Item) -> Result<(), ShelfError> {
        self.write_whole(item).map_err(ShelfError::unwritable(&self.folder))
    }

    /// Adds an item as it may lie on a shelf; `category` = the name of its category.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add_stocked(&mut self, stocked: &Stocked, category: Option<&str>) -> Result<(), ShelfError> {
        self.write_stocked(stocked, category).map_err(ShelfError::unwritable(&self.folder))
    }

    /// Says what it is made of.
    pub fn describe(&mut self, about: About) {
        self.contents.about = about;
    }

    fn write(&mut self, item: &Item) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &ProductFields(item))?;
        self.put_item(item)
    }

    fn write_whole(&mut self, item: &Item) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &ProductFields(item))?;
        if item.local != Local::default() {
            // The closing brace comes behind it.
            self.json.pop();
            self.json.extend_from_slice(b",\"local\":");
            serde_json::to_writer(&mut self.json, &item.local.to_fields())?;
            self.json.push(b'}');
        }
        self.put_item(item)
    }

    fn write_stocked(&mut self, stocked: &Stocked, category: Option<&str>) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &stocked.fields)?;
        let text = |name: &str| stocked.fields.get(name).and_then(Value::as_str);
        let id = text("category").and_then(|id| Id::parse(id).ok());
        self.put(&stocked.id, text("currency"), id.as_ref().zip(category))
    }

    fn put_item(&mut self, item: &Item) -> io::Result<()> {
        let category = item.category.as_ref();
        let category = category.and_then(|category| Some((&category.id, category.name.as_deref()?)));
        self.put(item.id.as_str(), item.currency.as_ref().map(|currency| currency.as_str()), category)
    }

    /// Adds an item whose fields are written already.
    fn put(&mut self, id: &str, currency: Option<&str>, category: Option<(&Id, &str)>) -> io::Result<()> {
        put(&mut self.page, id.as_bytes());
        put(&mut self.page, &self.json);
        self.sorter.add(id, self.contents.items)?;
        self.contents.items += 1;
        if let Some(currency) = currency {
            match self.contents.currencies.get_mut(currency) {
                Some(count) => *count += 1,
                None => _ = self.contents.currencies.insert(currency.to_owned(), 1),
            }
        }
        if let Some((id, name)) = category
            && !self.seen.contains(id)
        {
            self.seen.insert(id.clone());
            self.categories.push((id.clone(), name.to_owned()));
        }
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
        let (folder, whole) = (self.folder.clone(), self.whole.clone());
        let run = || {
            self.end()?;
            private::open(&folder.join(user))?;
            sync_folder(&folder)?;
            std::fs::rename(&folder, &whole)?;
            sync_folder(whole.parent().unwrap_or(Path::new(".")))
        };
        run().map_err(ShelfError::unwritable(&folder))?;
        Generation::open(&whole)
    }

    fn end(mut self) -> io::Result<()> {
        self.end_page()?;
        let Draft { mut file, sorter, categories, mut contents, mut page, .. } = self;
        let mut first = None;
        let mut end = |page: &mut Vec<u8>, first: &mut Option<String>, file: &mut Blocks| {
            if let Some(first) = first.take() {
                contents.ids.push((first, file.write(page)?));
                page.clear();
            }
            io::Result::Ok(())
        };
        sorter.finish(|(id, place)| {
            put(&mut page, id.as_bytes());
            page.extend_from_slice(&place.to_le_bytes());
            first.get_or_insert(id);
            if page.len() >= PAGE { end(&mut page, &mut first, &mut file) } else { Ok(()) }
        })?;
        end(&mut page, &mut first, &mut file)?;
        for (id, name) in categories {
            put(&mut page, id.as_str().as_bytes());
            put(&mut page, name.as_bytes());
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
