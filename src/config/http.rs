//! `[http]`: our own listener.

use std::fmt;
use std::net::SocketAddr;

use super::ConfigError;
use super::document::Document;
use super::location::web_address;
use super::names::HTTP;
use super::section::Section;

/// Our own listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where it listens; port 0 = any free port.
    pub listen: SocketAddr,
    /// Where NiceChat reaches it; `None` = it doesn't.
    pub public_url: Option<PublicUrl>,
}

/// Where the listener is reached from outside: `http` or `https`, without user, query and fragment; may have a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none; the text says what would be right.
    pub fn parse(text: &str) -> Result<PublicUrl, String> {
        let url = web_address(text, "https://shop.example/shelfkeeper", "without user and password")?;
        Ok(PublicUrl(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Its text, without a slash at the end: a path that begins with one can follow.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Http {
    /// A file without the section wants no listener.
    pub(super) fn read(document: &Document<'_>) -> Result<Option<Http>, ConfigError> {
        let section = Section::of(document, &HTTP);
        if !section.exists() {
            return Ok(None);
        }
        Ok(Some(Http {
            listen: section.read("listen", "127.0.0.1:8787", listen)?,
            public_url: section.read("public_url", "", public_url)?,
        }))
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let expected = "expected an IP address and a port, such as \"127.0.0.1:8787\" or \"[::1]:8787\"";
    text.trim().parse().map_err(|_| expected.to_owned())
}

/// Empty means none.
fn public_url(text: &str) -> Result<Option<PublicUrl>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    PublicUrl::parse(text).map(Some)
}
