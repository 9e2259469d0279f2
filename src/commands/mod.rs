//! What each command does, and the exit code that it ends with.

mod check;
mod demo;
mod events;
mod feed;
mod look;
mod plan;
mod run;
mod sandbox;
mod status;

use std::io;

use look::Look;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, Command};
use crate::config::{Config, ConfigError};
use crate::lagerkoll::MirrorError;
use crate::logging;
use crate::report::PrintError;
use crate::state::StateError;
use crate::sync::PassError;
use crate::task::{self, TaskError};

/// The signal of a file that grows too large (the same number on every Linux architecture but MIPS).
const SIGXFSZ: i32 = 25;

/// Threads that wait for the network.
const WORKERS: usize = 2;
/// As many as a pass takes when it takes most, so that whoever starts some at the same time, as the allocator
/// does, leaves enough for [`WORKERS`].
const THREADS: usize = 8;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, nothing wrong.
    Done = 0,
    /// Network, service, state, or a feed that is incomplete or no feed.
    Failed = 1,
    /// Usage or config, a missing secret included.
    Config = 2,
    /// Done, but some rows or objects are not taken.
    Partial = 3,
    /// Refused by the guard, nothing sent.
    Refused = 4,
    /// Another instance holds the state.
    Locked = 5,
    /// `plan --detailed-exitcode`: changes are pending.
    Changes = 10,
}

impl Exit {
    /// Of the exits of two jobs, the one that the program ends with.
    fn or_worse(self, other: Exit) -> Exit {
        let order = [Exit::Config, Exit::Failed, Exit::Refused, Exit::Partial];
        order.into_iter().find(|exit| [self, other].contains(exit)).unwrap_or(self)
    }
}

/// An error with the exit code that it ends the program with.
#[derive(Debug)]
struct Failure {
    error: anyhow::Error,
    exit: Exit,
}

type Outcome = Result<Exit, Failure>;

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure { error: error.into(), exit: Exit::Config }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let exit = match &error {
            StateError::Locked { .. } => Exit::Locked,
            error if error.is_config() => Exit::Config,
            _ => Exit::Failed,
        };
        Failure { error: error.into(), exit }
    }
}

impl From<PassError> for Failure {
    fn from(error: PassError) -> Self {
        let exit = if error.is_config() { Exit::Config } else { Exit::Failed };
        Failure { error: error.into(), exit }
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        Failure { error: error.into(), exit: Exit::Failed }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure { error: error.into(), exit: Exit::Failed }
    }
}

impl From<PrintError> for Failure {
    fn from(error: PrintError) -> Self {
        match error {
            PrintError::State(error) => error.into(),
            PrintError::Io(error) => error.into(),
        }
    }
}

/// Runs the command.
pub fn dispatch(cli: Cli) -> Exit {
    let config = cli.config;
    let load = || -> Result<Config, Failure> { Ok(Config::load(&Config::find(config.as_deref())?)?) };
    let look = || -> Result<Look, Failure> { Look::load(&Config::find(config.as_deref())?) };
    let outcome = match cli.command {
        Command::Run(arguments) => load().and_then(|loaded| run::run(&arguments, loaded, config.as_deref())),
        Command::Plan(arguments) => load().and_then(|config| plan::plan(arguments, &config)),
        Command::Check(arguments) => load().and_then(|config| check::check(&arguments, &config)),
        Command::Feed(arguments) => feed::feed(&arguments),
        Command::Status(arguments) => look().and_then(|look| status::status(&arguments, &look)),
        Command::Events(arguments) => look().and_then(|look| events::events(&arguments, &look)),
        Command::Sandbox(arguments) => sandbox::sandbox(&arguments),
        Command::Demo => demo::demo(),
    };
    match outcome {
        Ok(exit) => exit,
        // Whoever reads our output has had enough of it.
        Err(failure) if is_broken_pipe(&failure.error) => Exit::Done,
        Err(Failure { error, exit }) => complain(&error, exit),
    }
}

/// Says what is wrong, on stderr or in the journal.
pub fn complain(error: &anyhow::Error, exit: Exit) -> Exit {
    logging::fatal(error);
    exit
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn runtime() -> Result<Runtime, Failure> {
    task::check_threads(THREADS)
        .map_err(|error| Failure { error: TaskError::NoThread(error).into(), exit: Exit::Failed })?;
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    // A file that grows past `ulimit -f` is an error like a full disk, not a reason to die.
    let too_large = SignalKind::from_raw(SIGXFSZ);
    runtime.block_on(async { signal(too_large).map(drop) })?;
    Ok(runtime)
}

/// Runs a command that changes nothing, and leaves it where it is when it is interrupted.
fn until_interrupted(work: impl Future<Output = Outcome>) -> Outcome {
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
async fn blocking(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    match task::blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Failure { error: error.into(), exit: Exit::Failed }),
    }
}

/// A token that the first SIGINT or SIGTERM cancels; the second one ends the program at once.
fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if !first {
                std::process::exit(Exit::Failed as i32);
            }
            token.cancel();
        }
    });
    stop
}
