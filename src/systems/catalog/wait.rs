//! Waiting for work of a pass, as long as it isn't to stop.

use tokio_util::sync::CancellationToken;

use super::error::PassError;
use crate::task;

/// Work that computes or waits for the disk, off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PassError> + Send + 'static,
) -> Result<T, PassError> {
    task::blocking(work).await?
}

/// What is large is handed in on the heap: it lies several times on the stack of whoever polls it otherwise.
pub(super) async fn interruptible<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, PassError> {
    tokio::select! {
        result = work => Ok(result),
        () = stop.cancelled() => Err(PassError::Interrupted),
    }
}
