//! The feed in a body, which may be still coming.

use tokio_util::sync::CancellationToken;

use crate::feed::{self, FeedError, Input};
use crate::source::{Body, End};

/// The feed in a body, of at most `max_bytes` once it is unpacked.
///
/// # Errors
/// When it can't be read.
pub(super) fn input<'b>(body: &'b Body, max_bytes: u64, stop: &CancellationToken) -> Result<Input<'b>, FeedError> {
    let input = feed::open(&body.file, max_bytes).coming(body.inflow()).stopped_by(stop);
    if body.end == End::Proven { Ok(input) } else { input.unproven() }
}
