//! What works, and is better otherwise.

use std::path::Path;

use url::Url;

use super::secret::load_credential;
use super::{Config, Location, NewStore, is_loopback, unit};
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
        let public = self.secret_files.iter().filter(|(file, _)| files::is_public(file));
        let public = public.map(|(file, credential)| self.open_secret(file, credential.as_deref()));
        let is_idle = self.source_alone.is_some() && self.oct8ne.is_none();
        open.chain(is_idle.then(|| idle.to_owned())).chain(public).collect()
    }
}

/// Credentials that the units load in any case.
const LOADED: [&str; 2] = ["nicechat_api_key", "nicechat_api_secret"];

impl Config {
    /// What is said where root reads secrets that the unit, whose user is another one, isn't handed, a line each.
    pub fn secrets_of_root(&self) -> Vec<String> {
        let Some(unit) = &self.unit else { return Vec::new() };
        let named = self.secret_files.iter().filter_map(|(file, credential)| Some((file, credential.as_deref()?)));
        let closed = named.filter(|(file, _)| files::closed_to_others(file).is_some());
        let missed = closed.filter(|(_, name)| !LOADED.contains(name) && !unit::is_handed(unit, name));
        let told = missed.map(|(file, name)| {
            format!(
                "root reads the secret in {} here; {unit} is a user of its own, and its unit doesn't hand it over: {}",
                file.display(),
                load_credential(name, file)
            )
        });
        told.collect()
    }

    /// What is said of a file that everybody can read. A service is a user of its own: it has to read the config, and is
    /// handed what only root may read.
    fn open_secret(&self, file: &Path, credential: Option<&str>) -> String {
        let told = format!("everybody on this machine can read the secret in {}", file.display());
        match (credential, &self.unit) {
            (None, Some(unit)) => format!(
                "{told}: move it into a file that only root may read (chmod 600), and name that in its `_file` setting; the \
                 config itself has to stay readable for {unit}"
            ),
            (Some(credential), Some(unit)) if !LOADED.contains(&credential) => format!(
                "{told}: chmod 600 {}. So that {unit} is given it then: {}",
                file.display(),
                load_credential(credential, file)
            ),
            _ => format!("{told}: chmod 600 {}", file.display()),
        }
    }
}

/// Whether everybody on the way can read what is sent to an address, and change it.
fn is_open(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

fn open(setting: &str, what: &str) -> String {
    format!("{setting} is http, not https: {what} can be read on the way")
}
