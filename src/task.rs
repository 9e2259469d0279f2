//! Work off the async threads, on a thread of its own.
//!
//! `tokio::task::spawn_blocking` panics when the system has no thread left, or leaves the work in its
//! queue for ever; a pass makes such work only now and then, so that a thread each costs nothing.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use thiserror::Error;
use tokio::sync::oneshot;
use tracing::Span;

/// Why work came to nothing.
#[derive(Debug, Error)]
pub enum TaskError {
    /// No thread.
    #[error("no thread can be started: {0}; is the limit of tasks (TasksMax=, ulimit -u) reached?")]
    NoThread(io::Error),
    /// It panicked.
    #[error("a thread has panicked; the message before this one says where")]
    Panicked,
}

/// Begins work that computes or waits for the disk, within the current span; what is returned waits for it.
///
/// # Errors
/// When no thread can be started, or the work panics.
pub fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, TaskError>> + Send {
    let span = Span::current();
    let (sender, done) = oneshot::channel();
    let work = move || {
        let result = span.in_scope(work);
        // Nobody waits any more when the pass was interrupted.
        let _ = sender.send(result);
    };
    let started = thread::Builder::new().name("work".into()).spawn(work);
    async move {
        started.map_err(TaskError::NoThread)?;
        done.await.map_err(|_| TaskError::Panicked)
    }
}

/// Whether so many threads can be started: tokio panics when it can't start its own.
///
/// # Errors
/// When they can't.
pub fn check_threads(count: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let begin = |_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    };
    let (mut started, mut failed) = (Vec::new(), None);
    for result in (0..count).map(begin) {
        match result {
            Ok(thread) => started.push(thread),
            Err(error) => failed = Some(error),
        }
    }
    drop(closed);
    for thread in started {
        // None of them can panic.
        let _ = thread.join();
    }
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_work_comes_to() {
        assert!(matches!(blocking(|| 6 * 7).await, Ok(42)));
        let panicked = blocking(|| std::panic::resume_unwind(Box::new("on purpose"))).await;
        assert!(matches!(panicked, Err::<(), _>(TaskError::Panicked)));
    }
}
