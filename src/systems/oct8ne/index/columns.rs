//! What results are narrowed, ordered and counted by: a row a document, each property in as many bytes as any of the
//! index needs, so that the row of a document is read alone.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// There is none.
pub(super) const NONE: u32 = u32::MAX;
/// There is no price.
pub(super) const NO_PRICE: i64 = i64::MIN;
/// There is no currency.
pub(super) const NO_CURRENCY: u8 = u8::MAX;
/// Prices are kept in so many parts of a unit.
const PARTS: u32 = 4;
/// Rows that are read and checked together.
pub(super) const GROUP: usize = 32;
/// Bytes of a group's checksum. A property is read as a number of eight bytes, which may reach into it.
const SUM: usize = 8;
/// Properties of a row.
const PROPERTIES: usize = 7;
/// The most bytes of one.
const WIDEST: u8 = 8;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Its number among the categories.
    pub(super) category: u32,
    /// Its number among the brands.
    pub(super) brand: u32,
    pub(super) price: i64,
    /// Its number among the currencies.
    pub(super) currency: u8,
    pub(super) is_in_stock: bool,
    /// Words of the title.
    pub(super) title: u8,
    /// Its places in the orders of ids and of names.
    pub(super) id: u32,
    pub(super) name: u32,
}

/// How rows lie in their bytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(from = "Widths", into = "Widths")]
pub(super) struct Layout {
    widths: Widths,
    /// Where in a row each property begins, and which bits of eight bytes are its own.
    fields: [(usize, u64); PROPERTIES],
    row: usize,
}

/// What a layout follows from.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Widths {
    bytes: [u8; PROPERTIES],
    /// The least price.
    price: i64,
}

/// The widest of the rows that there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widest {
    price: Option<(i64, i64)>,
    category: u64,
    brand: u64,
    docs: u64,
}

/// A price as a column has it.
pub(super) fn price(price: Decimal) -> Option<i64> {
    price.checked_mul(Decimal::from(10_i64.pow(PARTS)))?.round().to_i64()
}

impl Widest {
    pub(super) fn new() -> Widest {
        Widest { price: None, category: 0, brand: 0, docs: 0 }
    }

    pub(super) fn add(&mut self, row: &Row) {
        if row.price != NO_PRICE {
            let (least, most) = self.price.unwrap_or((row.price, row.price));
            self.price = Some((least.min(row.price), most.max(row.price)));
        }
        self.category = self.category.max(number(row.category));
        self.brand = self.brand.max(number(row.brand));
        self.docs += 1;
    }

    pub(super) fn layout(&self) -> Layout {
        let (least, most) = self.price.unwrap_or_default();
        let width = |most: u64| (64 - most.leading_zeros()).div_ceil(8) as u8;
        let prices = most.wrapping_sub(least) as u64 + 1;
        // Currencies and stock share two bytes.
        let bytes = [self.category, self.brand, prices, 0x1ff, 0xff, self.docs, self.docs].map(width);
        Layout::from(Widths { bytes, price: least })
    }
}

/// Of one that may be missing: 0, if it is.
fn number(of: u32) -> u64 {
    u64::from(of.wrapping_add(1))
}

impl From<Widths> for Layout {
    fn from(widths: Widths) -> Layout {
        let mut fields = [(0, 0); PROPERTIES];
        let mut row = 0;
        for (field, width) in fields.iter_mut().zip(widths.bytes) {
            let width = width.min(WIDEST);
            let mask = if width == 0 { 0 } else { u64::MAX >> (64 - 8 * u32::from(width)) };
            *field = (row, mask);
            row += usize::from(width);
        }
        Layout { widths, fields, row }
    }
}

impl From<Layout> for Widths {
    fn from(layout: Layout) -> Widths {
        layout.widths
    }
}

impl Layout {
    /// Bytes of so many rows of a group, its checksum included.
    pub(super) fn group(&self, rows: usize) -> usize {
        rows * self.row + SUM
    }

    /// A group as it is written at a place.
    pub(super) fn write(&self, rows: &[Row], at: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.group(rows.len()));
        for row in rows {
            let price = match row.price {
                NO_PRICE => 0,
                price => price.wrapping_sub(self.widths.price) as u64 + 1,
            };
            let money = u64::from(row.currency.wrapping_add(1)) << 1 | u64::from(row.is_in_stock);
            let values = [
                number(row.category),
                number(row.brand),
                price,
                money,
                u64::from(row.title),
                u64::from(row.id),
                u64::from(row.name),
            ];
            for (value, width) in values.iter().zip(self.widths.bytes) {
                bytes.extend_from_slice(&value.to_le_bytes()[..usize::from(width)]);
            }
        }
        let sum = xxh3_64_with_seed(&bytes, at).to_le_bytes();
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// Whether a group is what was written at a place.
    pub(super) fn is_whole(group: &[u8], at: u64) -> bool {
        group.split_last_chunk::<SUM>().is_some_and(|(rows, sum)| xxh3_64_with_seed(rows, at).to_le_bytes() == *sum)
    }

    /// A row of a group.
    #[inline]
    pub(super) fn row(&self, group: &[u8], number: usize) -> Option<Row> {
        let bytes = group.get(number * self.row..(number + 1) * self.row + SUM)?;
        let field = |at: usize| {
            let (begin, mask) = self.fields[at];
            let bytes = bytes.get(begin..).and_then(<[u8]>::first_chunk::<8>);
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes) & mask)
        };
        let price = match field(2) {
            0 => NO_PRICE,
            price => self.widths.price.wrapping_add((price - 1) as i64),
        };
        let money = field(3);
        Some(Row {
            category: (field(0) as u32).wrapping_sub(1),
            brand: (field(1) as u32).wrapping_sub(1),
            price,
            currency: ((money >> 1) as u8).wrapping_sub(1),
            is_in_stock: money & 1 == 1,
            title: field(4) as u8,
            id: field(5) as u32,
            name: field(6) as u32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_as_few_bytes_as_they_need() {
        let row = |category, brand, price, currency, id| Row {
            category,
            brand,
            price,
            currency,
            is_in_stock: id % 2 == 0,
            title: id as u8,
            id,
            name: 2 - id,
        };
        for (rows, bytes) in [
            (vec![row(NONE, NONE, NO_PRICE, NO_CURRENCY, 0)], 6),
            (vec![row(0, 253, 100, 0, 0), row(NONE, 254, 400, 254, 1)], 9),
            (vec![row(70_000, NONE, i64::MIN + 1, 7, 0), row(1, 2, i64::MAX, 3, 1), row(1, 2, NO_PRICE, 3, 2)], 17),
        ] {
            let mut widest = Widest::new();
            rows.iter().for_each(|row| widest.add(row));
            let layout = widest.layout();
            let group = layout.write(&rows, 5);
            assert_eq!((group.len(), layout.group(rows.len())), (rows.len() * bytes + SUM, group.len()));
            assert!(Layout::is_whole(&group, 5) && !Layout::is_whole(&group, 6) && !Layout::is_whole(&[], 5));
            let read: Vec<Row> = (0..rows.len()).filter_map(|at| layout.row(&group, at)).collect();
            assert_eq!(read, rows);
            assert_eq!(layout.row(&group, rows.len()), None);
        }
    }
}
