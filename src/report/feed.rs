//! What is in a feed, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Seek as _, Write};

use serde_json::json;
use tempfile::SpooledTempFile;

use super::columns::Columns;
use super::excluded::Excluded;
use super::rejected::RejectedRows;
use super::words::strange_stock;
use crate::catalog::{Faults, Item, UnknownWords};
use crate::feed::{FeedType, Row};
use crate::text::{WIDTH, count, number, one_line, shorten_to};

/// What is kept in memory before it goes to a temporary file.
const IN_MEMORY: usize = 8 << 20;

/// Items whose like a person is shown first.
const SAMPLE: usize = 3;
/// Characters of an item's id that a person is shown; what is before and between it, a title and a price; and what takes
/// the place of a text's middle.
const ID: usize = 30;
const BETWEEN: usize = 6;
const CUT: usize = 3;
/// Rejected rows that a person is shown.
const SHOWN: usize = 100;

/// Collects the JSON of a feed, on disk when it is large: nothing is printed before the feed turns
/// out to be whole.
pub struct FeedJson {
    items: SpooledTempFile,
    rejected: SpooledTempFile,
    categories: BTreeMap<String, String>,
    strange_stock: UnknownWords,
    item_count: u64,
    rejected_count: u64,
}

impl FeedJson {
    /// An empty one.
    ///
    /// # Errors
    /// None so far; room for a temporary file is only needed later.
    pub fn new() -> io::Result<FeedJson> {
        Ok(FeedJson {
            items: SpooledTempFile::new(IN_MEMORY),
            rejected: SpooledTempFile::new(IN_MEMORY),
            categories: BTreeMap::new(),
            strange_stock: UnknownWords::default(),
            item_count: 0,
            rejected_count: 0,
        })
    }

    /// Takes in a row.
    ///
    /// # Errors
    /// When there is no room for the temporary file.
    pub fn row(&mut self, row: Row) -> io::Result<()> {
        match row {
            Row::Offer(offer) => {
                remember(&mut self.categories, &offer.item);
                offer.strange_stock.iter().for_each(|word| self.strange_stock.add(word));
                append(&mut self.items, &mut self.item_count, &offer.item.to_json().to_string())
            }
            Row::Rejected(rejection) => {
                let json = serde_json::to_string(&rejection)?;
                append(&mut self.rejected, &mut self.rejected_count, &json)
            }
        }
    }

    /// Prints what was collected; gives the number of rejected rows.
    ///
    /// # Errors
    /// When it can't be printed.
    pub fn print(
        mut self,
        kind: FeedType,
        excluded: &Excluded,
        columns: &Columns<'_>,
        out: &mut impl Write,
    ) -> io::Result<u64> {
        write!(out, "{{\"type\":{},\"items\":[", json!(kind.name()))?;
        copy(&mut self.items, out)?;
        let categories: Vec<_> = self.categories.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
        write!(out, "],\n\"categories\":{},\n\"rejected\":[", json!(categories))?;
        copy(&mut self.rejected, out)?;
        let strange = json!(self.strange_stock.counts());
        let strange = if self.strange_stock.total() > 0 {
            format!(",\n\"unknown_availability\":{strange}")
        } else {
            String::new()
        };
        let excluded = excluded.json().map(|by| format!(",\n\"excluded\":{by}")).unwrap_or_default();
        let missing = if columns.gone.is_empty() {
            String::new()
        } else {
            format!(",\n\"missing_columns\":{}", columns.gone_json)
        };
        let columns = columns.json().map(|columns| format!(",\n\"columns\":{columns}")).unwrap_or_default();
        writeln!(out, "]{strange}{excluded}{columns}{missing}}}")?;
        Ok(self.rejected_count)
    }
}

fn append(file: &mut SpooledTempFile, count: &mut u64, json: &str) -> io::Result<()> {
    let separator = if *count == 0 { "\n" } else { ",\n" };
    *count += 1;
    write!(file, "{separator}{json}")
}

fn copy(file: &mut SpooledTempFile, out: &mut impl Write) -> io::Result<()> {
    file.rewind()?;
    io::copy(file, out).map(|_| ())
}

fn remember(categories: &mut BTreeMap<String, String>, item: &Item) {
    if let Some(category) = &item.category
        && let Some(name) = &category.name
        && !categories.contains_key(category.id.as_str())
    {
        categories.insert(category.id.to_string(), name.clone());
    }
}

/// Collects what a person wants to know of a feed.
pub struct FeedText {
    items: u64,
    assumed: u64,
    strange_stock: UnknownWords,
    in_stock: u64,
    without: BTreeMap<&'static str, u64>,
    sample: Vec<Item>,
    categories: BTreeMap<String, String>,
    rejected: RejectedRows,
    faults: Faults,
}

impl Default for FeedText {
    fn default() -> Self {
        Self::new()
    }
}

impl FeedText {
    /// Of nothing yet.
    pub fn new() -> FeedText {
        FeedText {
            items: 0,
            assumed: 0,
            strange_stock: UnknownWords::default(),
            in_stock: 0,
            without: BTreeMap::new(),
            sample: Vec::new(),
            categories: BTreeMap::new(),
            rejected: RejectedRows::new(SHOWN),
            faults: Faults::default(),
        }
    }

    /// Takes in a row.
    pub fn row(&mut self, row: Row) {
        match row {
            Row::Offer(offer) => {
                let item = &offer.item;
                self.items += 1;
                self.in_stock += u64::from(item.in_stock);
                self.assumed += u64::from(offer.currency_assumed);
                offer.strange_stock.iter().for_each(|word| self.strange_stock.add(word));
                let missing = [
                    ("price", item.price.is_none()),
                    ("picture", item.image_url.is_none()),
                    ("link", item.url.is_none()),
                    ("category", item.category.is_none()),
                ];
                for (what, _) in missing.into_iter().filter(|(_, missing)| *missing) {
                    *self.without.entry(what).or_default() += 1;
                }
                remember(&mut self.categories, item);
                if self.sample.len() < SAMPLE {
                    self.sample.push(offer.item);
                }
            }
            Row::Rejected(rejection) => {
                self.faults.add(&rejection);
                self.rejected.add(&rejection);
            }
        }
    }

    /// Prints what was collected; gives the number of rejected rows.
    ///
    /// # Errors
    /// When it can't be printed.
    pub fn print(
        &self,
        kind: FeedType,
        excluded: &Excluded,
        columns: &Columns<'_>,
        out: &mut impl Write,
    ) -> io::Result<u64> {
        let categories = count(self.categories.len() as u64, "category", "categories");
        let stock = number(self.in_stock);
        writeln!(out, "{kind}: {}, {stock} in stock, {categories}.", count(self.items, "item", "items"))?;
        columns.print(out)?;
        self.print_missing(out)?;
        if self.assumed > 0 {
            let prices = count(self.assumed, "price names", "prices name");
            writeln!(
                out,
                "{prices} no currency and would get default_currency (usd, unless the settings say otherwise)."
            )?;
        }
        if let Some(told) = strange_stock(&self.strange_stock) {
            writeln!(out, "{told}")?;
        }
        for item in &self.sample {
            let price = item.price.map_or_else(|| "no price".to_owned(), |price| price.to_string());
            let currency = item.currency.map(|currency| format!(" {currency}")).unwrap_or_default();
            let price = format!("{price}{currency}");
            let (id, title) = (one_line(item.id.as_str()), one_line(&item.title));
            let id = shorten_to(&id, ID);
            let room = WIDTH.saturating_sub(id.chars().count() + price.chars().count() + BETWEEN);
            writeln!(out, "  {id}  {}  {price}", shorten_to(&title, room.saturating_sub(CUT)))?;
        }
        if self.items > self.sample.len() as u64 {
            writeln!(out, "  … --format json has them all")?;
        }
        excluded.print(out)?;
        self.print_rejected(out)?;
        Ok(self.faults.rows())
    }

    /// `Note: 2 items have no link, 1 has no price.`
    fn print_missing(&self, out: &mut impl Write) -> io::Result<()> {
        let mut items = self.without.iter();
        let Some((what, first)) = items.next() else { return Ok(()) };
        let mut note = format!("{} no {what}", count(*first, "item has", "items have"));
        items.for_each(|(what, n)| note += &format!(", {} no {what}", number(*n)));
        writeln!(out, "Note: {note}.")
    }

    fn print_rejected(&self, out: &mut impl Write) -> io::Result<()> {
        if self.items == 0 {
            writeln!(out, "A pass with this feed would be refused: it has no item.")?;
        }
        if self.faults.rows() == 0 {
            return writeln!(out, "No row is rejected.");
        }
        self.rejected.print(&self.faults, out)
    }
}
