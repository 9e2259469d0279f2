//! Cuts an XML stream into the elements that matter, without parsing what lies inside them.
//!
//! Knows just enough of XML to find where an element ends: CDATA sections, comments, processing
//! instructions and quoted attribute values may hold what looks like tags.

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memmem};

use super::FeedError;
use super::ahead::Batch;
use super::window::{MAX_ROW, Window};

/// How much of a broken element is kept for its id.
const HEAD: usize = 64 << 10;

/// Of the names of elements and of what is around them.
const LONGEST_NAME: usize = 10;

/// A category holds no offer: one that does was not closed.
const CATEGORY: &str = "category";
const OFFER: &[u8] = b"offer";

const OPEN_SECTION: &str = "a CDATA section or comment in it is not closed";
const TOO_LONG: &str = "its element is longer than 16 MiB";

/// Something between the beginning and the end of the root element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole element with one of the names asked for.
    Element { name: &'static str, bytes: Range<usize>, line: u64 },
    /// An element of such a name whose start or end tag is broken, that was not closed before the next
    /// one began, or that is too long. `head` = what it begins with, for its id.
    Broken { name: &'static str, head: Vec<u8>, line: u64, reason: &'static str },
    /// The start tag of any other element.
    Open { tag: Range<usize> },
    /// The end tag of any other element.
    Close { name: Range<usize> },
}

/// Walks through an XML document.
pub(super) struct Spans<R> {
    window: Window<R>,
    names: &'static [&'static str],
    root: Option<Vec<u8>>,
    used: usize,
    finished: bool,
    /// The end tag of the root was there. It is the end unless more elements follow: damage writes one anywhere.
    is_closed: bool,
    /// What lies between the last element and here, as far as it is kept: if an end tag of one comes
    /// next, it is an element whose start tag is broken.
    gap: Vec<u8>,
    /// The line on which the gap begins.
    gap_line: u64,
    /// Whether the last piece was an element, with which the gap begins anew.
    was_element: bool,
    /// Where the marks stand that markup may end with.
    ends: [Ahead; MARKS.len()],
}

/// What markup ends with, and what quotes its values.
const MARKS: [&[u8]; 6] = [b"-->", b"]]>", b"?>", b">", b"\"", b"'"];

/// Where in the stream a mark stands next. What is never closed would have everything behind it looked through,
/// once for each of a million beginnings.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    /// From here...
    from: u64,
    /// ... to here no mark begins.
    until: u64,
}

impl<R: Read> Spans<R> {
    /// Starts at the root element, which begins at byte `root`.
    pub(super) fn new(reader: R, root: usize, names: &'static [&'static str]) -> Result<Self, FeedError> {
        let mut window = Window::new(reader);
        while window.bytes().len() < root && window.more()? {}
        window.consume(root.min(window.bytes().len()));
        Ok(Spans {
            window,
            names,
            root: None,
            used: 0,
            finished: false,
            is_closed: false,
            gap: Vec::new(),
            gap_line: 1,
            was_element: false,
            ends: [Ahead::default(); MARKS.len()],
        })
    }

    /// The bytes of a piece found last.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.window.bytes()[range]
    }

    /// The next piece; `None` behind the end tag of the root.
    ///
    /// # Errors
    /// When the document ends before its root element does.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, FeedError> {
        loop {
            let was_closed = self.is_closed;
            match self.next_anywhere() {
                Ok(Some(Piece::Open { .. } | Piece::Close { .. })) if was_closed => {}
                Ok(Some(piece)) => {
                    self.is_closed &= !was_closed;
                    return Ok(Some(piece));
                }
                Ok(None) => return Ok(None),
                Err(FeedError::Incomplete(_)) if was_closed => {
                    self.finished = true;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn next_anywhere(&mut self) -> Result<Option<Piece>, FeedError> {
        while !self.finished {
            let used = std::mem::take(&mut self.used).min(self.window.bytes().len());
            if std::mem::take(&mut self.was_element) {
                self.gap.clear();
                self.window.consume(used);
                self.gap_line = self.window.line();
            } else {
                self.pass(used);
            }
            self.skip_to(b"<")?;
            if let Some(piece) = self.markup()? {
                self.was_element = matches!(piece, Piece::Element { .. } | Piece::Broken { .. });
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Moves past bytes between elements.
    fn pass(&mut self, count: usize) {
        let room = HEAD.saturating_sub(self.gap.len()).min(count);
        self.gap.extend_from_slice(&self.window.bytes()[..room]);
        self.window.consume(count);
    }

    /// Adds the next piece that says anything to a batch; `false` behind the end tag of the root.
    ///
    /// # Errors
    /// As [`Spans::next`].
    pub(super) fn cut(&mut self, batch: &mut Batch<Piece>) -> Result<bool, FeedError> {
        let Some(piece) = self.next()? else { return Ok(false) };
        match &piece {
            Piece::Element { bytes, .. } | Piece::Open { tag: bytes } | Piece::Close { name: bytes } => {
                batch.add(self.bytes(bytes.clone()), piece, 0);
            }
            Piece::Broken { head, .. } => {
                let besides = head.capacity();
                batch.add(&[], piece, besides);
            }
        }
        Ok(true)
    }

    /// What the `<` at the window's beginning starts.
    fn markup(&mut self) -> Result<Option<Piece>, FeedError> {
        while self.window.bytes().len() < 9 && self.window.more()? {}
        let bytes = self.window.bytes();
        if let Some((end, skip)) = skipped(bytes) {
            return self.section(end, skip).map(|()| None);
        }
        match bytes.get(1) {
            Some(b'/') => self.close_tag().map(Some),
            Some(b'!') => {
                let Some(end) = self.find_mark(1, b">")? else { return Err(self.cut_short()) };
                // An internal subset holds declarations of its own; its entities are never expanded.
                let end = match memchr(b'[', &self.window.bytes()[..end]) {
                    Some(_) => self.find(1, |bytes| memmem::find(bytes, b"]>").map(|at| at + 1))?,
                    None => Some(end),
                };
                self.used = end.ok_or_else(|| self.cut_short())? + 1;
                Ok(None)
            }
            Some(byte) if is_name_start(*byte) => self.start_tag(),
            _ => {
                // A stray `<` in text.
                self.used = 1;
                Ok(None)
            }
        }
    }

    /// Moves behind a comment, a CDATA section or a processing instruction between elements. One that
    /// isn't closed before another one begins would hide what lies between: its beginning is text then.
    fn section(&mut self, end: &'static [u8], skip: usize) -> Result<(), FeedError> {
        let found = self.find_mark(skip, end)?;
        match found {
            Some(found) if begins_again(&self.window.bytes()[..found], skip) => self.used = skip,
            Some(found) if self.window.bytes()[found..].starts_with(end) => self.used = found + end.len(),
            // Longer than any window should be: it is passed over as it comes.
            Some(_) => {
                self.skip_to(end)?;
                self.used = end.len();
            }
            None => self.used = skip,
        }
        Ok(())
    }

    fn close_tag(&mut self) -> Result<Piece, FeedError> {
        let Some(end) = self.find(2, |bytes| memchr2(b'>', b'<', bytes))? else { return Err(self.cut_short()) };
        let is_whole = self.window.bytes().get(end) == Some(&b'>');
        self.used = end + usize::from(is_whole);
        let name = 2..2 + self.window.bytes()[2..end].trim_ascii_end().len();
        let bytes = &self.window.bytes()[name.clone()];
        self.is_closed |= is_whole && self.root.as_deref() == Some(bytes);
        let wanted = self.names.iter().find(|wanted| wanted.as_bytes() == bytes);
        match wanted.filter(|_| !self.gap.trim_ascii().is_empty()) {
            Some(name) => {
                let head = std::mem::take(&mut self.gap);
                let blank = head.len() - head.trim_ascii_start().len();
                let line = self.gap_line + memchr_iter(b'\n', &head[..blank]).count() as u64;
                Ok(Piece::Broken { name, head, line, reason: "its start tag is broken" })
            }
            None => Ok(Piece::Close { name }),
        }
    }

    fn start_tag(&mut self) -> Result<Option<Piece>, FeedError> {
        let Some(first) = self.find_mark(1, b">")? else { return Err(self.cut_short()) };
        let end = if first > MAX_ROW { None } else { self.tag_end(first)? };
        let Some(end) = end else {
            // No tag is that long: this is text.
            self.used = 1;
            return Ok(None);
        };
        while self.root.is_none() && self.window.bytes().len() < HEAD && self.window.more()? {}
        let bytes = self.window.bytes();
        let name = &bytes[1..1 + name_length(&bytes[1..])];
        let is_empty = bytes[..end].ends_with(b"/");
        if self.root.is_none() {
            self.root = Some(name.to_vec());
            // With something behind it, it is a start tag that damage has closed.
            self.finished = is_empty && self.window.ended() && self.window.bytes()[end + 1..].trim_ascii().is_empty();
        }
        let line = self.window.line();
        match self.names.iter().find(|wanted| wanted.as_bytes() == name) {
            Some(name) if is_empty => {
                self.used = end + 1;
                Ok(Some(Piece::Element { name, bytes: 0..end + 1, line }))
            }
            Some(name) => self.element(name, end + 1, line).map(Some),
            // Its own `>` is missing: what follows is not part of it.
            None if memchr(b'<', &bytes[1..end]).is_some() => {
                self.used = 1;
                Ok(None)
            }
            None => {
                self.used = end + 1;
                Ok(Some(Piece::Open { tag: 0..end + 1 }))
            }
        }
    }

    /// Where the `>` of the start tag at the window's beginning stands, of which the `first` may be one in a value.
    /// `None` = too far away.
    fn tag_end(&mut self, first: usize) -> Result<Option<usize>, FeedError> {
        let mut at = 1;
        loop {
            // A `<` may not stand in a value, so a quote that runs into one was never closed, and the first `>` counts.
            let stray = memchr(b'<', &self.window.bytes()[at..]).map(|found| at + found);
            let is_all = self.window.ended() || self.window.bytes().len() > MAX_ROW;
            match tag_end(&self.window.bytes()[..stray.unwrap_or(self.window.bytes().len())], &mut at) {
                TagEnd::Here(end) => return Ok(Some(end)),
                TagEnd::InQuotes if stray.is_some() || is_all => return Ok(Some(first)),
                TagEnd::Beyond if stray.is_some() => return self.tag_end_beyond(at, first),
                TagEnd::InQuotes | TagEnd::Beyond if self.window.bytes().len() > MAX_ROW => return Ok(None),
                TagEnd::InQuotes | TagEnd::Beyond if self.window.more()? => {}
                TagEnd::InQuotes | TagEnd::Beyond => return Err(self.cut_short()),
            }
        }
    }

    /// The same for a tag that the next one begins in, without a quote or a `>` before that.
    fn tag_end_beyond(&mut self, at: usize, first: usize) -> Result<Option<usize>, FeedError> {
        let end = self.find_mark(at, b">")?;
        let known = end.unwrap_or(usize::MAX).min(self.window.bytes().len());
        if [b"\"", b"'"].into_iter().any(|quote| self.mark_within(at..known, quote).is_some()) {
            return Ok(Some(first));
        }
        end.map(|end| (end <= MAX_ROW).then_some(end)).ok_or_else(|| self.cut_short())
    }

    /// Finds the end of the element whose start tag ends at `from`.
    fn element(&mut self, name: &'static str, from: usize, line: u64) -> Result<Piece, FeedError> {
        let mut at = from;
        loop {
            let Some(open) = self.find(at, |bytes| next_mark(bytes, name))? else {
                return self.unclosed(name, from, line, "its element is not closed");
            };
            if open > MAX_ROW {
                return self.skip_too_long(name, line);
            }
            while self.window.bytes().len() < open + LONGEST_NAME + 9 && self.window.more()? {}
            let bytes = &self.window.bytes()[open..];
            if let Some((end, skip)) = skipped(bytes) {
                match self.find_mark(open + skip, end)? {
                    Some(found) if found <= MAX_ROW && begins_again(self.bytes(open..found), skip) => {
                        return self.unclosed(name, open + skip, line, OPEN_SECTION);
                    }
                    Some(found) if found <= MAX_ROW => match next_one(self.bytes(open..found), name) {
                        Some(next) => {
                            self.used = open + next;
                            return Ok(Piece::Broken { name, head: self.head(open), line, reason: OPEN_SECTION });
                        }
                        None => at = found + end.len(),
                    },
                    Some(_) => return self.skip_too_long(name, line),
                    None => return self.unclosed(name, open + skip, line, OPEN_SECTION),
                }
            } else if is_tag(bytes, b"</", name) {
                let end = self.find(open + 1, |bytes| memchr2(b'>', b'<', bytes))?;
                let Some(end) = end else { return Err(self.cut_short()) };
                if self.window.bytes().get(end) != Some(&b'>') {
                    self.used = end;
                    return Ok(Piece::Broken { name, head: self.head(open), line, reason: "its end tag is broken" });
                }
                self.used = end + 1;
                return Ok(Piece::Element { name, bytes: 0..end + 1, line });
            } else if is_boundary(bytes, name) {
                self.used = open;
                let reason = "its element is not closed before the next one begins";
                return Ok(Piece::Broken { name, head: self.head(open), line, reason });
            } else {
                at = open + 1;
            }
        }
    }

    /// Ends an element in which no end was found up to the end of the document: in front of whatever
    /// comes next behind `from`, another element's tag or the end of the root.
    fn unclosed(
        &mut self,
        name: &'static str,
        from: usize,
        line: u64,
        reason: &'static str,
    ) -> Result<Piece, FeedError> {
        let bytes = &self.window.bytes()[from.min(self.window.bytes().len())..];
        let is_end = |at: &usize| is_tag(&bytes[*at..], b"</", name) || is_boundary(&bytes[*at..], name);
        let tags = memchr_iter(b'<', bytes).find(is_end);
        let (end, used) = match tags.map(|at| from + at) {
            Some(at) if is_tag(&self.window.bytes()[at..], b"</", name) => {
                match memchr(b'>', &self.window.bytes()[at..]) {
                    Some(length) => (at, at + length + 1),
                    None => return Err(self.cut_short()),
                }
            }
            Some(at) => (at, at),
            None => match self.root_end() {
                Some(at) => (at, at),
                None => return Err(self.cut_short()),
            },
        };
        self.used = used;
        Ok(Piece::Broken { name, head: self.head(end), line, reason })
    }

    /// Where the end tag of the root stands, if the document reaches so far.
    fn root_end(&self) -> Option<usize> {
        let (root, bytes) = (self.root.as_deref()?, self.window.bytes());
        let mut ends = memmem::rfind_iter(bytes, b"</");
        ends.find(|at| {
            bytes[at + 2..].strip_prefix(root).is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b'>'))
        })
    }

    /// What the element at the window's beginning begins with, up to `end`.
    fn head(&self, end: usize) -> Vec<u8> {
        let bytes = self.window.bytes();
        bytes[..end.min(HEAD).min(bytes.len())].to_vec()
    }

    /// Moves behind the end tag of an element that no window should hold.
    fn skip_too_long(&mut self, name: &'static str, line: u64) -> Result<Piece, FeedError> {
        let head = self.head(usize::MAX);
        loop {
            let bytes = self.window.bytes();
            let end = memmem::find_iter(bytes, b"</").find(|at| is_tag(&bytes[*at..], b"</", name));
            if let Some(end) = end {
                self.used = end;
                return Ok(Piece::Broken { name, head, line, reason: TOO_LONG });
            }
            // An end tag may begin in the last few bytes.
            let keep = HEAD.min(bytes.len());
            self.window.consume(bytes.len() - keep);
            if !self.window.more()? {
                self.used = self.root_end().ok_or_else(|| self.cut_short())?;
                return Ok(Piece::Broken { name, head, line, reason: TOO_LONG });
            }
        }
    }

    /// Moves to the next place where `mark` stands, however far.
    fn skip_to(&mut self, mark: &[u8]) -> Result<(), FeedError> {
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memmem::find(bytes, mark) {
                self.pass(at);
                return Ok(());
            }
            // The mark may begin in the last few bytes.
            let keep = (mark.len() - 1).min(bytes.len());
            self.pass(bytes.len() - keep);
            if !self.window.more()? {
                return Err(self.cut_short());
            }
        }
    }

    /// The first place at or behind `from` that `search` finds, reading on as far as it takes: to
    /// the end of the stream, or until the window is larger than any element may be.
    fn find(&mut self, from: usize, search: impl Fn(&[u8]) -> Option<usize>) -> Result<Option<usize>, FeedError> {
        let mut from = from.min(self.window.bytes().len());
        loop {
            if let Some(found) = search(&self.window.bytes()[from..]) {
                return Ok(Some(from + found));
            }
            let length = self.window.bytes().len();
            if length > MAX_ROW {
                return Ok(Some(length));
            }
            // What is searched for may begin in the last bytes that are there.
            from = from.max(length.saturating_sub(16));
            if !self.window.more()? {
                return Ok(None);
            }
        }
    }

    /// The same for an end mark.
    fn find_mark(&mut self, from: usize, mark: &'static [u8]) -> Result<Option<usize>, FeedError> {
        loop {
            let length = self.window.bytes().len();
            if let Some(found) = self.mark_within(from.min(length)..length, mark) {
                return Ok(Some(found));
            }
            if length > MAX_ROW {
                return Ok(Some(length));
            }
            if !self.window.more()? {
                return Ok(None);
            }
        }
    }

    /// The first place in a part of the window where an end mark stands.
    fn mark_within(&mut self, part: Range<usize>, mark: &[u8]) -> Option<usize> {
        let passed = self.window.passed();
        let ahead = self.ends.iter_mut().zip(MARKS).find(|(_, known)| *known == mark).map(|(ahead, _)| ahead)?;
        let (from, to) = (passed + part.start as u64, passed + part.end as u64);
        if from < ahead.from || from > ahead.until {
            *ahead = Ahead { from, until: from };
        }
        if ahead.until < to {
            // Not below the window's beginning, for `from` isn't.
            let start = usize::try_from(ahead.until - passed).unwrap_or(part.start);
            match memmem::find(&self.window.bytes()[start..part.end], mark) {
                Some(found) => ahead.until += found as u64,
                // It may begin in the last bytes that are there.
                None => ahead.until = ahead.until.max((to + 1).saturating_sub(mark.len() as u64)),
            }
        }
        let found = usize::try_from(ahead.until - passed).unwrap_or(part.end);
        self.window.bytes().get(found..part.end).is_some_and(|rest| rest.starts_with(mark)).then_some(found)
    }

    fn cut_short(&self) -> FeedError {
        let root = self.root.as_deref().map_or("root".into(), String::from_utf8_lossy);
        FeedError::Incomplete(format!("it ends on line {} without the end tag </{root}>", self.last_line()))
    }

    fn last_line(&self) -> u64 {
        self.window.line() + memchr_iter(b'\n', self.window.bytes()).count() as u64
    }
}

/// Where the next `<` stands that a tag of this name or a section can begin with.
fn next_mark(bytes: &[u8], name: &str) -> Option<usize> {
    let first = name.as_bytes().first();
    let container = container(name).first();
    let other = if name == CATEGORY { OFFER.first() } else { first };
    memchr_iter(b'<', bytes).find(|at| {
        let next = bytes.get(at + 1);
        match next {
            Some(b'/') => bytes.get(at + 2).is_none_or(|letter| Some(letter) == first || Some(letter) == container),
            Some(b'!' | b'?') | None => true,
            next => next == first || next == other,
        }
    })
}

/// Markup whose content is none of ours: how it ends, and how many bytes it begins with.
fn skipped(bytes: &[u8]) -> Option<(&'static [u8], usize)> {
    if bytes.starts_with(b"<!--") {
        Some((b"-->", 4))
    } else if bytes.starts_with(b"<![CDATA[") {
        Some((b"]]>", 9))
    } else if bytes.starts_with(b"<?") {
        Some((b"?>", 2))
    } else {
        None
    }
}

/// Whether another section of the same kind begins inside of one, which then was never closed. A
/// processing instruction holds no tag at all.
fn begins_again(section: &[u8], skip: usize) -> bool {
    let (begin, rest) = section.split_at(skip.min(section.len()));
    memmem::find(rest, if skip == 2 { b"<" } else { begin }).is_some()
}

/// Where the next element begins inside what was meant to be text: an end tag of this name and then
/// a start tag are no text, but what follows a section that was never closed.
fn next_one(text: &[u8], name: &str) -> Option<usize> {
    let end = memmem::find_iter(text, b"</").find(|at| is_tag(&text[*at..], b"</", name))?;
    memchr_iter(b'<', &text[end..]).map(|at| end + at).find(|at| is_tag(&text[*at..], b"<", name))
}

pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn name_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'/' | b'<')).count()
}

/// What is around the elements of a name, and ends none before they do.
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
fn is_boundary(bytes: &[u8], name: &str) -> bool {
    is_tag(bytes, b"<", name)
        || is_tag(bytes, b"</", container(name))
        || (name == CATEGORY && is_tag(bytes, b"<", OFFER))
}

/// Whether a tag of exactly this name begins here.
fn is_tag(bytes: &[u8], open: &[u8], name: impl AsRef<[u8]>) -> bool {
    bytes
        .strip_prefix(open)
        .and_then(|rest| rest.strip_prefix(name.as_ref()))
        .is_some_and(|rest| rest.first().is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')))
}

/// How a start tag goes on.
enum TagEnd {
    /// Its `>` stands here.
    Here(usize),
    /// What is there ends inside of a value.
    InQuotes,
    /// What is there ends between its attributes.
    Beyond,
}

/// Looks for the `>` of a start tag, from behind its last whole value on. A quoted value may hold one.
fn tag_end(bytes: &[u8], at: &mut usize) -> TagEnd {
    while let Some(found) = memchr3(b'>', b'"', b'\'', &bytes[*at..]).map(|found| *at + found) {
        if bytes[found] == b'>' {
            return TagEnd::Here(found);
        }
        let Some(length) = memchr(bytes[found], &bytes[found + 1..]) else { return TagEnd::InQuotes };
        *at = found + length + 2;
    }
    TagEnd::Beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(xml: &str) -> Result<Vec<String>, FeedError> {
        let mut spans = Spans::new(xml.as_bytes(), 0, &["offer"])?;
        let mut found = Vec::new();
        while let Some(piece) = spans.next()? {
            found.push(match piece {
                Piece::Element { bytes, line, .. } => {
                    format!("{line}: {}", String::from_utf8_lossy(spans.bytes(bytes)))
                }
                Piece::Broken { line, .. } => format!("{line}: broken"),
                Piece::Open { tag } => String::from_utf8_lossy(spans.bytes(tag)).into_owned(),
                Piece::Close { name } => format!("/{}", String::from_utf8_lossy(spans.bytes(name))),
            });
        }
        Ok(found)
    }

    #[test]
    fn elements_end_where_they_end() {
        let xml =
            "<r a='>'>\n<!-- <offer> --><offer id='1'><![CDATA[</offer>]]><!-- </offer> --><b/></offer >\n<offer/></r>";
        let expected =
            ["<r a='>'>", "2: <offer id='1'><![CDATA[</offer>]]><!-- </offer> --><b/></offer >", "3: <offer/>", "/r"];
        assert_eq!(pieces(xml).expect("whole"), expected);
    }

    #[test]
    fn a_broken_one_costs_itself() {
        let xml = "<r><offer id='1'><a>\n<offer id=\"2><b>x</b></offer><offers></offers></r> trailing <x>";
        let expected = ["<r>", "1: broken", "2: <offer id=\"2><b>x</b></offer>", "<offers>", "/offers", "/r"];
        assert_eq!(pieces(xml).expect("whole"), expected);
    }

    #[test]
    fn every_cut_is_noticed() {
        let xml = "<!DOCTYPE r [<!ENTITY a 'b'>]><r><offer id='1'><a>é &amp; <![CDATA[x]]></a></offer></r>";
        for end in 0..xml.len() {
            if xml.is_char_boundary(end) {
                assert!(matches!(pieces(&xml[..end]), Err(FeedError::Incomplete(_))), "{}", &xml[..end]);
            }
        }
        assert_eq!(pieces(xml).expect("whole").len(), 3);
    }

    #[test]
    fn the_window_may_end_anywhere() {
        let long = "x".repeat(300_000);
        let xml = format!("<r><offer>{long}</offer><offer><![CDATA[{long}]]></offer></r>");
        assert_eq!(pieces(&xml).expect("whole").len(), 4);
    }

    #[test]
    fn an_endless_element_is_skipped() {
        let long = "x".repeat(MAX_ROW + (1 << 20));
        for (open, close) in [("", ""), ("<![CDATA[", "]]>")] {
            let xml = format!("<r><offer>{open}{long}{close}</offer><offer>1</offer></r>");
            assert_eq!(pieces(&xml).expect("whole"), ["<r>", "1: broken", "/offer", "1: <offer>1</offer>", "/r"]);
        }
    }
}
