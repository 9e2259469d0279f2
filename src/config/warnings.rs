//! What works, and is better otherwise.

use url::Url;

use super::{Config, Location, is_loopback};

impl Config {
    /// Settings that somebody should look at, a line each.
    pub fn warnings(&self) -> Vec<String> {
        let feed = match &self.source.location {
            Location::Url(url) if self.source.credentials.is_some() => Some(("source.location", url, "the password")),
            _ => None,
        };
        let lagerkoll = self.lagerkoll.as_ref();
        let lagerkoll = lagerkoll.map(|settings| ("lagerkoll.base_url", &settings.base_url, "the key"));
        let nicechat = ("nicechat.base_url", &self.nicechat.base_url, "the key, and all that is sent");
        let sent = feed.into_iter().chain([nicechat]).chain(lagerkoll);
        sent.filter(|(_, url, _)| is_open(url)).map(|(setting, _, what)| open(setting, what)).collect()
    }
}

/// Whether everybody on the way can read what is sent to an address, and change it.
fn is_open(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

fn open(setting: &str, what: &str) -> String {
    format!("{setting} is http, not https: {what} can be read on the way")
}
