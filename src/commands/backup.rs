//! `backup`: a copy of the state, also beside a running daemon.

use std::io::{self, ErrorKind, Write as _};

use bytesize::ByteSize;

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::cli;
use crate::state::StateError;
use crate::status::no_state;

pub(super) fn backup(arguments: &cli::Backup, look: &Look) -> Outcome {
    let failed = |error: anyhow::Error| Failure { error, exit: Exit::Failed };
    let reader = look.open()?;
    if let Some(absence) = no_state(&reader) {
        return Err(failed(anyhow::anyhow!("{absence}")));
    }
    let file = arguments.file.display();
    match reader.back_up(&arguments.file) {
        Ok(length) => writeln!(io::stdout(), "wrote {file}, {}", ByteSize(length))?,
        Err(StateError::Io { error, .. }) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(failed(anyhow::anyhow!("{file} is there already, and stays as it is; name another file")));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Done)
}
