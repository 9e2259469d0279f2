//! One thread reads the feed, cuts it into fragments and digests them while they are in its processor's cache; the other one
//! parses those that nobody knows by their digests, and touches no bytes of others.

use std::ops::Range;
use std::thread;

use super::FeedError;
use super::recycling::{Consumer, Producer, recycling};
use super::row_output::RowOutput;
use crate::catalog::{Digest, Hasher};

/// Bytes of a chunk: enough to be worth a switch between threads, few enough for the processor's cache.
const CHUNK: usize = 1 << 18;
/// Chunks that may wait.
const WAITING: usize = 3;
/// Rows, or elements, of a feed: ten times those of the largest shop.
const MAX_FRAGMENTS: u64 = 10_000_000;
/// A chunk that takes more has a giant in it.
const GIANT: usize = 4 * CHUNK;

/// Fragments of a feed, and the bytes that they lie in.
pub(super) struct Chunk<F> {
    hasher: Hasher,
    bytes: Vec<u8>,
    fragments: Vec<(Range<usize>, F)>,
    /// Of the bytes of each.
    digests: Vec<Digest>,
    /// Memory that all of it takes: there are fragments without bytes.
    size: usize,
}

impl<F> Chunk<F> {
    fn new(hasher: Hasher) -> Chunk<F> {
        Chunk { hasher, bytes: Vec::with_capacity(CHUNK), fragments: Vec::new(), digests: Vec::new(), size: 0 }
    }

    /// Adds a fragment and its bytes; `besides` = memory that it takes elsewhere.
    pub(super) fn add(&mut self, bytes: &[u8], fragment: F, besides: usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.fragments.push((start..self.bytes.len(), fragment));
        self.digests.push(self.hasher.digest(bytes));
        self.size += bytes.len() + besides + size_of::<(Range<usize>, F, Digest)>();
    }

    fn clear(&mut self) {
        self.bytes.clear();
        // The memory that a giant took is given back at once.
        self.bytes.shrink_to(GIANT);
        self.fragments.clear();
        self.digests.clear();
        self.size = 0;
    }
}

/// Gives `each` what `cut` adds to a chunk, in order, with a digest of the bytes. `cut` adds one fragment at
/// most; `false` = there are no more.
///
/// # Errors
/// The first one in the order of the fragments: what was cut before an error counts.
pub(super) fn for_each_fragment<F: Send>(
    output: &mut RowOutput<'_>,
    cut: impl FnMut(&mut Chunk<F>) -> Result<bool, FeedError> + Send,
    mut each: impl FnMut(&mut RowOutput<'_>, &[u8], Digest, F) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    thread::scope(|scope| {
        let (producer, consumer) = recycling(WAITING);
        let hasher = output.hasher().clone();
        let cutter = thread::Builder::new().name("cut".into());
        let cutter = cutter.spawn_scoped(scope, move || cut_all(producer, &hasher, cut))?;
        consume(output, consumer, &mut each)?;
        cutter.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn cut_all<F>(
    mut producer: Producer<Chunk<F>>,
    hasher: &Hasher,
    mut cut: impl FnMut(&mut Chunk<F>) -> Result<bool, FeedError>,
) -> Result<(), FeedError> {
    loop {
        let mut chunk = producer.spare().unwrap_or_else(|| Chunk::new(hasher.clone()));
        let more = fill(&mut chunk, &mut cut);
        let is_giant = chunk.size > GIANT;
        // The consumer ends early when `each` has failed.
        if producer.send(chunk, is_giant).is_err() || !more? {
            return Ok(());
        }
    }
}

fn fill<F>(
    chunk: &mut Chunk<F>,
    cut: &mut impl FnMut(&mut Chunk<F>) -> Result<bool, FeedError>,
) -> Result<bool, FeedError> {
    while chunk.size < CHUNK {
        if !cut(chunk)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn consume<F>(
    output: &mut RowOutput<'_>,
    chunks: Consumer<Chunk<F>>,
    each: &mut impl FnMut(&mut RowOutput<'_>, &[u8], Digest, F) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    let mut left = MAX_FRAGMENTS;
    chunks.each(|chunk| {
        let too_many = || FeedError::NotAFeed(format!("it has more than {MAX_FRAGMENTS} rows or elements"));
        left = left.checked_sub(chunk.fragments.len() as u64).ok_or_else(too_many)?;
        output.prefetch(&chunk.digests);
        for ((range, fragment), digest) in chunk.fragments.drain(..).zip(&chunk.digests) {
            each(output, &chunk.bytes[range], *digest, fragment)?;
        }
        chunk.clear();
        Ok(())
    })
}
