//! When every row has to be parsed: one thread parses, the other one compares.

use std::thread;

use thiserror::Error;

use super::recycling::{Producer, recycling};
use super::row_output::RowOutput;
use super::row_sink::RowSink;
use super::{FeedError, Row, RowDigest, RowPlace, SinkError};
use crate::catalog::{Digest, Hasher};

/// Rows that are sent together.
const BATCH: usize = 256;
/// Memory that they may take together.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that may wait.
const WAITING: usize = 4;

type Parsed = (Row, Option<RowDigest>);

/// Sends rows to the comparing thread. It knows no row and takes every id for new: the other side asks the real sink.
struct RowSender {
    hasher: Hasher,
    rows: Vec<Parsed>,
    /// Memory that the rows take, about.
    bytes: usize,
    to: Producer<Vec<Parsed>>,
}

#[derive(Debug, Error)]
#[error("the comparing thread has ended")]
struct ComparerEnded;

impl RowSender {
    fn flush(&mut self) -> Result<(), SinkError> {
        let is_giant = std::mem::take(&mut self.bytes) > BATCH_BYTES;
        let next = self.to.spare().unwrap_or_else(|| Vec::with_capacity(BATCH));
        let rows = std::mem::replace(&mut self.rows, next);
        self.to.send(rows, is_giant).map_err(|_| ComparerEnded.into())
    }
}

/// Memory that a row takes, as far as a feed can make it grow.
fn weight(row: &Row) -> usize {
    match row {
        Row::Offer(offer) => offer.item.size() + offer.strange_stock.as_ref().map_or(0, String::len),
        Row::Rejected(rejection) => rejection.id.as_ref().map_or(0, String::len) + rejection.reason.len(),
    }
}

impl RowSink for RowSender {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows(&mut self, _: RowDigest, _: u64) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn first(&mut self, _: &str, _: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        Ok(None)
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        self.bytes += weight(&row);
        self.rows.push((row, digest));
        if self.rows.len() == BATCH || self.bytes > BATCH_BYTES { self.flush() } else { Ok(()) }
    }
}

/// Calls `read` on a thread of its own, and gives its rows to `sink` on this one.
///
/// # Errors
/// The first one in the order of the rows.
pub(super) fn read_on_parser_thread<T: Send>(
    sink: &mut dyn RowSink,
    settings: Digest,
    read: impl FnOnce(&mut RowOutput<'_>) -> Result<T, FeedError> + Send,
) -> Result<T, FeedError> {
    thread::scope(|scope| {
        let (to, parsed) = recycling(WAITING);
        let hasher = sink.hasher().clone();
        let parser = thread::Builder::new().name("parse".into()).spawn_scoped(scope, move || {
            let mut sender = RowSender { hasher, rows: Vec::with_capacity(BATCH), bytes: 0, to };
            let result = read(&mut RowOutput::new(&mut sender, settings));
            // What was parsed before an error counts. It goes nowhere when the sink has failed.
            let _ = sender.flush();
            result
        })?;
        let mut output = RowOutput::new(sink, settings);
        parsed.each(|rows| rows.drain(..).try_for_each(|(row, digest)| output.give(row, digest)))?;
        parser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
