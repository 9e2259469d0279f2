//! Rows that wait on the disk until the orders of ids and of names are known, and how wide each property is.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, Write as _};
use std::path::Path;

use super::columns::{GROUP, Layout, Row, Widest};
use super::file::Segment;
use crate::systems::catalog::Blocks;

/// Bytes of a row.
const BYTES: usize = 4 + 4 + 8 + 3;

/// See the module.
pub(super) struct Spilled {
    file: BufWriter<File>,
    widest: Widest,
}

impl Spilled {
    /// In a nameless file in a folder.
    pub(super) fn new(folder: &Path) -> io::Result<Spilled> {
        Ok(Spilled { file: BufWriter::new(tempfile::tempfile_in(folder)?), widest: Widest::default() })
    }

    /// Adds one, of which the orders aren't known.
    pub(super) fn add(&mut self, row: Row) -> io::Result<()> {
        self.widest.add(&row);
        self.file.write_all(&row.category.to_le_bytes())?;
        self.file.write_all(&row.brand.to_le_bytes())?;
        self.file.write_all(&row.price.to_le_bytes())?;
        self.file.write_all(&[row.currency, u8::from(row.is_in_stock), row.title])
    }

    /// Writes the rows of the segments with their places in the two orders.
    pub(super) fn write(
        self,
        ranks: &[(u32, u32)],
        segments: &mut [Segment],
        blocks: &mut Blocks,
    ) -> io::Result<Layout> {
        let layout = self.widest.layout();
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::new(file);
        let mut ranks = ranks.iter();
        for segment in segments {
            segment.rows = blocks.at;
            let mut left = segment.docs as usize;
            while left > 0 {
                let mut group = Vec::with_capacity(GROUP);
                for (id, name) in ranks.by_ref().take(left.min(GROUP)) {
                    group.push(Row { id: *id, name: *name, ..read(&mut file)? });
                }
                left -= left.min(GROUP);
                let bytes = layout.write(&group, blocks.at);
                blocks.file.write_all(&bytes)?;
                blocks.at += bytes.len() as u64;
            }
        }
        Ok(layout)
    }
}

fn read(file: &mut impl io::Read) -> io::Result<Row> {
    let mut bytes = [0; BYTES];
    file.read_exact(&mut bytes)?;
    let number = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |of| u32::from_le_bytes(*of));
    let price = u64::from(number(8)) | u64::from(number(12)) << 32;
    let [.., currency, stock, title] = bytes;
    Ok(Row {
        category: number(0),
        brand: number(4),
        price: price as i64,
        currency,
        is_in_stock: stock != 0,
        title,
        id: 0,
        name: 0,
    })
}
