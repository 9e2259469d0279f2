//! What is accepted as a push of a feed.

use serde::Deserialize as _;
use url::{Host, Url};

use super::record::ImportFormat;
use crate::store::Object;
use crate::validate;

const FIELDS: [&str; 3] = ["format", "url", "callback"];

/// A feed to be imported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Push {
    pub(super) format: ImportFormat,
    pub(super) url: String,
    pub(super) callback: Option<String>,
}

/// Reads the body of a push.
///
/// # Errors
/// A description for the envelope that names the field at fault.
pub(super) fn read(body: &[u8]) -> Result<Push, String> {
    let object = validate::object(body)?;
    if let Some(name) = object.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(format!("{name}: unknown field"));
    }
    let format = object.get("format").ok_or("format: required")?;
    let format = ImportFormat::deserialize(format).map_err(|_| "format: must be \"google-csv\" or \"yml\"")?;
    let url = address(&object, "url")?.ok_or("url: required")?;
    Ok(Push { format, url, callback: address(&object, "callback")? })
}

/// The address in a field. The sandbox keeps to this machine, whatever it is asked for.
fn address(object: &Object, field: &str) -> Result<Option<String>, String> {
    let Some(value) = object.get(field) else {
        return Ok(None);
    };
    let parsed = value.as_str().and_then(|text| Url::parse(text).ok());
    let url = parsed
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| format!("{field}: must be a full http or https URL"))?;
    if !is_loopback(&url) {
        let host = url.host_str().unwrap_or_default();
        return Err(format!("{field}: the sandbox reaches loopback addresses only, not {host}"));
    }
    Ok(value.as_str().map(str::to_owned))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field() {
        let cases = [
            (r#"{"url": "http://127.0.0.1/"}"#, "format: required"),
            (r#"{"format": "google-xml", "url": "http://127.0.0.1/"}"#, "format: must"),
            (r#"{"format": 1, "url": "http://127.0.0.1/"}"#, "format: must"),
            (r#"{"format": "yml"}"#, "url: required"),
            (r#"{"format": "yml", "url": "ftp://127.0.0.1/"}"#, "url: must"),
            (r#"{"format": "yml", "url": "/feed"}"#, "url: must"),
            (r#"{"format": "yml", "url": "http://shop.example/"}"#, "url: the sandbox reaches loopback"),
            (r#"{"format": "yml", "url": "http://[::1]/", "callback": "http://10.0.0.1/"}"#, "callback: the sandbox"),
            (r#"{"format": "yml", "url": "http://[::1]/", "callback": null}"#, "callback: must"),
            (r#"{"format": "yml", "url": "http://[::1]/", "now": true}"#, "now: unknown field"),
            ("[]", "The body is not a JSON object"),
        ];
        for (text, start) in cases {
            let told = read(text.as_bytes()).expect_err(text);
            assert!(told.starts_with(start), "{text}: {told}");
        }
    }

    #[test]
    fn addresses_stay_as_they_were_pushed() {
        let text = r#"{"format": "google-csv", "url": "http://localhost:1", "callback": "http://127.1.2.3/a"}"#;
        let wanted = Push {
            format: ImportFormat::GoogleCsv,
            url: "http://localhost:1".to_owned(),
            callback: Some("http://127.1.2.3/a".to_owned()),
        };
        assert_eq!(read(text.as_bytes()), Ok(wanted));
    }
}
