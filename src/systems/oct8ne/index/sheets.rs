//! The columns of the segments, each read once in a search.

use std::cell::OnceCell;
use std::io;

use super::columns::Columns;
use super::file::Index;

/// See the module.
pub(super) struct Sheets<'i> {
    index: &'i Index,
    read: Vec<OnceCell<Columns>>,
}

impl<'i> Sheets<'i> {
    pub(super) fn new(index: &'i Index) -> Sheets<'i> {
        Sheets { index, read: index.segments().iter().map(|_| OnceCell::new()).collect() }
    }

    /// Those of a segment; `None` = there is no such segment.
    pub(super) fn of(&self, segment: usize) -> io::Result<Option<&Columns>> {
        let (Some(cell), Some(of)) = (self.read.get(segment), self.index.segments().get(segment)) else {
            return Ok(None);
        };
        if cell.get().is_none() {
            let columns = self.index.columns(of)?;
            return Ok(Some(cell.get_or_init(|| columns)));
        }
        Ok(cell.get())
    }
}
