//! A feed in a file, which somebody else may be writing.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::body::{Body, End};
use super::error::{FetchError, too_large, unreadable};
use super::identity::Identity;
use crate::catalog::Hasher;
use crate::config::{self, Location};
use crate::{files, task};

const WRITTEN_JUST_NOW: &str = "the file was written less than 10 s ago";

/// Opens the feed's file, on a thread of its own.
///
/// # Errors
/// When it is no file, can't be read, or is too large.
pub(super) async fn fetch(source: &config::Source, path: &Path, hasher: &Hasher) -> Result<Body, FetchError> {
    let (path, location, max_bytes) = (path.to_owned(), source.location.clone(), source.max_bytes);
    let hasher = hasher.clone();
    let opened = task::blocking(move || open(&path, &location, max_bytes, hasher)).await;
    opened.map_err(|error| FetchError::new(&source.location, error.to_string()))?
}

fn open(path: &Path, location: &Location, max_bytes: u64, hasher: Hasher) -> Result<Body, FetchError> {
    let file = files::open(path).map_err(|error| unreadable(location, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(location, &error))?;
    if metadata.len() > max_bytes {
        return Err(too_large(location, max_bytes));
    }
    let identity = Identity::of(&metadata);
    let end = if identity.is_settled(SystemTime::now()) { End::Proven } else { End::Unproven(WRITTEN_JUST_NOW) };
    let origin = Some((location.clone(), identity));
    let (length, digest) = (identity.length, Arc::default());
    Ok(Body { file, length, end, digest, inflow: None, hasher, origin, etag: None, last_modified: None })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, UNIX_EPOCH};

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
        assert!(settled(200, 100, 110) && !settled(200, 101, 110), "somebody has set it to a time in the future");
        assert!(!settled(100, 200, 110) && !settled(200, 200, 110), "a clock was put back: nothing is proven");
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
