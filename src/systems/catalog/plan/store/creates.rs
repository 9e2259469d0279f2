//! What creates send, in a nameless file beside the database: of a first load that is all of the feed, and the database
//! sorts the faster the less it holds.

use std::io::{self, Write as _};

use serde_json::Value;

use crate::catalog::{Currency, Digest, Fields, Item, Price};
use crate::remote::nicechat::product_text_fields;
use crate::spill::Spill;
use crate::systems::catalog::store::{Record, Why};

/// Bits of a place that say how long an entry is: an item takes a few MiB at most.
const LENGTH: u32 = 24;

/// The item has this.
const IN_STOCK: u8 = 1;
const CATEGORY: u8 = 2;
const CURRENCY: u8 = 4;
const DESCRIPTION: u8 = 8;
const IMAGE: u8 = 16;
const PRICE: u8 = 32;
const URL: u8 = 64;

/// The items of creates, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Creates(Spill);

/// What of an operation follows from an entry.
pub(super) struct Create {
    pub(super) record: Record,
    pub(super) why: Why,
}

impl Creates {
    /// Adds an item that a row on this line wants, and tells where it lies; `None` = it is too large for that.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) fn add(&mut self, item: &Item, digest: Digest, line: u64) -> io::Result<Option<i64>> {
        let place = self.0.length();
        let start = self.0.end().len();
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
        self.0.end().extend_from_slice(&digest.to_le_bytes());
        self.0.end().extend_from_slice(&line.to_le_bytes());
        self.0.end().push(flags);
        self.text(Some(&item.title));
        self.text(category);
        self.text(currency);
        self.text(item.description.as_deref());
        self.text(item.image_url.as_deref());
        self.price(item.price)?;
        self.text(item.url.as_deref());
        let length = self.0.length() - place;
        if length >> LENGTH != 0 || place >> (63 - LENGTH) != 0 {
            self.0.end().truncate(start);
            return Ok(None);
        }
        self.0.settle()?;
        Ok(i64::try_from(place << LENGTH | length).ok())
    }

    /// A text that is there, its length first.
    fn text(&mut self, text: Option<&str>) {
        if let Some(text) = text {
            self.0.end().extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.0.end().extend_from_slice(text.as_bytes());
        }
    }

    fn price(&mut self, price: Option<Price>) -> io::Result<()> {
        let Some(price) = price else { return Ok(()) };
        let end = self.0.end();
        let start = end.len();
        end.extend_from_slice(&[0; 4]);
        write!(end, "{price}")?;
        let length = (end.len() - start - 4) as u32;
        end[start..start + 4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }

    /// Bytes of the entry that lies there.
    pub(super) fn size(place: i64) -> usize {
        (place & ((1 << LENGTH) - 1)) as usize
    }

    /// The entry that lies there.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(super) fn at(&self, place: i64) -> io::Result<Create> {
        let (start, length) = (place as u64 >> LENGTH, Creates::size(place));
        let bytes = self.0.at(start, length)?;
        Entry(&bytes).read().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}

/// Bytes of an entry that are still to be read.
struct Entry<'e>(&'e [u8]);

impl<'e> Entry<'e> {
    fn read(mut self) -> Option<Create> {
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
        self.0.is_empty().then_some(Create { record, why: Why::Line(line) })
    }

    fn take(&mut self, count: usize) -> Option<&'e [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'e str> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        simdutf8::basic::from_utf8(self.take(length as usize)?).ok()
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

    /// In memory or from the file: what comes out is what went in.
    #[test]
    fn items_come_out_as_they_went_in() {
        let mut creates = Creates::default();
        let add = |n: usize| creates.add(&item(n), n as Digest, n as u64).expect("written").expect("a place");
        let places: Vec<i64> = (0..5_000).map(add).collect();
        assert!(creates.0.length() > 2 << 20, "both in the file and in memory");
        for (n, place) in places.into_iter().enumerate() {
            let Create { record, why } = creates.at(place).expect("read");
            assert_eq!(
                (record.acked, record.digest, why),
                (product_fields(&item(n)), n as Digest, Why::Line(n as u64))
            );
        }
        assert!(creates.at(1 << LENGTH | 5).is_err(), "no entry lies there");
    }

    #[test]
    fn what_is_too_large_goes_another_way() {
        let mut creates = Creates::default();
        let large = Item { description: Some("x".repeat(1 << LENGTH)), ..item(1) };
        assert_eq!(creates.add(&large, 1, 1).expect("left"), None);
        assert_eq!(creates.0.length(), 0);
    }
}
