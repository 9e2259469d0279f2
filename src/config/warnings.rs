//! What works, and is better otherwise.

use url::Url;

use super::{Config, Location, NewStore, is_loopback};
use crate::files;

impl Config {
    /// Settings that somebody should look at, a line each.
    pub fn warnings(&self) -> Vec<String> {
        let catalog = self.catalog.as_deref();
        let source = catalog.map(|catalog| &catalog.source).or(self.source_alone.as_ref());
        let feed = source.and_then(|source| match &source.location {
            Location::Url(url) if source.credentials.is_some() => Some(("source.location", url, "the password")),
            _ => None,
        });
        let lagerkoll = self.lagerkoll.as_ref();
        let lagerkoll = lagerkoll.map(|settings| ("lagerkoll.base_url", &settings.base_url, "the key"));
        let emplifi = self.emplifi.as_ref();
        let emplifi = emplifi.map(|settings| ("emplifi.base_url", &settings.base_url, "the key"));
        let newstore = self.newstore.iter().flat_map(NewStore::addresses);
        let orders = self.orders.as_ref().map(|orders| &orders.nicechat.base_url);
        let nicechat = catalog.map(|catalog| &catalog.nicechat.base_url).or(orders);
        let nicechat = nicechat.map(|url| ("nicechat.base_url", url, "the key, and all that is sent"));
        let sent = feed.into_iter().chain(nicechat).chain(lagerkoll).chain(emplifi).chain(newstore);
        let open = sent.filter(|(_, url, _)| is_open(url)).map(|(setting, _, what)| open(setting, what));
        let idle = "no section says what [source] is for: add [nicechat], with its key and secret";
        let public = self.secret_files.iter().filter(|file| files::is_public(file));
        let public = public.map(|file| {
            let file = file.display();
            format!("everybody on this machine can read the secret in {file}: chmod 600 {file}")
        });
        let is_idle = self.source_alone.is_some() && self.oct8ne.is_none();
        open.chain(is_idle.then(|| idle.to_owned())).chain(public).collect()
    }
}

/// Whether everybody on the way can read what is sent to an address, and change it.
fn is_open(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

fn open(setting: &str, what: &str) -> String {
    format!("{setting} is http, not https: {what} can be read on the way")
}
