//! Bytes one behind the other, more than memory should hold: all but the end of them lies in a file without a name.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;

/// How much of it is in memory.
const BUFFER: usize = 1 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    file: Option<File>,
    end: Vec<u8>,
    /// Bytes in the file.
    written: u64,
}

impl Spill {
    /// The end of it, which isn't in the file yet: what comes is put behind it.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.end
    }

    /// How many bytes there are.
    pub(crate) fn length(&self) -> u64 {
        self.written + self.end.len() as u64
    }

    /// Puts the end into the file when it is long.
    ///
    /// # Errors
    /// When the file can't be made or written.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if self.end.len() < BUFFER {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile()?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.end)?;
            self.written += self.end.len() as u64;
            self.end.clear();
        }
        Ok(())
    }

    /// Bytes that were put there together, without a [`Spill::settle`] between them.
    ///
    /// # Errors
    /// When the file can't be read, or they aren't there.
    pub(crate) fn at(&self, start: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        if let Some(at) = start.checked_sub(self.written) {
            let bytes = usize::try_from(at).ok().and_then(|at| self.end.get(at..at.checked_add(length)?));
            return bytes.map(Cow::Borrowed).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let mut bytes = vec![0; length];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut bytes, start)?;
        }
        Ok(Cow::Owned(bytes))
    }

    /// Bytes from `start` on, at most `most`; fewer also where the file ends and memory begins, none only behind the end.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn some(&self, start: u64, most: usize) -> io::Result<Cow<'_, [u8]>> {
        let end = if start < self.written { self.written } else { self.length() };
        let left = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        if left == 0 { Ok(Cow::Borrowed(&[])) } else { self.at(start, left.min(most)) }
    }

    /// All of it, from its begin.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn reader(&mut self) -> io::Result<impl Read + '_> {
        let written: Box<dyn Read + '_> = match &mut self.file {
            Some(file) => {
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
            None => Box::new(io::empty()),
        };
        Ok(written.chain(self.end.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut spill = Spill::default();
        let piece = |n: u8| vec![n; 300_000];
        let mut places = Vec::new();
        for n in 0..10 {
            places.push(spill.length());
            spill.end().extend(piece(n));
            spill.settle().expect("written");
        }
        assert!(spill.file.is_some() && !spill.end.is_empty());
        for (n, place) in (0..10).zip(places) {
            assert_eq!(spill.at(place, 300_000).expect("read").as_ref(), piece(n));
        }
        assert!(spill.at(spill.length(), 1).is_err() && spill.at(u64::MAX, 1).is_err());
        let mut all = Vec::new();
        spill.reader().expect("a reader").read_to_end(&mut all).expect("read");
        assert_eq!(all, (0..10).flat_map(piece).collect::<Vec<u8>>());
    }
}
