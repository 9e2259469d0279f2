//! What the settings as a whole say of feed imports.

use url::Url;

use super::document::Document;
use super::names::NICECHAT;
use super::section::Section;
use super::{Catalog, ConfigError, Location, PublicUrl, Strategy, is_loopback};
use crate::feed::FeedType;

impl Catalog {
    /// The source's own address, when NiceChat can read a feed of this format there as it is (API page,
    /// section "Feeds"); `None` = the format isn't known yet.
    ///
    /// # Errors
    /// In words, why it can't: they finish the sentence "no import: ...".
    pub fn source_for_import(&self, format: Option<FeedType>) -> Result<&Url, &'static str> {
        let Location::Url(url) = &self.source.location else {
            return Err("local file");
        };
        if self.source.credentials.is_some() {
            return Err("the feed is behind a password");
        }
        if is_loopback(url) && !is_loopback(&self.nicechat.base_url) {
            return Err("the feed's address is this machine's own");
        }
        if self.source.rules.can_exclude() {
            return Err("`[[source.rule]]` leaves rows out");
        }
        match format {
            Some(FeedType::GoogleXml) => Err("NiceChat imports google-csv and yml, not google-xml"),
            _ => Ok(url),
        }
    }

    /// The public address at which we can serve the feed to NiceChat, if there is one.
    pub fn public_url(&self) -> Option<&PublicUrl> {
        self.http.as_ref().and_then(|http| http.public_url.as_ref())
    }

    /// Refuses `strategy = "import"` when NiceChat could never fetch the feed.
    pub(super) fn check_import(&self, document: &Document<'_>) -> Result<(), ConfigError> {
        let needed = self.nicechat.strategy == Strategy::Import && self.public_url().is_none();
        let Some(why) = self.source_for_import(self.source.format).err().filter(|_| needed) else { return Ok(()) };
        let message = format!(
            "no import: {why}, and `[http] public_url` is not set; set it, so that shelfkeeper can serve the feed, or \
             use \"auto\" or \"api\""
        );
        let section = Section::of(document, &NICECHAT);
        Err(section.get("strategy").map_or_else(|| section.error(&message), |setting| setting.bad(&message)))
    }
}
