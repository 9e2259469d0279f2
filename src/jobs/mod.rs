//! The daemon: every configured job on its own schedule, until it is told to stop.

mod daemon;
mod listener;
mod outage;
mod schedule;

pub use daemon::daemon;
