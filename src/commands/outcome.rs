//! What a command comes to.

use std::io;

use crate::config::ConfigError;
use crate::logging;
pub use crate::pass::Exit;
use crate::report::PrintError;
use crate::state::StateError;
use crate::systems::catalog::PassError;
use crate::systems::events::MirrorError;

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
