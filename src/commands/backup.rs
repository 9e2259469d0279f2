//! `backup`: a copy of the state, also beside a running daemon, and of what is kept beside it.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bytesize::ByteSize;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::look::{Look, note};
use super::outcome::{Exit, Failure, Outcome};
use super::runtime::{runtime, stop_on_signal};
use crate::cli;
use crate::state::{Reader, StateError};
use crate::status::{Status, no_state};
use crate::systems::Copied;

/// How often the draft is removed at most, while files may still be put into it.
const REMOVALS: usize = 100;

pub(super) fn backup(arguments: &cli::Backup, look: &Look) -> Outcome {
    let (reader, to) = (look.open()?, arguments.file.as_path());
    if let Some(absence) = Status::read(&reader, &look.systems, look.caller.clone())?.absence()? {
        return Err(failed(anyhow::anyhow!("{absence}")));
    }
    // Else it would be told only when all is copied.
    if reader.exists() && to.symlink_metadata().is_ok() {
        return Err(is_there(to));
    }
    let runtime = runtime()?;
    // Signals are heard from here on: there is nothing yet that one would leave behind.
    let stop = runtime.block_on(async { stop_on_signal() });
    let draft = draft(to)?;
    let signals = remove_when_cancelled(&runtime, stop.clone(), draft.path());
    let copies = copy(&reader, look, &draft.path().join(to.file_name().unwrap_or_default()))?;
    match no_state(&reader) {
        Some(absence) if copies.is_empty() => return Err(failed(anyhow::anyhow!("{absence}"))),
        _ => {}
    }
    // What is left takes no time.
    signals.abort();
    if stop.is_cancelled() {
        return Err(failed(anyhow::anyhow!("interrupted")));
    }
    for Copied { path, length } in put(copies, to)? {
        writeln!(io::stdout(), "wrote {}, {}", path.display(), ByteSize(length))?;
    }
    Ok(Exit::Done)
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Failed }
}

/// A folder beside the copy, in which it is made: nobody takes half of one for a backup. It has a name of its own, so
/// that what a process leaves that was killed is in nobody's way.
fn draft(to: &Path) -> Result<TempDir, Failure> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).suffix(".new").permissions(Permissions::from_mode(0o700));
    builder.tempdir_in(folder_of(to)).map_err(|error| unwritable(to, error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Has a signal that ends the program take the draft along.
fn remove_when_cancelled(runtime: &Runtime, stop: CancellationToken, draft: &Path) -> AbortHandle {
    let draft = draft.to_owned();
    let removing = runtime.spawn(async move {
        stop.cancelled().await;
        // The copying goes on meanwhile: a folder that was just emptied may have another file by then.
        let _ = (0..REMOVALS).any(|_| std::fs::remove_dir_all(&draft).is_ok());
        let _ = note("interrupted");
        std::process::exit(Exit::Failed as i32);
    });
    removing.abort_handle()
}

fn copy(reader: &Reader, look: &Look, to: &Path) -> Result<Vec<Copied>, Failure> {
    let mut copies = Vec::new();
    if reader.exists() {
        let length = reader.back_up(to).map_err(|error| told(error.into()))?;
        copies.push(Copied { path: to.to_owned(), length });
    }
    for system in &look.systems {
        copies.extend(system.back_up(to).map_err(told)?);
    }
    Ok(copies)
}

/// Puts the copies where they are to be. The state's is the last: where it is, all are.
fn put(copies: Vec<Copied>, to: &Path) -> Result<Vec<Copied>, Failure> {
    let mut there: Vec<Copied> = Vec::new();
    for Copied { path, length } in copies.into_iter().rev() {
        let place = to.with_file_name(path.file_name().unwrap_or_default());
        if let Err(error) = rename_to_new(&path, &place) {
            // Half a backup is none.
            there.iter().for_each(|Copied { path, .. }| _ = std::fs::remove_file(path));
            return Err(unwritable(&place, error));
        }
        there.push(Copied { path: place, length });
    }
    there.reverse();
    // Not every file system can do that, and the copies are there all the same.
    let _ = File::open(folder_of(to)).and_then(|folder| folder.sync_all());
    Ok(there)
}

/// Gives a file another name, unless something has that already.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can do that either: an empty file of ours takes the name first.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            File::create_new(to)?;
            std::fs::rename(from, to).inspect_err(|_| _ = std::fs::remove_file(to))
        }
        renamed => Ok(renamed?),
    }
}

fn is_there(path: &Path) -> Failure {
    failed(anyhow::anyhow!("{} is there already, and stays as it is; name another file", path.display()))
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    told(StateError::Io { path: path.to_owned(), error }.into())
}

/// What is there already stays as it is.
fn told(error: anyhow::Error) -> Failure {
    match error.downcast_ref::<StateError>() {
        Some(StateError::Io { path, error }) if error.kind() == ErrorKind::AlreadyExists => is_there(path),
        _ => failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_no_name_that_something_has() {
        let folder = tempfile::tempdir().expect("a folder");
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        std::fs::write(&from, "new").expect("written");
        std::os::unix::fs::symlink("nowhere", &to).expect("a link");
        assert_eq!(rename_to_new(&from, &to).map_err(|error| error.kind()), Err(ErrorKind::AlreadyExists));
        std::fs::remove_file(&to).expect("removed");
        rename_to_new(&from, &to).expect("renamed");
        assert_eq!(std::fs::read_to_string(&to).ok().as_deref(), Some("new"));
        assert!(!from.exists());
    }
}
