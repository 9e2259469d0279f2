//! Which format a body has, by its content and never by its name.

use std::io::{ErrorKind, Read};

use memchr::memmem;

use super::charset::Charset;
use super::{FeedError, FeedType, Input, input};

/// How far into the file the beginning of the feed may lie: text or scripts that a broken shop
/// prints before it.
const HEAD: usize = 64 << 10;

/// The root elements of the XML formats.
const ROOTS: [(&[u8], FeedType); 4] = [
    (b"<yml_catalog", FeedType::Yml),
    (b"<rss", FeedType::GoogleXml),
    (b"<feed", FeedType::GoogleXml),
    (b"<rdf:rdf", FeedType::GoogleXml),
];

/// The first bytes of a feed, and its root element if it is XML.
pub(super) struct Head {
    bytes: Vec<u8>,
    root: Option<(usize, FeedType)>,
}

/// Reads the beginning of the feed.
pub(super) fn head(input: &Input<'_>) -> Result<Head, FeedError> {
    let mut reader = input.open()?;
    // Into one buffer: the readers below that drop bytes fill no more than the buffer they are given.
    let (mut bytes, mut length) = (vec![0; HEAD], 0);
    while length < HEAD {
        match reader.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(input::fault(error)),
        }
    }
    bytes.truncate(length);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(FeedError::Incomplete("it is empty (an exporter that failed writes such files)".into()));
    }
    let lower = bytes.to_ascii_lowercase();
    // Without one outside of comments, what seems to be a comment around the first isn't one.
    let root = find_root(&without_comments(&lower)).or_else(|| find_root(&lower));
    Ok(Head { bytes, root })
}

/// The same bytes with blanks for comments. One in which another begins was never closed.
fn without_comments(bytes: &[u8]) -> Vec<u8> {
    let mut plain = bytes.to_vec();
    let starts: Vec<usize> = memmem::find_iter(bytes, b"<!--").collect();
    let nexts = starts.iter().copied().skip(1).chain([bytes.len()]);
    for (start, next) in starts.iter().copied().zip(nexts) {
        let inside = start + 4;
        if let Some(length) = memmem::find(&bytes[inside..next], b"-->") {
            plain[start..inside + length].fill(b' ');
        }
    }
    plain
}

/// Where the first root element stands, and whose it is.
fn find_root(lower: &[u8]) -> Option<(usize, FeedType)> {
    let found = ROOTS.into_iter().filter_map(|(tag, format)| find_tag(lower, tag).map(|at| (at, format)));
    found.min_by_key(|(at, _)| *at)
}

/// Where a start tag of this name stands, if it does.
fn find_tag(lower: &[u8], tag: &[u8]) -> Option<usize> {
    memmem::find_iter(lower, tag).find(|at| {
        let next = lower.get(at + tag.len()).copied();
        next.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
    })
}

impl Head {
    /// The first bytes of the feed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the root element begins.
    pub(super) fn root(&self) -> usize {
        self.root.map_or(0, |(at, _)| at)
    }

    /// The encoding that the XML declaration names.
    pub(super) fn charset(&self) -> Charset {
        let declared = || {
            let start = memmem::find(&self.bytes, b"<?xml")?;
            let declaration = &self.bytes[start..];
            let declaration = &declaration[..memmem::find(declaration, b"?>")?];
            let label = &declaration[memmem::find(declaration, b"encoding")? + 8..];
            let quote = label.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
            let label = &label[quote + 1..];
            let end = label.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
            Some(Charset::for_label(&label[..end]))
        };
        declared().unwrap_or(Charset::UTF8)
    }
}

/// The format of a feed, checked against the one that the settings name.
pub(super) fn format(head: &Head, wanted: Option<FeedType>) -> Result<FeedType, FeedError> {
    let start = head.bytes.trim_ascii_start();
    let begins = |text: &[u8]| start.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text));
    let found = match head.root {
        _ if begins(b"<!doctype html") || begins(b"<html") => {
            return Err(FeedError::NotAFeed("it is an HTML page (an error or log-in page?)".into()));
        }
        Some((at, format)) if at == 0 || start.starts_with(b"<") || wanted == Some(format) || !text_header(start) => {
            format
        }
        _ if start.starts_with(b"<") => {
            let incomplete = "it begins like XML, but has no <rss>, <feed> or <yml_catalog>";
            return Err(FeedError::NotAFeed(incomplete.into()));
        }
        _ if start.starts_with(b"{") || start.starts_with(b"[") => {
            return Err(FeedError::NotAFeed("it is JSON".into()));
        }
        _ => FeedType::GoogleCsv,
    };
    match wanted {
        Some(wanted) if wanted != found => Err(FeedError::WrongType { found, wanted }),
        _ => Ok(found),
    }
}

/// Whether a body that holds an XML root somewhere is a text feed all the same: its first line
/// names columns.
fn text_header(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    super::google_text::is_header(line)
}
