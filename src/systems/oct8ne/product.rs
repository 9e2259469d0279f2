//! A product as it lies on the shelf.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::systems::catalog::Stocked;

/// A product.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) price: Option<Decimal>,
    /// In upper case.
    pub(super) currency: Option<String>,
    pub(super) old_price: Option<Decimal>,
    pub(super) description: Option<String>,
    pub(super) url: Option<String>,
    /// Addresses that browsers fetch.
    pub(super) images: Vec<String>,
    pub(super) is_in_stock: bool,
    pub(super) category: Option<String>,
    pub(super) brand: Option<String>,
    pub(super) codes: Vec<String>,
    pub(super) group: Option<String>,
}

impl Product {
    pub(super) fn of(stocked: Stocked) -> Product {
        let Stocked { id, mut fields } = stocked;
        let mut local = match fields.remove("local") {
            Some(Value::Object(local)) => local,
            _ => Map::new(),
        };
        let mut images = texts(&mut local, "images");
        if images.is_empty() {
            images.extend(text(&mut fields, "image_url"));
        }
        images.retain(|image| is_web(image));
        Product {
            id,
            title: text(&mut fields, "title").unwrap_or_default(),
            price: fields.get("price").and_then(number),
            currency: text(&mut fields, "currency").map(|currency| currency.to_uppercase()),
            old_price: local.get("old_price").and_then(number),
            description: text(&mut fields, "description"),
            url: text(&mut fields, "url").filter(|url| is_web(url)),
            images,
            is_in_stock: fields.get("in_stock") == Some(&Value::Bool(true)),
            category: text(&mut fields, "category"),
            brand: text(&mut local, "brand"),
            codes: texts(&mut local, "codes"),
            group: text(&mut local, "group"),
        }
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts(fields: &mut Map<String, Value>, name: &str) -> Vec<String> {
    match fields.remove(name) {
        Some(Value::Array(items)) => items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// A number, as it is written.
pub(super) fn number(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// Whether a browser on a page of the web would fetch an address.
pub(super) fn is_web(address: &str) -> bool {
    let head: String = address.chars().take(8).flat_map(char::to_lowercase).collect();
    ["http://", "https://", "//"].iter().any(|scheme| head.starts_with(scheme))
}
