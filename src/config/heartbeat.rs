//! `heartbeat_url` of `[notify]`: who is told of each pass. The address is all that a service knows us by, so it is a
//! secret.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::environment::Environment;
use super::location::web_address;
use super::names::HEARTBEAT_URL;
use super::section::Section;
use super::units::one_of;
use super::{ConfigError, secret};

/// Somebody who is told of each pass. Prints without the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Heartbeat {
    url: Url,
    /// How.
    pub style: HeartbeatStyle,
}

/// How a service is told of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartbeatStyle {
    /// The address as it is when it went well, with `/start` and `/fail`.
    Healthchecks,
    /// The address with `status` and `msg`.
    UptimeKuma,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("style", &self.style).finish_non_exhaustive()
    }
}

impl Heartbeat {
    /// The address as it is.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// The address with a word behind its path.
    pub fn below(&self, word: &str) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}/{word}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// The address with these in its query, which may have others of that name.
    pub fn with_status(&self, status: &str, message: &str) -> Url {
        let mut url = self.url.clone();
        let others = self.url.query_pairs().filter(|(name, _)| !matches!(name.as_ref(), "status" | "msg"));
        url.query_pairs_mut().clear().extend_pairs(others).extend_pairs([("status", status), ("msg", message)]);
        url
    }
}

/// Reads it; `None` = nobody is told, or secrets are not looked at.
pub(super) fn read(section: &Section<'_>, environment: &Environment) -> Result<Option<Heartbeat>, ConfigError> {
    let words = [("healthchecks", HeartbeatStyle::Healthchecks), ("uptime-kuma", HeartbeatStyle::UptimeKuma)];
    let style = section.read("heartbeat", "healthchecks", |text| one_of(text, &words))?;
    if secret::given(section, HEARTBEAT_URL, environment)?.is_empty() {
        return Ok(None);
    }
    let address = secret::required(section, HEARTBEAT_URL, environment)?;
    if address.expose_secret().is_empty() {
        return Ok(None);
    }
    // What is wrong with it is said without it.
    let url = parse(&address).map_err(|reason| section.error(format!("notify.heartbeat_url: {reason}")))?;
    Ok(Some(Heartbeat { url, style }))
}

fn parse(address: &SecretString) -> Result<Url, String> {
    let text = address.expose_secret().trim();
    let (before, query) = text.split_once('?').map_or((text, None), |(url, query)| (url, Some(query)));
    let mut url = web_address(before, "https://hc-ping.com/...", "without user and password")?;
    url.set_query(query);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(text: &str) -> Heartbeat {
        let url = parse(&SecretString::from(text)).expect(text);
        Heartbeat { url, style: HeartbeatStyle::UptimeKuma }
    }

    #[test]
    fn addresses_of_beats() {
        let plain = heartbeat("https://hc.example/key/");
        assert_eq!(plain.below("fail").as_str(), "https://hc.example/key/fail");
        assert_eq!(
            heartbeat("https://hc.example/key?create=1").below("start").as_str(),
            "https://hc.example/key/start?create=1"
        );
        let kuma = heartbeat("https://kuma.example/api/push/key?status=up&msg=OK&ping=");
        assert_eq!(
            kuma.with_status("down", "a & b").as_str(),
            "https://kuma.example/api/push/key?ping=&status=down&msg=a+%26+b"
        );
        assert!(!format!("{kuma:?}").contains("key"));
    }
}
