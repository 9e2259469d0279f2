//! What a pass is going to do.

pub(super) mod operation;
pub(super) mod store;
