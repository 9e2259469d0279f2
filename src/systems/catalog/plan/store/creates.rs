//! New products of which nothing was known, in a nameless file beside the database: of a first load that is all of the
//! feed, and their ids alone sort faster than rows of a table do.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde_json::Value;

use super::error::{PlanStoreError, failed};
use crate::catalog::{Currency, Digest, Fields, Id, Item, Kind, Price};
use crate::remote::nicechat::product_text_fields;
use crate::sorter::Sorter;
use crate::spill::Spill;
use crate::systems::catalog::diff::fields::with_values;
use crate::systems::catalog::plan::operation::{Action, Operation};
use crate::systems::catalog::store::{Record, Why};

/// Bytes of operations that are read together.
pub(super) const TOGETHER: usize = 4 << 20;

/// Bytes that are read of an entry, unless it is longer.
const USUAL: usize = 4 << 10;

/// Bytes of ids that are sorted in memory: little, for the peak of a first load is here.
const SORTED: usize = 3 << 20;

/// Bytes of a place.
const PLACE: usize = 8;

/// Bytes of a length.
const LENGTH: usize = 4;

/// The item has this.
const IN_STOCK: u8 = 1;
const CATEGORY: u8 = 2;
const CURRENCY: u8 = 4;
const DESCRIPTION: u8 = 8;
const IMAGE: u8 = 16;
const PRICE: u8 = 32;
const URL: u8 = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Creates {
    /// The items as they came, each with its length before it.
    items: Spill,
    /// What they are sorted by, and where they lie; `None` = they are sorted.
    sorted: Option<Sorter>,
    /// See [`Creates::sort_by_keys`].
    by_keys: bool,
    /// A key as text.
    key: String,
    /// Where they lie in their order, eight bytes each.
    order: Spill,
    count: u64,
}

impl Creates {
    /// None yet.
    pub(super) fn new() -> Creates {
        let sorted = Some(Sorter::with_room_for(&std::env::temp_dir(), SORTED));
        let (items, order) = (Spill::default(), Spill::default());
        Creates { items, sorted, by_keys: false, key: String::new(), order, count: 0 }
    }

    /// From the first one on they come in the order of their keys, and not of their ids: what is acknowledged goes into a
    /// table that has that order, where neighbours lie on one page.
    pub(super) fn sort_by_keys(&mut self) {
        self.by_keys = true;
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds an item that a row on this line wants. `key` = of its id.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) fn add(&mut self, item: &Item, (key, digest): (Digest, Digest), line: u64) -> io::Result<()> {
        let category = item.category.as_ref().map(|category| category.id.as_str());
        let currency = item.currency.as_ref().map(Currency::as_str);
        let has = |bit: u8, is_there: bool| if is_there { bit } else { 0 };
        let flags = has(IN_STOCK, item.in_stock)
            | has(CATEGORY, category.is_some())
            | has(CURRENCY, currency.is_some())
            | has(DESCRIPTION, item.description.is_some())
            | has(IMAGE, item.image_url.is_some())
            | has(PRICE, item.price.is_some())
            | has(URL, item.url.is_some());
        let place = self.items.length();
        if let Some(sorted) = &mut self.sorted {
            if self.by_keys {
                self.key.clear();
                // (Whoever writes to a text never fails.)
                let _ = write!(self.key, "{key:032x}");
                sorted.add(&self.key, place)?;
            } else {
                sorted.add(item.id.as_str(), place)?;
            }
        }
        self.count += 1;
        self.sized(|creates| {
            creates.text(Some(item.id.as_str()))?;
            creates.items.end().extend_from_slice(&digest.to_le_bytes());
            creates.items.end().extend_from_slice(&line.to_le_bytes());
            creates.items.end().push(flags);
            creates.text(Some(&item.title))?;
            creates.text(category)?;
            creates.text(currency)?;
            creates.text(item.description.as_deref())?;
            creates.text(item.image_url.as_deref())?;
            creates.price(item.price)?;
            creates.text(item.url.as_deref())
        })?;
        self.items.settle()
    }

    /// Brings them into their order: they can be read from now on.
    ///
    /// # Errors
    /// When a file can't be written or read.
    pub(super) fn sort(&mut self) -> io::Result<()> {
        let Some(sorted) = self.sorted.take() else { return Ok(()) };
        sorted.finish(|_, place| {
            self.order.end().extend_from_slice(&place.to_le_bytes());
            self.order.settle()
        })
    }

    /// Puts the length of what `write` adds before it.
    fn sized(&mut self, write: impl FnOnce(&mut Creates) -> io::Result<()>) -> io::Result<()> {
        let start = self.items.end().len();
        self.items.end().extend_from_slice(&[0; LENGTH]);
        write(self)?;
        let length = length_of(self.items.end().len() - start - LENGTH)?;
        self.items.end()[start..start + LENGTH].copy_from_slice(&length);
        Ok(())
    }

    /// A text that is there, its length first.
    fn text(&mut self, text: Option<&str>) -> io::Result<()> {
        if let Some(text) = text {
            self.items.end().extend_from_slice(&length_of(text.len())?);
            self.items.end().extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    fn price(&mut self, price: Option<Price>) -> io::Result<()> {
        let Some(price) = price else { return Ok(()) };
        self.sized(|creates| write!(creates.items.end(), "{price}"))
    }

    /// Adds operations from the `from`-th on, until there are `most` or they are large; gives which one is next.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn read(&self, from: u64, most: usize, operations: &mut Vec<Operation>) -> Result<u64, PlanStoreError> {
        let (mut from, mut size) = (from, 0);
        while from < self.count && operations.len() < most && size < TOGETHER {
            operations.push(self.entry(self.place(from)?, |entry| {
                size += entry.0.len();
                entry.read()
            })?);
            from += 1;
        }
        Ok(from)
    }

    /// The operation on the product with this id. It looks through all of them.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn find(&self, id: &str) -> Result<Option<Operation>, PlanStoreError> {
        let mut found = None;
        self.each(|place, its| found = found.or((its == id).then_some(place)))?;
        found.map(|place| self.entry(place, |entry| entry.read())).transpose()
    }

    /// Where the item lies that comes after so many.
    fn place(&self, before: u64) -> Result<u64, PlanStoreError> {
        let place = self.order.at(before * PLACE as u64, PLACE).map_err(failed)?;
        place.as_ref().try_into().map(u64::from_le_bytes).map_err(|_| broken())
    }

    /// Gives the ids of all products to `each`, as they came.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn ids(&self, mut each: impl FnMut(&str)) -> Result<(), PlanStoreError> {
        self.each(|_, id| each(id))
    }

    /// Gives where each lies, and its id, as they came.
    fn each(&self, mut each: impl FnMut(u64, &str)) -> Result<(), PlanStoreError> {
        let mut place = 0;
        while place < self.items.length() {
            let length = self.entry(place, |mut entry| {
                let length = entry.0.len();
                each(place, entry.text()?);
                Some(length)
            })?;
            place += (LENGTH + length) as u64;
        }
        Ok(())
    }

    /// What `read` makes of the entry that lies there.
    fn entry<T>(&self, place: u64, read: impl FnOnce(Entry<'_>) -> Option<T>) -> Result<T, PlanStoreError> {
        let mut bytes = self.items.some(place, USUAL).map_err(failed)?;
        let length = Entry(&bytes).length().ok_or_else(broken)?;
        if bytes.len() < LENGTH + length {
            bytes = self.items.at(place, LENGTH + length).map_err(failed)?;
        }
        read(Entry(&bytes[LENGTH..LENGTH + length])).ok_or_else(broken)
    }
}

fn length_of(length: usize) -> io::Result<[u8; LENGTH]> {
    let length = u32::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(length.to_le_bytes())
}

fn broken() -> PlanStoreError {
    failed(io::Error::from(io::ErrorKind::InvalidData))
}

/// Bytes of an entry that are still to be read.
struct Entry<'e>(&'e [u8]);

impl<'e> Entry<'e> {
    /// What has its length before it, an entry or a part of one; `None` = not all of it is there.
    fn sized(&mut self) -> Option<&'e [u8]> {
        let length = self.length()?;
        let (sized, rest) = self.0[LENGTH..].split_at_checked(length)?;
        self.0 = rest;
        Some(sized)
    }

    /// The length that stands here.
    fn length(&self) -> Option<usize> {
        let length = self.0.first_chunk::<LENGTH>()?;
        usize::try_from(u32::from_le_bytes(*length)).ok()
    }

    fn read(mut self) -> Option<Operation> {
        let id = Id::parse(self.text()?).ok()?;
        let digest = Digest::from_le_bytes(self.take(16)?.try_into().ok()?);
        let line = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        let flags = *self.take(1)?.first()?;
        let has = |bit: u8| flags & bit != 0;
        let title = self.text()?;
        let mut text = |bit| if has(bit) { self.text().map(Some) } else { Some(None) };
        let (category, currency) = (text(CATEGORY)?, text(CURRENCY)?);
        let (description, image_url) = (text(DESCRIPTION)?, text(IMAGE)?);
        let price = text(PRICE)?.map(|price| price.parse().map(Value::Number)).transpose().ok()?;
        let url = text(URL)?;
        let texts = [
            ("category", category),
            ("title", Some(title)),
            ("currency", currency),
            ("description", description),
            ("url", url),
            ("image_url", image_url),
        ];
        let acked = product_text_fields(texts, price, has(IN_STOCK));
        let record = Record { acked, digest, answered: Fields::new(), repaired: Fields::new() };
        let send = with_values(&record.acked);
        let operation = Operation::new((Kind::Product, &id), Action::Create, send, Fields::new(), Some(record));
        self.0.is_empty().then_some(Operation { why: Why::Line(line), ..operation })
    }

    fn take(&mut self, count: usize) -> Option<&'e [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'e str> {
        simdutf8::basic::from_utf8(self.sized()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Category, Id, Money};
    use crate::remote::nicechat::product_fields;

    fn item(n: usize) -> Item {
        let text = |bit: usize, text: &str| (n & bit != 0).then(|| format!("{text} ж {n}"));
        let money = Money::parse(["10.00 EUR", "0", "none", "1234567.500 USD"][n % 4]).ok();
        let id = Id::parse("c").expect("an id");
        Item {
            id: Id::parse(&n.to_string()).expect("an id"),
            category: (n & 2 != 0).then(|| Arc::new(Category { id, name: None })),
            title: format!("Lamp {n} \"\n").repeat(1 + n % 7),
            price: money.map(|money| money.price),
            currency: money.and_then(|money| money.currency),
            description: text(4, "<p>\u{0}").map(|text| text.repeat(n % 300)),
            url: text(8, "u"),
            image_url: text(16, "i"),
            in_stock: n & 32 != 0,
            local: Default::default(),
        }
    }

    fn read_all(creates: &Creates, most: usize) -> Vec<Operation> {
        let (mut from, mut all) = (0, Vec::new());
        while from < creates.count() {
            let mut some = Vec::new();
            from = creates.read(from, most, &mut some).expect("read");
            assert!(!some.is_empty() && some.len() <= most);
            all.extend(some);
        }
        all
    }

    /// In memory or from the file: what comes out is what went in.
    #[test]
    fn items_come_out_as_they_went_in() {
        let mut creates = Creates::new();
        (0..5_000).rev().for_each(|n| creates.add(&item(n), (0, n as Digest), n as u64).expect("written"));
        creates.sort().expect("sorted");
        assert!(creates.items.length() > 2 << 20, "both in the file and in memory");
        let mut numbers: Vec<usize> = (0..5_000).collect();
        numbers.sort_by_key(|n| n.to_string());
        for most in [1, 7, usize::MAX] {
            let all = read_all(&creates, most);
            assert_eq!(all.len(), 5_000);
            for (n, operation) in numbers.iter().copied().zip(all) {
                let Operation { id, action, send, record, why, .. } = operation;
                let (acked, digest) = record.map(|record| (record.acked, record.digest)).expect("a record");
                assert_eq!((id.as_str(), action, why), (&*n.to_string(), Action::Create, Why::Line(n as u64)));
                assert_eq!((with_values(&acked), &acked, digest), (send, &product_fields(&item(n)), n as Digest));
            }
        }
        let found = |id: &str| creates.find(id).expect("read").map(|operation| operation.id.to_string());
        assert_eq!(["0", "4999", "5000"].map(found), [Some("0".into()), Some("4999".into()), None]);
    }

    #[test]
    fn keys_go_before_ids_where_they_are_asked_for() {
        let mut creates = Creates::new();
        creates.sort_by_keys();
        let keys = [7, 1 << 127, 3, 1 << 64, 0];
        for (n, key) in keys.into_iter().enumerate() {
            creates.add(&item(n), (key, 0), 0).expect("written");
        }
        creates.sort().expect("sorted");
        let ids = read_all(&creates, 2).into_iter().map(|operation| operation.id.to_string());
        assert_eq!(ids.collect::<Vec<_>>(), ["4", "2", "0", "3", "1"]);
        assert!(creates.find("3").expect("read").is_some());
    }

    #[test]
    fn items_of_any_length_come_out() {
        let mut creates = Creates::new();
        let lengths = [1, USUAL - 100, USUAL, USUAL + 1, 9 << 20, 5, (1 << 20) + 1, 2];
        for (n, length) in lengths.into_iter().enumerate() {
            let item = Item { description: Some("x".repeat(length)), ..item(n) };
            creates.add(&item, (0, 0), 0).expect("written");
        }
        creates.sort().expect("sorted");
        let length = |operation: &Operation| operation.send["description"].as_str().map_or(0, str::len);
        assert_eq!(read_all(&creates, 3).iter().map(length).collect::<Vec<_>>(), lengths);
    }
}
