//! What a command comes to.

use std::io;

use crate::config::ConfigError;
use crate::logging;
use crate::report::PrintError;
use crate::state::StateError;
use crate::systems::catalog::PassError;
use crate::systems::events::MirrorError;

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
    pub(super) fn or_worse(self, other: Exit) -> Exit {
        let order = [Exit::Config, Exit::Failed, Exit::Refused, Exit::Partial];
        order.into_iter().find(|exit| [self, other].contains(exit)).unwrap_or(self)
    }
}

/// An error with the exit code that it ends the program with.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: anyhow::Error,
    pub(super) exit: Exit,
}

pub(super) type Outcome = Result<Exit, Failure>;

/// Says what is wrong, on stderr or in the journal.
pub fn complain(error: &anyhow::Error, exit: Exit) -> Exit {
    logging::fatal(error);
    exit
}

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
