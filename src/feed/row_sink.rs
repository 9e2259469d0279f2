//! Who takes in the rows of a feed.

use std::collections::HashSet;

use super::{Row, RowDigest, SinkError};
use crate::catalog::{Digest, Hasher};

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

    /// Whether the sink knows what the row with this digest means. It has counted it then, and
    /// the row isn't parsed.
    fn knows(&mut self, row: RowDigest) -> Result<bool, SinkError>;

    /// Whether this is the first row with this id, taken or not.
    fn is_first(&mut self, id: &str) -> Result<bool, SinkError>;

    /// Called now and then while no rows come for long, so that a pass can be stopped there, too.
    fn check_cancelled(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes in a row. Without a digest it must be parsed again next time, whatever its bytes.
    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError>;
}

/// A sink without known rows: everything is parsed. Memory: 16 bytes an id.
pub(super) struct NoCache<'s> {
    pub(super) hasher: Hasher,
    pub(super) seen: HashSet<Digest>,
    pub(super) sink: &'s mut dyn FnMut(Row) -> Result<(), SinkError>,
}

impl RowSink for NoCache<'_> {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows(&mut self, _: RowDigest) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        Ok(self.seen.insert(self.hasher.digest(id.as_bytes())))
    }

    fn row(&mut self, row: Row, _: Option<RowDigest>) -> Result<(), SinkError> {
        (self.sink)(row)
    }
}
