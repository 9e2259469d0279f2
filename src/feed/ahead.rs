//! Cutting ahead: one thread reads and cuts, the other one understands what was cut.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

use super::FeedError;
use super::intake::Intake;
use crate::catalog::Digest;

/// Pieces are handed over when they have so many bytes: enough to be worth it, few enough for the
/// processor's cache.
const BATCH: usize = 1 << 18;
/// Batches that may wait.
const WAITING: usize = 3;

/// Pieces of a feed, and the bytes that they lie in.
pub(super) struct Batch<P> {
    bytes: Vec<u8>,
    pieces: Vec<(Range<usize>, P)>,
}

impl<P> Batch<P> {
    /// Adds a piece and its bytes.
    pub(super) fn add(&mut self, bytes: &[u8], piece: P) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.pieces.push((start..self.bytes.len(), piece));
    }
}

/// Gives `each` what `cut` adds to a batch, in order, with a digest of the bytes. `cut` adds a piece at
/// most; `false` = there are no more.
///
/// # Errors
/// The first one in the order of the pieces: what was cut before an error counts.
pub(super) fn pieces<P: Send>(
    intake: &mut Intake<'_>,
    mut cut: impl FnMut(&mut Batch<P>) -> Result<bool, FeedError> + Send,
    mut each: impl FnMut(&mut Intake<'_>, &[u8], Digest, P) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    thread::scope(|scope| {
        let (full, batches) = sync_channel(WAITING);
        let (empty, spare) = channel();
        let cutter = thread::Builder::new().name("cut".into()).spawn_scoped(scope, move || {
            loop {
                let mut batch = fresh(&spare);
                let more = fill(&mut batch, &mut cut);
                // Nobody waits for it any more when `each` has failed.
                if full.send(batch).is_err() || !more? {
                    return Ok(());
                }
            }
        })?;
        consume(intake, batches, &empty, &mut each)?;
        cutter.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn fresh<P>(spare: &Receiver<Batch<P>>) -> Batch<P> {
    spare.try_recv().unwrap_or_else(|_| Batch { bytes: Vec::with_capacity(BATCH), pieces: Vec::new() })
}

fn fill<P>(
    batch: &mut Batch<P>,
    cut: &mut impl FnMut(&mut Batch<P>) -> Result<bool, FeedError>,
) -> Result<bool, FeedError> {
    while batch.bytes.len() < BATCH {
        if !cut(batch)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn consume<P>(
    intake: &mut Intake<'_>,
    batches: Receiver<Batch<P>>,
    empty: &Sender<Batch<P>>,
    each: &mut impl FnMut(&mut Intake<'_>, &[u8], Digest, P) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    let mut digests = Vec::new();
    for mut batch in batches {
        digests.clear();
        digests.extend(batch.pieces.iter().map(|(range, _)| intake.hasher().digest(&batch.bytes[range.clone()])));
        intake.foresee(&digests);
        for ((range, piece), digest) in batch.pieces.drain(..).zip(&digests) {
            each(intake, &batch.bytes[range], *digest, piece)?;
        }
        batch.bytes.clear();
        // One giant row must not be paid for until the end.
        batch.bytes.shrink_to(4 * BATCH);
        let _ = empty.send(batch);
    }
    Ok(())
}
