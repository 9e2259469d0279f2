//! The item: what a row of a feed means, in the fields that NiceChat keeps of a product.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::{Category, Currency, Fields, Id, Price};
use crate::digest::{Digest, Hasher};

/// A product as the source wants it to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The row's id.
    pub id: Id,
    /// Shared with the other items of the category.
    pub category: Option<Arc<Category>>,
    /// Never empty.
    pub title: String,
    /// The price in effect.
    pub price: Option<Price>,
    /// Of the price.
    pub currency: Option<Currency>,
    /// May hold HTML.
    pub description: Option<String>,
    /// The product's page.
    pub url: Option<String>,
    /// The source's address of the first picture.
    pub image_url: Option<String>,
    /// Whether it can be bought now.
    pub in_stock: bool,
}

impl Item {
    /// The fields of NiceChat's product (API page, "Edit Products"); what the item lacks is null.
    pub fn fields(&self) -> Fields {
        let category = self.category.as_ref().map(|category| category.id.as_str());
        let price = self.price.map(|price| Value::Number(price.to_number()));
        Fields::from_iter(
            [
                ("category", json!(category)),
                ("title", json!(self.title)),
                ("price", json!(price)),
                ("currency", json!(self.currency.map(|currency| currency.to_string()))),
                ("description", json!(self.description)),
                ("url", json!(self.url)),
                ("image_url", json!(self.image_url)),
                ("in_stock", json!(self.in_stock)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    /// The same, to be written without being taken apart first.
    pub fn as_fields(&self) -> impl Serialize + '_ {
        WrittenFields(self)
    }

    /// The item as `feed --format json` prints it.
    pub fn to_json(&self) -> Value {
        let mut fields = self.fields();
        fields.insert("id".to_owned(), json!(self.id.as_str()));
        Value::Object(fields)
    }

    /// Bytes of its texts, its category's aside: that is shared.
    pub fn size(&self) -> usize {
        let others = [&self.description, &self.url, &self.image_url];
        let others = others.into_iter().flatten().map(String::len).sum::<usize>();
        self.id.as_str().len() + self.title.len() + others
    }

    /// A digest of [`Item::fields`] that leaves a price's spelling aside.
    pub fn digest(&self, hasher: &Hasher) -> Digest {
        let price = self.price.map(Price::canonical);
        let currency = self.currency.as_ref().map(Currency::as_str);
        let mut hasher = hasher.begin();
        for text in [
            self.category.as_ref().map(|category| category.id.as_str()),
            Some(self.title.as_str()),
            price.as_deref(),
            currency,
            self.description.as_deref(),
            self.url.as_deref(),
            self.image_url.as_deref(),
            Some(if self.in_stock { "1" } else { "0" }),
        ] {
            // Lengths first, so that no text can run into the next one's place.
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(text.unwrap_or_default().as_bytes());
        }
        hasher.digest128()
    }
}

/// See [`Item::as_fields`].
struct WrittenFields<'a>(&'a Item);

impl Serialize for WrittenFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WrittenFields(item) = self;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{KEY, Money};

    fn item(price: &str) -> Item {
        Item {
            id: Id::parse("1").expect("an id"),
            category: None,
            title: "Lamp".into(),
            price: Money::parse(price).ok().map(|money| money.price),
            currency: None,
            description: None,
            url: Some("u".into()),
            image_url: None,
            in_stock: true,
        }
    }

    #[test]
    fn the_digest_sees_values_and_not_spellings() {
        let digest = |item: &Item| item.digest(&Hasher::without_secret());
        assert_eq!(digest(&item("10.00")), digest(&item("10")));
        assert_ne!(digest(&item("10.00")), digest(&item("10.01")));
        let mut moved = item("10");
        moved.image_url = moved.url.take();
        assert_ne!(digest(&moved), digest(&item("10")));
        assert_ne!(digest(&moved), moved.digest(&Hasher::new(&[1; KEY])));
    }

    #[test]
    fn json_keeps_the_digits() {
        let text = item("10.00").to_json().to_string();
        assert!(text.contains(r#""price":10.00"#), "{text}");
    }

    #[test]
    fn fields_are_written_as_they_are_taken_apart() {
        for price in ["10.00 EUR", "0", "none"] {
            let item = item(price);
            let written = serde_json::to_string(&item.as_fields()).expect("JSON");
            assert_eq!(written, json!(item.fields()).to_string());
        }
    }
}
