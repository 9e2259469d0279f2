//! Writing packed blocks one after the other.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use super::layout::{MAGIC, Span, pack};

/// A file to which blocks are added.
pub struct Blocks {
    /// Where they go to.
    pub file: BufWriter<File>,
    /// Where the next one begins.
    pub at: u64,
}

impl Blocks {
    /// Behind what the file begins with, which is written.
    pub fn behind_magic(file: BufWriter<File>) -> Blocks {
        Blocks { file, at: MAGIC.len() as u64 }
    }

    /// Packs and adds one. Gives where it lies.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<Span> {
        self.put(&pack(bytes, self.at))
    }

    /// Adds one that is packed already, for this place.
    pub(super) fn put(&mut self, block: &[u8]) -> io::Result<Span> {
        let length = u32::try_from(block.len()).map_err(io::Error::other)?;
        let span = Span { at: self.at, length };
        self.file.write_all(block)?;
        self.at += u64::from(length);
        Ok(span)
    }
}
