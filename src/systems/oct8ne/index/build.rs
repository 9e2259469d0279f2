//! Making the index of a generation.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::columns::{NO_CURRENCY, NO_PRICE, NONE, Row, price};
use super::dictionary;
use super::file::{BRAND, CATEGORY, CODE, Contents, DESCRIPTION, FILE, SEGMENT, Segment, TITLE, VERSION};
use super::spilled::Spilled;
use super::terms::Terms;
use crate::catalog::digest_bytes;
use crate::sorter::Sorter;
use crate::state::private;
use crate::systems::catalog::{Blocks, Generation, MAGIC, ShelfError, foot};
use crate::systems::oct8ne::product::Product;
use crate::systems::oct8ne::text::html;
use crate::systems::oct8ne::text::words::Analyser;

/// Letters of a description that are looked at.
const DESCRIBED: usize = 20_000;
/// Entries of lists that are kept in memory: a segment of long texts ends sooner.
const ENTRIES: usize = 4 << 20;

/// Pages that may wait until they are taken.
const WAITING: usize = 4;

/// Makes the index, and puts it into the generation's folder when it is whole.
pub(in crate::systems::oct8ne) fn build(generation: &Generation, analyser: &Analyser, key: &str) -> io::Result<()> {
    build_in(SEGMENT, generation, analyser, key)
}

/// The same in segments of so many documents.
pub(super) fn build_in(segment: usize, generation: &Generation, analyser: &Analyser, key: &str) -> io::Result<()> {
    let whole = generation.folder().join(FILE);
    let unfinished = whole.with_extension("new");
    // A kill may have left it.
    _ = std::fs::remove_file(&unfinished);
    let write = || {
        let mut file = BufWriter::new(private::open(&unfinished)?);
        file.write_all(&MAGIC)?;
        let mut builder = Builder { segment, ..Builder::new(Blocks::behind_magic(file), generation, analyser)? };
        each_page(generation, |products| products.iter().try_for_each(|product| builder.add(product)))?;
        builder.finish(generation, key)?.sync_all()?;
        std::fs::rename(&unfinished, &whole)
    };
    // What a full disk leaves of it may be large.
    write().inspect_err(|_| _ = std::fs::remove_file(&unfinished))
}

/// Gives the products of each page to `take`, while a thread of its own reads those that follow: what changed is to be
/// found soon.
fn each_page(generation: &Generation, mut take: impl FnMut(&[Product]) -> io::Result<()>) -> io::Result<()> {
    thread::scope(|scope| {
        let (to, pages) = sync_channel(WAITING);
        let read = move || {
            let mut page = 0;
            while let Some(items) = generation.items(page)? {
                // Nobody wants more when one of them could not be taken.
                if to.send(items.into_iter().map(Product::of).collect::<Vec<_>>()).is_err() {
                    break;
                }
                page += 1;
            }
            Ok::<(), ShelfError>(())
        };
        let reader = thread::Builder::new().name("read".into()).spawn_scoped(scope, read)?;
        for products in pages {
            take(&products)?;
        }
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(io::Error::other)
    })
}

struct Builder<'a> {
    blocks: Blocks,
    analyser: &'a Analyser,
    names: HashMap<String, String>,
    categories: Numbers,
    brands: Numbers,
    currencies: Numbers,
    names_in_order: Sorter,
    /// Words, what their forms have in common, and their lists.
    words: Sorter,
    /// Ids and codes as wholes, and the places of their products.
    codes: Sorter,
    docs: u64,
    /// The most documents of a segment.
    segment: usize,
    segments: Vec<Segment>,
    terms: Terms,
    rows: Spilled,
    groups: Vec<u64>,
}

/// Numbers for names, in the order in which they come.
#[derive(Default)]
struct Numbers {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Numbers {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(NONE);
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

impl<'a> Builder<'a> {
    fn new(blocks: Blocks, generation: &Generation, analyser: &'a Analyser) -> io::Result<Builder<'a>> {
        let mut names = HashMap::new();
        let mut page = 0;
        while let Some(some) = generation.categories(page).map_err(io::Error::other)? {
            names.extend(some);
            page += 1;
        }
        Ok(Builder {
            blocks,
            analyser,
            names,
            categories: Numbers::default(),
            brands: Numbers::default(),
            currencies: Numbers::default(),
            names_in_order: Sorter::new(generation.folder()),
            words: Sorter::new(generation.folder()),
            codes: Sorter::new(generation.folder()),
            docs: 0,
            segment: SEGMENT,
            segments: Vec::new(),
            terms: Terms::default(),
            rows: Spilled::new(generation.folder())?,
            groups: Vec::new(),
        })
    }

    fn add(&mut self, product: &Product) -> io::Result<()> {
        let title = html::without_tags(&product.title);
        let words = self.text(&html::plain(&title), TITLE);
        self.text(&html::plain(product.brand.as_deref().unwrap_or_default()), BRAND);
        if let Some(name) = product.category.as_ref().and_then(|id| self.names.get(id)) {
            self.terms.add(self.analyser, &html::plain(name), (self.groups.len() as u16, CATEGORY));
        }
        let mut whole = BTreeSet::from([self.analyser.folded(&product.id)]);
        for code in &product.codes {
            self.text(code, CODE);
            whole.insert(self.analyser.folded(code));
        }
        whole.iter().try_for_each(|code| self.codes.add(code, self.docs))?;
        let description = product.description.as_deref().unwrap_or_default();
        let described = description.char_indices().nth(DESCRIBED).map_or(description, |(end, _)| &description[..end]);
        self.text(&html::plain(described), DESCRIPTION);
        self.rows.add(Row {
            category: product.category.as_ref().map_or(NONE, |id| self.categories.of(id)),
            brand: product.brand.as_ref().map_or(NONE, |brand| self.brands.of(brand)),
            price: product.price.and_then(price).unwrap_or(NO_PRICE),
            currency: product.currency.as_ref().map_or(NO_CURRENCY, |name| self.currencies.of(name).min(254) as u8),
            is_in_stock: product.is_in_stock,
            title: u8::try_from(words).unwrap_or(u8::MAX),
            // They are known when there are no more.
            id: 0,
            name: 0,
        })?;
        self.groups.push(product.group.as_ref().map_or(0, |group| group_of(group)));
        self.names_in_order.add(&self.analyser.name_key(&title), self.docs)?;
        self.docs += 1;
        let is_full = self.groups.len() >= self.segment || self.terms.entries >= ENTRIES;
        if is_full { self.end_segment() } else { Ok(()) }
    }

    /// Adds the words of a text; gives how many they are.
    fn text(&mut self, text: &str, place: u8) -> usize {
        self.terms.add(self.analyser, text, (self.groups.len() as u16, place))
    }

    fn end_segment(&mut self) -> io::Result<()> {
        if self.groups.is_empty() {
            return Ok(());
        }
        let docs = self.groups.len();
        let lists = self.blocks.at;
        let terms = std::mem::take(&mut self.terms);
        let file = &mut self.blocks.file;
        let mut written = 0;
        terms.write((self.segments.len(), docs), lists, &mut self.words, |list| {
            written += list.len() as u64;
            file.write_all(list)
        })?;
        self.blocks.at += written;
        let groups: Vec<u8> = self.groups.drain(..).flat_map(u64::to_le_bytes).collect();
        let groups = self.blocks.write(&groups)?;
        let first = self.docs - docs as u64;
        self.segments.push(Segment { first, docs: docs as u32, lists, rows: 0, groups });
        Ok(())
    }

    /// The places of documents in the orders of ids and of names.
    fn ranks(generation: &Generation, names: Sorter, docs: usize) -> io::Result<Vec<(u32, u32)>> {
        let mut ranks = vec![(0_u32, 0_u32); docs];
        let mut next = 0;
        let numbered = |_: &str, place: u64| {
            if let Some(rank) = usize::try_from(place).ok().and_then(|place| ranks.get_mut(place)) {
                rank.0 = next;
            }
            next += 1;
        };
        generation.each_id(numbered).map_err(io::Error::other)?;
        let (mut rank, mut before) = (0, String::new());
        names.finish(|name, place| {
            if name != before {
                rank += 1;
                name.clone_into(&mut before);
            }
            if let Some(entry) = usize::try_from(place).ok().and_then(|place| ranks.get_mut(place)) {
                entry.1 = rank;
            }
            Ok(())
        })?;
        Ok(ranks)
    }

    fn finish(mut self, generation: &Generation, key: &str) -> io::Result<File> {
        self.end_segment()?;
        // What it took isn't needed any more.
        self.terms = Terms::default();
        let docs = usize::try_from(self.docs).map_err(io::Error::other)?;
        let terms = dictionary::write(self.words, &mut self.blocks)?;
        let codes = dictionary::write(self.codes, &mut self.blocks)?;
        let ranks = Self::ranks(generation, self.names_in_order, docs)?;
        let layout = self.rows.write(&ranks, &mut self.segments, &mut self.blocks)?;
        let name = |id: &String| (id.clone(), self.names.get(id).cloned().unwrap_or_else(|| id.clone()));
        let categories: Vec<(String, String)> = self.categories.names.iter().map(name).collect();
        let categories = self.blocks.write(&serde_json::to_vec(&categories)?)?;
        let brands = self.blocks.write(&serde_json::to_vec(&self.brands.names)?)?;
        let contents = Contents {
            version: VERSION,
            key: key.to_owned(),
            docs: self.docs,
            currencies: self.currencies.names,
            categories,
            brands,
            segments: self.segments,
            terms,
            codes,
            layout,
        };
        let last = self.blocks.write(&serde_json::to_vec(&contents)?)?;
        self.blocks.file.write_all(&foot(last))?;
        self.blocks.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// A group as a column has it.
pub(super) fn group_of(group: &str) -> u64 {
    (digest_bytes(group.as_bytes()) as u64).max(1)
}
