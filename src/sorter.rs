//! Texts in their order, however many there are: what doesn't fit into memory is sorted in parts, which are then read side
//! by side.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of texts that are sorted in memory.
const MOST: usize = 8 << 20;
/// Bytes that are read of a part at once.
const BUFFER: usize = 32 << 10;

/// Sorts texts, each with a number: in most cases ids, and the places of their items.
#[derive(Debug)]
pub(crate) struct Sorter {
    /// Where the nameless files of the parts lie.
    folder: PathBuf,
    /// The texts that are in memory, one behind the other.
    texts: String,
    entries: Vec<Entry>,
    most: usize,
    parts: Vec<File>,
}

/// A text that is in memory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Its first bytes: most texts differ there.
    begin: u64,
    start: usize,
    end: usize,
    number: u64,
}

impl Sorter {
    /// Sorts in a folder that has room.
    pub(crate) fn new(folder: &Path) -> Sorter {
        Sorter::with_room_for(folder, MOST)
    }

    /// The same, with so many bytes in memory.
    pub(crate) fn with_room_for(folder: &Path, most: usize) -> Sorter {
        Sorter { folder: folder.to_owned(), texts: String::new(), entries: Vec::new(), most, parts: Vec::new() }
    }

    /// Adds a text.
    ///
    /// # Errors
    /// When there is no room for a part.
    pub(crate) fn add(&mut self, text: &str, number: u64) -> io::Result<()> {
        let mut begin = [0; 8];
        let length = text.len().min(begin.len());
        begin[..length].copy_from_slice(&text.as_bytes()[..length]);
        let start = self.texts.len();
        self.texts.push_str(text);
        self.entries.push(Entry { begin: u64::from_be_bytes(begin), start, end: self.texts.len(), number });
        let size = self.texts.len() + self.entries.len() * size_of::<Entry>();
        if size < self.most { Ok(()) } else { self.write_part() }
    }

    fn text(&self, entry: &Entry) -> &str {
        &self.texts[entry.start..entry.end]
    }

    fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        let of = |entry: &Entry| (self.text(entry), entry.number);
        entries.sort_unstable_by(|a, b| a.begin.cmp(&b.begin).then_with(|| of(a).cmp(&of(b))));
        self.entries = entries;
    }

    fn write_part(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        for entry in &self.entries {
            let text = self.text(entry);
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(text.as_bytes())?;
            file.write_all(&entry.number.to_le_bytes())?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.parts.push(file);
        self.texts.clear();
        self.entries.clear();
        Ok(())
    }

    /// Gives every text to `each`, in their order.
    ///
    /// # Errors
    /// When a part can't be read, or `each` fails.
    pub(crate) fn finish(mut self, mut each: impl FnMut(&str, u64) -> io::Result<()>) -> io::Result<()> {
        if self.parts.is_empty() {
            self.sort();
            return self.entries.iter().try_for_each(|entry| each(self.text(entry), entry.number));
        }
        self.write_part()?;
        let Sorter { parts, texts, entries, .. } = self;
        drop((texts, entries));
        let mut next = BinaryHeap::new();
        for file in parts {
            next.extend(Part::begin(file)?);
        }
        while let Some(mut part) = next.peek_mut() {
            each(&part.text, part.number)?;
            if !part.step()? {
                PeekMut::pop(part);
            }
        }
        Ok(())
    }
}

/// A part that is read, at one of its texts. The one with the least is the greatest.
struct Part {
    file: BufReader<File>,
    text: String,
    number: u64,
}

impl Part {
    /// At its first text, if it has any.
    fn begin(file: File) -> io::Result<Option<Part>> {
        let file = BufReader::with_capacity(BUFFER, file);
        let mut part = Part { file, text: String::new(), number: 0 };
        Ok(part.step()?.then_some(part))
    }

    /// Goes to the next text; gives whether there is one.
    fn step(&mut self) -> io::Result<bool> {
        let mut number = [0; 8];
        match self.file.read_exact(&mut number) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            done => done?,
        }
        let mut text = std::mem::take(&mut self.text).into_bytes();
        text.resize(usize::try_from(u64::from_le_bytes(number)).map_err(io::Error::other)?, 0);
        self.file.read_exact(&mut text)?;
        self.text = String::from_utf8(text).map_err(io::Error::other)?;
        self.file.read_exact(&mut number)?;
        self.number = u64::from_le_bytes(number);
        Ok(true)
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Part) -> Ordering {
        (&other.text, other.number).cmp(&(&self.text, self.number))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Part) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Part) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Part {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_sorted_in_however_many_parts(
            texts in btree_set(("[ab\u{0}ж]{0,12}", 0..9_u64), 0..200),
            room in 1..9_000_usize,
            turned in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut sorter = Sorter::with_room_for(folder.path(), room);
            let mut mixed: Vec<&(String, u64)> = texts.iter().collect();
            mixed.sort_by_key(|(text, number)| crate::catalog::digest_bytes(format!("{text}{number}").as_bytes()));
            if turned {
                mixed = texts.iter().rev().collect();
            }
            mixed.into_iter().try_for_each(|(text, number)| sorter.add(text, *number)).expect("added");
            let mut sorted = Vec::new();
            sorter.finish(|text, number| { sorted.push((text.to_owned(), number)); Ok(()) }).expect("sorted");
            prop_assert_eq!(&sorted.iter().cloned().collect::<BTreeSet<_>>(), &texts);
            prop_assert_eq!(sorted, texts.into_iter().collect::<Vec<_>>());
        }
    }
}
