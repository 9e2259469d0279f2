//! Which file a feed is in, and whether somebody writes to it.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::{FetchError, unreadable};
use crate::config::Location;

/// A file that was not written for so long is taken to be complete.
const SETTLED: Duration = Duration::from_secs(10);

/// Identifies a file and its content: neither size nor times alone show that it was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) length: u64,
    /// In nanoseconds since 1970, as the next one.
    pub(super) modified: i128,
    /// When its content, name or mode changed last. Nobody can set it.
    pub(super) changed: i128,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Identity {
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether nobody has touched it for a while. A time in the future says nothing: of when it was modified somebody may
    /// have set it, as whoever copies files with their times does.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).ok().and_then(|now| i128::try_from(now.as_nanos()).ok());
        let is_long_ago = |now: i128| {
            let last = if self.modified > now { self.changed } else { self.modified.max(self.changed) };
            now - last >= SETTLED.as_nanos() as i128
        };
        now.is_some_and(is_long_ago)
    }

    /// Whether the open file, and what lies at its path by now, are still as they were.
    pub(super) fn still_holds(&self, file: &File, location: &Location) -> Result<bool, FetchError> {
        let open = file.metadata().map_err(|error| unreadable(location, &error))?;
        let Location::File(path) = location else { return Ok(*self == Identity::of(&open)) };
        // A path that is gone is a change, too.
        let found = std::fs::metadata(path).ok();
        Ok(*self == Identity::of(&open) && found.is_some_and(|found| *self == Identity::of(&found)))
    }
}
