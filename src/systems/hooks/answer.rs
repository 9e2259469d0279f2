//! What became of telling a hook.

use std::time::Duration;

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was taken.
    Taken,
    /// It is to be tried again: why, and how long the hook asks to be left alone.
    Failed(String, Option<Duration>),
    /// Some have taken it, and it is to be tried again for the others: why, and who has it by now.
    Partly(String, Vec<String>),
    /// The hook wants nothing more.
    Gone,
}
