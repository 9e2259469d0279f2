//! `backup`: a copy of the state, also beside a running daemon, and of what is kept beside it.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use bytesize::ByteSize;

use super::look::Look;
use super::outcome::{Exit, Failure, Outcome};
use crate::cli;
use crate::state::{Reader, StateError};
use crate::status::{Status, no_state};
use crate::systems::Copied;

pub(super) fn backup(arguments: &cli::Backup, look: &Look) -> Outcome {
    let reader = look.open()?;
    if let Some(absence) = Status::read(&reader, &look.systems, look.caller.clone())?.absence()? {
        return Err(failed(anyhow::anyhow!("{absence}")));
    }
    let mut copies = Vec::new();
    if let Err(failure) = copy(&reader, look, &arguments.file, &mut copies) {
        // Half a backup is none.
        copies.iter().for_each(|Copied { path, .. }| _ = std::fs::remove_file(path));
        return Err(failure);
    }
    match no_state(&reader) {
        Some(absence) if copies.is_empty() => return Err(failed(anyhow::anyhow!("{absence}"))),
        _ => {}
    }
    for Copied { path, length } in copies {
        writeln!(io::stdout(), "wrote {}, {}", path.display(), ByteSize(length))?;
    }
    Ok(Exit::Done)
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Failed }
}

fn copy(reader: &Reader, look: &Look, to: &Path, copies: &mut Vec<Copied>) -> Result<(), Failure> {
    if reader.exists() {
        let length = reader.back_up(to).map_err(|error| told(error.into()))?;
        copies.push(Copied { path: to.to_owned(), length });
    }
    for system in &look.systems {
        copies.extend(system.back_up(to).map_err(told)?);
    }
    Ok(())
}

/// What is there already stays as it is.
fn told(error: anyhow::Error) -> Failure {
    match error.downcast_ref::<StateError>() {
        Some(StateError::Io { path, error }) if error.kind() == ErrorKind::AlreadyExists => {
            failed(anyhow::anyhow!("{} is there already, and stays as it is; name another file", path.display()))
        }
        _ => failed(error),
    }
}
