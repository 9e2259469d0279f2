//! Cuts an XML stream into the elements that matter, without parsing what lies inside them.
//!
//! Knows just enough of XML to find where an element ends: CDATA sections, comments, processing
//! instructions and quoted attribute values may hold what looks like tags.

mod element;
mod fragment;
mod markup;
mod scanner;
mod start_tag;

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use super::FeedError;
use super::chunker::Chunk;
use super::window::MAX_ROW;
use element::Start;
pub(super) use fragment::Fragment;
pub(super) use markup::is_name_start;
use markup::{Section, name_length};
use scanner::{HEAD, Scanner};

/// Walks through an XML document.
pub(super) struct XmlSplitter<R> {
    scanner: Scanner<R>,
    names: &'static [&'static str],
    finished: bool,
    /// The end tag of the root was there. It is the end unless more elements follow: damage writes one anywhere.
    is_closed: bool,
    /// What lies between the last element and here, as far as it is kept: if an end tag of one comes
    /// next, it is an element whose start tag is broken.
    gap: Vec<u8>,
    /// The line on which the gap begins.
    gap_line: u64,
    /// Whether the last fragment was an element, with which the gap begins anew.
    was_element: bool,
}

impl<R: Read> XmlSplitter<R> {
    /// Starts at the root element, which begins at byte `root`.
    pub(super) fn new(reader: R, root: usize, names: &'static [&'static str]) -> Result<Self, FeedError> {
        Ok(XmlSplitter {
            scanner: Scanner::new(reader, root)?,
            names,
            finished: false,
            is_closed: false,
            gap: Vec::new(),
            gap_line: 1,
            was_element: false,
        })
    }

    /// The bytes of a fragment found last.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.scanner.bytes()[range]
    }

    /// The next fragment; `None` behind the end tag of the root.
    ///
    /// # Errors
    /// When the document ends before its root element does.
    pub(super) fn next(&mut self) -> Result<Option<Fragment>, FeedError> {
        loop {
            let was_closed = self.is_closed;
            match self.next_anywhere() {
                Ok(Some(Fragment::Open { .. } | Fragment::Close { .. })) if was_closed => {}
                Ok(Some(fragment)) => {
                    self.is_closed &= !was_closed;
                    return Ok(Some(fragment));
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

    /// Adds the next fragment that says anything to a chunk; `false` behind the end tag of the root.
    ///
    /// # Errors
    /// As [`XmlSplitter::next`].
    pub(super) fn add_next(&mut self, chunk: &mut Chunk<Fragment>) -> Result<bool, FeedError> {
        let Some(fragment) = self.next()? else { return Ok(false) };
        match &fragment {
            Fragment::Element { bytes, .. } | Fragment::Open { tag: bytes } | Fragment::Close { name: bytes } => {
                chunk.add(self.bytes(bytes.clone()), fragment, 0);
            }
            Fragment::Broken { head, .. } => {
                let besides = head.capacity();
                chunk.add(&[], fragment, besides);
            }
        }
        Ok(true)
    }

    fn next_anywhere(&mut self) -> Result<Option<Fragment>, FeedError> {
        while !self.finished {
            let used = std::mem::take(&mut self.scanner.used).min(self.scanner.bytes().len());
            if std::mem::take(&mut self.was_element) {
                self.gap.clear();
                self.scanner.consume(used);
                self.gap_line = self.scanner.line();
            } else {
                self.pass(used);
            }
            self.skip_to(b"<")?;
            if let Some(fragment) = self.markup()? {
                self.was_element = matches!(fragment, Fragment::Element { .. } | Fragment::Broken { .. });
                return Ok(Some(fragment));
            }
        }
        Ok(None)
    }

    /// Moves past bytes between elements.
    fn pass(&mut self, count: usize) {
        let room = HEAD.saturating_sub(self.gap.len()).min(count);
        self.gap.extend_from_slice(&self.scanner.bytes()[..room]);
        self.scanner.consume(count);
    }

    /// Moves to the next place where `mark` stands, however far.
    fn skip_to(&mut self, mark: &[u8]) -> Result<(), FeedError> {
        loop {
            let bytes = self.scanner.bytes();
            let found = match mark {
                [byte] => memchr(*byte, bytes),
                _ => memmem::find(bytes, mark),
            };
            if let Some(at) = found {
                self.pass(at);
                return Ok(());
            }
            // The mark may begin in the last few bytes.
            let keep = (mark.len() - 1).min(bytes.len());
            self.pass(bytes.len() - keep);
            if !self.scanner.more()? {
                return Err(self.scanner.cut_short());
            }
        }
    }

    /// What the `<` at the window's beginning starts.
    fn markup(&mut self) -> Result<Option<Fragment>, FeedError> {
        self.scanner.fill(9)?;
        let bytes = self.scanner.bytes();
        if let Some(section) = Section::at(bytes) {
            return self.section(section).map(|()| None);
        }
        match bytes.get(1) {
            Some(b'/') => self.close_tag().map(Some),
            Some(b'!') => {
                let Some(end) = self.scanner.find_mark(1, b">")? else { return Err(self.scanner.cut_short()) };
                // An internal subset holds declarations of its own; its entities are never expanded.
                let end = match memchr(b'[', &self.scanner.bytes()[..end]) {
                    Some(_) => self.scanner.find(1, |bytes| memmem::find(bytes, b"]>").map(|at| at + 1))?,
                    None => Some(end),
                };
                self.scanner.used = end.ok_or_else(|| self.scanner.cut_short())? + 1;
                Ok(None)
            }
            Some(byte) if is_name_start(*byte) => self.start_tag(),
            _ => {
                // A stray `<` in text.
                self.scanner.used = 1;
                Ok(None)
            }
        }
    }

    /// Moves behind a comment, a CDATA section or a processing instruction between elements. One that
    /// isn't closed before another one begins would hide what lies between: its beginning is text then.
    fn section(&mut self, section: Section) -> Result<(), FeedError> {
        let Section { end, skip } = section;
        let found = self.scanner.find_mark(skip, end)?;
        match found {
            Some(found) if section.begins_again(&self.scanner.bytes()[..found]) => self.scanner.used = skip,
            Some(found) if self.scanner.bytes()[found..].starts_with(end) => self.scanner.used = found + end.len(),
            // Longer than any window should be: it is passed over as it comes.
            Some(_) => {
                self.skip_to(end)?;
                self.scanner.used = end.len();
            }
            None => self.scanner.used = skip,
        }
        Ok(())
    }

    fn close_tag(&mut self) -> Result<Fragment, FeedError> {
        let end = self.scanner.find(2, |bytes| memchr2(b'>', b'<', bytes))?;
        let Some(end) = end else { return Err(self.scanner.cut_short()) };
        let is_whole = self.scanner.bytes().get(end) == Some(&b'>');
        self.scanner.used = end + usize::from(is_whole);
        let name = 2..2 + self.scanner.bytes()[2..end].trim_ascii_end().len();
        let bytes = &self.scanner.bytes()[name.clone()];
        self.is_closed |= is_whole && self.scanner.root.as_deref() == Some(bytes);
        let wanted = self.names.iter().find(|wanted| wanted.as_bytes() == bytes);
        match wanted.filter(|_| !self.gap.trim_ascii().is_empty()) {
            Some(name) => {
                let head = std::mem::take(&mut self.gap);
                let blank = head.len() - head.trim_ascii_start().len();
                let line = self.gap_line + self.scanner.lines_in(&head[..blank]);
                Ok(Fragment::Broken { name, head, line, reason: "its start tag is broken" })
            }
            None => Ok(Fragment::Close { name }),
        }
    }

    fn start_tag(&mut self) -> Result<Option<Fragment>, FeedError> {
        let Some(first) = self.scanner.find_mark(1, b">")? else { return Err(self.scanner.cut_short()) };
        let end = if first > MAX_ROW { None } else { self.scanner.tag_end(first)? };
        let Some(end) = end else {
            // No tag is that long: this is text.
            self.scanner.used = 1;
            return Ok(None);
        };
        if self.scanner.root.is_none() {
            self.scanner.fill(HEAD)?;
        }
        let bytes = self.scanner.bytes();
        let name = &bytes[1..1 + name_length(&bytes[1..])];
        let is_empty = bytes[..end].ends_with(b"/");
        let line = self.scanner.line();
        let wanted = self.names.iter().find(|wanted| wanted.as_bytes() == name);
        // Its own `>` is missing: what follows is not part of it.
        let is_unclosed = wanted.is_none() && memchr(b'<', &bytes[1..end]).is_some();
        if self.scanner.root.is_none() {
            // With something behind it, it is a start tag that damage has closed.
            self.finished = is_empty && self.scanner.ended() && bytes[end + 1..].trim_ascii().is_empty();
            self.scanner.root = Some(name.to_vec());
        }
        match wanted {
            Some(name) if is_empty => {
                self.scanner.used = end + 1;
                Ok(Some(Fragment::Element { name, bytes: 0..end + 1, line }))
            }
            Some(name) => self.scanner.element(Start { name, line }, end + 1).map(Some),
            None if is_unclosed => {
                self.scanner.used = 1;
                Ok(None)
            }
            None => {
                self.scanner.used = end + 1;
                Ok(Some(Fragment::Open { tag: 0..end + 1 }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(xml: &str) -> Result<Vec<String>, FeedError> {
        let mut splitter = XmlSplitter::new(xml.as_bytes(), 0, &["offer"])?;
        let mut found = Vec::new();
        while let Some(fragment) = splitter.next()? {
            found.push(match fragment {
                Fragment::Element { bytes, line, .. } => {
                    format!("{line}: {}", String::from_utf8_lossy(splitter.bytes(bytes)))
                }
                Fragment::Broken { line, .. } => format!("{line}: broken"),
                Fragment::Open { tag } => String::from_utf8_lossy(splitter.bytes(tag)).into_owned(),
                Fragment::Close { name } => format!("/{}", String::from_utf8_lossy(splitter.bytes(name))),
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
        assert_eq!(fragments(xml).expect("whole"), expected);
    }

    #[test]
    fn a_broken_one_costs_itself() {
        let xml = "<r><offer id='1'><a>\n<offer id=\"2><b>x</b></offer><offers></offers></r> trailing <x>";
        let expected = ["<r>", "1: broken", "2: <offer id=\"2><b>x</b></offer>", "<offers>", "/offers", "/r"];
        assert_eq!(fragments(xml).expect("whole"), expected);
    }

    #[test]
    fn lines_end_with_lf_or_with_cr_alone() {
        let xml = "<r>\n<offer>1</offer>\n\n1</offer>\n</r>";
        for end in ["\n", "\r\n", "\r"] {
            let found = fragments(&xml.replace('\n', end)).expect("whole");
            assert_eq!(found, ["<r>", "2: <offer>1</offer>", "4: broken", "/r"], "{end:?}");
            let cut = fragments(&"<r>\n<offer>\n".replace('\n', end)).expect_err("cut").to_string();
            assert!(cut.contains("it ends on line 3 "), "{end:?}: {cut}");
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let xml = "<!DOCTYPE r [<!ENTITY a 'b'>]><r><offer id='1'><a>é &amp; <![CDATA[x]]></a></offer></r>";
        for end in 0..xml.len() {
            if xml.is_char_boundary(end) {
                assert!(matches!(fragments(&xml[..end]), Err(FeedError::Incomplete(_))), "{}", &xml[..end]);
            }
        }
        assert_eq!(fragments(xml).expect("whole").len(), 3);
    }

    #[test]
    fn the_window_may_end_anywhere() {
        let long = "x".repeat(300_000);
        let xml = format!("<r><offer>{long}</offer><offer><![CDATA[{long}]]></offer></r>");
        assert_eq!(fragments(&xml).expect("whole").len(), 4);
    }

    #[test]
    fn an_endless_element_is_skipped() {
        let long = "x".repeat(MAX_ROW + (1 << 20));
        for (open, close) in [("", ""), ("<![CDATA[", "]]>")] {
            let xml = format!("<r><offer>{open}{long}{close}</offer><offer>1</offer></r>");
            assert_eq!(fragments(&xml).expect("whole"), ["<r>", "1: broken", "/offer", "1: <offer>1</offer>", "/r"]);
        }
    }
}
