//! The formats, and what items depend on besides their own row.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::catalog::{Category, Currency, Digest, Hasher};

/// Grows when the same feed would come to other items: what was read by older rules is read again.
pub const RULES: u32 = 4;

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
}

impl ParseOptions {
    /// A digest of all that an item depends on besides the body and the time. A new version of the program reads
    /// everything anew, so that [`RULES`] needs no change for that.
    pub(super) fn digest(&self, format: FeedType, hasher: &Hasher) -> Digest {
        let currency = self.default_currency.map(|currency| currency.to_string());
        let category = self.default_category.as_ref().map(|category| (&category.id, &category.name));
        let version = env!("CARGO_PKG_VERSION");
        hasher.digest(format!("{version}|{RULES}|{format}|{currency:?}|{category:?}").as_bytes())
    }
}
