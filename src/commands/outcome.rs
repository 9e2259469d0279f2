//! What a command comes to.

use std::io;

use crate::config::ConfigError;
use crate::logging::Log;
pub(crate) use crate::pass::{Exit, Failure};
use crate::report::PrintError;
use crate::state::StateError;

pub(super) type Outcome = Result<Exit, Failure>;

/// What was written, or not, as whoever reads our output has had enough of it: that changes nothing of what is done.
pub(super) fn unheard(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Says what is wrong, on stderr or in the journal.
pub fn complain(error: &anyhow::Error, exit: Exit, log: Log) -> Exit {
    log.fatal(error);
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
