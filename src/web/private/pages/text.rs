//! Texts of feeds and services, made fit for a page: nothing in them that can't be seen, and none too long.

use crate::text::{plain, shorten_to};

/// Characters of a text on a page.
const LONGEST: usize = 300;
/// The same of an address.
const LONGEST_ADDRESS: usize = 80;

/// A text.
pub(super) fn shown(text: &str) -> String {
    // What is very long is cut before each of its letters is looked at.
    let cut = if text.len() > 40 * LONGEST { shorten_to(text, 2 * LONGEST) } else { text.to_owned() };
    shorten_to(&plain(&cut, usize::MAX), LONGEST)
}

/// An address that is a link: of a web page, and nothing else.
pub(super) fn web(text: &str) -> Option<(String, String)> {
    let url = url::Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some((url.to_string(), shorten_to(&shown(text), LONGEST_ADDRESS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_seen_is_gone() {
        assert_eq!(shown("a\u{202e}b\u{1b}[1m\0c\n d"), "a b [1m c d");
        // What it loses in its middle is told by three characters.
        assert_eq!(shown(&"ä".repeat(100_000)).chars().count(), LONGEST + 3);
    }

    #[test]
    fn only_web_pages_are_links() {
        for text in
            ["javascript:alert(1)", " JaVaScRiPt:x", "data:text/html,x", "/a", "", "ftp://a.example/", "file:///a"]
        {
            assert_eq!(web(text), None, "{text}");
        }
        assert_eq!(web("https://a.example/x").map(|(to, _)| to).as_deref(), Some("https://a.example/x"));
    }
}
