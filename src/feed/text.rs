//! Rows of delimited text, with the quotes that real files have.
//!
//! A row is read with quotes first. Where that can't be meant (text behind a closing quote, a quote
//! that swallows the following lines) the quotes are ordinary characters, and the row is its line.

use std::io::Read;
use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter, memchr2};

use super::FeedError;
use super::window::{MAX_ROW, Window};

/// How cells are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Between cells.
    pub(super) delimiter: u8,
    /// At the end of a row: LF, or CR in files of old Macs.
    pub(super) terminator: u8,
}

/// The cells of one row. Kept from row to row: making a splitter takes longer than a row does.
pub(super) struct Cells {
    dialect: Dialect,
    quoting: Reader,
    literal: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    pub(super) fn new(dialect: Dialect) -> Cells {
        let reader = |quoted| {
            ReaderBuilder::new()
                .delimiter(dialect.delimiter)
                .quoting(quoted)
                .terminator(Terminator::Any(dialect.terminator))
                .build()
        };
        Cells { dialect, quoting: reader(true), literal: reader(false), bytes: Vec::new(), ends: Vec::new(), count: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Whether all cells are empty.
    pub(super) fn are_blank(&self) -> bool {
        (0..self.count).all(|index| self.get(index).trim_ascii().is_empty())
    }

    /// A cell's bytes; a cell that is not there is empty.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        if index >= self.count {
            return &[];
        }
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Splits one row, given without its terminator.
    pub(super) fn split(&mut self, row: &[u8], quoted: bool) {
        let reader = if quoted { &mut self.quoting } else { &mut self.literal };
        reader.reset();
        if self.bytes.len() <= row.len() {
            self.bytes.resize(row.len() + 1, 0);
        }
        // A row has at most one cell more than delimiters.
        let most = 2 + memchr_iter(self.dialect.delimiter, row).count();
        if self.ends.len() < most {
            self.ends.resize(most, 0);
        }
        let (_, _, written, count) = reader.read_record(row, &mut self.bytes, &mut self.ends);
        // An empty input is the end of the file, which ends the record.
        let (result, _, _, last) = reader.read_record(&[], &mut self.bytes[written..], &mut self.ends[count..]);
        debug_assert!(matches!(result, ReadRecordResult::Record | ReadRecordResult::End));
        self.count = count + last;
    }
}

/// Where a row lies in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The row without its terminator.
    pub(super) row: Range<usize>,
    /// Whether a `"` at the beginning of a cell is meant as a quote.
    pub(super) quoted: bool,
    /// The physical line on which it begins.
    pub(super) line: u64,
    /// Whether the file ends right behind it, without a line end, or it may go on behind the end of half a file.
    pub(super) last_without_end: bool,
}

/// Cuts a stream into rows.
pub(super) struct Cutter<R> {
    window: Window<R>,
    dialect: Dialect,
    /// The number of cells in the header; 0 while that is being read.
    width: usize,
    /// What the row given last takes in the window.
    used: usize,
    /// Whether the stream is known to be all of the feed.
    is_whole: bool,
}

/// What scanning a row with quotes came to.
enum Scan {
    /// The row's length, and if any of its cells is quoted, how many it has.
    Row { length: usize, quoted: Option<usize> },
    /// Text behind a closing quote.
    Malformed,
    /// The window ends inside the row; inside a quote or not.
    NeedsMore { in_quotes: bool },
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(window: Window<R>, dialect: Dialect, is_whole: bool) -> Self {
        Cutter { window, dialect, width: 0, used: 0, is_whole }
    }

    /// From the header on, cells are told apart as it does, and rows held against its width.
    pub(super) fn set_header(&mut self, dialect: Dialect, width: usize) {
        self.dialect = dialect;
        self.width = width;
    }

    /// The bytes of a row found last.
    pub(super) fn bytes(&self, found: &Found) -> &[u8] {
        &self.window.bytes()[found.row.clone()]
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// When the file ends inside quotes, or a row is longer than any row can be.
    pub(super) fn next(&mut self) -> Result<Option<Found>, FeedError> {
        loop {
            self.window.consume(self.used);
            self.used = 0;
            if self.window.bytes().is_empty() && !self.window.more()? {
                return Ok(None);
            }
            let found = self.find()?;
            if !self.bytes(&found).trim_ascii().is_empty() {
                return Ok(Some(found));
            }
        }
    }

    fn find(&mut self) -> Result<Found, FeedError> {
        loop {
            match scan(self.window.bytes(), self.dialect, self.window.ended()) {
                Scan::Row { length, .. } if length > MAX_ROW => return Err(self.too_long()),
                Scan::Row { length, quoted: None } => return Ok(self.found(length, true)),
                Scan::Row { length, quoted: Some(cells) } => {
                    return Ok(match self.raw_line().filter(|_| self.width > 0) {
                        Some(raw) if self.quotes_mislead(raw, length, cells) => self.found(raw, false),
                        _ => self.found(length, true),
                    });
                }
                Scan::Malformed => match self.raw_line() {
                    Some(length) => return Ok(self.found(length, false)),
                    None => _ = self.window.more()?,
                },
                Scan::NeedsMore { in_quotes } => {
                    let too_long = self.window.bytes().len() > MAX_ROW;
                    if too_long || !self.window.more()? {
                        return self.open_end(in_quotes, too_long);
                    }
                }
            }
        }
    }

    /// What to make of quotes that never close: an ordinary character, if the line that has them and
    /// the line after it are whole rows without quoting; else the file was cut.
    fn open_end(&mut self, in_quotes: bool, too_long: bool) -> Result<Found, FeedError> {
        let line = self.window.line();
        let first = self.raw_line().filter(|length| self.raw_width(0, *length) == self.width);
        let next_fits = first.is_some_and(|length| {
            let from = length + 1;
            let rest = &self.window.bytes()[from.min(self.window.bytes().len())..];
            memchr(self.dialect.terminator, rest).is_some_and(|next| self.raw_width(from, from + next) == self.width)
        });
        // Behind the end of half a feed the quotes of its last line may close.
        let may_go_on = !self.is_whole && !next_fits;
        let next_fits = next_fits || (first.is_some() && self.lines_fit(self.window.bytes().len()));
        match first {
            Some(length) if in_quotes && next_fits => {
                let found = self.found(length, false);
                Ok(Found { last_without_end: found.last_without_end || may_go_on, ..found })
            }
            _ if too_long => Err(self.too_long()),
            _ => Err(FeedError::Incomplete(format!("it ends inside the quotes of the row on line {line}"))),
        }
    }

    /// Whether the first physical line makes a better row than the row that was found with quotes: it
    /// alone has the header's width; or all lines of it have, between tabs, which no cell holds.
    fn quotes_mislead(&self, raw: usize, length: usize, cells: usize) -> bool {
        if self.raw_width(0, raw) != self.width {
            return false;
        }
        cells != self.width || (raw < length && self.lines_fit(length))
    }

    /// Whether every line up to `length` is a whole row, between tabs, which no quoted cell holds.
    fn lines_fit(&self, length: usize) -> bool {
        let Dialect { delimiter, terminator } = self.dialect;
        let lines = &self.window.bytes()[..length];
        let is_ended = length < self.window.bytes().len() || lines.ends_with(&[terminator]);
        let lines = lines.strip_suffix(&[terminator]).unwrap_or(lines);
        let fits = |line: &[u8]| 1 + memchr_iter(delimiter, line).count() == self.width;
        delimiter == b'\t' && is_ended && lines.split(|byte| *byte == terminator).all(fits)
    }

    fn too_long(&self) -> FeedError {
        let (line, most) = (self.window.line(), MAX_ROW >> 20);
        let quote = memchr(b'"', &self.window.bytes()[..MAX_ROW.min(self.window.bytes().len())]).is_some();
        let hint = if quote { "; a quote in it was probably never closed" } else { "" };
        FeedError::Incomplete(format!("the row on line {line} is longer than {most} MiB{hint}"))
    }

    /// Takes the first `length` bytes of the window for the row.
    fn found(&mut self, length: usize, quoted: bool) -> Found {
        let bytes = &self.window.bytes()[..length];
        let row = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let last_without_end = length == self.window.bytes().len();
        let found = Found { row: 0..row.len(), quoted, line: self.window.line(), last_without_end };
        self.used = (length + 1).min(self.window.bytes().len());
        found
    }

    /// The length of the window's first physical line, if it is all there.
    fn raw_line(&self) -> Option<usize> {
        let bytes = self.window.bytes();
        memchr(self.dialect.terminator, bytes).or_else(|| self.window.ended().then_some(bytes.len()))
    }

    fn raw_width(&self, from: usize, to: usize) -> usize {
        1 + memchr_iter(self.dialect.delimiter, &self.window.bytes()[from..to]).count()
    }
}

/// Looks for the end of the row that begins `bytes`.
fn scan(bytes: &[u8], dialect: Dialect, ended: bool) -> Scan {
    let Dialect { delimiter, terminator } = dialect;
    let (mut at, mut quotes) = (0, false);
    // Cells that ended before `counted`; nobody asks for them in a row without quotes.
    let (mut cells, mut counted) = (1, 0);
    let more_cells = |from: usize, to: usize| memchr_iter(delimiter, &bytes[from..to]).count();
    loop {
        let quote = match memchr2(terminator, b'"', &bytes[at..]).map(|found| at + found) {
            Some(found) if bytes[found] == b'"' => found,
            None if !ended => return Scan::NeedsMore { in_quotes: false },
            end => {
                let length = end.unwrap_or(bytes.len());
                return Scan::Row { length, quoted: quotes.then(|| cells + more_cells(counted, length)) };
            }
        };
        if quote > 0 && bytes[quote - 1] != delimiter {
            // Inside a cell it is a letter like any other.
            at = quote + 1;
            continue;
        }
        quotes = true;
        cells += more_cells(counted, quote);
        match close(bytes, quote + 1, dialect, ended) {
            Close::Cell(delimiter) => {
                cells += 1;
                at = delimiter + 1;
                counted = at;
            }
            Close::Row(length) => return Scan::Row { length, quoted: Some(cells) },
            Close::Malformed => return Scan::Malformed,
            Close::NeedsMore => return Scan::NeedsMore { in_quotes: true },
        }
    }
}

/// How a quoted cell ends.
enum Close {
    /// With the delimiter that stands here.
    Cell(usize),
    /// With the row, which is so long.
    Row(usize),
    /// With text behind its closing quote.
    Malformed,
    /// Not in what is there.
    NeedsMore,
}

/// Looks for the quote that is not doubled, from behind the opening one on.
fn close(bytes: &[u8], mut from: usize, dialect: Dialect, ended: bool) -> Close {
    let Dialect { delimiter, terminator } = dialect;
    loop {
        let Some(quote) = memchr(b'"', &bytes[from..]).map(|found| from + found) else { return Close::NeedsMore };
        let end = match bytes.get(quote + 1) {
            Some(b'"') => {
                from = quote + 2;
                continue;
            }
            Some(next) if *next == delimiter => return Close::Cell(quote + 1),
            Some(b'\r') if terminator != b'\r' => quote + 2,
            _ => quote + 1,
        };
        return match bytes.get(end) {
            Some(next) if *next == terminator => Close::Row(end),
            Some(_) => Close::Malformed,
            None if ended => Close::Row(end),
            None => Close::NeedsMore,
        };
    }
}
