//! Our objects in NiceChat's fields, and the place of each kind in its addresses.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use crate::catalog::{Currency, Fields, Item, Kind, Price};

/// The fields of a product (API page, "Edit Products"); what the item lacks is null.
pub fn product_fields(item: &Item) -> Fields {
    let texts = [
        ("category", item.category.as_ref().map(|category| category.id.as_str())),
        ("title", Some(item.title.as_str())),
        ("currency", item.currency.as_ref().map(Currency::as_str)),
        ("description", item.description.as_deref()),
        ("url", item.url.as_deref()),
        ("image_url", item.image_url.as_deref()),
    ];
    product_text_fields(texts, item.price.map(|price| Value::Number(price.to_number())), item.in_stock)
}

/// The same of what an item says.
pub fn product_text_fields(texts: [(&str, Option<&str>); 6], price: Option<Value>, in_stock: bool) -> Fields {
    let texts = texts.into_iter().map(|(name, text)| (name, text.map_or(Value::Null, Value::from)));
    let others = [("price", price.unwrap_or(Value::Null)), ("in_stock", Value::Bool(in_stock))];
    texts.chain(others).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The fields of a category of ours (API page, "Edit Categories").
pub fn category_fields(name: &str) -> Fields {
    Fields::from_iter([("name".to_owned(), json!(name)), ("is_enabled".to_owned(), Value::Bool(true))])
}

/// Writes [`product_fields`] without building them first: the shelf has them of every item.
pub struct ProductFields<'a>(pub &'a Item);

impl Serialize for ProductFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ProductFields(item) = self;
        let mut fields = serializer.serialize_map(Some(8))?;
        fields.serialize_entry("category", &item.category.as_ref().map(|category| category.id.as_str()))?;
        fields.serialize_entry("currency", &item.currency.as_ref().map(Currency::as_str))?;
        fields.serialize_entry("description", &item.description)?;
        fields.serialize_entry("image_url", &item.image_url)?;
        fields.serialize_entry("in_stock", &item.in_stock)?;
        fields.serialize_entry("price", &item.price.map(Price::to_number))?;
        fields.serialize_entry("title", &item.title)?;
        fields.serialize_entry("url", &item.url)?;
        fields.end()
    }
}

/// Where a kind's objects are (`/marketplaces/v1/<segment>/`).
pub(super) fn path_segment(kind: Kind) -> &'static str {
    match kind {
        Kind::Category => "categories",
        Kind::Product => "products",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Id, Money};

    #[test]
    fn fields_are_written_as_they_are_built() {
        for price in ["10.00 EUR", "0", "none"] {
            let money = Money::parse(price).ok();
            let item = Item {
                id: Id::parse("1").expect("an id"),
                category: None,
                title: "Lamp".into(),
                price: money.map(|money| money.price),
                currency: money.and_then(|money| money.currency),
                description: None,
                url: Some("u".into()),
                image_url: None,
                in_stock: true,
                local: Default::default(),
            };
            let written = serde_json::to_string(&ProductFields(&item)).expect("JSON");
            assert_eq!(written, json!(product_fields(&item)).to_string());
        }
    }
}
