//! What commands run on, and how they are stopped.

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::outcome::{Exit, Failure, Outcome};
use crate::task::{self, TaskError};

/// The signal of a file that grows too large (the same number on every Linux architecture but MIPS).
const SIGXFSZ: i32 = 25;

/// Threads that wait for the network.
const WORKERS: usize = 2;
/// As many as a pass takes when it takes most, so that whoever starts some at the same time, as the allocator
/// does, leaves enough for [`WORKERS`].
const THREADS: usize = 9;

pub(super) fn runtime() -> Result<Runtime, Failure> {
    task::check_threads(THREADS)
        .map_err(|error| Failure { error: TaskError::NoThread(error).into(), exit: Exit::Failed })?;
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    // A file that grows past `ulimit -f` is an error like a full disk, not a reason to die.
    let too_large = SignalKind::from_raw(SIGXFSZ);
    runtime.block_on(async { signal(too_large).map(drop) })?;
    Ok(runtime)
}

/// Runs a command that changes nothing, and leaves it where it is when it is interrupted.
pub(super) fn until_interrupted(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let stop = stop_on_signal();
        tokio::select! {
            outcome = work => outcome,
            () = stop.cancelled() => Err(Failure { error: anyhow::anyhow!("interrupted"), exit: Exit::Failed }),
        }
    });
    // Whatever still reads or computes must not keep the program from ending.
    runtime.shutdown_background();
    outcome
}

/// Work that computes or prints, off the async threads.
pub(super) async fn blocking(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    match task::blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Failure { error: error.into(), exit: Exit::Failed }),
    }
}

/// A token that from now on the first SIGINT, SIGTERM or SIGHUP (the terminal is closed) cancels; the second one ends
/// the program at once.
pub(super) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    // A daemon makes a resync; who takes one pass for a daemon must not end it.
    let _ignored = signal(SignalKind::user_defined1());
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return stop;
    };
    let mut hangup = (!ignores(SignalKind::hangup())).then(|| signal(SignalKind::hangup()).ok()).flatten();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                Some(_) = async { hangup.as_mut()?.recv().await } => {}
            }
            if !first {
                std::process::exit(Exit::Failed as i32);
            }
            token.cancel();
        }
    });
    stop
}

/// Whether whoever started us has us ignore a signal, as `nohup` does.
fn ignores(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    ignored & (1 << (signal.as_raw_value() - 1)) != 0
}
