//! When every row has to be parsed: one thread parses, the other one compares.

use std::thread;

use thiserror::Error;

use super::intake::{Intake, Receiver};
use super::lane::{Maker, lane};
use super::{FeedError, Row, RowDigest, SinkError};
use crate::catalog::{Digest, Hasher};

/// Rows that are handed over together.
const BATCH: usize = 256;
/// What they may take together.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that may wait.
const WAITING: usize = 4;

type Parsed = (Row, Option<RowDigest>);

/// Hands rows over as they come; whose they are, the other side asks.
struct Relay {
    hasher: Hasher,
    rows: Vec<Parsed>,
    /// What the rows take, about.
    bytes: usize,
    to: Maker<Vec<Parsed>>,
}

/// Nobody takes in rows any more.
#[derive(Debug, Error)]
#[error("the rows are not taken in any more")]
struct Gone;

impl Relay {
    fn hand_over(&mut self) -> Result<(), SinkError> {
        let is_giant = std::mem::take(&mut self.bytes) > BATCH_BYTES;
        let next = self.to.spare().unwrap_or_else(|| Vec::with_capacity(BATCH));
        let rows = std::mem::replace(&mut self.rows, next);
        self.to.hand_over(rows, is_giant).map_err(|_| Gone.into())
    }
}

/// What a row takes, as far as a feed can make it grow.
fn weight(row: &Row) -> usize {
    match row {
        Row::Offer(offer) => offer.item.size() + offer.strange_stock.as_ref().map_or(0, String::len),
        Row::Rejected(rejection) => rejection.id.as_ref().map_or(0, String::len) + rejection.reason.len(),
    }
}

impl Receiver for Relay {
    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn knows(&mut self, _: RowDigest) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn is_first(&mut self, _: &str) -> Result<bool, SinkError> {
        Ok(true)
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        self.bytes += weight(&row);
        self.rows.push((row, digest));
        if self.rows.len() == BATCH || self.bytes > BATCH_BYTES { self.hand_over() } else { Ok(()) }
    }
}

/// Gives the receiver what `read` gives its own, read by another thread.
///
/// # Errors
/// The first one in the order of the rows.
pub(super) fn relayed<T: Send>(
    receiver: &mut dyn Receiver,
    shape: Digest,
    read: impl FnOnce(&mut Intake<'_>) -> Result<T, FeedError> + Send,
) -> Result<T, FeedError> {
    thread::scope(|scope| {
        let (to, parsed) = lane(WAITING);
        let hasher = receiver.hasher().clone();
        let parser = thread::Builder::new().name("parse".into()).spawn_scoped(scope, move || {
            let mut relay = Relay { hasher, rows: Vec::with_capacity(BATCH), bytes: 0, to };
            let result = read(&mut Intake::new(&mut relay, shape));
            // What was parsed before an error counts. Nobody waits for it when the receiver has failed.
            let _ = relay.hand_over();
            result
        })?;
        let mut intake = Intake::new(receiver, shape);
        parsed.each(|rows| rows.drain(..).try_for_each(|(row, digest)| intake.give(row, digest)))?;
        parser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
