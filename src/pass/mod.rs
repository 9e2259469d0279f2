//! What every job's passes have in common.

mod exit;
mod guard;
mod row;

pub use exit::Exit;
pub use guard::exceeds;
pub use row::{Ask, Outcome, PassKind, PassRow};
