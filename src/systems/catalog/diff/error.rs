//! What can stop a comparison.

use thiserror::Error;

use crate::state::StateError;
use crate::systems::catalog::plan::store::PlanStoreError;

/// What can stop the comparison.
#[derive(Debug, Error)]
pub enum DifferError {
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The temporary file.
    #[error(transparent)]
    PlanStore(#[from] PlanStoreError),
    /// The rows of this feed, for the passes to come.
    #[error("a temporary file can't be written: {0}; is there room where TMPDIR points?")]
    Rows(#[from] std::io::Error),
}
