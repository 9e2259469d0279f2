//! The item: what a row of a feed means.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Category, Currency, Id, Local, Price};
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
    /// What is known besides, and has no part in [`Item::digest`].
    pub local: Local,
}

impl Item {
    /// The item as `feed --format json` prints it: what it lacks is null.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id.as_str(),
            "category": self.category.as_ref().map(|category| category.id.as_str()),
            "title": self.title,
            "price": self.price.map(Price::to_number),
            "currency": self.currency.as_ref().map(Currency::as_str),
            "description": self.description,
            "url": self.url,
            "image_url": self.image_url,
            "in_stock": self.in_stock,
            "local": self.local.to_json(),
        })
    }

    /// Bytes of its texts, its category's aside: that is shared.
    pub fn size(&self) -> usize {
        let others = [&self.description, &self.url, &self.image_url];
        let others = others.into_iter().flatten().map(String::len).sum::<usize>();
        self.id.as_str().len() + self.title.len() + others + self.local.size()
    }

    /// A digest of everything that NiceChat gets to see but the id, in which a price counts by its value. States keep it: it must stay as it is,
    /// byte for byte.
    pub fn digest(&self, hasher: &Hasher) -> Digest {
        let price = self.price.map(Price::canonical);
        let currency = self.currency.as_ref().map(Currency::as_str);
        // One piece of bytes is digested in half the time that many take, and comes to the same.
        let mut bytes = Vec::with_capacity(self.size() + 128);
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
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        hasher.digest(&bytes)
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
            local: Local::default(),
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

    /// Another digest would have every product of every shop compared anew.
    #[test]
    fn the_digest_is_the_one_that_states_keep() {
        let digest = item("10.00").digest(&Hasher::without_secret());
        assert_eq!(format!("{digest:032x}"), "feaaac8eead248401d589574a179c30e");
    }
}
