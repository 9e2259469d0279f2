//! What Google's attributes mean, whichever format carries them.
//!
//! Rules from Google's product data specification and from the quirks of real feeds.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::sale::{Sale, sale};
use super::{Offer, Row, Shape};
use crate::catalog::{Category, Id, Item, Money, Rejection, first_product_type, path_category};

/// The attributes that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Id,
    Title,
    Description,
    Link,
    ImageLink,
    Price,
    SalePrice,
    SaleDates,
    Availability,
    ProductType,
    GoogleCategory,
}

/// How many attributes there are.
pub(super) const ATTRIBUTES: usize = 11;

impl Attribute {
    /// Recognises a column's or an element's name: any case, with or without `g:`, blanks or
    /// hyphens for underscores, `ID [id]`, and the names that other Google products use.
    pub(super) fn named(name: &str) -> Option<Attribute> {
        let name = name.trim().trim_matches('"').trim().to_lowercase();
        let name = match name.split_once('[') {
            Some((_, inner)) => inner.trim_end_matches(']').trim(),
            None => name.as_str(),
        };
        let name = name.strip_prefix("g:").unwrap_or(name);
        let name: String = name.chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c }).collect();
        Some(match name.as_str() {
            "id" => Attribute::Id,
            "title" | "item_title" | "name" => Attribute::Title,
            "description" | "item_description" => Attribute::Description,
            "link" | "url" | "final_url" => Attribute::Link,
            "image_link" | "image" | "image_url" => Attribute::ImageLink,
            "price" => Attribute::Price,
            "sale_price" => Attribute::SalePrice,
            "sale_price_effective_date" => Attribute::SaleDates,
            "availability" => Attribute::Availability,
            "product_type" | "category" | "item_category" => Attribute::ProductType,
            "google_product_category" => Attribute::GoogleCategory,
            _ => return None,
        })
    }
}

/// The attributes of one row, as text.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a> {
    values: [Option<Cow<'a, str>>; ATTRIBUTES],
}

impl<'a> Attributes<'a> {
    /// Sets an attribute; white space around it and control characters inside it go.
    pub(super) fn set(&mut self, attribute: Attribute, value: Cow<'a, str>) {
        self.values[attribute as usize] = tidy(value);
    }

    pub(super) fn get(&self, attribute: Attribute) -> Option<&str> {
        self.values[attribute as usize].as_deref()
    }

    fn owned(&self, attribute: Attribute) -> Option<String> {
        self.get(attribute).map(str::to_owned)
    }
}

/// A text without white space around it and without control characters (a stray 0x0B would make
/// the JSON or XML of the next system unreadable). Nothing left = `None`.
pub(super) fn tidy(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let is_stray = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let text = if may_hold_control(text.as_bytes()) && text.contains(is_stray) {
        Cow::Owned(text.replace(is_stray, ""))
    } else {
        text
    };
    let trimmed = text.trim();
    match text {
        _ if trimmed.is_empty() => None,
        Cow::Borrowed(_) if trimmed.len() == text.len() => Some(text),
        Cow::Borrowed(text) => Some(Cow::Borrowed(text.trim())),
        Cow::Owned(ref owned) => Some(Cow::Owned(owned.trim().to_owned())),
    }
}

/// Whether some byte may be of a control character other than white space: a glance at bytes, where
/// looking at letters would take longer than all else that is done with a text.
fn may_hold_control(bytes: &[u8]) -> bool {
    let is_suspect = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f || byte == 0xc2;
    bytes.iter().fold(false, |found, byte| found | is_suspect(*byte))
}

/// The field at fault, and the reason in words.
pub(super) type Fault = (&'static str, String);

/// Makes items of attributes; remembers the categories so that items share them.
pub(super) struct Maker<'s> {
    shape: &'s Shape,
    categories: HashMap<String, Option<Arc<Category>>>,
}

impl<'s> Maker<'s> {
    pub(super) fn new(shape: &'s Shape) -> Self {
        Maker { shape, categories: HashMap::new() }
    }

    /// One row's item, or why it is none.
    pub(super) fn row(&mut self, attributes: &Attributes<'_>, line: u64) -> Row {
        match self.offer(attributes, line) {
            Ok(offer) => Row::Offer(Box::new(offer)),
            Err((field, reason)) => {
                let rejection = Rejection::new(line, attributes.owned(Attribute::Id), field, reason);
                let has_sale = attributes.get(Attribute::SalePrice).is_some();
                let changes_at = sale(attributes.get(Attribute::SaleDates), self.shape.now).changes_at;
                Row::Rejected(Rejection { changes_at: changes_at.filter(|_| has_sale), ..rejection })
            }
        }
    }

    fn offer(&mut self, row: &Attributes<'_>, line: u64) -> Result<Offer, Fault> {
        let id = Id::parse(row.get(Attribute::Id).unwrap_or_default()).map_err(|error| ("id", error.to_string()))?;
        let title = row.owned(Attribute::Title).ok_or_else(|| ("title", "no title".to_owned()))?;
        let (money, changes_at) = price(row, self.shape)?;
        let named = money.and_then(|money| money.currency);
        let currency = money.and_then(|_| named.or(self.shape.default_currency));
        let item = Item {
            id,
            category: self.category(row),
            title,
            price: money.map(|money| money.price),
            currency,
            description: row.owned(Attribute::Description),
            url: row.owned(Attribute::Link),
            image_url: row.owned(Attribute::ImageLink),
            in_stock: row.get(Attribute::Availability).is_some_and(is_in_stock),
        };
        Ok(Offer { item, line, changes_at, currency_assumed: named.is_none() && currency.is_some() })
    }

    fn category(&mut self, row: &Attributes<'_>) -> Option<Arc<Category>> {
        let path = match row.get(Attribute::ProductType) {
            Some(cell) => first_product_type(cell),
            None => row.get(Attribute::GoogleCategory).unwrap_or_default(),
        };
        if !self.categories.contains_key(path) {
            self.categories.insert(path.to_owned(), path_category(path).map(Arc::new));
        }
        self.categories.get(path).cloned().flatten().or_else(|| self.shape.default_category.clone())
    }
}

/// The price in effect, and when that changes. A sale price of nought is an exporter's way to say
/// "none". A sale price without a currency has the price's.
fn price(row: &Attributes<'_>, shape: &Shape) -> Result<(Option<Money>, Option<jiff::Timestamp>), Fault> {
    let read = |attribute, field: &'static str| {
        row.get(attribute).map(Money::parse).transpose().map_err(|error| (field, error.to_string()))
    };
    let Some(_) = row.get(Attribute::SalePrice) else { return Ok((read(Attribute::Price, "price")?, None)) };
    let Sale { active, changes_at } = sale(row.get(Attribute::SaleDates), shape.now);
    let sale = if active { read(Attribute::SalePrice, "sale_price")? } else { None };
    match sale.filter(|sale| !sale.price.is_zero()) {
        Some(sale) if sale.currency.is_some() => Ok((Some(sale), changes_at)),
        Some(sale) => {
            let currency = read(Attribute::Price, "price")?.and_then(|price| price.currency);
            Ok((Some(Money { currency, ..sale }), changes_at))
        }
        None => Ok((read(Attribute::Price, "price")?, changes_at)),
    }
}

/// Preorder and backorder are not in stock, nor is what says nothing.
fn is_in_stock(availability: &str) -> bool {
    let words = availability.to_lowercase().replace(['_', '-'], " ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    matches!(words.as_str(), "in stock" | "limited availability" | "available for order")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns() {
        for name in [
            "image_link",
            "image link",
            "g:image_link",
            "IMAGE LINK",
            "\"Image-Link\"",
            "Image URL",
            "Bild [image_link]",
        ] {
            assert_eq!(Attribute::named(name), Some(Attribute::ImageLink), "{name}");
        }
        assert_eq!(Attribute::named("ID [id]"), Some(Attribute::Id));
        for name in ["shipping(country:price)", "shipping(price)", "additional_image_link", "gtin", ""] {
            assert_eq!(Attribute::named(name), None, "{name}");
        }
    }

    #[test]
    fn stock() {
        for yes in ["in stock", "in_stock", "In Stock", "limited availability", "available for order"] {
            assert!(is_in_stock(yes), "{yes}");
        }
        for no in ["out of stock", "out_of_stock", "preorder", "backorder", "sold out"] {
            assert!(!is_in_stock(no), "{no}");
        }
    }

    #[test]
    fn control_characters_and_blanks_go() {
        assert_eq!(tidy(Cow::Borrowed(" a\u{b}b\u{a0}")).as_deref(), Some("ab"));
        assert_eq!(tidy(Cow::Borrowed(" \u{0} ")), None);
    }
}
