//! Writing a generation.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::ShelfError;
use super::generation::Generation;
use super::layout::{Contents, FILE, MAGIC, PAGE, Span, foot, pack, put};
use super::sorter::Sorter;
use crate::catalog::{Id, Item};
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

/// A file to which blocks are added.
struct Blocks {
    file: BufWriter<File>,
    at: u64,
}

impl Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<Span> {
        let block = pack(bytes, self.at);
        let length = u32::try_from(block.len()).map_err(io::Error::other)?;
        let span = Span { at: self.at, length };
        self.file.write_all(&block)?;
        self.at += u64::from(length);
        Ok(span)
    }
}

impl Draft {
    /// Begins one in a folder that is there, and is empty.
    pub(super) fn begin(folder: PathBuf, whole: PathBuf) -> Result<Draft, ShelfError> {
        let path = folder.join(FILE);
        let run = || {
            let mut file = BufWriter::new(private::open(&path)?);
            file.write_all(&MAGIC)?;
            Ok(Blocks { file, at: MAGIC.len() as u64 })
        };
        let file = run().map_err(ShelfError::unwritable(&path))?;
        let contents = Contents {
            made: Timestamp::now(),
            items: 0,
            currencies: BTreeSet::new(),
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

    fn write(&mut self, item: &Item) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &ProductFields(item))?;
        put(&mut self.page, item.id.as_str().as_bytes());
        put(&mut self.page, &self.json);
        self.sorter.add(item.id.as_str(), self.contents.items)?;
        self.contents.items += 1;
        if let Some(currency) = item.currency.as_ref().map(|currency| currency.as_str())
            && !self.contents.currencies.contains(currency)
        {
            self.contents.currencies.insert(currency.to_owned());
        }
        if let Some(category) = &item.category
            && let Some(name) = &category.name
            && !self.seen.contains(&category.id)
        {
            self.seen.insert(category.id.clone());
            self.categories.push((category.id.clone(), name.clone()));
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
