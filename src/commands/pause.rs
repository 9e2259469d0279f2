//! `pause` and `resume`: whether anything is sent, beside a running daemon and without one.

use std::io::{self, Write as _};
use std::path::Path;

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::cli;
use crate::pause::Pause;
use crate::status::no_state;

pub(super) fn pause(arguments: &cli::PauseArguments, look: &Look) -> Outcome {
    let pause = Pause::now(arguments.lasts, arguments.reason.as_deref());
    pause.write(&state(look)?)?;
    writeln!(io::stdout(), "{}", pause.headline().text)?;
    Ok(Exit::Done)
}

pub(super) fn resume(look: &Look) -> Outcome {
    let told = match Pause::end(&state(look)?)? {
        Some(pause) => format!("No longer paused; it was since {:.0}.", pause.since.at),
        None => "It was not paused.".to_owned(),
    };
    writeln!(io::stdout(), "{told}")?;
    Ok(Exit::Done)
}

/// Where the state is. Beside one that isn't there nobody would look.
fn state(look: &Look) -> Result<Box<Path>, Failure> {
    let reader = look.open()?;
    match no_state(&reader) {
        Some(absence) => Err(Failure { error: anyhow::anyhow!("{absence}"), exit: Exit::Failed }),
        None => Ok(reader.path().into()),
    }
}
