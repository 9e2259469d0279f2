//! Rows of delimited text, with the quotes that real files have.
//!
//! A row is read by the rules first. Where that can't be meant (text behind a closing quote, a quote that
//! swallows the following lines, another number of cells than the header has) its line is read alone:
//! with quotes that needn't be doubled, or as if they were letters; or it is broken.

use std::cell::Cell;
use std::io::Read;
use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter, memchr2, memmem, memrchr};

use super::FeedError;
use super::bounds::{MAX_CELLS, MAX_SECOND_LOOKS};
use super::lenient::{self, Escape, Line};
use super::window::{MAX_ROW, Window};

/// A quoted cell that is longer is looked at before more of it is read: it may be one that was never closed.
const LONG_CELL: usize = 64 << 10;

/// Lines that a cell with bare quotes in it may have.
const LENIENT_LINES: usize = 200;

/// How cells are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Between cells.
    pub(super) delimiter: u8,
    /// At the end of a row: LF, or CR in files of old Macs.
    pub(super) terminator: u8,
}

/// How the quotes of a row are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// By the rules (RFC 4180): doubled inside of a quoted cell.
    Strict,
    /// As [`lenient`] makes them out.
    Lenient(Escape),
    /// As letters, but for those around a whole cell.
    Letters,
    /// They can't be made out: only what its first cells seem to hold can be told.
    Broken,
}

/// The cells of one row. Kept from row to row: making a splitter takes longer than a row does.
pub(super) struct Cells {
    dialect: Dialect,
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    pub(super) fn new(dialect: Dialect) -> Cells {
        let terminator = Terminator::Any(dialect.terminator);
        let reader = ReaderBuilder::new().delimiter(dialect.delimiter).terminator(terminator).build();
        Cells { dialect, reader, bytes: Vec::new(), ends: Vec::new(), count: 0 }
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
    pub(super) fn split(&mut self, row: &[u8], quotes: Quotes) {
        match quotes {
            Quotes::Strict => self.split_strictly(row),
            Quotes::Lenient(escape) => self.take(lenient::split(row, self.dialect.delimiter, escape)),
            Quotes::Broken => self.take(lenient::split(row, self.dialect.delimiter, Escape::Backslash)),
            Quotes::Letters => self.split_literally(row),
        }
    }

    fn take(&mut self, line: Line) {
        self.count = line.ends.len();
        self.bytes = line.bytes;
        self.ends = line.ends;
    }

    fn split_literally(&mut self, row: &[u8]) {
        let mut line = Line::default();
        for cell in row.split(|byte| *byte == self.dialect.delimiter).take(MAX_CELLS) {
            let inside = cell.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
            let mut rest = inside.unwrap_or(cell);
            // Inside of quotes two of them are one.
            while let Some(at) = inside.and_then(|_| memmem::find(rest, b"\"\"")) {
                line.bytes.extend_from_slice(&rest[..=at]);
                rest = &rest[at + 2..];
            }
            line.bytes.extend_from_slice(rest);
            line.ends.push(line.bytes.len());
        }
        self.take(line);
    }

    fn split_strictly(&mut self, row: &[u8]) {
        self.reader.reset();
        if self.bytes.len() <= row.len() {
            self.bytes.resize(row.len() + 1, 0);
        }
        // A row has at most one cell more than delimiters.
        let most = (2 + memchr_iter(self.dialect.delimiter, row).count()).min(MAX_CELLS);
        if self.ends.len() < most {
            self.ends.resize(most, 0);
        }
        let (result, _, written, count) = self.reader.read_record(row, &mut self.bytes, &mut self.ends[..most]);
        if result == ReadRecordResult::OutputEndsFull {
            self.count = count;
            return;
        }
        // An empty input is the end of the file, which ends the record.
        let (result, _, _, last) = self.reader.read_record(&[], &mut self.bytes[written..], &mut self.ends[count..]);
        debug_assert!(matches!(result, ReadRecordResult::Record | ReadRecordResult::End));
        self.count = count + last;
    }
}

/// Where a row lies in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
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
    /// Whether it ends with an empty cell, and what follows is no row: a line end inside of it would look so.
    pub(super) may_go_on: bool,
}

/// Cuts a stream into rows.
pub(super) struct Cutter<R> {
    window: Window<R>,
    dialect: Dialect,
    /// The number of cells in the header; 0 while that is being read.
    width: usize,
    /// Whether rows begin with a quote, as the header does: a line that doesn't is the rest of one.
    begin_quoted: bool,
    /// What the row given last takes in the window.
    used: usize,
    /// Whether the stream is known to be all of the feed.
    is_whole: bool,
    /// Bytes that may be looked at once more to make out quotes. Without them every line is a row.
    second_looks: Cell<u64>,
}

/// What scanning a row with quotes came to.
enum Scan {
    /// The row's length; if any of its cells is quoted, how many it has; and whether there are quotes inside of
    /// cells that are not.
    Row { length: usize, quoted: Option<usize>, has_bare: bool },
    /// Text behind a closing quote.
    /// It was found so far behind the row's beginning.
    Malformed(usize),
    /// The window ends inside the row; inside a quote or not.
    NeedsMore { in_quotes: bool },
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(window: Window<R>, dialect: Dialect, is_whole: bool) -> Self {
        Cutter {
            window,
            dialect,
            width: 0,
            begin_quoted: false,
            used: 0,
            is_whole,
            second_looks: Cell::new(MAX_SECOND_LOOKS),
        }
    }

    /// From the header on, cells are told apart as it does, and rows held against its width.
    pub(super) fn set_header(&mut self, dialect: Dialect, width: usize) {
        self.dialect = dialect;
        self.width = width;
        self.begin_quoted = self.window.bytes().first() == Some(&b'"');
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
            if self.skip_blank_lines() {
                continue;
            }
            let found = self.find()?;
            if !self.bytes(&found).trim_ascii().is_empty() {
                let is_plain =
                    found.quotes == Quotes::Strict && self.width > 0 && !self.bytes(&found).starts_with(b"\"");
                self.begin_quoted &= !is_plain;
                let may_go_on = self.may_go_on(&found)?;
                return Ok(Some(Found { may_go_on, ..found }));
            }
        }
    }

    /// Moves behind lines without anything in them: there may be millions, none of which is worth a look by itself.
    /// `true` = there were some.
    fn skip_blank_lines(&mut self) -> bool {
        let bytes = self.window.bytes();
        if !bytes.first().is_some_and(u8::is_ascii_whitespace) {
            return false;
        }
        let blank = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
        let last = memrchr(self.dialect.terminator, &bytes[..blank]);
        self.used = last.map_or(0, |last| last + 1);
        last.is_some()
    }

    fn find(&mut self) -> Result<Found, FeedError> {
        loop {
            if self.second_looks.get() == 0
                && self.width > 0
                && let Some(line) = self.raw_line().filter(|line| *line <= MAX_ROW)
            {
                let is_plain = memchr(b'"', &self.window.bytes()[..line]).is_none();
                return Ok(if is_plain { self.found(line, Quotes::Strict) } else { self.single() });
            }
            match scan(self.window.bytes(), self.dialect, self.window.ended()) {
                Scan::Row { length, .. } if length > MAX_ROW => return Err(self.too_long()),
                Scan::Row { length, quoted: None, .. } => return Ok(self.found(length, Quotes::Strict)),
                Scan::Row { length, quoted: Some(cells), .. } => return self.quoted(length, cells),
                Scan::Malformed(found) => match self.raw_line() {
                    Some(line) => {
                        self.look_again(found);
                        return self.malformed(line);
                    }
                    None if self.window.bytes().len() > MAX_ROW => return Err(self.too_long()),
                    None => _ = self.window.more()?,
                },
                Scan::NeedsMore { in_quotes } => {
                    let length = self.window.bytes().len();
                    // A quote that was never closed would have all lines behind it looked through, and so
                    // would the next one.
                    if in_quotes
                        && length > LONG_CELL
                        && self.width > 0
                        && self.raw_line().is_some_and(|line| self.is_row(line + 1))
                    {
                        return Ok(self.single());
                    }
                    let had_ended = self.window.ended();
                    if length > MAX_ROW || (!self.window.more()? && had_ended) {
                        return self.open_end(in_quotes, length > MAX_ROW);
                    }
                }
            }
        }
    }

    /// See [`Found::may_go_on`].
    fn may_go_on(&mut self, found: &Found) -> Result<bool, FeedError> {
        if self.width < 2 || !self.bytes(found).ends_with(&[self.dialect.delimiter]) {
            return Ok(false);
        }
        let from = self.used;
        let end = loop {
            let rest = &self.window.bytes()[from..];
            match memchr(self.dialect.terminator, rest) {
                Some(end) => break from + end,
                None if rest.len() <= LONG_CELL && self.window.more()? => {}
                None => break self.window.bytes().len(),
            }
        };
        let is_blank = self.window.bytes()[from..end].trim_ascii().is_empty();
        // Rows may lack cells at their end; one cell alone is no row.
        Ok(!is_blank && self.raw_width(from, end) == 1)
    }

    /// A row of the rules, with quoted cells.
    fn quoted(&mut self, length: usize, cells: usize) -> Result<Found, FeedError> {
        let raw = self.raw_line().unwrap_or(length);
        let is_single = raw >= length;
        if self.width == 0 || (cells == self.width && (is_single || !self.lines_fit(length))) {
            return Ok(self.found(length, Quotes::Strict));
        }
        self.look_again(length);
        if is_single || self.lines_fit(length) || self.next_is_row(raw + 1)? {
            return Ok(self.single());
        }
        Ok(self.found(length, Quotes::Strict))
    }

    /// A row with text behind a closing quote: its first line, unless its cells go on behind that and come
    /// out right when they are made out leniently.
    fn malformed(&mut self, line: usize) -> Result<Found, FeedError> {
        if self.width == 0 || self.next_is_row(line + 1)? {
            return Ok(self.single());
        }
        let bytes = self.window.bytes();
        let mut end = line;
        for _ in 0..LENIENT_LINES {
            let Some(next) = bytes.get(end + 1..).and_then(|rest| memchr(self.dialect.terminator, rest)) else { break };
            end += 1 + next;
            let row = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
            let fits = [Escape::Backslash, Escape::None].into_iter().find(|escape| self.fits(row, *escape));
            if let Some(escape) = fits {
                return Ok(self.found(end, Quotes::Lenient(escape)));
            }
            if self.is_row(end + 1) {
                break;
            }
        }
        // What its quotes hold goes on to the next row that can be made out.
        let next = self.next_row(line + 1);
        let found = self.single();
        let is_found = next < self.window.bytes().len() || self.window.ended();
        Ok(if found.quotes == Quotes::Broken && is_found { self.found(next - 1, Quotes::Broken) } else { found })
    }

    /// Counts bytes that are looked at once more.
    fn look_again(&self, bytes: usize) {
        self.second_looks.set(self.second_looks.get().saturating_sub(bytes as u64));
    }

    fn fits(&self, row: &[u8], escape: Escape) -> bool {
        self.look_again(row.len());
        let line = lenient::split(row, self.dialect.delimiter, escape);
        line.is_clean && line.ends.len() == self.width
    }

    /// The first line for a row, its quotes as it makes most sense of them.
    fn single(&mut self) -> Found {
        let length = self.raw_line().unwrap_or(self.window.bytes().len());
        let row = &self.window.bytes()[..length];
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let quotes = [Escape::Backslash, Escape::None].into_iter().find(|escape| self.fits(row, *escape));
        let quotes = match quotes {
            Some(escape) => Quotes::Lenient(escape),
            None if self.width == 0 || self.may_be_letters(row) => Quotes::Letters,
            None => Quotes::Broken,
        };
        self.found(length, quotes)
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

    /// Whether a whole row of the header's width begins at `from`, or the file ends there.
    fn next_is_row(&mut self, from: usize) -> Result<bool, FeedError> {
        loop {
            let bytes = self.window.bytes();
            let rest = &bytes[from.min(bytes.len())..];
            match scan(rest, self.dialect, self.window.ended()) {
                Scan::NeedsMore { .. } if bytes.len() <= MAX_ROW && !self.window.ended() => _ = self.window.more()?,
                _ => return Ok(self.is_row(from)),
            }
        }
    }

    /// The same, as far as the window shows.
    fn is_row(&self, from: usize) -> bool {
        let bytes = self.window.bytes();
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
                [Escape::Backslash, Escape::None].into_iter().any(|escape| self.fits(row, escape))
            }),
            Scan::NeedsMore { .. } => false,
        }
    }

    /// What to make of quotes that never close: of a line that something else follows, and of the last
    /// one when it has its end, that they are no quotes; else the file was cut.
    fn open_end(&mut self, in_quotes: bool, too_long: bool) -> Result<Found, FeedError> {
        let (line, length) = (self.window.line(), self.window.bytes().len());
        let first = self.raw_line().unwrap_or(length);
        let next_fits = first < length && self.is_row(first + 1) && first + 1 < length;
        // Its line end is there, and nothing but blank lines behind it.
        let is_ended = first < length && self.window.bytes()[first..].trim_ascii().is_empty();
        let fits = self.raw_width(0, first) == self.width && (is_ended || self.lines_fit(length));
        if in_quotes && self.width > 0 && (next_fits || fits || (is_ended && self.is_whole)) {
            // Behind the end of half a feed the quotes of its last line may close.
            let may_go_on = !self.is_whole && !next_fits;
            let found = self.single();
            let last_without_end = found.last_without_end || may_go_on;
            return Ok(Found { last_without_end, ends_in_quotes: !next_fits && !fits, ..found });
        }
        if in_quotes
            && self.width > 0
            && self.is_whole
            && !too_long
            && self.window.bytes().ends_with(&[self.dialect.terminator])
        {
            let end = self.next_row(first + 1);
            let found = self.found(end - 1, Quotes::Broken);
            return Ok(Found { ends_in_quotes: true, ..found });
        }
        if too_long {
            return Err(self.too_long());
        }
        Err(FeedError::Incomplete(format!("it ends inside the quotes of the row on line {line}")))
    }

    /// Where the first line at or behind `from` begins that is a row, or the file ends.
    fn next_row(&self, from: usize) -> usize {
        let bytes = self.window.bytes();
        let lines = memchr_iter(self.dialect.terminator, bytes).map(|end| end + 1).filter(|start| *start >= from);
        lines.take(LENIENT_LINES).find(|start| self.is_row(*start)).unwrap_or(bytes.len())
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
    fn found(&mut self, length: usize, quotes: Quotes) -> Found {
        let mut row = &self.window.bytes()[..length];
        // CR CR LF is what an exporter writes that turns its line ends twice.
        while let Some(rest) = row.strip_suffix(b"\r") {
            row = rest;
        }
        let last_without_end = length == self.window.bytes().len();
        let found = Found {
            row: 0..row.len(),
            quotes,
            line: self.window.line(),
            last_without_end,
            ends_in_quotes: false,
            may_go_on: false,
        };
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
    let (mut at, mut quotes, mut has_bare) = (0, false, false);
    // Cells that ended before `counted`; nobody asks for them in a row without quotes.
    let (mut cells, mut counted) = (1, 0);
    let more_cells = |from: usize, to: usize| memchr_iter(delimiter, &bytes[from..to]).count();
    loop {
        let quote = match memchr2(terminator, b'"', &bytes[at..]).map(|found| at + found) {
            Some(found) if bytes[found] == b'"' => found,
            None if !ended => return Scan::NeedsMore { in_quotes: false },
            end => {
                let length = end.unwrap_or(bytes.len());
                return Scan::Row { length, quoted: quotes.then(|| cells + more_cells(counted, length)), has_bare };
            }
        };
        if quote > 0 && bytes[quote - 1] != delimiter {
            // Inside a cell it is a letter like any other.
            has_bare = true;
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
            Close::Row(length) => return Scan::Row { length, quoted: Some(cells), has_bare },
            Close::Malformed(found) => return Scan::Malformed(found),
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
    /// With text behind its closing quote, which stands here.
    Malformed(usize),
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
            Some(b'\r') if terminator != b'\r' => {
                quote + 1 + bytes[quote + 1..].iter().take_while(|byte| **byte == b'\r').count()
            }
            _ => quote + 1,
        };
        return match bytes.get(end) {
            Some(next) if *next == terminator => Close::Row(end),
            Some(_) => Close::Malformed(end),
            None if ended => Close::Row(end),
            None => Close::NeedsMore,
        };
    }
}
