//! A feed in a file: told when somebody has written it and left it alone since.
//!
//! It is looked at every ten seconds, by its size, its times and its number, rather than that the kernel is asked to tell
//! (`folder_watch`): a file counts as written only when it was left alone for ten seconds, by its own times, so whoever
//! looks so often is never later; and it works with network file systems, with links, and whoever writes in
//! whichever way. A thread of its own does it, so that a disk that hangs keeps nothing else waiting.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::clock::Moment;

/// How long a file must be left alone: as long as until a text feed's end counts as proven.
const SETTLED: SignedDuration = SignedDuration::from_secs(10);
/// How often it is looked at.
const INTERVAL: Duration = Duration::from_secs(10);

/// Tells of a file as long as this is held.
pub(super) struct FeedWatch {
    path: PathBuf,
    written: mpsc::Receiver<()>,
}

impl FeedWatch {
    /// Watches from now on. A file that was written just now is told of, too: whoever reads it at once can't know
    /// whether that is all of it.
    pub(super) fn start(path: &Path) -> FeedWatch {
        let (sender, written) = mpsc::channel(1);
        let (path, mut watcher) = (path.to_owned(), Watcher::new(look(path), Moment::now()));
        let file = path.clone();
        let watch = move || {
            while !sender.is_closed() {
                let (is_written, wait) = watcher.look(look(&file), Moment::now());
                if is_written {
                    info!("the feed's file was written; a pass is due");
                    // One that waits is enough.
                    let _ = sender.try_send(());
                }
                thread::sleep(wait);
            }
        };
        if let Err(error) = thread::Builder::new().name("feed".into()).spawn(watch) {
            warn!("the feed's file is not watched, and is read as scheduled: no thread can be started: {error}");
        }
        FeedWatch { path, written }
    }

    /// Of which file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until it was written. Nothing is lost when it is not waited for to the end.
    pub(super) async fn written(&mut self) {
        if self.written.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

/// Which file lies there, and when it was touched last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Glance {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

fn look(path: &Path) -> Option<Glance> {
    let file = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(Glance {
        file: (file.dev(), file.ino()),
        length: file.len(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
    })
}

impl Glance {
    /// How long ago it was touched by its own times; a time to come says nothing.
    fn untouched_for(&self, now: Timestamp) -> Option<SignedDuration> {
        let (seconds, rest) = self.modified.max(self.changed);
        let touched = Timestamp::new(seconds, i32::try_from(rest).ok()?).ok()?;
        Some(now.duration_since(touched)).filter(|ago| !ago.is_negative())
    }
}

struct Watcher {
    /// What was told of, or was there from the beginning.
    told: Option<Glance>,
    /// What has lain there since, by the boot-time clock.
    seen: Option<(Glance, SignedDuration)>,
}

impl Watcher {
    fn new(found: Option<Glance>, now: Moment) -> Watcher {
        let is_settled = |glance: &Glance| glance.untouched_for(now.wall).is_some_and(|ago| ago >= SETTLED);
        Watcher { told: found.filter(is_settled), seen: None }
    }

    /// Whether it is to be told of what lies there, and how long to wait before the next look.
    fn look(&mut self, found: Option<Glance>, now: Moment) -> (bool, Duration) {
        let Some(glance) = found.filter(|_| found != self.told) else {
            self.seen = None;
            return (false, INTERVAL);
        };
        let since = self.seen.filter(|(seen, _)| *seen == glance).map_or(now.up, |(_, since)| since);
        self.seen = Some((glance, since));
        let untouched = glance.untouched_for(now.wall).unwrap_or_default().max(now.up.saturating_sub(since));
        if untouched >= SETTLED {
            (self.told, self.seen) = (Some(glance), None);
            return (true, INTERVAL);
        }
        let left = Duration::try_from(SETTLED.saturating_sub(untouched)).unwrap_or(INTERVAL);
        (false, left.min(INTERVAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER_MIND: Duration = INTERVAL;

    /// A file of this number that was touched then.
    fn file(number: u64, touched: i64) -> Option<Glance> {
        Some(Glance { file: (1, number), length: 9, modified: (touched - 5, 0), changed: (touched, 0) })
    }

    fn at(seconds: i64) -> Moment {
        Moment { wall: Timestamp::from_second(seconds).expect("a time"), up: SignedDuration::from_secs(seconds - 1) }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_file_is_told_of_once_ten_seconds_after_it_was_touched_last() {
        let mut watcher = Watcher::new(file(1, 50), at(100));
        assert_eq!(watcher.look(file(1, 50), at(100)), (false, NEVER_MIND), "it was there before");
        assert_eq!(watcher.look(file(1, 103), at(110)), (false, seconds(3)));
        assert_eq!(watcher.look(file(1, 112), at(113)), (false, seconds(9)), "somebody still writes");
        assert_eq!(watcher.look(file(1, 112), at(122)), (true, NEVER_MIND));
        assert_eq!(watcher.look(file(1, 112), at(132)), (false, NEVER_MIND));
        assert_eq!(watcher.look(file(2, 120), at(132)), (true, NEVER_MIND), "another was renamed into its place");
        assert_eq!(watcher.look(None, at(142)), (false, NEVER_MIND), "nothing to read");
        assert_eq!(watcher.look(file(2, 120), at(152)), (false, NEVER_MIND), "it is the one that was read");
    }

    #[test]
    fn a_file_from_the_future_is_told_of_when_it_has_lain_there_for_ten_seconds() {
        let mut watcher = Watcher::new(file(1, 500), at(100));
        assert_eq!(watcher.look(file(1, 500), at(100)), (false, seconds(10)));
        assert_eq!(watcher.look(file(1, 500), at(110)), (true, NEVER_MIND));
        assert_eq!(watcher.look(file(1, 500), at(500)), (false, NEVER_MIND));
    }

    #[test]
    fn a_file_that_was_written_just_before_the_start_is_read_again_when_its_end_is_proven() {
        let mut watcher = Watcher::new(file(1, 95), at(100));
        assert_eq!(watcher.look(file(1, 95), at(100)), (false, seconds(5)));
        assert_eq!(watcher.look(file(1, 95), at(105)), (true, NEVER_MIND));
    }
}
