//! Ids in their order, however many there are: what doesn't fit into memory is sorted in parts, which are then read side
//! by side.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of ids that are sorted in memory.
const MOST: usize = 8 << 20;
/// What an id takes besides its own bytes.
const EACH: usize = size_of::<Entry>() + 16;
/// Bytes that are read of a part at once.
const BUFFER: usize = 32 << 10;

/// An id, and the place of its item.
pub(crate) type Entry = (String, u64);

/// Sorts ids.
pub struct Sorter {
    /// Where the nameless files of the parts lie.
    folder: PathBuf,
    entries: Vec<Entry>,
    size: usize,
    most: usize,
    parts: Vec<File>,
}

impl Sorter {
    /// Sorts in a folder that has room.
    pub fn new(folder: &Path) -> Sorter {
        Sorter { folder: folder.to_owned(), entries: Vec::new(), size: 0, most: MOST, parts: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn with_room_for(folder: &Path, bytes: usize) -> Sorter {
        Sorter { most: bytes, ..Sorter::new(folder) }
    }

    /// Adds an id.
    ///
    /// # Errors
    /// When there is no room for a part.
    pub fn add(&mut self, id: &str, place: u64) -> io::Result<()> {
        self.size += id.len() + EACH;
        self.entries.push((id.to_owned(), place));
        if self.size < self.most { Ok(()) } else { self.write_part() }
    }

    fn write_part(&mut self) -> io::Result<()> {
        self.entries.sort_unstable();
        let mut file = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        for (id, place) in self.entries.drain(..) {
            file.write_all(&(id.len() as u64).to_le_bytes())?;
            file.write_all(id.as_bytes())?;
            file.write_all(&place.to_le_bytes())?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.parts.push(file);
        self.size = 0;
        Ok(())
    }

    /// Gives every id to `each`, in their order.
    ///
    /// # Errors
    /// When a part can't be read, or `each` fails.
    pub fn finish(mut self, mut each: impl FnMut(Entry) -> io::Result<()>) -> io::Result<()> {
        if self.parts.is_empty() {
            self.entries.sort_unstable();
            return self.entries.into_iter().try_for_each(each);
        }
        self.write_part()?;
        let Sorter { parts, entries, .. } = self;
        drop(entries);
        let mut parts: Vec<_> = parts.into_iter().map(|part| BufReader::with_capacity(BUFFER, part)).collect();
        let mut next = BinaryHeap::new();
        for (number, part) in parts.iter_mut().enumerate() {
            next.extend(read(part)?.map(|entry| Reverse((entry, number))));
        }
        while let Some(Reverse((entry, number))) = next.pop() {
            next.extend(read(&mut parts[number])?.map(|entry| Reverse((entry, number))));
            each(entry)?;
        }
        Ok(())
    }
}

/// The next id of a part.
fn read(part: &mut BufReader<File>) -> io::Result<Option<Entry>> {
    let mut number = [0; 8];
    match part.read_exact(&mut number) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    let mut id = vec![0; usize::try_from(u64::from_le_bytes(number)).map_err(io::Error::other)?];
    part.read_exact(&mut id)?;
    part.read_exact(&mut number)?;
    Ok(Some((String::from_utf8(id).map_err(io::Error::other)?, u64::from_le_bytes(number))))
}
