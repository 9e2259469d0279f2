//! What tells a file from another one of its name.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::UNIX_EPOCH;

/// A file by what no other file has at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(file: &Metadata) -> FileId {
        FileId { device: file.dev(), inode: file.ino() }
    }
}

/// What stays the same of a file from start to start, and is another in its copy: inode and time of birth. Devices
/// are numbered anew when the machine starts.
pub(super) fn lasting_id(file: &Metadata) -> String {
    let born = file.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{}:{}", file.ino(), born.map(|born| born.as_nanos()).unwrap_or_default())
}
