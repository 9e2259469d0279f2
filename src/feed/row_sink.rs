//! Who takes in the rows of a feed.

use super::first_rows::FirstRows;
use super::{Row, RowDigest, RowPlace, SinkError};
use crate::catalog::Hasher;

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

    /// Whether the sink knows what the row with this digest means, which begins on this line. It has counted it
    /// then, and the row isn't parsed.
    fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, SinkError>;

    /// The first row with this id, taken or not; `None` = this one.
    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError>;

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
    pub(super) seen: FirstRows,
    pub(super) sink: &'s mut dyn FnMut(Row) -> Result<(), SinkError>,
}

impl RowSink for NoCache<'_> {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(self.seen.first(self.hasher.digest(id.as_bytes()), row))
    }

    fn row(&mut self, row: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        (self.sink)(row)
    }
}
