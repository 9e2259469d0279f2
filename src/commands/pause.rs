//! `pause` and `resume`: whether anything is sent, beside a running daemon and without one.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::cli;
use crate::pause::Pause;
use crate::status::no_state;

pub(super) fn pause(arguments: &cli::PauseArguments, config: &Path) -> Outcome {
    let pause = Pause::now(arguments.lasts, arguments.reason.as_deref());
    let (state, program) = state(config)?;
    pause.write(&state)?;
    writeln!(io::stdout(), "{}", pause.headline(&program).text)?;
    Ok(Exit::Done)
}

pub(super) fn resume(config: &Path) -> Outcome {
    let told = match Pause::end(&state(config)?.0)? {
        Some(pause) => format!("No longer paused; it was since {:.0}.", pause.since.at),
        None => "It was not paused.".to_owned(),
    };
    writeln!(io::stdout(), "{told}")?;
    Ok(Exit::Done)
}

/// Where the state is, and how this program is called for its shop. Beside a state that isn't there nobody would look.
///
/// A config with an error in it, which a daemon that runs has refused, stops nobody from stopping the sending.
fn state(config: &Path) -> Result<(PathBuf, String), Failure> {
    let look = Look::in_spite(config)?;
    let reader = look.open()?;
    match no_state(&reader) {
        Some(absence) => Err(Failure { error: anyhow::anyhow!("{absence}"), exit: Exit::Failed }),
        None => Ok((reader.path().to_owned(), look.caller.program)),
    }
}
