//! What Google's attributes mean, whichever format carries them.
//!
//! Rules from Google's product data specification and from the quirks of real feeds.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::bounds::{MAX_PATH, MAX_PATHS, cell_text, excerpt};
use super::local::LocalAttribute;
use super::names::plain_name;
use super::sale::{Sale, sale};
use super::values::{Stock, availability, each_address, first_address, tidy};
use super::{Offer, ParseOptions, Row};
use crate::catalog::{
    Category, Cell, Id, Item, Local, Money, Notation, Rejection, Traits, first_product_type, path_category,
};

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

/// Every attribute.
pub(super) const ALL: [Attribute; ATTRIBUTES] = [
    Attribute::Id,
    Attribute::Title,
    Attribute::Description,
    Attribute::Link,
    Attribute::ImageLink,
    Attribute::Price,
    Attribute::SalePrice,
    Attribute::SaleDates,
    Attribute::Availability,
    Attribute::ProductType,
    Attribute::GoogleCategory,
];

/// How an attribute's name was written; the lesser is the better source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spelling {
    /// As Google's specification has it.
    Own,
    /// As other programs of Google's, or shops, write it.
    Alias,
    /// In one of several languages: `name_ua`.
    Language,
}

impl Attribute {
    /// The item's own name for what it becomes.
    pub(super) fn field(self) -> &'static str {
        match self {
            Attribute::Id => "id",
            Attribute::Title => "title",
            Attribute::Description => "description",
            Attribute::Link => "url",
            Attribute::ImageLink => "image_url",
            Attribute::Price => "price",
            Attribute::SalePrice | Attribute::SaleDates => "sale_price",
            Attribute::Availability => "in_stock",
            Attribute::ProductType | Attribute::GoogleCategory => "category",
        }
    }

    /// What an item's field is made of.
    fn of_field(field: &str) -> Option<Attribute> {
        let own = [
            Attribute::Id,
            Attribute::Title,
            Attribute::Price,
            Attribute::SalePrice,
            Attribute::Availability,
            Attribute::ProductType,
        ];
        own.into_iter().find(|attribute| attribute.field() == field)
    }

    /// Google's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Attribute::Id => "id",
            Attribute::Title => "title",
            Attribute::Description => "description",
            Attribute::Link => "link",
            Attribute::ImageLink => "image_link",
            Attribute::Price => "price",
            Attribute::SalePrice => "sale_price",
            Attribute::SaleDates => "sale_price_effective_date",
            Attribute::Availability => "availability",
            Attribute::ProductType => "product_type",
            Attribute::GoogleCategory => "google_product_category",
        }
    }

    /// Recognises a column's or an element's name: any case, with or without `g:`, blanks or
    /// hyphens for underscores, `ID [id]`, and the names that other Google products use.
    pub(super) fn named(name: &str) -> Option<(Attribute, Spelling)> {
        let own = match plain_name(name)?.as_str() {
            "id" => Attribute::Id,
            "title" => Attribute::Title,
            "description" => Attribute::Description,
            "link" => Attribute::Link,
            "image_link" => Attribute::ImageLink,
            "price" => Attribute::Price,
            "sale_price" => Attribute::SalePrice,
            "sale_price_effective_date" => Attribute::SaleDates,
            "availability" => Attribute::Availability,
            "product_type" => Attribute::ProductType,
            "google_product_category" => Attribute::GoogleCategory,
            other => return Attribute::alias(other),
        };
        Some((own, Spelling::Own))
    }

    fn alias(name: &str) -> Option<(Attribute, Spelling)> {
        let attribute = match name {
            "item_title" | "name" => Attribute::Title,
            "item_description" => Attribute::Description,
            "url" | "final_url" => Attribute::Link,
            "image" | "image_url" => Attribute::ImageLink,
            "category" | "item_category" => Attribute::ProductType,
            _ => {
                let is_title = ["name", "title"].iter().any(|stem| is_in_a_language(name, stem));
                return is_title.then_some((Attribute::Title, Spelling::Language));
            }
        };
        Some((attribute, Spelling::Alias))
    }
}

/// Whether a name is `stem` with a language of two letters behind it: `name_ua`. (`name_id` is a number, not Indonesian.)
pub(super) fn is_in_a_language(name: &str, stem: &str) -> bool {
    let language = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('_'));
    let is_code = |code: &str| code.len() == 2 && code != "id" && code.bytes().all(|byte| byte.is_ascii_lowercase());
    language.is_some_and(is_code)
}

/// The attributes of one row, as text.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a> {
    values: [Option<Cow<'a, str>>; ATTRIBUTES],
    /// What NiceChat never gets to see, in the row's order.
    local: Vec<(LocalAttribute, Cow<'a, str>)>,
}

impl<'a> Attributes<'a> {
    /// Sets an attribute; white space around it and control characters inside it go.
    pub(super) fn set(&mut self, attribute: Attribute, value: Cow<'a, str>) {
        self.values[attribute as usize] = tidy(value);
    }

    /// Adds an attribute of which there may be several.
    pub(super) fn add_local(&mut self, attribute: LocalAttribute, value: Cow<'a, str>) {
        self.local.extend(tidy(value).map(|value| (attribute, value)));
    }

    pub(super) fn get(&self, attribute: Attribute) -> Option<&str> {
        self.values[attribute as usize].as_deref()
    }

    /// What a rejection tells of the cell at fault.
    pub(super) fn cell(&self, attribute: Option<Attribute>) -> Cell {
        let value = attribute.and_then(|attribute| self.get(attribute)).map(cell_text);
        let title = self.get(Attribute::Title).filter(|_| attribute != Some(Attribute::Title)).map(cell_text);
        Cell { column: attribute.map(|attribute| attribute.name().to_owned()), value, title }
    }

    fn owned(&self, attribute: Attribute) -> Option<String> {
        self.get(attribute).map(str::to_owned)
    }

    /// What the row says of whose product it is.
    fn brand(&self) -> Option<String> {
        let mut local = Local::default();
        let brands = self.local.iter().filter(|(attribute, _)| *attribute == LocalAttribute::Brand);
        brands.for_each(|(attribute, value)| attribute.tell(value, &mut local));
        local.brand
    }

    /// What is known besides the item's own fields.
    fn local(&self, old_price: Option<Money>) -> Local {
        let mut local = Local { old_price: old_price.map(|money| money.price), ..Local::default() };
        if let Some(images) = self.get(Attribute::ImageLink) {
            each_address(images, |image| local.add_image(image));
        }
        self.local.iter().for_each(|(attribute, value)| attribute.tell(value, &mut local));
        local
    }

    fn address(&self, attribute: Attribute) -> Option<String> {
        self.get(attribute).and_then(first_address).map(str::to_owned)
    }
}

/// The field at fault, and the reason in words.
pub(super) type Fault = (&'static str, String);

/// Builds items from attributes; remembers the categories so that items share them.
pub(super) struct ItemBuilder<'s> {
    options: &'s ParseOptions,
    categories: HashMap<String, Option<Arc<Category>>>,
    /// Bytes of their paths, as they are written and as they are meant.
    taken: usize,
}

impl<'s> ItemBuilder<'s> {
    pub(super) fn new(options: &'s ParseOptions) -> Self {
        ItemBuilder { options, categories: HashMap::new(), taken: 0 }
    }

    /// One row's item, or why it is none.
    pub(super) fn row(&mut self, attributes: &Attributes<'_>, line: u64) -> Row {
        match self.offer(attributes, line) {
            Ok(offer) => Row::Offer(Box::new(offer)),
            Err((field, reason)) => {
                let rejection = Rejection::new(line, attributes.owned(Attribute::Id), field, reason);
                let rejection = rejection.of_cell(attributes.cell(Attribute::of_field(field)));
                let has_sale = attributes.get(Attribute::SalePrice).is_some();
                let changes_at = sale(attributes.get(Attribute::SaleDates), self.options.now).changes_at;
                let rejection = Rejection { changes_at: changes_at.filter(|_| has_sale), ..rejection };
                Row::Rejected(match self.category(attributes) {
                    Ok(category) => rejection.with_traits(Traits { brand: attributes.brand(), category }),
                    Err(_) => rejection,
                })
            }
        }
    }

    fn offer(&mut self, row: &Attributes<'_>, line: u64) -> Result<Offer, Fault> {
        let id = Id::parse(row.get(Attribute::Id).unwrap_or_default()).map_err(|error| ("id", error.to_string()))?;
        let title = row.owned(Attribute::Title).ok_or_else(|| ("title", "no title".to_owned()))?;
        let (money, changes_at) = price(row, self.options)?;
        let named = money.and_then(|money| money.currency);
        let currency = money.and_then(|_| named.or(self.options.default_currency));
        let word = row.get(Attribute::Availability);
        let stock = word.map(availability);
        let item = Item {
            id,
            category: self.category(row)?,
            title,
            price: money.map(|money| money.price),
            currency,
            description: row.owned(Attribute::Description),
            url: row.address(Attribute::Link),
            image_url: row.address(Attribute::ImageLink),
            in_stock: stock == Some(Stock::In),
            local: if self.options.local { row.local(old_price(row, money, self.options)) } else { Local::default() },
        };
        let currency_assumed = named.is_none() && currency.is_some();
        let strange_stock = word.filter(|_| stock == Some(Stock::Unknown)).map(excerpt);
        Ok(Offer { item, line, changes_at, currency_assumed, strange_stock })
    }

    fn category(&mut self, row: &Attributes<'_>) -> Result<Option<Arc<Category>>, Fault> {
        let path = match row.get(Attribute::ProductType) {
            Some(cell) => first_product_type(cell),
            None => row.get(Attribute::GoogleCategory).unwrap_or_default(),
        };
        if path.len() > MAX_PATH {
            return Err(("category", format!("its path is longer than {} KiB", MAX_PATH >> 10)));
        }
        if let Some(known) = self.categories.get(path) {
            return Ok(known.clone().or_else(|| self.options.default_category.clone()));
        }
        self.taken += 2 * path.len() + size_of::<(String, Category)>();
        if self.taken > MAX_PATHS {
            return Err(("category", format!("the categories before it take {} MiB already", MAX_PATHS >> 20)));
        }
        let category = path_category(path).map(Arc::new);
        self.categories.insert(path.to_owned(), category.clone());
        Ok(category.or_else(|| self.options.default_category.clone()))
    }
}

/// The price in effect, and when that changes. A sale price of zero is an exporter's way to say
/// "none". A sale price without a currency has the price's.
fn price(row: &Attributes<'_>, options: &ParseOptions) -> Result<(Option<Money>, Option<jiff::Timestamp>), Fault> {
    let notation = Notation::of(options.default_currency);
    let read = |attribute, field: &'static str| {
        let money = row.get(attribute).map(|text| Money::read(text, notation)).transpose();
        money.map_err(|error| (field, error.to_string()))
    };
    let Some(_) = row.get(Attribute::SalePrice) else { return Ok((read(Attribute::Price, "price")?, None)) };
    let Sale { active, changes_at } = sale(row.get(Attribute::SaleDates), options.now);
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

/// The price that a lower sale price is in effect instead of. One that can't be read is none.
fn old_price(row: &Attributes<'_>, now: Option<Money>, options: &ParseOptions) -> Option<Money> {
    row.get(Attribute::SalePrice)?;
    let old = Money::read(row.get(Attribute::Price)?, Notation::of(options.default_currency)).ok()?;
    let now = now?;
    let is_same = [old.currency, now.currency].iter().any(Option::is_none) || old.currency == now.currency;
    (is_same && old.price > now.price).then_some(old)
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
            assert_eq!(Attribute::named(name).map(|(attribute, _)| attribute), Some(Attribute::ImageLink), "{name}");
        }
        assert_eq!(Attribute::named("ID [id]"), Some((Attribute::Id, Spelling::Own)));
        assert_eq!(Attribute::named("Name UA"), Some((Attribute::Title, Spelling::Language)));
        assert!(Spelling::Own < Spelling::Alias && Spelling::Alias < Spelling::Language);
        for name in ["shipping(country:price)", "shipping(price)", "additional_image_link", "gtin", ""] {
            assert_eq!(Attribute::named(name), None, "{name}");
        }
    }
}
