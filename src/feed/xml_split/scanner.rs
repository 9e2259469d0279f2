//! A document that is searched from the window's beginning on.

use std::io::Read;
use std::ops::Range;

use memchr::memchr;
use memchr::memmem::{self, Finder};

use crate::feed::FeedError;
use crate::feed::window::{MAX_ROW, Window};

/// How much of a broken element is kept for its id, and of the document is looked at for its line ends.
pub(super) const HEAD: usize = 64 << 10;

/// What markup ends with, and what quotes its values.
const MARKS: [&[u8]; 6] = [b"-->", b"]]>", b"?>", b">", b"\"", b"'"];

/// Where in the stream a mark stands next. Without it, markup that is never closed would have the rest of the
/// window searched again for each of a million beginnings.
#[derive(Debug, Clone, Copy, Default)]
struct NextMark {
    /// From here...
    from: u64,
    /// ... to here no mark begins.
    until: u64,
}

pub(super) struct Scanner<R> {
    window: Window<R>,
    /// The name of the root element, once its start tag has been read.
    pub(super) root: Option<Vec<u8>>,
    /// Bytes of the window that the last fragment takes.
    pub(super) used: usize,
    marks: [(Finder<'static>, NextMark); MARKS.len()],
}

impl<R: Read> Scanner<R> {
    /// Starts at byte `start` of the stream.
    pub(super) fn new(reader: R, start: usize) -> Result<Self, FeedError> {
        let mut window = Window::new(reader);
        while window.bytes().len() < start.max(HEAD) && window.more()? {}
        // Old Macs ended lines with CR alone.
        let has = |byte| memchr(byte, window.bytes()).is_some();
        if !has(b'\n') && has(b'\r') {
            window.count_lines_by(b'\r');
        }
        window.consume(start.min(window.bytes().len()));
        let marks = MARKS.map(|mark| (Finder::new(mark), NextMark::default()));
        Ok(Scanner { window, root: None, used: 0, marks })
    }

    /// The window's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Whether [`Scanner::bytes`] reach to the end of the stream.
    pub(super) fn ended(&self) -> bool {
        self.window.ended()
    }

    /// The physical line of the first byte.
    pub(super) fn line(&self) -> u64 {
        self.window.line()
    }

    /// How many lines end in these bytes.
    pub(super) fn lines_in(&self, bytes: &[u8]) -> u64 {
        self.window.lines_in(bytes)
    }

    /// Reads on. `false` = there is no more.
    pub(super) fn more(&mut self) -> Result<bool, FeedError> {
        self.window.more()
    }

    /// Reads on until the window holds so many bytes, if the stream has them.
    pub(super) fn fill(&mut self, length: usize) -> Result<(), FeedError> {
        while self.window.bytes().len() < length && self.window.more()? {}
        Ok(())
    }

    /// Moves past `count` bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.window.consume(count);
    }

    /// The first bytes of the element at the window's beginning, up to `end`.
    pub(super) fn head(&self, end: usize) -> Vec<u8> {
        let bytes = self.window.bytes();
        bytes[..end.min(HEAD).min(bytes.len())].to_vec()
    }

    /// Where the end tag of the root stands, if the window reaches so far.
    pub(super) fn root_end(&self) -> Option<usize> {
        let (root, bytes) = (self.root.as_deref()?, self.window.bytes());
        let mut ends = memmem::rfind_iter(bytes, b"</");
        ends.find(|at| {
            bytes[at + 2..].strip_prefix(root).is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b'>'))
        })
    }

    /// The first place at or behind `from` that `search` finds, reading on as far as it takes: to
    /// the end of the stream, or until the window is larger than any element may be.
    pub(super) fn find(
        &mut self,
        from: usize,
        search: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Option<usize>, FeedError> {
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

    /// The same for one of [`MARKS`].
    pub(super) fn find_mark(&mut self, from: usize, mark: &'static [u8]) -> Result<Option<usize>, FeedError> {
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

    /// The first place in a part of the window where a mark stands.
    pub(super) fn mark_within(&mut self, part: Range<usize>, mark: &[u8]) -> Option<usize> {
        let passed = self.window.passed();
        let (finder, next) = self.marks.iter_mut().find(|(finder, _)| finder.needle() == mark)?;
        let (from, to) = (passed + part.start as u64, passed + part.end as u64);
        if from < next.from || from > next.until {
            *next = NextMark { from, until: from };
        }
        if next.until < to {
            // Not below the window's beginning, for `from` isn't.
            let start = usize::try_from(next.until - passed).unwrap_or(part.start);
            match finder.find(&self.window.bytes()[start..part.end]) {
                Some(found) => next.until += found as u64,
                // It may begin in the last bytes that are there.
                None => next.until = next.until.max((to + 1).saturating_sub(mark.len() as u64)),
            }
        }
        let found = usize::try_from(next.until - passed).unwrap_or(part.end);
        self.window.bytes().get(found..part.end).is_some_and(|rest| rest.starts_with(mark)).then_some(found)
    }

    /// The error of a document that ends before its root element does.
    pub(super) fn cut_short(&self) -> FeedError {
        let root = self.root.as_deref().map_or("root".into(), String::from_utf8_lossy);
        let line = self.line() + self.lines_in(self.bytes());
        FeedError::Incomplete(format!("it ends on line {line} without the end tag </{root}>"))
    }
}
