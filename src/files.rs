//! Opening files that somebody else names: settings, secrets, feeds.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags};

/// Opens a file for reading. Anything else at the path (a pipe, a device, a folder) is an error at once:
/// opening a pipe without `O_NONBLOCK` would wait until somebody writes to it.
///
/// # Errors
/// When it is no file, or can't be opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Asked first, because opening some devices has effects of its own.
    if !std::fs::metadata(path)?.is_file() {
        return Err(not_a_file());
    }
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

/// The text of a file that is expected to be small.
///
/// # Errors
/// When it is no file, can't be read, is no UTF-8, or has more than `most` bytes.
pub(crate) fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {} KiB", most >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Whether a file could be written at a path, with others beside it; it may be there already or not. Leaves nothing.
///
/// # Errors
/// When it can't.
pub(crate) fn check_writable(path: &Path) -> io::Result<()> {
    let folder = |path: &Path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
    if path.try_exists()? {
        rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK)?;
    }
    let mut above = folder(path).unwrap_or_else(|| ".".into());
    while !above.try_exists()? {
        above = folder(&above).unwrap_or_else(|| ".".into());
    }
    if !above.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    rustix::fs::access(&above, Access::WRITE_OK | Access::EXEC_OK)?;
    // Of some places, only the making of a file tells: root may do anything in /proc, as far as its mode says.
    tempfile::tempfile_in(&above).map(drop)
}

/// The room where a file is or will be, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space {
    /// That others than root may use.
    pub(crate) free: u64,
    /// All of it.
    pub(crate) total: u64,
}

impl Space {
    /// `None` = nobody knows.
    pub(crate) fn at(path: &Path) -> Option<Space> {
        // A folder that isn't there yet is made in the one above it.
        let folders = path.ancestors().skip(1);
        let mut folders = folders.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let space = folders.find_map(|folder| rustix::fs::statvfs(folder).ok())?;
        let [free, total] = [space.f_bavail, space.f_blocks].map(|blocks| blocks.saturating_mul(space.f_frsize));
        Some(Space { free, total })
    }
}

/// Whether a program could be run, by its path or, without a `/`, by a folder of `PATH`.
pub(crate) fn finds_program(program: &str) -> bool {
    let can_run = |path: &Path| path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok();
    if program.contains('/') {
        return can_run(Path::new(program));
    }
    std::env::var_os("PATH").is_some_and(|all| std::env::split_paths(&all).any(|folder| can_run(&folder.join(program))))
}

/// Whether everybody on this machine may read a file.
pub(crate) fn is_public(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o004 != 0)
}

/// The first on the way to a file, the file last, that only its owner or group may pass or read; `None` = nothing is.
pub(crate) fn closed_to_others(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let is_closed = |path: &Path, bit: u32| std::fs::metadata(path).is_ok_and(|found| found.mode() & bit == 0);
    let folder = above.into_iter().rev().find(|folder| is_closed(folder, 0o001));
    folder.or_else(|| Some(&*path).filter(|file| is_closed(file, 0o004))).map(Path::to_owned)
}

/// What is said of anything else than a file.
pub(crate) fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "this is not a file")
}
