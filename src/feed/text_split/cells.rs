//! The cells of one row.

use std::borrow::Cow;
use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::lenient::{self, Escape, Line};
use crate::feed::bounds::MAX_CELLS;
use crate::feed::charset::Charset;

/// How cells are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) struct Dialect {
    /// Between cells.
    pub(in crate::feed) delimiter: u8,
    /// At the end of a row: LF, or CR in files of old Macs.
    pub(in crate::feed) terminator: u8,
}

/// How the quotes of a row are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Quotes {
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
pub(in crate::feed) struct Cells {
    dialect: Dialect,
    reader: Reader,
    /// What the cells hold, one behind the other, and where each ends. Of a row that is UTF-8 it is in `text`.
    bytes: Vec<u8>,
    text: String,
    is_text: bool,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    pub(in crate::feed) fn new(dialect: Dialect) -> Cells {
        let terminator = Terminator::Any(dialect.terminator);
        let reader = ReaderBuilder::new().delimiter(dialect.delimiter).terminator(terminator).build();
        Cells { dialect, reader, bytes: Vec::new(), text: String::new(), is_text: false, ends: Vec::new(), count: 0 }
    }

    pub(in crate::feed) fn len(&self) -> usize {
        self.count
    }

    /// Whether all cells are empty.
    pub(in crate::feed) fn are_blank(&self) -> bool {
        (0..self.count).all(|index| self.get(index).trim_ascii().is_empty())
    }

    /// A cell's bytes; a cell that is not there is empty.
    pub(in crate::feed) fn get(&self, index: usize) -> &[u8] {
        let part = self.part(index);
        if self.is_text { &self.text.as_bytes()[part] } else { &self.bytes[part] }
    }

    /// A cell's text.
    pub(in crate::feed) fn decoded(&self, index: usize, charset: Charset) -> Cow<'_, str> {
        if self.is_text { charset.recode(&self.text[self.part(index)]) } else { charset.decode(self.get(index)) }
    }

    fn part(&self, index: usize) -> Range<usize> {
        if index >= self.count {
            return 0..0;
        }
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }

    /// The same as [`Cells::split`] for a row that is known to be UTF-8, as nearly all are: each byte of it is looked at
    /// once, and none of a cell again to decode it.
    pub(in crate::feed) fn split_text(&mut self, row: &str, quotes: Quotes) {
        self.is_text = quotes == Quotes::Strict && self.split_plainly(row).is_some();
        if !self.is_text {
            self.split(row.as_bytes(), quotes);
        }
    }

    /// Splits a row by the rules; `None` = it doesn't follow them all the way.
    fn split_plainly(&mut self, row: &str) -> Option<()> {
        self.text.clear();
        self.ends.clear();
        self.count = 0;
        let Dialect { delimiter, terminator } = self.dialect;
        // An empty row and a byte order mark are meant in ways of their own.
        if row.is_empty() || row.starts_with('\u{feff}') {
            return None;
        }
        let mut rest = row;
        loop {
            let behind = match rest.strip_prefix('"') {
                Some(inside) => self.quoted(inside)?,
                None => {
                    let end = memchr2(delimiter, terminator, rest.as_bytes()).unwrap_or(rest.len());
                    self.text.push_str(&rest[..end]);
                    &rest[end..]
                }
            };
            self.ends.push(self.text.len());
            self.count += 1;
            match behind.as_bytes().first() {
                None => return Some(()),
                Some(_) if self.count == MAX_CELLS => return Some(()),
                Some(first) if *first == delimiter => rest = &behind[1..],
                Some(_) => return None,
            }
        }
    }

    /// Takes in a quoted cell from behind its opening quote; gives what follows its closing one.
    fn quoted<'r>(&mut self, inside: &'r str) -> Option<&'r str> {
        let mut rest = inside;
        loop {
            let end = memchr(b'"', rest.as_bytes())?;
            let behind = &rest[end + 1..];
            match behind.strip_prefix('"') {
                Some(more) => {
                    self.text.push_str(&rest[..=end]);
                    rest = more;
                }
                None => {
                    self.text.push_str(&rest[..end]);
                    return Some(behind);
                }
            }
        }
    }

    /// Splits one row, given without its terminator.
    pub(in crate::feed) fn split(&mut self, row: &[u8], quotes: Quotes) {
        self.is_text = false;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(cells: &Cells) -> Vec<(Vec<u8>, String)> {
        (0..=cells.len())
            .map(|index| (cells.get(index).to_vec(), cells.decoded(index, Charset::UTF8).into_owned()))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// Whatever a row is, its cells are those of csv-core.
        #[test]
        fn text_is_split_as_bytes_are(
            row in "([a,\"\t\r\né\u{feff} ]|\"\"|,\"|\",){0,24}",
            delimiter in prop::sample::select(vec![b',', b'\t']),
            terminator in prop::sample::select(vec![b'\n', b'\r']),
        ) {
            let dialect = Dialect { delimiter, terminator };
            let (mut by_text, mut by_bytes) = (Cells::new(dialect), Cells::new(dialect));
            for row in ["x,y\tz", &row, "1", &row] {
                for quotes in [Quotes::Strict, Quotes::Letters] {
                    by_text.split_text(row, quotes);
                    by_bytes.split(row.as_bytes(), quotes);
                    prop_assert_eq!(by_text.len(), by_bytes.len());
                    prop_assert_eq!(all(&by_text), all(&by_bytes));
                }
            }
        }
    }

    #[test]
    fn cells_are_told_apart_up_to_a_number() {
        let dialect = Dialect { delimiter: b',', terminator: b'\n' };
        for count in [MAX_CELLS - 1, MAX_CELLS, MAX_CELLS + 1, MAX_CELLS + 2] {
            let row = vec!["a"; count].join(",");
            let (mut by_text, mut by_bytes) = (Cells::new(dialect), Cells::new(dialect));
            by_text.split_text(&row, Quotes::Strict);
            by_bytes.split(row.as_bytes(), Quotes::Strict);
            assert_eq!((by_text.len(), all(&by_text)), (by_bytes.len(), all(&by_bytes)), "{count}");
        }
    }
}
