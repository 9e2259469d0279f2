//! What an address, or a form, asks for.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

/// What stays as it is in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Names with their values, as a form sends them: blanks around a value go, and what is empty isn't there.
pub(super) fn asked(text: &[u8]) -> BTreeMap<String, String> {
    let pairs = form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.trim().to_owned()));
    pairs.filter(|(_, value)| !value.is_empty()).collect()
}

/// A value as an address has it.
pub(super) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}

/// An address that asks for these things.
pub(super) fn address<'p>(path: &str, asked: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let pairs: Vec<String> =
        asked.into_iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ask_for_what_was_asked() {
        let found = asked(b"id=a%26b+c%C3%A9&since=&kind=+updated+");
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("id".to_owned(), "a&b cé".to_owned()), ("kind".to_owned(), "updated".to_owned()),]
        );
        assert_eq!(address("/history", [("id", "a&b c\"é")]), "/history?id=a%26b%20c%22%C3%A9");
        assert_eq!(address("/history", []), "/history");
    }
}
