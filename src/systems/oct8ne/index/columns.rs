//! What results are narrowed, ordered and counted by: a column a property, a row a document.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// There is none.
pub(super) const NONE: u32 = u32::MAX;
/// There is no price.
pub(super) const NO_PRICE: i64 = i64::MIN;
/// There is no currency.
pub(super) const NO_CURRENCY: u8 = u8::MAX;
/// Prices are kept in so many parts of a unit.
const PARTS: u32 = 4;

/// A row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Its number among the categories.
    pub(super) category: u32,
    /// Its number among the brands.
    pub(super) brand: u32,
    /// A digest of the group; 0 = there is none.
    pub(super) group: u64,
    pub(super) price: i64,
    /// Its number among the currencies.
    pub(super) currency: u8,
    pub(super) is_in_stock: bool,
    /// Words of the title.
    pub(super) title: u8,
}

/// The rows of a segment.
#[derive(Debug, Default)]
pub(super) struct Columns(pub(super) Vec<Row>);

/// The places of a segment's documents in the orders of ids and of names.
#[derive(Debug, Default)]
pub(super) struct Ranks(pub(super) Vec<(u32, u32)>);

/// A price as a column has it.
pub(super) fn price(price: Decimal) -> Option<i64> {
    price.checked_mul(Decimal::from(10_i64.pow(PARTS)))?.round().to_i64()
}

impl Columns {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 27);
        self.0.iter().for_each(|row| bytes.extend_from_slice(&row.category.to_le_bytes()));
        self.0.iter().for_each(|row| bytes.extend_from_slice(&row.brand.to_le_bytes()));
        self.0.iter().for_each(|row| bytes.extend_from_slice(&row.group.to_le_bytes()));
        self.0.iter().for_each(|row| bytes.extend_from_slice(&row.price.to_le_bytes()));
        bytes.extend(self.0.iter().map(|row| row.currency));
        bytes.extend(self.0.iter().map(|row| u8::from(row.is_in_stock)));
        bytes.extend(self.0.iter().map(|row| row.title));
        bytes
    }

    pub(super) fn read(bytes: &[u8], docs: usize) -> Option<Columns> {
        let (category, rest) = bytes.split_at_checked(4 * docs)?;
        let (brand, rest) = rest.split_at_checked(4 * docs)?;
        let (group, rest) = rest.split_at_checked(8 * docs)?;
        let (price, rest) = rest.split_at_checked(8 * docs)?;
        let (currency, rest) = rest.split_at_checked(docs)?;
        let (stock, title) = rest.split_at_checked(docs)?;
        let (categories, _) = category.as_chunks::<4>();
        let (brands, _) = brand.as_chunks::<4>();
        let (groups, _) = group.as_chunks::<8>();
        let (prices, _) = price.as_chunks::<8>();
        let rows = (0..docs).map(|at| {
            Some(Row {
                category: u32::from_le_bytes(*categories.get(at)?),
                brand: u32::from_le_bytes(*brands.get(at)?),
                group: u64::from_le_bytes(*groups.get(at)?),
                price: i64::from_le_bytes(*prices.get(at)?),
                currency: *currency.get(at)?,
                is_in_stock: *stock.get(at)? != 0,
                title: *title.get(at)?,
            })
        });
        rows.collect::<Option<Vec<Row>>>().map(Columns)
    }
}

impl Ranks {
    pub(super) fn write(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(id, name)| [id.to_le_bytes(), name.to_le_bytes()]).flatten().collect()
    }

    pub(super) fn read(bytes: &[u8], docs: usize) -> Option<Ranks> {
        let (pairs, rest) = bytes.as_chunks::<8>();
        let read = |pair: &[u8; 8]| {
            let number = u64::from_le_bytes(*pair);
            (number as u32, (number >> 32) as u32)
        };
        (pairs.len() == docs && rest.is_empty()).then(|| Ranks(pairs.iter().map(read).collect()))
    }
}
