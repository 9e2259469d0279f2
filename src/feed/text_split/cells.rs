//! The cells of one row.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr_iter, memmem};

use super::lenient::{self, Escape, Line};
use crate::feed::bounds::MAX_CELLS;

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
    bytes: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    pub(in crate::feed) fn new(dialect: Dialect) -> Cells {
        let terminator = Terminator::Any(dialect.terminator);
        let reader = ReaderBuilder::new().delimiter(dialect.delimiter).terminator(terminator).build();
        Cells { dialect, reader, bytes: Vec::new(), ends: Vec::new(), count: 0 }
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
        if index >= self.count {
            return &[];
        }
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Splits one row, given without its terminator.
    pub(in crate::feed) fn split(&mut self, row: &[u8], quotes: Quotes) {
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
