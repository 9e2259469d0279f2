//! Rows of delimited text, with the quotes that real files have.
//!
//! A row is read by the rules first. Where that can't be meant (text behind a closing quote, a quote that
//! swallows the following lines, another number of cells than the header has) its line is read alone:
//! with quotes that needn't be doubled, or as if they were letters; or it is broken.

mod cells;
mod lenient;
mod lines;
mod scan;

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::FeedError;
use super::window::{MAX_ROW, Window};
pub(super) use cells::{Cells, Dialect, Quotes};
pub(super) use lenient::Escape;
use lines::{LENIENT_LINES, Lines};
use scan::{Scan, scan};

/// A quoted cell that is longer is looked at before more of it is read: it may be one that was never closed.
const LONG_CELL: usize = 64 << 10;

/// Where a row lies in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowSpan {
    /// The row without its terminator.
    pub(super) row: Range<usize>,
    /// How its quotes are meant.
    pub(super) quotes: Quotes,
    /// The physical line on which it begins.
    pub(super) line: u64,
    /// Whether the file ends right behind it, without a line end, or it may go on behind the end of half a file.
    pub(super) last_without_end: bool,
    /// Whether the file ends inside its quotes: rows may be missing behind it.
    pub(super) ends_in_quotes: bool,
    /// Whether it ends with an empty cell or lacks some, and what follows is no row: a line end inside of it would look so.
    pub(super) may_go_on: bool,
}

/// Splits a stream into rows.
pub(super) struct RowSplitter<R> {
    lines: Lines<R>,
    /// What the row given last takes in the window.
    used: usize,
    /// Whether it is known to be a single line.
    is_line: bool,
    /// Whether the stream is known to be all of the feed.
    is_whole: bool,
    /// How many cells a row has at least, and how many one has that its sale is missing from; `None` = that is behind none.
    least: Option<(usize, usize)>,
    /// How many cells the row has by the rules, if it has quotes.
    cells: Option<usize>,
}

impl<R: Read> RowSplitter<R> {
    pub(super) fn new(window: Window<R>, dialect: Dialect, is_whole: bool) -> Self {
        RowSplitter { lines: Lines::new(window, dialect), used: 0, is_line: false, is_whole, least: None, cells: None }
    }

    /// The header, which was found as the first row, as another delimiter cuts it: a name in quotes may hold line ends.
    /// One that would hold a row is never closed.
    pub(super) fn header(&self, found: &RowSpan, delimiter: u8) -> RowSpan {
        let dialect = Dialect { delimiter, ..self.lines.dialect() };
        let bytes = self.lines.bytes();
        let row = match scan(bytes, dialect, self.lines.window.ended()) {
            Scan::Row { length, quoted: Some(_), .. } if length > self.used => without_cr(&bytes[..length]),
            _ => return found.clone(),
        };
        let mut names = Cells::new(dialect);
        names.split(row, Quotes::Strict);
        let holds_row = |name: &[u8]| {
            let end = memchr(dialect.terminator, name);
            end.is_some_and(|end| memchr(delimiter, &name[end..]).is_some())
        };
        if (0..names.len()).any(|index| holds_row(names.get(index))) {
            return found.clone();
        }
        RowSpan { row: 0..row.len(), ..found.clone() }
    }

    /// From the header on, cells are told apart as it does, and rows held against its width. `least` = how many cells a
    /// row has at least, and where its sale begins, if that stands behind them.
    pub(super) fn set_header(
        &mut self,
        header: &RowSpan,
        dialect: Dialect,
        width: usize,
        least: Option<(usize, usize)>,
    ) {
        let behind = &self.lines.bytes()[header.row.end..];
        let line_end = memchr(dialect.terminator, behind).map_or(behind.len(), |at| at + 1);
        self.used = header.row.end + line_end;
        // It may be longer than the line that was found.
        self.is_line = false;
        self.lines.set_header(dialect, width);
        self.least = least;
    }

    /// The bytes of a row found last.
    pub(super) fn bytes(&self, found: &RowSpan) -> &[u8] {
        &self.lines.bytes()[found.row.clone()]
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// When the file ends inside quotes, or a row is longer than any row can be.
    pub(super) fn next(&mut self) -> Result<Option<RowSpan>, FeedError> {
        loop {
            if std::mem::take(&mut self.is_line) {
                self.lines.window.consume_lines(self.used, 1);
            } else {
                self.lines.window.consume(self.used);
            }
            self.used = 0;
            if self.lines.bytes().is_empty() && !self.lines.window.more()? {
                return Ok(None);
            }
            if self.skip_blank_lines() {
                continue;
            }
            self.cells = None;
            let found = self.find()?;
            if !self.bytes(&found).trim_ascii().is_empty() {
                let is_plain =
                    found.quotes == Quotes::Strict && self.lines.has_header() && !self.bytes(&found).starts_with(b"\"");
                if is_plain {
                    self.lines.need_not_begin_quoted();
                }
                let may_go_on = self.may_go_on(&found)?;
                return Ok(Some(RowSpan { may_go_on, ..found }));
            }
        }
    }

    /// Moves behind lines without anything in them: there may be millions, none of which is worth a look by itself.
    /// `true` = there were some.
    fn skip_blank_lines(&mut self) -> bool {
        let bytes = self.lines.bytes();
        if !bytes.first().is_some_and(u8::is_ascii_whitespace) {
            return false;
        }
        let blank = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
        let last = memrchr(self.lines.dialect().terminator, &bytes[..blank]);
        self.used = last.map_or(0, |last| last + 1);
        last.is_some()
    }

    fn find(&mut self) -> Result<RowSpan, FeedError> {
        loop {
            if self.lines.is_tired()
                && self.lines.has_header()
                && let Some(line) = self.lines.first().filter(|line| *line <= MAX_ROW)
            {
                let is_plain = memchr(b'"', &self.lines.bytes()[..line]).is_none();
                return Ok(if is_plain { self.found(line, Quotes::Strict) } else { self.single() });
            }
            match scan(self.lines.bytes(), self.lines.dialect(), self.lines.window.ended()) {
                Scan::Row { length, .. } if length > MAX_ROW => return Err(self.too_long()),
                Scan::Row { length, quoted: None, .. } => return Ok(self.line(length)),
                Scan::Row { length, quoted: Some(cells), .. } => return self.quoted(length, cells),
                Scan::Malformed(found) => match self.lines.first() {
                    Some(line) => {
                        self.lines.look_again(found);
                        return self.malformed(line);
                    }
                    None if self.lines.bytes().len() > MAX_ROW => return Err(self.too_long()),
                    None => _ = self.lines.window.more()?,
                },
                Scan::NeedsMore { in_quotes } => {
                    let length = self.lines.bytes().len();
                    // A quote that was never closed would have all lines behind it looked through, and so
                    // would the next one.
                    if in_quotes
                        && length > LONG_CELL
                        && self.lines.has_header()
                        && self.lines.first().is_some_and(|line| self.lines.is_row(line + 1))
                    {
                        return Ok(self.single());
                    }
                    let had_ended = self.lines.window.ended();
                    if length > MAX_ROW || (!self.lines.window.more()? && had_ended) {
                        return self.open_end(in_quotes, length > MAX_ROW);
                    }
                }
            }
        }
    }

    /// How many cells a row has.
    fn width(&self, found: &RowSpan) -> usize {
        let by_the_rules = self.cells.filter(|_| found.quotes == Quotes::Strict);
        by_the_rules.unwrap_or_else(|| self.lines.raw_width(found.row.start, found.row.end))
    }

    /// See [`RowSpan::may_go_on`].
    fn may_go_on(&mut self, found: &RowSpan) -> Result<bool, FeedError> {
        let ends_open = self.bytes(found).ends_with(&[self.lines.dialect().delimiter]);
        // Rows may lack cells at their end; one cell alone is no row.
        let least = match self.least {
            _ if ends_open => 2,
            Some((least, sale)) if self.width(found) <= sale => least,
            _ => return Ok(false),
        };
        if self.lines.width() < 2 {
            return Ok(false);
        }
        let from = self.used;
        let end = loop {
            let rest = &self.lines.bytes()[from..];
            match memchr(self.lines.dialect().terminator, rest) {
                Some(end) => break from + end,
                None if rest.len() <= LONG_CELL && self.lines.window.more()? => {}
                None => break self.lines.bytes().len(),
            }
        };
        let is_blank = self.lines.bytes()[from..end].trim_ascii().is_empty();
        // (How many cells there are behind a quote, nobody knows by this line alone.)
        let has_quote = !ends_open && memchr(b'"', &self.lines.bytes()[from..end]).is_some();
        Ok(!is_blank && !has_quote && self.lines.raw_width(from, end) < least)
    }

    /// A row of the rules, with quoted cells.
    fn quoted(&mut self, length: usize, cells: usize) -> Result<RowSpan, FeedError> {
        self.cells = Some(cells);
        let raw = self.lines.first().unwrap_or(length);
        let is_single = raw >= length;
        if is_single && (!self.lines.has_header() || cells == self.lines.width()) {
            return Ok(self.line(length));
        }
        if !self.lines.has_header() || (cells == self.lines.width() && !self.lines.all_fit(length)) {
            return Ok(self.found(length, Quotes::Strict));
        }
        self.lines.look_again(length);
        if is_single {
            let found = self.single();
            // By the rules it is a row that has fewer or more cells at its end: whoever knows the columns can tell whether
            // that matters.
            let is_row = found.quotes == Quotes::Broken && self.lines.is_shorter_or_longer(&found.row, cells);
            return Ok(if is_row { RowSpan { quotes: Quotes::Strict, ..found } } else { found });
        }
        if self.lines.all_fit(length) || self.lines.next_is_row(raw + 1)? {
            return Ok(self.single());
        }
        Ok(self.found(length, Quotes::Strict))
    }

    /// A row with text behind a closing quote: its first line, unless its cells go on behind that and come
    /// out right when they are made out leniently.
    fn malformed(&mut self, line: usize) -> Result<RowSpan, FeedError> {
        if !self.lines.has_header() || self.lines.next_is_row(line + 1)? {
            return Ok(self.single());
        }
        let bytes = self.lines.bytes();
        let mut end = line;
        for _ in 0..LENIENT_LINES {
            let Some(next) = bytes.get(end + 1..).and_then(|rest| memchr(self.lines.dialect().terminator, rest)) else {
                break;
            };
            end += 1 + next;
            let row = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
            if let Some(escape) = self.lines.fitting_escape(row) {
                return Ok(self.found(end, Quotes::Lenient(escape)));
            }
            if self.lines.is_row(end + 1) {
                break;
            }
        }
        // What its quotes hold goes on to the next row that can be made out.
        let next = self.lines.next_row(line + 1);
        let found = self.single();
        let is_found = next < self.lines.bytes().len() || self.lines.window.ended();
        Ok(if found.quotes == Quotes::Broken && is_found { self.found(next - 1, Quotes::Broken) } else { found })
    }

    /// The first line for a row, its quotes as it makes most sense of them.
    fn single(&mut self) -> RowSpan {
        let length = self.lines.first().unwrap_or(self.lines.bytes().len());
        let row = &self.lines.bytes()[..length];
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let quotes = self.lines.quotes_of_single(row);
        self.found(length, quotes)
    }

    /// What to make of quotes that never close: of a line that something else follows, and of the last
    /// one when it has its end, that they are no quotes; else the file was cut.
    fn open_end(&mut self, in_quotes: bool, too_long: bool) -> Result<RowSpan, FeedError> {
        let (line, length) = (self.lines.window.line(), self.lines.bytes().len());
        let first = self.lines.first().unwrap_or(length);
        let next_fits = first < length && self.lines.is_row(first + 1) && first + 1 < length;
        // Its line end is there, and nothing but blank lines behind it.
        let is_ended = first < length && self.lines.bytes()[first..].trim_ascii().is_empty();
        let fits = self.lines.raw_width(0, first) == self.lines.width() && (is_ended || self.lines.all_fit(length));
        if in_quotes && self.lines.has_header() && (next_fits || fits || (is_ended && self.is_whole)) {
            // Behind the end of half a feed the quotes of its last line may close.
            let may_go_on = !self.is_whole && !next_fits;
            let found = self.single();
            let last_without_end = found.last_without_end || may_go_on;
            return Ok(RowSpan { last_without_end, ends_in_quotes: !next_fits && !fits, ..found });
        }
        if in_quotes
            && self.lines.has_header()
            && self.is_whole
            && !too_long
            && self.lines.bytes().ends_with(&[self.lines.dialect().terminator])
        {
            let end = self.lines.next_row(first + 1);
            let found = self.found(end - 1, Quotes::Broken);
            return Ok(RowSpan { ends_in_quotes: true, ..found });
        }
        if too_long {
            return Err(self.too_long());
        }
        Err(FeedError::Incomplete(format!("it ends inside the quotes of the row on line {line}")))
    }

    fn too_long(&self) -> FeedError {
        let (line, most) = (self.lines.window.line(), MAX_ROW >> 20);
        let quote = memchr(b'"', &self.lines.bytes()[..MAX_ROW.min(self.lines.bytes().len())]).is_some();
        let hint = if quote { "; a quote in it was probably never closed" } else { "" };
        FeedError::Incomplete(format!("the row on line {line} is longer than {most} MiB{hint}"))
    }

    /// Takes the first `length` bytes of the window, in which no line ends, for the row.
    fn line(&mut self, length: usize) -> RowSpan {
        let found = self.found(length, Quotes::Strict);
        self.is_line = self.used > length;
        found
    }

    /// Takes the first `length` bytes of the window for the row.
    fn found(&mut self, length: usize, quotes: Quotes) -> RowSpan {
        let row = without_cr(&self.lines.bytes()[..length]);
        let last_without_end = length == self.lines.bytes().len();
        let found = RowSpan {
            row: 0..row.len(),
            quotes,
            line: self.lines.window.line(),
            last_without_end,
            ends_in_quotes: false,
            may_go_on: false,
        };
        self.used = (length + 1).min(self.lines.bytes().len());
        found
    }
}

/// A row without what stands in front of its LF: CR CR LF is what an exporter writes that turns its line ends twice.
fn without_cr(mut row: &[u8]) -> &[u8] {
    while let Some(rest) = row.strip_suffix(b"\r") {
        row = rest;
    }
    row
}
