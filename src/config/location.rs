//! Where a feed lies.

use std::fmt;
use std::path::PathBuf;

use url::{Host, Url};

/// Where a feed lies. Prints, in `Debug` as well, without the user and password of a URL.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// An `http` or `https` address.
    Url(Url),
    /// A file of this machine.
    File(PathBuf),
}

impl Location {
    /// Reads an `http://`, `https://` or `file://` URL; anything without `://` is a path.
    ///
    /// # Errors
    /// When it is empty, or a URL of another kind; the text says what would be right.
    pub fn parse(text: &str) -> Result<Location, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("expected the URL or the path of a feed".to_owned());
        }
        if !text.contains("://") {
            return Ok(Location::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|error| format!("this is no URL: {error}"))?;
        match url.scheme() {
            "http" | "https" => Ok(Location::Url(url)),
            "file" => file(&url),
            _ => Err("expected http://, https://, file:// or a path".to_owned()),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Url(url) => without_userinfo(url).fmt(f),
            Location::File(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// Whether an address has a user or a password in it.
pub(super) fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Reads an address that others are added to: `http` or `https`, and nothing but a host, a port and a path.
/// The error of one with a user or password says `no_userinfo`.
pub(super) fn web_address(text: &str, example: &str, no_userinfo: &str) -> Result<Url, String> {
    let expected = format!("expected an address such as {example:?}");
    let url = Url::parse(text.trim()).map_err(|error| format!("{expected} ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{expected}, with http or https"));
    }
    if has_userinfo(&url) {
        return Err(format!("{expected}, {no_userinfo}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{expected}, with nothing from a ? or # on"));
    }
    Ok(url)
}

/// Whether an address is this very machine by its name or number.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

fn file(url: &Url) -> Result<Location, String> {
    let path = url.to_file_path().map_err(|()| "a file:// URL names a file of this machine: file:///path/to/feed")?;
    Ok(Location::File(path))
}

fn without_userinfo(url: &Url) -> Url {
    let mut url = url.clone();
    // Both refuse only URLs without a host, which have no userinfo either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Location {
        Location::parse(text).expect(text)
    }

    #[test]
    fn urls_and_paths() {
        assert_eq!(read("https://shop.example/a b.txt").to_string(), "https://shop.example/a%20b.txt");
        assert_eq!(read("file:///srv/my%20feed.xml"), Location::File("/srv/my feed.xml".into()));
        assert_eq!(read("feeds/shop:1.tsv"), Location::File("feeds/shop:1.tsv".into()));
        for text in ["", " ", "ftp://shop.example/a", "http://", "https://:80/", "file://host/a", "://"] {
            assert!(Location::parse(text).is_err(), "{text:?} was read as {:?}", Location::parse(text));
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let location = read("https://shop:hunter2@shop.example/feed?x=1");
        assert_eq!(location.to_string(), "https://shop.example/feed?x=1");
        assert_eq!(format!("{location:?}"), "Location(https://shop.example/feed?x=1)");
    }

    #[test]
    fn loopback_by_name_and_number() {
        let loopback = |text| is_loopback(&Url::parse(text).expect(text));
        for text in [
            "http://localhost:1/",
            "http://a.localhost",
            "http://127.9.0.1",
            "http://[::1]:8/",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(loopback(text), "{text}");
        }
        for text in ["http://localhost.example", "http://10.0.0.1", "https://account.nice.chat", "file:///x"] {
            assert!(!loopback(text), "{text}");
        }
    }
}
