//! Where an element ends, or what is broken in it.

use std::io::Read;

use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::fragment::Fragment;
use super::markup::{Doubt, Letters, Section, is_boundary, is_tag};
use super::scanner::{HEAD, Scanner};
use crate::feed::FeedError;
use crate::feed::window::MAX_ROW;

/// Bytes of the longest name of an element, or of what is around it.
const LONGEST_NAME: usize = 10;

const OPEN_SECTION: &str = "a CDATA section or comment in it is not closed";
const TOO_LONG: &str = "its element is longer than 16 MiB";

/// An element that begins at the window's beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) name: &'static str,
    /// The line on which it begins.
    pub(super) line: u64,
}

impl Start {
    fn broken(self, head: Vec<u8>, reason: &'static str) -> Fragment {
        Fragment::Broken { name: self.name, head, line: self.line, reason }
    }
}

impl<R: Read> Scanner<R> {
    /// Finds the end of the element whose start tag ends at `from`.
    pub(super) fn element(&mut self, start: Start, from: usize) -> Result<Fragment, FeedError> {
        let Start { name, line } = start;
        let (mut at, letters) = (from, Letters::of(name));
        loop {
            let Some(open) = self.find(at, |bytes| letters.find(bytes))? else {
                return self.unclosed(start, from, "its element is not closed");
            };
            if open > MAX_ROW {
                return self.skip_too_long(start);
            }
            self.fill(open + LONGEST_NAME + 9)?;
            let bytes = &self.bytes()[open..];
            if let Some(section) = Section::at(bytes) {
                match self.section_end(start, open, section)? {
                    Ok(end) => at = end,
                    Err(broken) => return Ok(broken),
                }
            } else if is_tag(bytes, b"</", name) {
                let end = self.find(open + 1, |bytes| memchr2(b'>', b'<', bytes))?;
                let Some(end) = end else { return Err(self.cut_short()) };
                if self.bytes().get(end) != Some(&b'>') {
                    self.used = end;
                    return Ok(start.broken(self.head(open), "its end tag is broken"));
                }
                self.used = end + 1;
                return Ok(Fragment::Element { name, bytes: 0..end + 1, line });
            } else if is_boundary(bytes, name) {
                self.used = open;
                return Ok(start.broken(self.head(open), "its element is not closed before the next one begins"));
            } else {
                at = open + 1;
            }
        }
    }

    /// Where the section ends that begins at `open` inside of an element; `Err` = what the element comes to when
    /// the section isn't closed.
    fn section_end(
        &mut self,
        start: Start,
        open: usize,
        section: Section,
    ) -> Result<Result<usize, Fragment>, FeedError> {
        match self.find_mark(open + section.skip, section.end)? {
            Some(found) if found <= MAX_ROW => match section.doubt(&self.bytes()[open..found], start.name) {
                None => Ok(Ok(found + section.end.len())),
                Some(Doubt::BeginsAgain) => self.unclosed(start, open + section.skip, OPEN_SECTION).map(Err),
                Some(Doubt::HoldsNext(next)) => {
                    self.used = open + next;
                    Ok(Err(start.broken(self.head(open), OPEN_SECTION)))
                }
            },
            Some(_) => self.skip_too_long(start).map(Err),
            None => self.unclosed(start, open + section.skip, OPEN_SECTION).map(Err),
        }
    }

    /// Ends an element in which no end was found up to the end of the document: in front of whatever
    /// comes next behind `from`, another element's tag or the end of the root.
    fn unclosed(&mut self, start: Start, from: usize, reason: &'static str) -> Result<Fragment, FeedError> {
        let name = start.name;
        let bytes = &self.bytes()[from.min(self.bytes().len())..];
        let is_end = |at: &usize| is_tag(&bytes[*at..], b"</", name) || is_boundary(&bytes[*at..], name);
        let tags = memchr_iter(b'<', bytes).find(is_end);
        let (end, used) = match tags.map(|at| from + at) {
            Some(at) if is_tag(&self.bytes()[at..], b"</", name) => match memchr(b'>', &self.bytes()[at..]) {
                Some(length) => (at, at + length + 1),
                None => return Err(self.cut_short()),
            },
            Some(at) => (at, at),
            None => match self.root_end() {
                Some(at) => (at, at),
                None => return Err(self.cut_short()),
            },
        };
        self.used = used;
        Ok(start.broken(self.head(end), reason))
    }

    /// Moves behind the end tag of an element that no window should hold.
    fn skip_too_long(&mut self, start: Start) -> Result<Fragment, FeedError> {
        let head = self.head(usize::MAX);
        loop {
            let bytes = self.bytes();
            let end = memmem::find_iter(bytes, b"</").find(|at| is_tag(&bytes[*at..], b"</", start.name));
            if let Some(end) = end {
                self.used = end;
                return Ok(start.broken(head, TOO_LONG));
            }
            // An end tag may begin in the last few bytes.
            let keep = HEAD.min(bytes.len());
            self.consume(bytes.len() - keep);
            if !self.more()? {
                self.used = self.root_end().ok_or_else(|| self.cut_short())?;
                return Ok(start.broken(head, TOO_LONG));
            }
        }
    }
}
