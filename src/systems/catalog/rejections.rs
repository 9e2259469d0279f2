//! Keeping the rejected rows of the feed that was read, for whoever has to mend them.

use std::sync::PoisonError;

use tokio_util::sync::CancellationToken;

use super::error::PassError;
use super::plan::store::SharedPlanStore;
use super::store::WritePass as _;
use crate::state::Writer;

/// Rejected rows that are written together.
const TOGETHER: usize = 1_000;

/// Keeps them in the place of those of the feed before.
///
/// # Errors
/// When they can't be read or written, or somebody wants to stop.
pub async fn record_rejections(
    state: &Writer,
    store: &SharedPlanStore,
    stop: &CancellationToken,
) -> Result<(), PassError> {
    let mut from = 0;
    loop {
        let rows = store.lock().unwrap_or_else(PoisonError::into_inner).rejected(from, TOGETHER)?;
        let count = rows.len();
        if count > 0 || from == 0 {
            state.reject(rows, from == 0).await?;
        }
        if count == 0 {
            return Ok(());
        }
        if stop.is_cancelled() {
            return Err(PassError::Interrupted);
        }
        from += count;
    }
}
