use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use crate::inflow::Inflow;

/// Reads a file from a position of its own, so that several readers of one file don't move each other's.
pub(super) struct Positioned<F> {
    pub(super) file: F,
    pub(super) at: u64,
    /// How far it has come, while it does.
    pub(super) inflow: Option<Arc<Inflow>>,
}

impl<F: Borrow<File>> Read for Positioned<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(inflow) = &self.inflow {
            inflow.wait_for(self.at)?;
        }
        let read = self.file.borrow().read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
