//! Entities, and brackets that stand for themselves.

use std::borrow::Cow;

use memchr::memchr_iter;
use quick_xml::escape::resolve_predefined_entity;

use super::bounds::MAX_STRAYS;
use super::xml_split::is_name_start;

/// What [`mend`] writes for a `<` that starts nothing, so that it differs from one that the feed escaped.
pub(super) const STRAY: &str = "&#60;";

/// The entities that XML knows.
const KNOWN: [&str; 5] = ["amp", "lt", "gt", "quot", "apos"];

/// The text of an entity or character reference. The five of XML and numbers only.
pub(super) fn resolve(name: &str) -> Option<Cow<'static, str>> {
    match name.strip_prefix('#') {
        None => resolve_predefined_entity(name).map(Cow::Borrowed),
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32).map(|c| Cow::Owned(c.to_string()))
        }
    }
}

/// Entities decoded once; what is none stays as it is.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].find([';', '&']).map(|end| end + 1).filter(|end| rest.as_bytes()[*end] == b';');
        match end.and_then(|end| resolve(&rest[1..end]).map(|text| (end, text))) {
            Some((end, text)) => {
                plain.push_str(&text);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Whether text as it is written holds what looks like an entity that nobody knows, or like the beginning of one.
pub(super) fn has_unknown(written: &str) -> bool {
    let is_unknown = |(at, _): (usize, &str)| {
        let rest = &written[at + 1..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        match behind.chars().next() {
            Some(';') => !name.is_empty() && resolve(name).is_none(),
            _ if behind.trim().is_empty() => name.starts_with('#') || KNOWN.iter().any(|known| known.starts_with(name)),
            _ => false,
        }
    };
    written.match_indices('&').any(is_unknown)
}

/// Escapes every `<` that can't start markup, so that the parser takes it for the text it is.
pub(super) fn mend(xml: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = xml.as_bytes();
    let is_stray =
        |at: &usize| bytes.get(at + 1).is_none_or(|next| !is_name_start(*next) && !matches!(next, b'/' | b'!' | b'?'));
    // What has more of them is no text: as it stands, no parser takes it.
    let mut strays: Vec<usize> = memchr_iter(b'<', bytes).filter(is_stray).take(MAX_STRAYS).collect();
    if !strays.is_empty() {
        let sections = cdata(&xml);
        let is_inside = |at: &usize| {
            let next = sections.partition_point(|section| section.start <= *at);
            next > 0 && sections[next - 1].contains(at)
        };
        strays.retain(|at| !is_inside(at));
    }
    if strays.is_empty() {
        return xml;
    }
    let mut mended = String::with_capacity(xml.len() + 3 * strays.len());
    let mut from = 0;
    for at in strays {
        mended.push_str(&xml[from..at]);
        mended.push_str(STRAY);
        from = at + 1;
    }
    mended.push_str(&xml[from..]);
    Cow::Owned(mended)
}

/// Where the CDATA sections lie.
fn cdata(xml: &str) -> Vec<std::ops::Range<usize>> {
    let mut sections = Vec::new();
    let mut from = 0;
    while let Some(start) = xml[from..].find("<![CDATA[").map(|at| from + at) {
        let end = xml[start..].find("]]>").map_or(xml.len(), |at| start + at);
        sections.push(start..end);
        from = end;
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_entity_that_nobody_knows() {
        for known in ["x&amp;y", "x&y", "M&M", "a & b", "&lt;&#60;&#x3c;", "&y z;", "a&;b", ""] {
            assert!(!has_unknown(known), "{known}");
        }
        for unknown in ["x&nbsp;y", "x&am", "x&amp", "x&", "x& ", "&#6", "&#xD800;", "a&B;c"] {
            assert!(has_unknown(unknown), "{unknown}");
        }
    }
}
