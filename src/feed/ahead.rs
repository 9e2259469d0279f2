//! Cutting ahead: one thread reads and cuts, the other one understands what was cut.

use std::ops::Range;
use std::thread;

use super::FeedError;
use super::intake::Intake;
use super::lane::{Doer, Maker, lane};
use crate::catalog::Digest;

/// Pieces are handed over when they take so much: enough to be worth it, little enough for the processor's cache.
const BATCH: usize = 1 << 18;
/// Batches that may wait.
const WAITING: usize = 3;
/// Rows, or elements, of a feed: ten times those of the largest shop.
const MOST_PIECES: u64 = 10_000_000;
/// A batch that takes more has a giant in it.
const GIANT: usize = 4 * BATCH;

/// Pieces of a feed, and the bytes that they lie in.
pub(super) struct Batch<P> {
    bytes: Vec<u8>,
    pieces: Vec<(Range<usize>, P)>,
    /// What all of it takes: there are pieces without bytes.
    size: usize,
}

impl<P> Batch<P> {
    fn new() -> Batch<P> {
        Batch { bytes: Vec::with_capacity(BATCH), pieces: Vec::new(), size: 0 }
    }

    /// Adds a piece, its bytes, and what it takes besides.
    pub(super) fn add(&mut self, bytes: &[u8], piece: P, besides: usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.pieces.push((start..self.bytes.len(), piece));
        self.size += bytes.len() + besides + size_of::<(Range<usize>, P)>();
    }

    /// Empties it, for the next pieces.
    fn clear(&mut self) {
        self.bytes.clear();
        // A giant must not be paid for until the end.
        self.bytes.shrink_to(GIANT);
        self.pieces.clear();
        self.size = 0;
    }
}

/// Gives `each` what `cut` adds to a batch, in order, with a digest of the bytes. `cut` adds a piece at
/// most; `false` = there are no more.
///
/// # Errors
/// The first one in the order of the pieces: what was cut before an error counts.
pub(super) fn pieces<P: Send>(
    intake: &mut Intake<'_>,
    cut: impl FnMut(&mut Batch<P>) -> Result<bool, FeedError> + Send,
    mut each: impl FnMut(&mut Intake<'_>, &[u8], Digest, P) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    thread::scope(|scope| {
        let (maker, doer) = lane(WAITING);
        let cutter = thread::Builder::new().name("cut".into()).spawn_scoped(scope, move || cut_all(maker, cut))?;
        consume(intake, doer, &mut each)?;
        cutter.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn cut_all<P>(
    mut maker: Maker<Batch<P>>,
    mut cut: impl FnMut(&mut Batch<P>) -> Result<bool, FeedError>,
) -> Result<(), FeedError> {
    loop {
        let mut batch = maker.spare().unwrap_or_else(Batch::new);
        let more = fill(&mut batch, &mut cut);
        let is_giant = batch.size > GIANT;
        // Nobody waits for it any more when `each` has failed.
        if maker.hand_over(batch, is_giant).is_err() || !more? {
            return Ok(());
        }
    }
}

fn fill<P>(
    batch: &mut Batch<P>,
    cut: &mut impl FnMut(&mut Batch<P>) -> Result<bool, FeedError>,
) -> Result<bool, FeedError> {
    while batch.size < BATCH {
        if !cut(batch)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn consume<P>(
    intake: &mut Intake<'_>,
    batches: Doer<Batch<P>>,
    each: &mut impl FnMut(&mut Intake<'_>, &[u8], Digest, P) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    let (mut digests, mut left) = (Vec::new(), MOST_PIECES);
    batches.each(|batch| {
        let too_many = || FeedError::NotAFeed(format!("it has more than {MOST_PIECES} rows or elements"));
        left = left.checked_sub(batch.pieces.len() as u64).ok_or_else(too_many)?;
        digests.clear();
        digests.extend(batch.pieces.iter().map(|(range, _)| intake.hasher().digest(&batch.bytes[range.clone()])));
        intake.foresee(&digests);
        for ((range, piece), digest) in batch.pieces.drain(..).zip(&digests) {
            each(intake, &batch.bytes[range], *digest, piece)?;
        }
        batch.clear();
        Ok(())
    })
}
