//! Where NiceChat is told to fetch a feed.

use url::Url;

use crate::config::{Catalog, PublicUrl};
use crate::feed::FeedType;
use crate::remote::nicechat::ImportFormat;

/// Where an import's feed is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// At the source's own address, in the source's own format.
    Source(Url, ImportFormat),
    /// At ours, below `[http] public_url`, as YML: the only format that has room for category ids.
    Ours(PublicUrl),
}

impl Address {
    /// The addresses at which NiceChat can read this feed, at least one. The source's own comes first.
    ///
    /// # Errors
    /// In words, why there is none. They finish the sentence "no import: ...".
    pub fn possible(config: &Catalog, format: FeedType) -> Result<Vec<Address>, String> {
        let source = config.source_for_import(Some(format)).map(|url| {
            let format = if format == FeedType::Yml { ImportFormat::Yml } else { ImportFormat::GoogleCsv };
            Address::Source(url.clone(), format)
        });
        let ours = config.public_url().cloned().map(Address::Ours);
        match (source, ours) {
            (Err(why), None) => Err(format!("{why}, and `[http] public_url` is not set")),
            (source, ours) => Ok(source.into_iter().chain(ours).collect()),
        }
    }

    /// Whether NiceChat fetches the feed from us.
    pub fn is_ours(&self) -> bool {
        matches!(self, Address::Ours(_))
    }
}
