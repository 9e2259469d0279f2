//! What results are narrowed, ordered and counted by: a row a document, each property in as many bits as any of the
//! index needs, so that the row of a document is read alone.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// There is none.
pub(super) const NONE: u32 = u32::MAX;
/// There is no price.
pub(super) const NO_PRICE: i64 = i64::MIN;
/// There is no currency.
pub(super) const NO_CURRENCY: u8 = u8::MAX;
/// Prices are kept in so many parts of a unit.
const PARTS: u32 = 4;
/// Rows that are read and checked together.
pub(super) const GROUP: usize = 16;
/// Bytes of a group's checksum. A property is read as a number of eight bytes, which may reach into it.
const SUM: usize = 8;
/// Properties of a row.
const PROPERTIES: usize = 7;

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
    properties: [Property; PROPERTIES],
    /// Bytes of a row.
    row: usize,
}

/// Where in a row a property lies: bits of a number of eight bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Property {
    begin: usize,
    shift: u32,
    mask: u64,
}

/// What a layout follows from.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Widths {
    bits: [u8; PROPERTIES],
    /// The least price.
    price: i64,
}

/// The widest of the rows that there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Widest {
    price: Option<(i64, i64)>,
    category: u64,
    brand: u64,
    money: u64,
    title: u8,
    docs: u64,
}

/// A price as a column has it.
pub(super) fn price(price: Decimal) -> Option<i64> {
    in_parts(price)?.round().to_i64()
}

/// The least that a column has of prices that aren't below this one.
pub(super) fn bound(price: Decimal) -> Option<i64> {
    in_parts(price)?.ceil().to_i64()
}

fn in_parts(price: Decimal) -> Option<Decimal> {
    price.checked_mul(Decimal::from(10_i64.pow(PARTS)))
}

impl Widest {
    pub(super) fn add(&mut self, row: &Row) {
        if row.price != NO_PRICE {
            let (least, most) = self.price.unwrap_or((row.price, row.price));
            self.price = Some((least.min(row.price), most.max(row.price)));
        }
        self.category = self.category.max(number(row.category));
        self.brand = self.brand.max(number(row.brand));
        self.money = self.money.max(money(row));
        self.title = self.title.max(row.title);
        self.docs += 1;
    }

    pub(super) fn layout(&self) -> Layout {
        let width = |most: u64| (u64::BITS - most.leading_zeros()) as u8;
        let (least, most) = self.price.unwrap_or_default();
        let prices = self.price.map_or(0, |_| most.wrapping_sub(least) as u64 + 1);
        let title = u64::from(self.title);
        let bits = [self.category, self.brand, prices, self.money, title, self.docs, self.docs].map(width);
        Layout::from(Widths { bits, price: least })
    }
}

/// A currency, and whether it is in stock, as a number.
fn money(row: &Row) -> u64 {
    u64::from(row.currency.wrapping_add(1)) << 1 | u64::from(row.is_in_stock)
}

/// Of one that may be missing: 0, if it is.
fn number(of: u32) -> u64 {
    u64::from(of.wrapping_add(1))
}

impl From<Widths> for Layout {
    fn from(widths: Widths) -> Layout {
        let mut properties = [Property::default(); PROPERTIES];
        let mut end = 0;
        for (property, bits) in properties.iter_mut().zip(widths.bits) {
            let bits = u32::from(bits).min(u64::BITS);
            // A wide one begins with a byte: it must not end behind the eighth.
            let begin = if bits > u64::BITS - 7 { (end as usize).next_multiple_of(8) as u32 } else { end };
            let mask = u64::MAX.checked_shr(u64::BITS - bits).unwrap_or_default();
            *property = Property { begin: (begin / 8) as usize, shift: begin % 8, mask };
            end = begin + bits;
        }
        Layout { widths, properties, row: end.div_ceil(8) as usize }
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
        let mut bytes = vec![0; self.group(rows.len())];
        for (number, row) in rows.iter().enumerate() {
            let price = match row.price {
                NO_PRICE => 0,
                price => price.wrapping_sub(self.widths.price) as u64 + 1,
            };
            let values = [
                self::number(row.category),
                self::number(row.brand),
                price,
                money(row),
                u64::from(row.title),
                u64::from(row.id),
                u64::from(row.name),
            ];
            for (value, property) in values.iter().zip(self.properties) {
                let own = bytes[number * self.row + property.begin..].iter_mut();
                own.zip((value << property.shift).to_le_bytes()).for_each(|(byte, more)| *byte |= more);
            }
        }
        let rows = rows.len() * self.row;
        let sum = sum(&bytes[..rows], at);
        bytes[rows..].copy_from_slice(&sum);
        bytes
    }

    /// Whether a group is what was written at a place.
    #[inline]
    pub(super) fn is_whole(group: &[u8], at: u64) -> bool {
        group.split_last_chunk::<SUM>().is_some_and(|(rows, own)| sum(rows, at) == *own)
    }

    /// A row of a group.
    #[inline(always)]
    pub(super) fn row(&self, group: &[u8], number: usize) -> Option<Row> {
        let bytes = group.get(number * self.row..(number + 1) * self.row + SUM)?;
        let property = |of: usize| {
            let Property { begin, shift, mask } = self.properties[of];
            let bytes = bytes.get(begin..).and_then(<[u8]>::first_chunk::<8>);
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes) >> shift & mask)
        };
        let price = match property(2) {
            0 => NO_PRICE,
            price => self.widths.price.wrapping_add((price - 1) as i64),
        };
        let money = property(3);
        Some(Row {
            category: (property(0) as u32).wrapping_sub(1),
            brand: (property(1) as u32).wrapping_sub(1),
            price,
            currency: ((money >> 1) as u8).wrapping_sub(1),
            is_in_stock: money & 1 == 1,
            title: property(4) as u8,
            id: property(5) as u32,
            name: property(6) as u32,
        })
    }
}

/// The checksum of the rows of a group at a place.
#[inline]
fn sum(rows: &[u8], at: u64) -> [u8; SUM] {
    // A seed would be dearer.
    (xxh3_64(rows) ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_as_few_bits_as_they_need() {
        let row = |category, brand, price, currency, id| Row {
            category,
            brand,
            price,
            currency,
            is_in_stock: id % 2 == 0,
            title: id as u8,
            id,
            name: id + 1,
        };
        for (rows, bytes) in [
            (vec![row(NONE, NONE, NO_PRICE, NO_CURRENCY, 0)], 1),
            (vec![row(0, 253, 100, 0, 0), row(NONE, 254, 400, 254, 1)], 4),
            (vec![row(70_000, NONE, i64::MIN + 1, 7, 0), row(1, 2, i64::MAX, 3, 1), row(1, 2, NO_PRICE, 3, 2)], 13),
        ] {
            let mut widest = Widest::default();
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
