//! What a feed comes to, whatever its format.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::store::Object;

/// Everything in a feed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Names by id.
    pub(super) categories: BTreeMap<String, String>,
    /// Whole products, each with an id and a title, in the order of the feed.
    pub(super) products: Vec<Object>,
}

impl Contents {
    /// Takes a product, unless it has no id or no title.
    pub(super) fn add(&mut self, product: Object) {
        if ["id", "title"].iter().all(|field| product.contains_key(*field)) {
            self.products.push(product);
        }
    }
}

/// Sets a field, unless the text is empty: a field that a feed doesn't have is one that NiceChat clears.
pub(super) fn set_text(object: &mut Object, field: &str, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        object.insert(field.to_owned(), Value::from(text));
    }
}

/// Sets price and currency, if the price is a plain number, whose digits stay as they are.
pub(super) fn set_money(object: &mut Object, price: &str, currency: &str) {
    if let Ok(number) = serde_json::from_str::<Number>(price) {
        object.insert("price".to_owned(), Value::Number(number));
        set_text(object, "currency", &currency.to_lowercase());
    }
}
