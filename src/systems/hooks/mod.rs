//! Hooks: what waits in the outbox is sent to whoever wants to be told.

mod job;
mod probe;
mod report;
mod round;
mod send;
mod sign;
mod system;

pub use system::HooksSystem;
