//! Notices beside the state: small files `<state path>.NAME` in which a command that doesn't hold the lock leaves word
//! for whoever does. They are read whoever wrote them, and what can't be read of them keeps nobody from working.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::thread::gettid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::place::resolve;
use super::{StateError, private};

/// More than any notice has, in bytes.
const LARGEST: u64 = 64 << 10;

/// The place of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// The state file's, without symbolic links.
    state: PathBuf,
    path: PathBuf,
}

/// Which file hangs on a board: another one, or the same changed, has another glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    file: (u64, u64),
    length: u64,
    changed: (i64, i64),
}

/// A notice that is there and says nothing.
#[derive(Debug, Error)]
#[error("{path} is passed over: {why}", path = path.display())]
pub struct Illegible {
    path: PathBuf,
    why: String,
}

impl Board {
    /// The place of the notice of this name beside a state file, whether either is there or not.
    pub fn new(state: &Path, name: &str) -> Board {
        let state = resolve(state).unwrap_or_else(|_| state.to_owned());
        let mut path = state.as_os_str().to_owned();
        path.push(".");
        path.push(name);
        Board { state, path: path.into() }
    }

    /// Where the notice is, or would be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which notice hangs there now; `None` = none. Costs one look at the file's data.
    pub fn glance(&self) -> Option<Glance> {
        let file = std::fs::symlink_metadata(&self.path).ok()?;
        Some(Glance { file: (file.dev(), file.ino()), length: file.len(), changed: (file.ctime(), file.ctime_nsec()) })
    }

    /// What the notice says; `None` = there is none.
    ///
    /// # Errors
    /// When it says nothing that can be understood.
    pub fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, Illegible> {
        let illegible = |why: String| Illegible { path: self.path.clone(), why };
        let text = match self.text() {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(illegible(error.to_string())),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| illegible(format!("no notice of shelfkeeper's ({error})")))
    }

    fn text(&self) -> io::Result<Vec<u8>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(crate::files::not_a_file());
        }
        let mut text = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LARGEST { Err(ErrorKind::FileTooLarge.into()) } else { Ok(text) }
    }

    /// Hangs a notice in the place of the one that is there: all of it, or nothing.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write<T: Serialize>(&self, notice: &T) -> Result<(), StateError> {
        self.try_write(notice).map_err(|error| StateError::unwritable(&self.path, error))
    }

    fn try_write<T: Serialize>(&self, notice: &T) -> io::Result<()> {
        let text = serde_json::to_vec(notice)?;
        let mut draft = self.path.as_os_str().to_owned();
        // Two who write at the same time must not write to the same file, in one process neither: by the thread's number.
        draft.push(format!(".{}.new", gettid().as_raw_pid()));
        let draft = PathBuf::from(draft);
        let written = self.write_draft(&draft, &text).and_then(|()| std::fs::rename(&draft, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        written?;
        self.sync_folder()
    }

    fn write_draft(&self, draft: &Path, text: &[u8]) -> io::Result<()> {
        match std::fs::remove_file(draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // It is created, never opened: no link is followed.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
        private::take_rights_away(&file)?;
        if private::is_root() {
            let state = std::fs::symlink_metadata(&self.state)?;
            fchown(&file, Some(state.uid()), Some(state.gid()))?;
        }
        file.write_all(text)?;
        file.sync_all()
    }

    /// Takes the notice down. Gives whether there was one.
    ///
    /// # Errors
    /// When it stays.
    pub fn remove(&self) -> Result<bool, StateError> {
        match std::fs::remove_file(&self.path).and_then(|()| self.sync_folder()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StateError::unwritable(&self.path, error)),
        }
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(private::folder_of(&self.path))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn board() -> (tempfile::TempDir, Board) {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        std::fs::write(&state, "").expect("a state");
        let board = Board::new(&state, "word");
        (folder, board)
    }

    #[test]
    fn a_notice_is_read_replaced_and_taken_down() {
        let (folder, board) = board();
        assert_eq!((board.glance(), board.read::<Vec<u64>>().expect("none")), (None, None));
        board.write(&[1]).expect("written");
        let first = board.glance();
        assert_eq!(board.read().expect("read"), Some(vec![1]));
        assert_eq!(std::fs::metadata(board.path()).expect("it").mode() & 0o7777, 0o600);
        board.write(&[1]).expect("written");
        assert_ne!(board.glance(), first, "the same words again are another notice");
        assert_eq!((board.remove().expect("gone"), board.remove().expect("gone")), (true, false));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
    }

    #[test]
    fn those_who_write_at_the_same_time_write_each_a_whole_notice() {
        let (folder, board) = board();
        std::thread::scope(|scope| {
            for writer in 0..8_u64 {
                let board = &board;
                scope.spawn(move || {
                    let words = vec![writer; 100];
                    (0..10).for_each(|_| board.write(&words).expect("written"));
                });
            }
        });
        let last: Vec<u64> = board.read().expect("whole").expect("a notice");
        assert!(last.len() == 100 && last.iter().all(|writer| *writer == last[0]), "{last:?}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "no draft is left");
    }

    #[test]
    fn every_name_of_a_state_has_the_same_board() {
        let (folder, board) = board();
        symlink("state.db", folder.path().join("link.db")).expect("a link");
        assert_eq!(Board::new(&folder.path().join("link.db"), "word"), board);
    }

    #[test]
    fn what_is_no_notice_is_told() {
        let (folder, board) = board();
        for bytes in ["", "{", "[\"a\"]", &" ".repeat(100_000)] {
            std::fs::write(board.path(), bytes).expect("written");
            let told = board.read::<Vec<u64>>().expect_err("no notice").to_string();
            assert!(told.contains("state.db.word is passed over"), "{told}");
        }
        std::fs::remove_file(board.path()).expect("removed");
        symlink(folder.path().join("state.db"), board.path()).expect("a link");
        assert!(board.read::<Vec<u64>>().is_err(), "a link may lead anywhere");
        board.write(&[2]).expect("in the link's place");
        assert_eq!(board.read().expect("read"), Some(vec![2]));
        assert_eq!(std::fs::read(folder.path().join("state.db")).expect("the state"), b"");
        std::fs::remove_file(board.path()).expect("removed");
        std::fs::create_dir(board.path()).expect("a folder");
        assert!(board.read::<Vec<u64>>().is_err() && board.write(&[2]).is_err() && board.remove().is_err());
    }

    #[test]
    fn a_folder_that_is_not_ours_is_told() {
        let (folder, board) = board();
        if private::is_root() {
            return;
        }
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o500)).expect("its mode");
        assert!(board.write(&[1]).is_err());
    }
}
