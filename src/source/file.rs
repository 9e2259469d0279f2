//! A feed in a file, which somebody else may be writing.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::{FetchError, too_large, unreadable};
use super::{Body, End};
use crate::catalog::Hasher;
use crate::config::Location;
use crate::files;

/// A file that was left alone for so long is taken to be written to its end.
const SETTLED: Duration = Duration::from_secs(10);

const WRITTEN_JUST_NOW: &str = "the file was written less than 10 s ago";

/// Opens a feed's file.
///
/// # Errors
/// When it is no file, can't be read, or is too large.
pub(super) fn open(path: &Path, location: &Location, max_bytes: u64, hasher: Hasher) -> Result<Body, FetchError> {
    let file = files::open(path).map_err(|error| unreadable(location, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(location, &error))?;
    if metadata.len() > max_bytes {
        return Err(too_large(location, max_bytes));
    }
    let identity = Identity::of(&metadata);
    let end = if identity.is_settled(SystemTime::now()) { End::Proven } else { End::Unproven(WRITTEN_JUST_NOW) };
    let origin = Some((location.clone(), identity));
    let (length, digest) = (identity.length, OnceLock::new());
    Ok(Body { file, length, end, digest, hasher, origin, etag: None, last_modified: None })
}

/// Which file it is, and in which condition. Neither its size nor its times alone tell that it was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    /// In nanoseconds since 1970, as the next one.
    modified: i128,
    /// When its content, name or mode changed last. Nobody can set it.
    changed: i128,
}

impl Identity {
    fn of(metadata: &Metadata) -> Identity {
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether nobody has touched it for a while. A time in the future says nothing.
    fn is_settled(&self, now: SystemTime) -> bool {
        let Ok(now) = now.duration_since(UNIX_EPOCH) else { return false };
        let last = self.modified.max(self.changed);
        i128::try_from(now.as_nanos()).is_ok_and(|now| now - last >= SETTLED.as_nanos() as i128)
    }

    /// Whether the open file, and what lies at its path by now, are still as they were.
    pub(super) fn still_holds(&self, file: &File, location: &Location) -> Result<bool, FetchError> {
        let open = file.metadata().map_err(|error| unreadable(location, &error))?;
        let Location::File(path) = location else { return Ok(*self == Identity::of(&open)) };
        // A path that leads nowhere by now leads somewhere else.
        let found = std::fs::metadata(path).ok();
        Ok(*self == Identity::of(&open) && found.is_some_and(|found| *self == Identity::of(&found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(modified: u64, changed: u64, now: u64) -> bool {
        let time = |seconds: u64| i128::from(seconds) * 1_000_000_000;
        let identity = Identity { device: 1, inode: 1, length: 1, modified: time(modified), changed: time(changed) };
        identity.is_settled(UNIX_EPOCH + Duration::from_secs(now))
    }

    #[test]
    fn a_file_settles_ten_seconds_after_its_later_time() {
        assert!(settled(100, 100, 110));
        assert!(!settled(100, 100, 109));
        assert!(!settled(100, 105, 110), "renamed or truncated since it was written");
        assert!(!settled(105, 100, 110));
        assert!(!settled(200, 100, 110), "a time in the future proves nothing");
    }

    /// Opens a feed in a folder of its own, changes something, and asks whether it is the same.
    fn is_unchanged_after(change: impl FnOnce(&Path) -> std::io::Result<()>) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feed.txt");
        std::fs::write(&path, "id\ttitle\n1\tLamp\n").expect("written");
        let hasher = Hasher::without_secret();
        let body = open(&path, &Location::File(path.clone()), 1 << 20, hasher).expect("a body");
        assert!(matches!(body.end, End::Unproven(_)));
        change(&path).expect("changed");
        body.check_unwritten().is_ok()
    }

    #[test]
    fn a_file_that_changes_while_it_is_read() {
        let text = "id\ttitle\n2\tDesk\n";
        let beside = |path: &Path| path.with_extension("new");
        assert!(is_unchanged_after(|_| Ok(())));
        assert!(is_unchanged_after(|path| std::fs::write(beside(path), text)));
        assert!(!is_unchanged_after(|path| std::fs::write(path, text)), "written anew, as long as before");
        assert!(!is_unchanged_after(|path| {
            std::fs::write(beside(path), text)?;
            std::fs::rename(beside(path), path)
        }));
        assert!(!is_unchanged_after(|path| std::fs::remove_file(path)));
        assert!(!is_unchanged_after(|path| {
            // As it was by its size and its times, but not the same.
            let modified = std::fs::metadata(path)?.modified()?;
            std::fs::write(path, text)?;
            File::options().append(true).open(path)?.set_modified(modified)
        }));
    }
}
