//! One instance per state file.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::identity::FileId;
use super::{StateError, private};

/// A lock that the kernel gives back when the process ends, however it ends. The file beside the
/// state stays: removing it would let two processes lock two files of one name.
///
/// In it are the process, and a count of the transactions that were written to the state: one that has fewer is older
/// than it was.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    id: FileId,
    path: PathBuf,
    /// What was in it when it was taken.
    found: Option<Counted>,
}

/// What the lock file says of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    /// How many transactions the state had when it was last written.
    pub(super) transactions: u64,
    /// When the lock file itself was changed last, and whose it is. Nobody can set that time: it is another one when both
    /// files were put back.
    pub(super) changed: String,
}

impl Counted {
    /// Whether the lock file is the one that was written at that time. Another owner was given it since, which changes
    /// the time as well: systemd does so where a unit's user is another one than before.
    pub(super) fn is_of(&self, changed: &str) -> bool {
        let owner = |changed: &str| changed.rsplit_once(':').map(|(_, owner)| owner.to_owned());
        self.changed == changed || owner(&self.changed) != owner(changed)
    }
}

/// Bytes of the line with the process: longer than any number of one.
const PROCESS: usize = 20;
/// Bytes that are written.
const LENGTH: usize = PROCESS + 1 + 20 + 1;

impl Lock {
    /// Takes the lock of a state file, or tells who holds it.
    pub(super) fn take(state: &Path) -> Result<Lock, StateError> {
        let path = lock_path(state);
        let io = |error| StateError::unwritable(&path, error);
        let file = private::open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&file).unwrap_or_else(|| "unknown".to_owned());
                return Err(StateError::Locked { path: state.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let id = FileId::of(&file.metadata().map_err(io)?);
        let found = counted_in(&file);
        let lock = Lock { file, id, path, found };
        if !lock.is_in_place() {
            // Somebody removed it while it was being locked.
            return Err(StateError::Locked { path: state.to_owned(), holder: "unknown".to_owned() });
        }
        // Nothing is written to it yet: when it was changed tells whether the state is the last one, and who fails before
        // it writes to the state must leave both as they were.
        Ok(lock)
    }

    /// What was in it when it was taken.
    pub(super) fn found(&self) -> Option<&Counted> {
        self.found.as_ref()
    }

    /// Writes down how many transactions the state has, and gives the time of that.
    pub(super) fn count(&self, transactions: u64) -> io::Result<String> {
        let process = std::process::id();
        self.file.write_all_at(format!("{process:<PROCESS$}\n{transactions:020}\n").as_bytes(), 0)?;
        changed(&self.file)
    }

    /// Whether it is still what others would lock.
    pub(super) fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|file| FileId::of(&file) == self.id)
    }
}

/// How many transactions the state file had when it was last written, if that is known.
pub(super) fn counted(state: &Path) -> Option<Counted> {
    counted_in(&File::open(lock_path(state)).ok()?)
}

/// Whether a process works with a state, as the kernel lists its locks; `None` = it doesn't tell. (To try the lock would
/// turn away a process that begins just then.)
pub fn is_in_use(state: &Path) -> Option<bool> {
    let locks = locks()?;
    let inode = match std::fs::metadata(lock_path(state)) {
        Ok(file) => file.ino(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(false),
        Err(_) => return None,
    };
    Some(locks.lines().any(|line| process_of(line, inode).is_some()))
}

/// Who holds the lock: as the kernel says, or as the one did who wrote to the file last.
fn holder(file: &File) -> Option<String> {
    let locks = locks().unwrap_or_default();
    let inode = file.metadata().ok()?.ino();
    // The number of a process that can't be seen from here is 0.
    let process = locks.lines().find_map(|line| process_of(line, inode)).filter(|process| *process != "0");
    process.map(str::to_owned).or_else(|| read(file).0)
}

/// The locks that there are, a line each.
fn locks() -> Option<String> {
    std::fs::read_to_string("/proc/locks").ok()
}

/// The process that has locked this file, of a line such as `1: FLOCK  ADVISORY  WRITE 708 08:02:1234 0 EOF`. Some file
/// systems have another device there than in `stat`.
fn process_of(line: &str, inode: u64) -> Option<&str> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let is_ours = words.next() == Some("FLOCK") && words.next().is_some() && words.next() == Some("WRITE");
    let process = words.next().filter(|_| is_ours)?;
    let file = words.next().and_then(|file| file.rsplit(':').next()?.parse().ok());
    (file == Some(inode)).then_some(process)
}

fn counted_in(file: &File) -> Option<Counted> {
    // Whoever holds it may write to it meanwhile.
    let read = || Some((changed(file).ok()?, read(file).1?, changed(file).ok()?));
    let (_, transactions, changed) = (0..10).filter_map(|_| read()).find(|(before, _, after)| before == after)?;
    Some(Counted { transactions, changed })
}

fn changed(file: &File) -> io::Result<String> {
    let file = file.metadata()?;
    Ok(format!("{}.{:09}:{}", file.ctime(), file.ctime_nsec(), file.uid()))
}

fn read(file: &File) -> (Option<String>, Option<u64>) {
    let mut bytes = [0; LENGTH];
    let mut length = 0;
    while let Ok(more @ 1..) = file.read_at(&mut bytes[length..], length as u64) {
        length += more;
    }
    let text = String::from_utf8_lossy(&bytes[..length]);
    let mut lines = text.lines().map(str::trim);
    let process = lines.next().filter(|process| !process.is_empty());
    (process.map(str::to_owned), lines.next().and_then(|count| count.parse().ok()))
}

fn lock_path(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_with_a_state_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        assert_eq!(is_in_use(&state), Some(false));
        let lock = Lock::take(&state).expect("free");
        assert_eq!(is_in_use(&state), Some(true));
        drop(lock);
        assert_eq!(is_in_use(&state), Some(false));
    }

    #[test]
    fn other_locks_are_none_of_ours() {
        assert_eq!(process_of("12: FLOCK  ADVISORY  WRITE 708 08:02:1234 0 EOF", 1234), Some("708"));
        for line in [
            "12: FLOCK  ADVISORY  WRITE 708 08:02:12345 0 EOF",
            "12: FLOCK  ADVISORY  READ 708 08:02:1234 0 EOF",
            "12: POSIX  ADVISORY  WRITE 708 08:02:1234 0 EOF",
            "12: -> FLOCK  ADVISORY  WRITE 708 08:02:1234 0 EOF",
            "",
        ] {
            assert_eq!(process_of(line, 1234), None, "{line}");
        }
    }
}
