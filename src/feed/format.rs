//! The formats, and what items depend on besides their own row.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::catalog::{Category, Currency, Digest, Hasher};

/// Grows when the same feed would come to other items: what was read by older rules is read again.
pub const RULES: u32 = 8;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedType {
    /// Google Merchant, delimited text.
    GoogleCsv,
    /// Google Merchant, RSS or Atom.
    GoogleXml,
    /// Yandex Market's YML.
    Yml,
}

impl FeedType {
    /// The name in the settings and in reports.
    pub fn name(self) -> &'static str {
        match self {
            FeedType::GoogleCsv => "google-csv",
            FeedType::GoogleXml => "google-xml",
            FeedType::Yml => "yml",
        }
    }
}

impl fmt::Display for FeedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What items depend on besides their own row.
#[derive(Debug, Clone)]
pub struct ParseOptions {
    /// The format, or `None` to detect it.
    pub format: Option<FeedType>,
    /// For prices without one.
    pub default_currency: Option<Currency>,
    /// For items without one.
    pub default_category: Option<Arc<Category>>,
    /// The moment at which sales are judged.
    pub now: Timestamp,
    /// Whether items are to have what NiceChat never gets to see.
    pub local: bool,
}

impl ParseOptions {
    /// As a feed is read of which nothing is said.
    pub fn at(now: Timestamp) -> ParseOptions {
        ParseOptions { format: None, default_currency: None, default_category: None, now, local: true }
    }

    /// A digest of all that an item depends on besides the body and the time. A new version of the program reads
    /// everything anew; between two versions only [`RULES`] says that rows mean something else.
    pub(super) fn digest(&self, format: FeedType, hasher: &Hasher) -> Digest {
        let currency = self.default_currency.map(|currency| currency.to_string());
        let category = self.default_category.as_ref().map(|category| (&category.id, &category.name));
        let version = env!("CARGO_PKG_VERSION");
        hasher.digest(format!("{version}|{RULES}|{format}|{currency:?}|{category:?}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Id, Item, Local};

    /// An item that has more than before is another one of the same row.
    #[test]
    fn rules_grow_with_what_an_item_has() {
        let id = Id::parse("1").expect("an id");
        let (title, local) = ("T".to_owned(), Local::default());
        let (category, price, currency, description, url, image_url) = (None, None, None, None, None, None);
        let item = Item { id, category, title, price, currency, description, url, image_url, in_stock: true, local };
        let names = |value: &serde_json::Value| {
            let mut names: Vec<String> = value.as_object().expect("a map").keys().cloned().collect();
            names.sort_unstable();
            names.join(" ")
        };
        let (item, local) = (names(&item.to_json()), names(&item.local.to_json()));
        let has = "category currency description id image_url in_stock local price title url";
        let has = (8, has, "brand codes group images old_price");
        assert_eq!((RULES, item.as_str(), local.as_str()), has, "raise RULES, and say here what an item has now");
    }
}
