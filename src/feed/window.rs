//! A moving window over a stream: whole rows and elements in one slice, memory of the largest only.

use std::io::{ErrorKind, Read};

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
    /// Bytes of the stream in front of the first one.
    passed: u64,
}

impl<R: Read> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        Window {
            reader,
            buffer: vec![0; FIRST_SIZE],
            start: 0,
            end: 0,
            ended: false,
            line: 1,
            line_end: b'\n',
            passed: 0,
        }
    }

    /// Counts lines by another byte than LF.
    pub(super) fn count_lines_by(&mut self, line_end: u8) {
        self.line_end = line_end;
    }

    /// The bytes that have been read and not consumed.
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

    /// Where in the stream the first byte stands.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// Reads on, as much as there is room for: whoever looks through the window once more each time looks at twice
    /// its bytes all in all, in however small pieces they come. `false` = there is no more.
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
                self.grow();
            }
        }
        let before = self.end;
        while self.end < self.buffer.len() && !self.ended {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => {
                    let read = read.map_err(input::fault)?;
                    self.end += read;
                    self.ended = read == 0;
                }
            }
        }
        Ok(self.end > before)
    }

    /// Doubles the buffer, up to a row that is too long.
    fn grow(&mut self) {
        let room = self.buffer.len();
        let wanted = (2 * room).min((MAX_ROW + FIRST_SIZE).max(room + FIRST_SIZE));
        self.buffer.reserve_exact(wanted - room);
        self.buffer.resize(wanted, 0);
    }

    /// How many lines end in these bytes.
    pub(super) fn lines_in(&self, bytes: &[u8]) -> u64 {
        memchr_iter(self.line_end, bytes).count() as u64
    }

    /// Moves past `count` bytes.
    pub(super) fn consume(&mut self, count: usize) {
        let lines = self.lines_in(&self.buffer[self.start..self.start + count]);
        self.consume_lines(count, lines);
    }

    /// The same of bytes in which so many lines are known to end.
    pub(super) fn consume_lines(&mut self, count: usize, lines: u64) {
        self.line += lines;
        self.start += count;
        self.passed += count as u64;
    }
}
