//! `[http]`: our own listeners.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use secrecy::SecretString;

use super::ConfigError;
use super::document::Document;
use super::environment::{Environment, Secrets};
use super::location::web_address;
use super::names::{HTTP, PASSWORD};
use super::secret;
use super::section::Section;

/// Our own listeners: two doors.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where those who run us look; port 0 = any free port.
    pub listen: Option<SocketAddr>,
    /// Where everybody else is served.
    pub public_listen: Option<SocketAddr>,
    /// Where NiceChat and shoppers reach that; `None` = they don't.
    pub public_url: Option<PublicUrl>,
    /// Asked for at `listen`.
    pub password: Option<SecretString>,
    /// Whether something can be done on our own pages.
    pub actions: bool,
    /// Names under which `listen` may be reached, in lower case.
    pub allowed_hosts: Vec<String>,
    /// Pages of these origins may read what is for all; `*` = all.
    pub allow_origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Of one client address at the public door; 0 = no limit.
    pub requests_per_second: u32,
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Network, String> {
        let expected = || "expected an address or a network, such as \"10.0.0.0/8\"".to_owned();
        let (first, bits) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
        let first: IpAddr = first.parse().map_err(|_| expected())?;
        let all = if first.is_ipv4() { 32 } else { 128 };
        let bits = if bits.is_empty() { all } else { bits.parse().map_err(|_| expected())? };
        if bits <= all { Ok(Network { first, bits }) } else { Err(expected()) }
    }

    fn has(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (first.to_bits() ^ address.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (first.to_bits() ^ address.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
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
    pub(super) fn read(document: &Document<'_>, environment: &Environment) -> Result<Option<Http>, ConfigError> {
        let section = Section::of(document, &HTTP);
        if !section.exists() {
            return Ok(None);
        }
        let proxies = section.texts("trusted_proxies", &["127.0.0.0/8", "::1"], Network::parse);
        let http = Http {
            listen: section.read("listen", "127.0.0.1:8787", listen)?,
            public_listen: section.read("public_listen", "", listen)?,
            public_url: section.read("public_url", "", public_url)?,
            password: section.keep(password(&section, environment), || None),
            actions: section.is_set_or("actions", false),
            allowed_hosts: section.texts("allowed_hosts", &[], host),
            allow_origins: section.texts("allow_origins", &[], origin_or_all),
            trusted_proxies: proxies,
            requests_per_second: section.number("requests_per_second", 50, 0..=100_000),
        };
        http.check(document, &section, environment);
        Ok(Some(http))
    }

    /// What is wrong with the settings together.
    fn check(&self, document: &Document<'_>, section: &Section<'_>, environment: &Environment) {
        let note = |key, message: &str| {
            let error = section.get(key).map_or_else(|| section.error(message), |setting| setting.bad(message));
            document.note(error);
        };
        if let (Some(listen), Some(public)) = (self.listen, self.public_listen)
            && are_one(listen, public)
        {
            note(
                "public_listen",
                "it is the address of listen, or one of the two stands for all addresses of this port, and what is at \
                 one door is not at the other; set another port",
            );
        }
        if self.public_url.is_some() && self.public_listen.is_none() {
            let message = "nothing is served there without public_listen; set public_listen = \"127.0.0.1:8788\" in \
                           section [http], and have public_url lead there";
            note("public_url", message);
        }
        if self.actions && self.password.is_none() && environment.secrets() == Secrets::Needed {
            let message = "without a password anybody who reaches the pages could approve, pause and resync; set \
                           password_file in section [http], or actions = false";
            note("actions", message);
        }
        let is_open = self.listen.is_some_and(|listen| !listen.ip().to_canonical().is_loopback());
        if is_open && self.password.is_none() && environment.secrets() == Secrets::Needed {
            let message = "it is no loopback address, so that others can look; set password_file in section [http], or \
                           listen = \"127.0.0.1:8787\"";
            note("listen", message);
        }
    }

    /// Whether what an address says of others is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.has(address))
    }

    /// The settings of an empty section.
    #[cfg(test)]
    pub fn on_loopback() -> Http {
        Http {
            listen: listen("127.0.0.1:8787").unwrap_or_default(),
            public_listen: None,
            public_url: None,
            password: None,
            actions: false,
            allowed_hosts: Vec::new(),
            allow_origins: Vec::new(),
            trusted_proxies: ["127.0.0.0/8", "::1"].iter().flat_map(|network| Network::parse(network)).collect(),
            requests_per_second: 50,
        }
    }
}

fn password(section: &Section<'_>, environment: &Environment) -> Result<Option<SecretString>, ConfigError> {
    if secret::given(section, PASSWORD, environment)?.is_empty() {
        return Ok(None);
    }
    secret::required(section, PASSWORD, environment).map(Some)
}

/// Whether two listeners can't both have their address.
fn are_one(one: SocketAddr, other: SocketAddr) -> bool {
    let [first, second] = [one, other].map(|address| address.ip().to_canonical());
    let has_all = |address: IpAddr| address.is_unspecified();
    // All of IPv6 are all of IPv4 as well.
    let is_met = |all: IpAddr, other: IpAddr| has_all(all) && (all.is_ipv6() || other.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (first == second || is_met(first, second) || is_met(second, first))
}

/// A name as callers give it.
fn host(text: &str) -> Result<String, String> {
    let host = text.trim().to_ascii_lowercase();
    let is_name = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if is_name { Ok(host) } else { Err("expected a name alone, such as \"shelfkeeper.example\"".to_owned()) }
}

/// Empty means none.
fn listen(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let expected = "expected an IP address and a port, such as \"127.0.0.1:8787\" or \"[::1]:8787\"";
    text.trim().parse().map(Some).map_err(|_| expected.to_owned())
}

/// Empty means none.
fn public_url(text: &str) -> Result<Option<PublicUrl>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    PublicUrl::parse(text).map(Some)
}

fn origin_or_all(text: &str) -> Result<String, String> {
    if text == "*" { Ok("*".to_owned()) } else { origin(text) }
}

/// The origin of pages: scheme, host and port, as browsers write it.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let expected = || "expected the origin of pages, such as \"https://shop.example\"".to_owned();
    let url = url::Url::parse(text.trim()).map_err(|_| expected())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !is_bare || !matches!(url.scheme(), "http" | "https") {
        return Err(expected());
    }
    Ok(url.origin().ascii_serialization())
}
