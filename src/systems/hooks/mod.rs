//! Hooks: what waits in the outbox is sent to whoever wants to be told.

mod answer;
mod job;
mod mail;
mod probe;
mod report;
mod round;
mod send;
mod sign;
mod system;

pub use mail::{FindToMend, ToMend};
pub use system::HooksSystem;
