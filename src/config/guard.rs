//! `[guard]`: what a pass may do without somebody's word.

use std::ops::RangeInclusive;
use std::time::Duration;

use rust_decimal::Decimal;

use super::ConfigError;
use super::document::Document;
use super::names::{GUARD, NICECHAT};
use super::section::Section;
use super::units::{self, HOUR};

/// The setting that `[nicechat]` had before there was a section of its own.
const MAX_DELETE: &str = "max_delete_percent";
const PERCENT: RangeInclusive<i64> = 0..=100;
const DELETE_AFTER: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(365 * 24 * HOUR.as_secs());
const FACTORS: RangeInclusive<Decimal> = Decimal::ONE..=Decimal::ONE_THOUSAND;

/// When a part of a pass waits for somebody's word, and when a product counts as gone. Percentages are at most 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Of the products that we own (or the categories): more are not deleted.
    pub max_delete_percent: u8,
    /// Of the products that have a value in a field: no more lose it.
    pub max_emptied_percent: u8,
    /// Of the products in stock: no more go out of it.
    pub max_out_of_stock_percent: u8,
    /// Of the products with a price: no more have it changed by `price_factor`, or its currency.
    pub max_price_percent: u8,
    /// By how much a price must change, up or down, to count; above 1.
    pub price_factor: Decimal,
    /// So few objects are no risk.
    pub min_count: u64,
    /// How long a product must be missing before it is deleted.
    pub delete_after: Duration,
    /// From how many whole feeds of other bytes it must be missing; at least 1.
    pub delete_feeds: u32,
    /// What becomes of it until then.
    pub missing: Missing,
}

/// What becomes of a product that is missing and not yet deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It stays as it is.
    Keep,
    /// It is told to be out of stock.
    OutOfStock,
}

impl Default for Guard {
    fn default() -> Guard {
        Guard {
            max_delete_percent: 20,
            max_emptied_percent: 20,
            max_out_of_stock_percent: 50,
            max_price_percent: 20,
            price_factor: Decimal::from(3),
            min_count: 10,
            delete_after: Duration::ZERO,
            delete_feeds: 1,
            missing: Missing::Keep,
        }
    }
}

impl Guard {
    /// Whether a product that is missing waits before it is deleted.
    pub fn is_patient(&self) -> bool {
        !self.delete_after.is_zero() || self.delete_feeds > 1
    }

    pub(super) fn read(document: &Document<'_>) -> Result<Guard, ConfigError> {
        let section = Section::of(document, &GUARD);
        let usual = Guard::default();
        let factor = section.decimal("price_factor", usual.price_factor, &FACTORS);
        Ok(Guard {
            max_delete_percent: max_delete_percent(document, &section, usual.max_delete_percent),
            max_emptied_percent: section.number("max_emptied_percent", usual.max_emptied_percent, PERCENT),
            max_out_of_stock_percent: section.number(
                "max_out_of_stock_percent",
                usual.max_out_of_stock_percent,
                PERCENT,
            ),
            max_price_percent: section.number("max_price_percent", usual.max_price_percent, PERCENT),
            price_factor: factor,
            min_count: section.number("min_count", usual.min_count, 0..=1_000_000_000),
            delete_after: section.read("delete_after", "0s", |text| units::duration(text, &DELETE_AFTER))?,
            delete_feeds: section.number("delete_feeds", usual.delete_feeds, 1..=1000),
            missing: section.read("missing", "keep", missing)?,
        })
    }
}

/// Also where it was before.
fn max_delete_percent(document: &Document<'_>, section: &Section<'_>, usual: u8) -> u8 {
    let older = Section::of(document, &NICECHAT);
    let Some(old) = older.get(MAX_DELETE) else { return section.number(MAX_DELETE, usual, PERCENT) };
    if let Some(new) = section.get(MAX_DELETE) {
        let twice = new.bad(format!("{old} says the same; keep this one"));
        return section.keep(Err(twice), || usual);
    }
    older.number(MAX_DELETE, usual, PERCENT)
}

fn missing(text: &str) -> Result<Missing, String> {
    units::one_of(text, &[("keep", Missing::Keep), ("out_of_stock", Missing::OutOfStock)])
}
