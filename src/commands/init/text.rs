//! The config that `init` writes.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::config::Location;

/// Where NiceChat is, unless somebody says otherwise.
pub(super) const BASE_URL: &str = "https://account.nice.chat";

/// What has to be known.
pub(super) struct Answers {
    /// As it was given.
    pub(super) location: String,
    pub(super) base_url: String,
    pub(super) api_key_file: PathBuf,
    pub(super) api_secret_file: PathBuf,
    /// `None` = where it belongs.
    pub(super) state: Option<PathBuf>,
}

impl Answers {
    /// The text of a config. Paths in it begin at the root: it is read from other folders, too.
    pub(super) fn config(&self) -> anyhow::Result<String> {
        let location = match Location::parse(&self.location).map_err(anyhow::Error::msg)? {
            Location::File(path) => quoted(path)?,
            Location::Url(url) => quote(url.as_str()),
        };
        let base_url = quote(&self.base_url);
        let (key, secret) = (quoted(self.api_key_file.clone())?, quoted(self.api_secret_file.clone())?);
        let state = match &self.state {
            Some(path) => format!("path = {}", quoted(path.clone())?),
            None => "# path = \"state/shelfkeeper.db\"".to_owned(),
        };
        Ok(format!(
            "\
# shelfkeeper's settings, as `shelfkeeper init` wrote them. Every other one, with its default, is in
# shelfkeeper.example.toml; `shelfkeeper config dump` tells what this file comes to.

[source]
# The feed: an address, or the path of a file.
location = {location}
# When to look for changes: \"every 15m\", or a cron line that begins with the seconds.
schedule = \"every 15m\"
# If the feed asks for a user and a password:
# username = \"\"
# password_file = \"/etc/shelfkeeper/source_password\"
# The currency of prices without one.
default_currency = \"usd\"

[state]
# What shelfkeeper knows of NiceChat. By default in the current directory; that of the systemd units is
# theirs, in /var/lib.
{state}

[nicechat]
# Where NiceChat is.
base_url = {base_url}
# The shop's key and secret, in files of their own. The systemd units hand both over as credentials.
api_key_file = {key}
api_secret_file = {secret}
"
        ))
    }
}

/// A path from the root on, as TOML writes it.
fn quoted(path: PathBuf) -> anyhow::Result<String> {
    let path = std::path::absolute(path)?;
    Ok(quote(path.to_str().with_context(|| format!("{} is not UTF-8, which a config is", path.display()))?))
}

fn quote(text: &str) -> String {
    toml::Value::from(text).to_string()
}
