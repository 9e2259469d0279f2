//! Making the index of a generation.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use super::columns::{Columns, NO_CURRENCY, NO_PRICE, NONE, Ranks, Row, price};
use super::file::{
    BRAND, CATEGORY, CODE, Contents, DESCRIPTION, FILE, SEGMENT, STEM, Segment, TITLE, VERSION, WHOLE, WORD,
};
use crate::catalog::digest_bytes;
use crate::state::private;
use crate::systems::catalog::{Blocks, Generation, MAGIC, Sorter, Span, foot, put};
use crate::systems::oct8ne::product::Product;
use crate::systems::oct8ne::text::html;
use crate::systems::oct8ne::text::words::Analyser;

/// A block of terms is full when it has so many bytes.
const BLOCK: usize = 16 << 10;
/// Letters of a description that are looked at.
const DESCRIBED: usize = 20_000;

/// Makes the index, and puts it into the generation's folder when it is whole.
pub(in crate::systems::oct8ne) fn build(generation: &Generation, analyser: &Analyser, key: &str) -> io::Result<()> {
    let whole = generation.folder().join(FILE);
    let unfinished = whole.with_extension("new");
    // A kill may have left it.
    _ = std::fs::remove_file(&unfinished);
    let mut file = BufWriter::new(private::open(&unfinished)?);
    file.write_all(&MAGIC)?;
    let mut builder = Builder::new(Blocks::behind_magic(file), generation, analyser)?;
    let mut page = 0;
    while let Some(items) = generation.items(page).map_err(io::Error::other)? {
        items.into_iter().try_for_each(|item| builder.add(&Product::of(item)))?;
        page += 1;
    }
    builder.finish(generation, key)?.sync_all()?;
    std::fs::rename(&unfinished, &whole)
}

struct Builder<'a> {
    blocks: Blocks,
    analyser: &'a Analyser,
    names: HashMap<String, String>,
    categories: Numbers,
    brands: Numbers,
    currencies: Numbers,
    sorter: Sorter,
    docs: u64,
    segments: Vec<Segment>,
    terms: HashMap<String, Vec<u8>>,
    rows: Vec<Row>,
    /// The terms of the document that is being added.
    found: BTreeMap<String, u8>,
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
            sorter: Sorter::new(generation.folder()),
            docs: 0,
            segments: Vec::new(),
            terms: HashMap::new(),
            rows: Vec::new(),
            found: BTreeMap::new(),
        })
    }

    fn add(&mut self, product: &Product) -> io::Result<()> {
        let title = html::without_tags(&product.title);
        let words = self.text(&html::plain(&title), TITLE);
        self.text(&html::plain(product.brand.as_deref().unwrap_or_default()), BRAND);
        let category = product.category.as_ref().and_then(|id| self.names.get(id)).cloned();
        self.text(&html::plain(category.as_deref().unwrap_or_default()), CATEGORY);
        for code in &product.codes {
            self.text(code, CODE);
            self.whole(code);
        }
        self.whole(&product.id);
        let described: String = product.description.as_deref().unwrap_or_default().chars().take(DESCRIBED).collect();
        self.text(&html::plain(&described), DESCRIPTION);
        let doc = (self.docs % SEGMENT) as u16;
        for (term, place) in std::mem::take(&mut self.found) {
            let postings = self.terms.entry(term).or_default();
            postings.extend_from_slice(&doc.to_le_bytes());
            postings.push(place);
        }
        self.rows.push(Row {
            category: product.category.as_ref().map_or(NONE, |id| self.categories.of(id)),
            brand: product.brand.as_ref().map_or(NONE, |brand| self.brands.of(brand)),
            group: product.group.as_ref().map_or(0, |group| group_of(group)),
            price: product.price.and_then(price).unwrap_or(NO_PRICE),
            currency: product.currency.as_ref().map_or(NO_CURRENCY, |name| self.currencies.of(name).min(254) as u8),
            is_in_stock: product.is_in_stock,
            title: u8::try_from(words).unwrap_or(u8::MAX),
        });
        self.sorter.add(&self.analyser.name_key(&title), self.docs)?;
        self.docs += 1;
        if self.docs.is_multiple_of(SEGMENT) { self.end_segment() } else { Ok(()) }
    }

    /// Adds the words of a text; gives how many they are.
    fn text(&mut self, text: &str, place: u8) -> usize {
        let mut count = 0;
        let found = &mut self.found;
        self.analyser.words(text, |word| {
            count += 1;
            for stem in &word.stems {
                *found.entry(format!("{STEM}{stem}")).or_default() |= place;
            }
            *found.entry(format!("{WORD}{}", word.folded)).or_default() |= place;
        });
        count
    }

    fn whole(&mut self, code: &str) {
        *self.found.entry(format!("{WHOLE}{}", self.analyser.folded(code))).or_default() |= CODE;
    }

    fn end_segment(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut terms: Vec<(String, Vec<u8>)> = std::mem::take(&mut self.terms).into_iter().collect();
        terms.sort_unstable();
        let (mut written, mut block, mut first) = (Vec::new(), Vec::new(), None);
        for (term, postings) in terms {
            put(&mut block, term.as_bytes());
            put(&mut block, &postings);
            first.get_or_insert(term);
            if block.len() >= BLOCK {
                written.extend(first.take().zip(Some(self.blocks.write(&block)?)));
                block.clear();
            }
        }
        if let Some(first) = first {
            written.push((first, self.blocks.write(&block)?));
        }
        let docs = self.rows.len() as u32;
        let columns = Columns(std::mem::take(&mut self.rows)).write();
        let columns = self.blocks.write(&columns)?;
        let first = self.docs - u64::from(docs);
        self.segments.push(Segment { first, docs, terms: written, columns, ranks: Span { at: 0, length: 0 } });
        Ok(())
    }

    fn finish(mut self, generation: &Generation, key: &str) -> io::Result<File> {
        self.end_segment()?;
        let docs = usize::try_from(self.docs).map_err(io::Error::other)?;
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
        self.sorter.finish(|(name, place)| {
            if name != before {
                rank += 1;
                before = name;
            }
            if let Some(entry) = usize::try_from(place).ok().and_then(|place| ranks.get_mut(place)) {
                entry.1 = rank;
            }
            Ok(())
        })?;
        let mut rest = ranks.as_slice();
        for segment in &mut self.segments {
            let (own, others) = rest.split_at((segment.docs as usize).min(rest.len()));
            segment.ranks = self.blocks.write(&Ranks(own.to_vec()).write())?;
            rest = others;
        }
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
