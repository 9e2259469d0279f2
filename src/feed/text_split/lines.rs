//! What the lines in the window look like, held against the header.

use std::cell::Cell;
use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem};

use super::cells::{Dialect, Quotes};
use super::lenient::{self, Escape};
use super::scan::{Scan, scan};
use crate::feed::FeedError;
use crate::feed::bounds::MAX_SECOND_LOOKS;
use crate::feed::window::{MAX_ROW, Window};

/// Lines that a cell with bare quotes in it may have.
pub(super) const LENIENT_LINES: usize = 200;

pub(super) struct Lines<R> {
    pub(super) window: Window<R>,
    dialect: Dialect,
    /// The number of cells in the header; 0 while that is being read.
    width: usize,
    /// Whether rows begin with a quote, as the header does: a line that doesn't is the rest of one.
    begin_quoted: bool,
    /// Bytes that may be looked at once more to make out quotes. Without them every line is a row.
    second_looks: Cell<u64>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(window: Window<R>, dialect: Dialect) -> Self {
        Lines { window, dialect, width: 0, begin_quoted: false, second_looks: Cell::new(MAX_SECOND_LOOKS) }
    }

    /// From the header on, cells are told apart as it does, and rows held against its width.
    pub(super) fn set_header(&mut self, dialect: Dialect, width: usize) {
        self.dialect = dialect;
        self.width = width;
        self.begin_quoted = self.bytes().first() == Some(&b'"');
    }

    /// Some row doesn't begin with a quote, so that others needn't either.
    pub(super) fn need_not_begin_quoted(&mut self) {
        self.begin_quoted = false;
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The number of cells in the header; 0 while that is being read.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn has_header(&self) -> bool {
        self.width > 0
    }

    /// The window's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Counts bytes that are looked at once more.
    pub(super) fn look_again(&self, bytes: usize) {
        self.second_looks.set(self.second_looks.get().saturating_sub(bytes as u64));
    }

    /// Whether nothing may be looked at once more.
    pub(super) fn is_tired(&self) -> bool {
        self.second_looks.get() == 0
    }

    /// The length of the window's first physical line, if it is all there.
    pub(super) fn first(&self) -> Option<usize> {
        let bytes = self.bytes();
        memchr(self.dialect.terminator, bytes).or_else(|| self.window.ended().then_some(bytes.len()))
    }

    /// How many cells a part of the window has if its quotes are letters.
    pub(super) fn raw_width(&self, from: usize, to: usize) -> usize {
        1 + memchr_iter(self.dialect.delimiter, &self.bytes()[from..to]).count()
    }

    /// How the quotes of a row can be made out leniently so that it has the header's width.
    pub(super) fn fitting_escape(&self, row: &[u8]) -> Option<Escape> {
        [Escape::Backslash, Escape::None].into_iter().find(|escape| self.fits(row, *escape))
    }

    fn fits(&self, row: &[u8], escape: Escape) -> bool {
        self.look_again(row.len());
        let line = lenient::split(row, self.dialect.delimiter, escape);
        line.is_clean && line.ends.len() == self.width
    }

    /// What makes most sense of the quotes of a line that is a row by itself.
    pub(super) fn quotes_of_single(&self, row: &[u8]) -> Quotes {
        match self.fitting_escape(row) {
            Some(escape) => Quotes::Lenient(escape),
            None if !self.has_header() || self.may_be_letters(row) => Quotes::Letters,
            None => Quotes::Broken,
        }
    }

    /// Whether a line makes a row when its quotes are letters: not when some of them seem to hold a delimiter,
    /// which would move the cells behind it under other columns.
    fn may_be_letters(&self, row: &[u8]) -> bool {
        let (mut width, mut is_open, mut has_quoted, mut is_split) = (0, false, false, false);
        for cell in row.split(|byte| *byte == self.dialect.delimiter) {
            width += 1;
            match (cell.starts_with(b"\""), cell.ends_with(b"\"")) {
                (true, true) if cell.len() > 1 => has_quoted = true,
                (true, _) => is_open = true,
                (false, true) => is_split |= is_open,
                (false, false) => {}
            }
        }
        width == self.width && !is_split && !(is_open && has_quoted)
    }

    /// Whether a row of another number of cells than the header may be meant so: not when it has doubled quotes, where two
    /// cells may have lost what was between them, nor when it seems to go on behind its line.
    pub(super) fn is_shorter_or_longer(&self, row: &Range<usize>, cells: usize) -> bool {
        let (row, delimiter) = (&self.bytes()[row.clone()], self.dialect.delimiter);
        let is_border = |at: Option<usize>| at.and_then(|at| row.get(at)).is_none_or(|byte| *byte == delimiter);
        let is_empty_cell = |at: usize| is_border(at.checked_sub(1)) && is_border(at.checked_add(2));
        let goes_on = cells < self.width && row.ends_with(&[delimiter]);
        !goes_on && memmem::find_iter(row, "\"\"").all(is_empty_cell)
    }

    /// Whether a whole row of the header's width begins at `from`, or the file ends there.
    pub(super) fn next_is_row(&mut self, from: usize) -> Result<bool, FeedError> {
        loop {
            let bytes = self.bytes();
            let rest = &bytes[from.min(bytes.len())..];
            match scan(rest, self.dialect, self.window.ended()) {
                Scan::NeedsMore { .. } if bytes.len() <= MAX_ROW && !self.window.ended() => _ = self.window.more()?,
                _ => return Ok(self.is_row(from)),
            }
        }
    }

    /// The same, as far as the window shows.
    pub(super) fn is_row(&self, from: usize) -> bool {
        let bytes = self.bytes();
        let rest = &bytes[from.min(bytes.len())..];
        if rest.is_empty() {
            return self.window.ended();
        }
        if self.begin_quoted && !rest.starts_with(b"\"") {
            return false;
        }
        let found = scan(rest, self.dialect, self.window.ended());
        self.look_again(match found {
            Scan::Row { length, .. } | Scan::Malformed(length) => length,
            Scan::NeedsMore { .. } => rest.len(),
        });
        match found {
            // Where some cells are quoted, a quote inside of another one is the end of what began before.
            Scan::Row { quoted: Some(_), has_bare: true, .. } => false,
            Scan::Row { length, quoted, .. } => {
                let cells = quoted.unwrap_or_else(|| 1 + memchr_iter(self.dialect.delimiter, &rest[..length]).count());
                cells == self.width
            }
            Scan::Malformed(_) => memchr(self.dialect.terminator, rest).is_some_and(|line| {
                let row = rest[..line].strip_suffix(b"\r").unwrap_or(&rest[..line]);
                self.fitting_escape(row).is_some()
            }),
            Scan::NeedsMore { .. } => false,
        }
    }

    /// Where the first line at or behind `from` begins that is a row, or the file ends.
    pub(super) fn next_row(&self, from: usize) -> usize {
        let bytes = self.bytes();
        let lines = memchr_iter(self.dialect.terminator, bytes).map(|end| end + 1).filter(|start| *start >= from);
        lines.take(LENIENT_LINES).find(|start| self.is_row(*start)).unwrap_or(bytes.len())
    }

    /// Whether every line up to `length` is a whole row, between tabs, which no quoted cell holds.
    pub(super) fn all_fit(&self, length: usize) -> bool {
        let Dialect { delimiter, terminator } = self.dialect;
        let lines = &self.bytes()[..length];
        let is_ended = length < self.bytes().len() || lines.ends_with(&[terminator]);
        let lines = lines.strip_suffix(&[terminator]).unwrap_or(lines);
        let fits = |line: &[u8]| 1 + memchr_iter(delimiter, line).count() == self.width;
        delimiter == b'\t' && is_ended && lines.split(|byte| *byte == terminator).all(fits)
    }
}
