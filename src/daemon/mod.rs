//! The daemon: every configured job on its own schedule, until it is told to stop.

mod boards;
mod feed_watch;
mod folder_watch;
mod keeper;
mod listener;
mod runner;
mod schedule;
mod service;
mod shut;
mod signals;
mod status_line;
mod watcher;

pub use service::daemon;
