//! Where a feed lies.

use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use url::{Host, ParseError, Url};

/// What is said of an address with a user or a password in it.
const NO_USERINFO: &str =
    "leave the user and password out of the address;\nset username and password_file in section [source] instead";

/// What is said of characters that nobody types: TOML makes them of a Windows path's `\n`, `\t` and `\f`.
pub(super) const NO_PATH: &str = "there are characters in it that nobody can see; \
                       write a Windows path as 'C:\\feeds\\shop.xml', or each \\ as \\\\";

/// A shorter value of a query is no secret, but a word that may stand anywhere.
const SHORTEST_SECRET: usize = 6;

/// Where a feed lies. Prints, in `Debug` as well, without what may be a secret: see `public`.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// An `http` or `https` address.
    Url(Url),
    /// A file of this machine.
    File(PathBuf),
}

impl Location {
    /// Reads an `http://`, `https://` or `file://` URL; anything else without `://` is a path.
    ///
    /// # Errors
    /// When it is empty, a URL of another kind, or has a password in it; the text says what would be right,
    /// and shows nothing of the address.
    pub fn parse(text: &str) -> Result<Location, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("expected the URL or the path of a feed".to_owned());
        }
        if !looks_like_url(text) {
            if text.contains(char::is_control) {
                return Err(NO_PATH.to_owned());
            }
            return Ok(Location::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|error| format!("this is no URL: {error}"))?;
        match url.scheme() {
            "http" | "https" if has_userinfo(&url) => Err(NO_USERINFO.to_owned()),
            "http" | "https" => no_feed(&url).map_or(Ok(Location::Url(url)), |what| Err(what.to_owned())),
            "file" => file(&url),
            _ => Err("expected http://, https://, file:// or a path".to_owned()),
        }
    }

    /// What may be secret in it: whoever is told the address may repeat these.
    pub fn secrets(&self) -> Vec<SecretString> {
        let Location::Url(url) = self else { return Vec::new() };
        let values = url.query_pairs().map(|(name, value)| if value.is_empty() { name } else { value }.into_owned());
        values.filter(|value| value.len() >= SHORTEST_SECRET).map(SecretString::from).collect()
    }

    /// Tells it from every other location, and doesn't tell what it is: its query may be a secret.
    pub fn fingerprint(&self) -> String {
        let bytes = match self {
            Location::Url(url) => url.as_str().as_bytes(),
            Location::File(path) => path.as_os_str().as_bytes(),
        };
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Url(url) => f.write_str(&public(url)),
            Location::File(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// Whether a text is meant as an address. Browsers take `https:host` for one, and so do the parsers.
fn looks_like_url(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    text.contains("://") || begins("http:") || begins("https:")
}

/// Whether an address has a user or a password in it.
pub(super) fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// What an address is that people copy from their browser's bar, and that never is a feed's.
fn no_feed(url: &Url) -> Option<&'static str> {
    let (host, path) = (url.host_str()?, url.path());
    let last = path.rsplit('/').next().unwrap_or_default();
    match host {
        "docs.google.com" if path.starts_with("/spreadsheets/") => match last {
            "edit" | "view" | "htmlview" | "preview" => Some(
                "this is the page of a Google spreadsheet, not a feed; share the sheet with everybody who has the \
                 link, and write export?format=tsv for what begins with the last word, such as edit#gid=0",
            ),
            "pubhtml" => Some(
                "this is the page of a Google spreadsheet, not a feed; write pub?output=tsv for what begins with \
                 pubhtml, and &gid= with its number behind that for a sheet that is not the first",
            ),
            _ => None,
        },
        "drive.google.com" if path.starts_with("/file/d/") => {
            Some("this is a page of Google Drive, not a feed; give the address of the file itself")
        }
        "www.dropbox.com" if url.query_pairs().any(|(name, value)| name == "dl" && value == "0") => {
            Some("this is a page of Dropbox, not a feed; write dl=1 for dl=0 at its end")
        }
        "github.com" if path.contains("/blob/") => {
            Some("this is a page of GitHub, not a feed; give the address of its button \"Raw\"")
        }
        _ => None,
    }
}

/// Reads an address that others are added to: `http` or `https`, and nothing but a host, a port and a path.
/// The error of one with a user or password says `no_userinfo`.
pub(super) fn web_address(text: &str, example: &str, no_userinfo: &str) -> Result<Url, String> {
    let expected = format!("expected an address such as {example:?}");
    let url = Url::parse(text.trim()).map_err(|error| match error {
        ParseError::RelativeUrlWithoutBase => format!("an address must begin with https:// or http://; {expected}"),
        error => format!("{expected} ({error})"),
    })?;
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
    url.host().is_some_and(|host| is_loopback_host(&host))
}

/// Whether a host is this very machine by its name or number.
pub(super) fn is_loopback_host<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost" || name.as_ref().ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

fn file(url: &Url) -> Result<Location, String> {
    let path = url.to_file_path().map_err(|()| "a file:// URL names a file of this machine: file:///path/to/feed")?;
    Ok(Location::File(path))
}

/// An address as everybody may see it: without user, password and fragment, and with `***` for each value of
/// its query. What has no name there may be a value.
pub(super) fn public(url: &Url) -> String {
    let mut bare = url.clone();
    // Both refuse only URLs without a host, which have no userinfo either.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_fragment(None);
    bare.set_query(None);
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) => format!("{name}=***"),
        None if pair.is_empty() => String::new(),
        None => "***".to_owned(),
    };
    match url.query() {
        Some(query) => format!("{bare}?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&")),
        None => bare.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

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
    fn what_may_be_a_secret_is_never_printed() {
        for (text, shown) in [
            ("https://shop.example/feed?token=hunter2&shop=5", "https://shop.example/feed?token=***&shop=***"),
            ("https://shop.example/feed?hunter2", "https://shop.example/feed?***"),
            ("https://shop.example/feed?a=hunter2;b=hunter2&", "https://shop.example/feed?a=***&"),
            ("https://shop.example/feed?#hunter2", "https://shop.example/feed?"),
        ] {
            let location = read(text);
            assert_eq!(location.to_string(), shown);
            assert_eq!(format!("{location:?}"), format!("Location({shown})"));
            assert!(!location.fingerprint().contains("hunter2"));
        }
        let url = Url::parse("https://shop:hunter2@shop.example/feed").expect("a URL");
        assert_eq!(public(&url), "https://shop.example/feed");
    }

    #[test]
    fn what_may_be_secret_in_it() {
        let secrets = |text: &str| {
            let secrets = read(text).secrets();
            secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect::<Vec<_>>()
        };
        let found = secrets("https://shop.example/feed?token=hunter%202&key=&shop=5&hunter33");
        assert_eq!(found, ["hunter 2", "hunter33"]);
        assert_eq!(secrets("https://shop.example/feed"), [""; 0]);
        assert_eq!(secrets("/srv/feed?token=hunter2"), [""; 0]);
    }

    #[test]
    fn a_password_in_an_address_is_refused_without_showing_it() {
        for text in ["https://shop:hunter2@shop.example/", "https://hunter2@shop.example/", "https:shop:hunter2@host/"]
        {
            let refused = Location::parse(text).expect_err(text);
            assert!(refused.contains("username and password_file") && !refused.contains("hunter2"), "{refused}");
        }
        // Which is no user.
        assert!(Location::parse("https://shop.example/a@b").is_ok());
    }

    #[test]
    fn pages_that_people_copy_are_no_feeds() {
        let sheet = "https://docs.google.com/spreadsheets/d";
        for (address, advice) in [
            (format!("{sheet}/abc/edit#gid=0"), "write export?format=tsv for"),
            (format!("{sheet}/abc/preview"), "write export?format=tsv for"),
            (format!("{sheet}/e/2PACX-abc/pubhtml?gid=5&single=true"), "write pub?output=tsv for"),
        ] {
            let refused = Location::parse(&address).expect_err(&address);
            assert!(refused.contains("not a feed") && refused.contains(advice), "{refused}");
        }
        for address in [format!("{sheet}/abc/export?format=tsv"), format!("{sheet}/e/2PACX-abc/pub?output=tsv")] {
            assert!(Location::parse(&address).is_ok(), "{address}");
        }
    }

    #[test]
    fn another_address_has_another_fingerprint() {
        let fingerprint = |text: &str| read(text).fingerprint();
        assert_eq!(fingerprint("https://shop.example/?shop=1"), fingerprint("https://shop.example/?shop=1"));
        assert_ne!(fingerprint("https://shop.example/?shop=1"), fingerprint("https://shop.example/?shop=2"));
        assert_eq!(fingerprint("feed.txt").len(), 64);
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
