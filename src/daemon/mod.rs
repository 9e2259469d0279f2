//! The daemon: every configured job on its own schedule, until it is told to stop.

mod events;
mod listener;
mod outage;
mod pass_log;
mod schedule;
mod service;
mod status_line;

use std::future::Future;
use std::pin::Pin;

pub use pass_log::{EventsLog, Failing, PassLog};
pub use service::daemon;

/// A pass under way.
type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Begins a pass in a task of its own: one that computes must not keep the watchdog waiting.
fn on_its_own<T: Send + 'static>(pass: impl Future<Output = T> + Send + 'static) -> Running<T> {
    let task = tokio::spawn(pass);
    Box::pin(async move {
        match task.await {
            Ok(report) => report,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    })
}

/// The end of a pass, if one is under way.
async fn running<T>(pass: Option<&mut Running<T>>) -> T {
    match pass {
        Some(pass) => pass.await,
        None => std::future::pending().await,
    }
}
