//! The steps of a pass, from the feed's bytes to what its end leaves in the state. Each takes values and gives values;
//! only what a pass has found out so far, which its report tells even when a later step fails, lives through all.

mod body;
pub(super) mod close;
mod compare;
mod fetch;
pub(super) mod findings;
mod held;
mod import;
pub(super) mod report;
mod send;
pub(super) mod steps;
mod stock;
