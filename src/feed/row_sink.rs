//! Who takes in the rows of a feed.

use std::collections::HashMap;

use super::{Row, RowDigest, SinkError};
use crate::catalog::{FirstRow, Hasher};

/// Takes in the rows of a feed, in their order. Every method may stop the reading with an error.
pub trait RowSink {
    /// What rows are digested with.
    fn hasher(&self) -> &Hasher;

    /// Whether there is any row that it knows.
    fn knows_some(&self) -> bool {
        false
    }

    /// Rows with these digests are likely to be asked for soon, in this order.
    fn prefetch(&mut self, _rows: &[RowDigest]) {}

    /// Whether the sink knows what the row with this digest means, which begins on that line. It has counted it then,
    /// and the row isn't parsed.
    fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, SinkError>;

    /// Whether this is the first row with this id, taken or not.
    fn is_first(&mut self, id: &str) -> Result<bool, SinkError>;

    /// The first row with this id, where it is known.
    fn first_row(&mut self, _id: &str) -> Option<FirstRow> {
        None
    }

    /// Called now and then while no rows come for long, so that a pass can be stopped there, too.
    fn check_cancelled(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes in a row. Without a digest it must be parsed again next time, whatever its bytes.
    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError>;
}

/// A sink without known rows: everything is parsed. Memory: 20 bytes an id.
pub(super) struct NoCache<'s> {
    pub(super) hasher: Hasher,
    /// The lines on which ids came first; keys of bytes take no more room than they have.
    pub(super) seen: HashMap<[u8; 16], Seen>,
    pub(super) sink: &'s mut dyn FnMut(Row) -> Result<(), SinkError>,
}

/// The line of the first row of an id, and as its lowest bit whether that was taken.
#[derive(Clone, Copy)]
pub(super) struct Seen(u32);

impl NoCache<'_> {
    fn key(&self, id: &str) -> [u8; 16] {
        self.hasher.digest(id.as_bytes()).to_be_bytes()
    }
}

impl RowSink for NoCache<'_> {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        Ok(!self.seen.contains_key(&self.key(id)))
    }

    fn first_row(&mut self, id: &str) -> Option<FirstRow> {
        let Seen(seen) = self.seen.get(&self.key(id))?;
        Some(FirstRow { line: u64::from(seen >> 1), is_taken: seen & 1 != 0 })
    }

    fn row(&mut self, row: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        let (id, line) = match &row {
            Row::Offer(offer) => (Some(offer.item.id.as_str()), offer.line),
            Row::Rejected(rejection) => (rejection.id.as_deref(), rejection.line),
        };
        if let Some(id) = id {
            let line = u32::try_from(line).unwrap_or(u32::MAX).min(u32::MAX >> 1);
            self.seen.entry(self.key(id)).or_insert(Seen(line << 1 | u32::from(matches!(row, Row::Offer(_)))));
        }
        (self.sink)(row)
    }
}
