//! The attributes of a start tag, parsed strictly: a damaged attribute is not guessed at.

use std::borrow::Cow;

use super::entities::{STRAY, has_unknown, unescape};

/// An attribute as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute<'x> {
    pub(super) name: &'x str,
    raw: &'x str,
}

impl<'x> Attribute<'x> {
    /// Whether half a tag stands in the value.
    pub(super) fn has_tag_rest(self) -> bool {
        self.raw.contains('>') || self.raw.contains(STRAY)
    }

    /// Whether the value holds what looks like an entity that nobody knows.
    pub(super) fn has_unknown_entity(self) -> bool {
        has_unknown(self.raw)
    }

    /// The value, its entities decoded once.
    pub(super) fn value(self) -> Cow<'x, str> {
        if self.raw.contains('&') { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// The attributes of a tag, up to the first one that can't be parsed.
pub(super) struct Attributes<'x> {
    rest: &'x str,
    /// Whether something can't be parsed: a quote that is not closed, a value that holds a tag, text.
    pub(super) is_broken: bool,
}

/// Parses a start tag from behind its name.
pub(super) fn attributes(raw: &str) -> Attributes<'_> {
    Attributes { rest: raw, is_broken: false }
}

/// Whether everything in a start tag behind its name can be parsed.
pub(super) fn are_whole(raw: &str) -> bool {
    let mut all = attributes(raw);
    all.by_ref().for_each(drop);
    !all.is_broken
}

impl<'x> Attributes<'x> {
    fn one(&mut self) -> Option<Attribute<'x>> {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
        let name_end = self.rest.find(|c| !is_name(c))?;
        let (name, rest) = self.rest.split_at(name_end);
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let (raw, rest, is_parsed) = match rest.chars().next()? {
            quote @ ('"' | '\'') => rest[1..].split_once(quote).map(|(raw, rest)| (raw, rest, true))?,
            // HTML's way, in a few feeds.
            _ => {
                let (raw, rest) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
                (raw, rest, !raw.contains(['"', '\'', '=']))
            }
        };
        let is_parsed = is_parsed && !name.is_empty() && !raw.contains('<');
        self.rest = rest;
        is_parsed.then_some(Attribute { name, raw })
    }
}

impl<'x> Iterator for Attributes<'x> {
    type Item = Attribute<'x>;

    fn next(&mut self) -> Option<Attribute<'x>> {
        self.rest = self.rest.trim_start();
        if self.is_broken || self.rest.is_empty() {
            return None;
        }
        let found = self.one();
        self.is_broken = found.is_none();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Option<Vec<(&str, String)>> {
        let found = attributes(raw).map(|attribute| (attribute.name, attribute.value().into_owned())).collect();
        are_whole(raw).then_some(found)
    }

    #[test]
    fn whole_ones() {
        let expected = vec![
            ("id", "A 1".to_owned()),
            ("g:b", "it's > \"2\"".to_owned()),
            ("c", "5".to_owned()),
            ("d", String::new()),
        ];
        assert_eq!(read(" id=\"A 1\"\n g:b = 'it&apos;s > &quot;2&quot;' c=5 d=''"), Some(expected));
        assert_eq!(read("a='1'b=\"2\""), Some(vec![("a", "1".to_owned()), ("b", "2".to_owned())]));
        assert_eq!(read(" "), Some(vec![]));
    }

    #[test]
    fn damaged_ones() {
        for raw in [
            "id=\"1 b=\"2\"",
            "id=1\" b=\"2\"",
            "id\"1\"",
            "id=\"1",
            "id=\"a<b\"",
            "id",
            "=\"1\"",
            "id=",
            "id=\"1\" \"",
            "i\"d=\"1\"",
            "id==\"1\"",
        ] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }
}
