use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

/// Reads a file from a position of its own, so that several readers of one file don't move each other's.
pub(super) struct Positioned<F> {
    pub(super) file: F,
    pub(super) at: u64,
}

impl<F: Borrow<File>> Read for Positioned<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.borrow().read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
