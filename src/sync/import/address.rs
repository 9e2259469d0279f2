//! Where NiceChat is told to fetch a feed.

use url::Url;

use crate::config::{Config, PublicUrl};
use crate::feed::FeedType;
use crate::nicechat::ImportFormat;

/// Where an import's feed is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// At the source's own address, in the source's own format.
    Source(Url, ImportFormat),
    /// At ours, below `[http] public_url`, as YML: the only format that has room for category ids.
    Ours(PublicUrl),
}

impl Address {
    /// The address at which NiceChat can read this feed.
    ///
    /// # Errors
    /// In words, why there is none. They finish the sentence "NiceChat can't fetch the feed: ...".
    pub fn of(config: &Config, format: FeedType) -> Result<Address, String> {
        match config.source_for_import(Some(format)) {
            Ok(url) => {
                let format = if format == FeedType::Yml { ImportFormat::Yml } else { ImportFormat::GoogleCsv };
                Ok(Address::Source(url.clone(), format))
            }
            Err(why) => {
                let public = config.public_url().cloned().map(Address::Ours);
                public.ok_or_else(|| format!("{why}, and no [http] public_url is set to serve it at"))
            }
        }
    }
}
