//! What every job's passes have in common.

use crate::state::PassKind;

/// What a pass is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What for.
    pub kind: PassKind,
    /// Whether the guard lets everything through.
    pub force: bool,
}
