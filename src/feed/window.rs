//! A moving window over a stream: whole rows and elements in one slice, memory of the largest only.

use std::io::Read;

use memchr::memchr_iter;

use super::{FeedError, input};

/// The most that one row or element may take. Google allows 5,000 characters of description; what
/// is far beyond that is a quote or an element that was never closed.
pub(super) const MAX_ROW: usize = 16 << 20;

const FIRST_SIZE: usize = 1 << 18;

pub(super) struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    line: u64,
    line_end: u8,
}

impl<R: Read> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        Window { reader, buffer: vec![0; FIRST_SIZE], start: 0, end: 0, ended: false, line: 1, line_end: b'\n' }
    }

    /// Counts lines by another byte than LF.
    pub(super) fn count_lines_by(&mut self, line_end: u8) {
        self.line_end = line_end;
    }

    /// What is there so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether [`Window::bytes`] reach to the end of the stream.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The physical line of the first byte.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads on. `false` = there is no more.
    ///
    /// # Errors
    /// When the stream can't be read, is cut or too large.
    pub(super) fn more(&mut self) -> Result<bool, FeedError> {
        if self.ended {
            return Ok(false);
        }
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.end * 2 > self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let read = loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(input::fault)?,
            }
        };
        self.end += read;
        self.ended = read == 0;
        Ok(!self.ended)
    }

    /// Moves past `count` bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.line += memchr_iter(self.line_end, &self.buffer[self.start..self.start + count]).count() as u64;
        self.start += count;
    }
}
