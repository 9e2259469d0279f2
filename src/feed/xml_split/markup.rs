//! What markup looks like: tags, names and sections in bytes that are there.

use memchr::{memchr, memchr_iter, memchr3};

/// A category holds no offer: one that does was not closed.
const CATEGORY: &str = "category";
const OFFER: &[u8] = b"offer";

/// Markup whose content is not parsed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// How it ends.
    pub(super) end: &'static [u8],
    /// How many bytes it begins with.
    pub(super) skip: usize,
}

impl Section {
    /// The comment, CDATA section or processing instruction that begins here.
    pub(super) fn at(bytes: &[u8]) -> Option<Section> {
        if bytes.starts_with(b"<!--") {
            Some(Section { end: b"-->", skip: 4 })
        } else if bytes.starts_with(b"<![CDATA[") {
            Some(Section { end: b"]]>", skip: 9 })
        } else if bytes.starts_with(b"<?") {
            Some(Section { end: b"?>", skip: 2 })
        } else {
            None
        }
    }

    /// Whether another section of the same kind begins inside of one, which then was never closed. A
    /// processing instruction holds no tag at all.
    pub(super) fn begins_again(self, section: &[u8]) -> bool {
        let (begin, rest) = self.split(section);
        memchr_iter(b'<', rest).any(|at| rest[at..].starts_with(begin))
    }

    /// Looks through a section inside of an element of this name.
    pub(super) fn doubt(self, section: &[u8], name: &str) -> Option<Doubt> {
        let (begin, rest) = self.split(section);
        let (mut has_ended, mut next) = (false, None);
        for at in memchr_iter(b'<', rest) {
            let tag = &rest[at..];
            if tag.starts_with(begin) {
                return Some(Doubt::BeginsAgain);
            }
            if !has_ended {
                has_ended = is_tag(tag, b"</", name);
            } else if next.is_none() && is_tag(tag, b"<", name) {
                next = Some(Doubt::HoldsNext(self.skip + at));
            }
        }
        next
    }

    /// What a section begins with that it can't hold, and what follows.
    fn split(self, section: &[u8]) -> (&[u8], &[u8]) {
        let (begin, rest) = section.split_at(self.skip.min(section.len()));
        (if self.skip == 2 { b"<" } else { begin }, rest)
    }
}

/// What shows that a section was never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Another one of its kind begins inside of it.
    BeginsAgain,
    /// Text doesn't hold an end tag of this name and then a start tag: the next element begins here.
    HoldsNext(usize),
}

/// The letters that tags begin with which an element of a name ends at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters {
    /// Of its own name.
    own: u8,
    /// Of what is around it.
    around: u8,
    /// Of what it can't hold.
    other: u8,
}

impl Letters {
    pub(super) fn of(name: &str) -> Letters {
        let first = |name: &[u8]| name.first().copied().unwrap_or_default();
        let own = first(name.as_bytes());
        Letters { own, around: first(container(name)), other: if name == CATEGORY { first(OFFER) } else { own } }
    }

    /// Where the next `<` stands that one of these tags or a section can begin with.
    pub(super) fn find(self, bytes: &[u8]) -> Option<usize> {
        memchr_iter(b'<', bytes).find(|at| match bytes.get(at + 1) {
            Some(b'/') => bytes.get(at + 2).is_none_or(|letter| *letter == self.own || *letter == self.around),
            Some(b'!' | b'?') | None => true,
            Some(next) => *next == self.own || *next == self.other,
        })
    }
}

pub(in crate::feed) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(super) fn name_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'/' | b'<')).count()
}

/// The element around those of a name: it ends after they do.
fn container(name: &str) -> &'static [u8] {
    match name {
        "item" => b"channel",
        "entry" => b"feed",
        CATEGORY => b"categories",
        _ => b"offers",
    }
}

/// Whether a tag begins here that no element of this name holds: another one of it, the end of what is
/// around it, an offer behind the categories.
pub(super) fn is_boundary(bytes: &[u8], name: &str) -> bool {
    is_tag(bytes, b"<", name)
        || is_tag(bytes, b"</", container(name))
        || (name == CATEGORY && is_tag(bytes, b"<", OFFER))
}

/// Whether a tag of exactly this name begins here.
pub(super) fn is_tag(bytes: &[u8], open: &[u8], name: impl AsRef<[u8]>) -> bool {
    bytes
        .strip_prefix(open)
        .and_then(|rest| rest.strip_prefix(name.as_ref()))
        .is_some_and(|rest| rest.first().is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')))
}

/// How a start tag goes on.
pub(super) enum TagEnd {
    /// Its `>` stands here.
    Here(usize),
    /// The bytes end inside of a value.
    InQuotes,
    /// The bytes end between its attributes.
    Beyond,
}

/// Looks for the `>` of a start tag, from behind its last whole value on. A quoted value may hold one.
pub(super) fn tag_end(bytes: &[u8], at: &mut usize) -> TagEnd {
    while let Some(found) = memchr3(b'>', b'"', b'\'', &bytes[*at..]).map(|found| *at + found) {
        if bytes[found] == b'>' {
            return TagEnd::Here(found);
        }
        let Some(length) = memchr(bytes[found], &bytes[found + 1..]) else { return TagEnd::InQuotes };
        *at = found + length + 2;
    }
    TagEnd::Beyond
}
