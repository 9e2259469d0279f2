//! Sleeps until a file comes into a folder or goes from it, so that nobody has to look every second.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

/// How long it is slept at most where the kernel tells what happens: it doesn't tell of other machines that write to
/// the same network file system.
const SLEEP: Duration = Duration::from_secs(10);
/// The same where it can't be asked, as when all watches that a user may have are in use.
const BLIND: Duration = Duration::from_secs(1);

/// A folder that is watched as long as this is held.
pub(super) struct FolderWatch(Option<OwnedFd>);

impl FolderWatch {
    /// Watches from now on; a folder that can't be watched is looked at every second.
    pub(super) fn new(folder: &Path) -> FolderWatch {
        let watch = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).and_then(|watch| {
            let renamed = WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM | WatchFlags::DELETE;
            add_watch(&watch, folder, renamed | WatchFlags::ONLYDIR).map(|_| watch)
        });
        FolderWatch(watch.ok())
    }

    /// Sleeps until something happens, and not for long. A second at most for whoever waits for a moment.
    pub(super) fn sleep(&mut self, is_waiting: bool) {
        let most = if is_waiting { BLIND } else { SLEEP };
        let Some(watch) = &self.0 else { return std::thread::sleep(BLIND) };
        let most = Timespec { tv_sec: most.as_secs().cast_signed(), tv_nsec: 0 };
        let told = poll(&mut [PollFd::new(watch, PollFlags::IN)], Some(&most));
        if let Err(error) = told.map(|_| forget(watch)).map_err(io::Error::from)
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.0 = None;
        }
    }
}

/// Takes what was told out of the queue: that something happened is all that counts.
fn forget(watch: &OwnedFd) {
    let mut told = [0_u8; 4096];
    while rustix::io::read(watch, &mut told).is_ok_and(|read| read > 0) {}
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_file_that_is_renamed_into_the_folder_ends_the_sleep() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut watch = FolderWatch::new(folder.path());
        let draft = folder.path().join("draft");
        std::fs::write(&draft, "").expect("written");
        let began = Instant::now();
        std::fs::rename(&draft, folder.path().join("file")).expect("renamed");
        watch.sleep(false);
        std::fs::remove_file(folder.path().join("file")).expect("removed");
        watch.sleep(false);
        assert!(began.elapsed() < SLEEP);
        assert!(FolderWatch::new(&draft).0.is_none(), "nothing to watch there");
    }
}
