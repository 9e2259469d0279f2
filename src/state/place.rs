//! Which file a state is in: paths may change what they lead to while we work.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::identity::FileId;
use super::lock::Lock;
use super::{StateError, private};

/// So many links are followed, as the kernel does.
const MOST_LINKS: usize = 40;

/// The path that a state file has without symbolic links, whether it is there already or not: every path to the
/// file comes to the same one, and so to the same lock.
///
/// # Errors
/// When its folder can't be looked at, or links go round in a circle.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let is_link = match std::fs::symlink_metadata(&path) {
            Ok(found) => found.is_symlink(),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if is_link {
            path = folder.join(std::fs::read_link(&path)?);
            continue;
        }
        let name = path.file_name().ok_or(ErrorKind::IsADirectory)?;
        return Ok(folder.canonicalize()?.join(name));
    }
    Err(io::Error::other("too many symbolic links"))
}

/// The state file that a writer has open, and the lock beside it.
#[derive(Debug)]
pub(super) struct Place {
    /// Without symbolic links.
    path: PathBuf,
    file: FileId,
    pub(super) lock: Lock,
}

impl Place {
    /// Takes the lock of the file, and makes an empty one if there is none.
    pub(super) fn take(path: &Path) -> Result<Place, StateError> {
        let io = |error| StateError::Io { path: path.to_owned(), error };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private::make_folder(folder).map_err(|error| StateError::Io { path: folder.to_owned(), error })?;
        }
        let path = resolve(path).map_err(io)?;
        match std::fs::metadata(&path) {
            Ok(file) => check(&path, &file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let lock = Lock::take(&path)?;
        private::prepare_database(&path).map_err(|error| StateError::unwritable(&path, error))?;
        let file = std::fs::metadata(&path).map_err(io)?;
        check(&path, &file)?;
        Ok(Place { file: FileId::of(&file), path, lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fails when the path leads to another file by now, or there is another way to this one: somebody else may be
    /// at work, and what is written here nobody will read again.
    pub(super) fn check(&self) -> Result<(), StateError> {
        let replaced = |what| Err(StateError::Replaced { path: self.path.clone(), what });
        match std::fs::metadata(&self.path) {
            Ok(file) if FileId::of(&file) != self.file => return replaced("was replaced by another file"),
            Ok(file) => check(&self.path, &file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return replaced("was deleted or moved"),
            Err(error) => return Err(StateError::Io { path: self.path.clone(), error }),
        }
        if self.lock.is_in_place() { Ok(()) } else { replaced("has lost its lock (the file .lock beside it)") }
    }
}

/// What is said of a path that leads to anything else than a file.
pub(super) fn no_file(path: &Path, found: &Metadata) -> StateError {
    let directory = || io::Error::new(ErrorKind::IsADirectory, "[state] path is a directory; name a file in it");
    let error = if found.is_dir() { directory() } else { crate::files::not_a_file() };
    StateError::Io { path: path.to_owned(), error }
}

/// A file that has one name only: files beside it belong to that name, a second name would have others.
fn check(path: &Path, file: &Metadata) -> Result<(), StateError> {
    let path = || path.to_owned();
    if !file.is_file() {
        return Err(no_file(&path(), file));
    }
    if file.nlink() > 1 {
        return Err(StateError::Linked { path: path(), links: file.nlink() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_path_to_a_file_comes_to_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().canonicalize().expect("a path").join("real");
        std::fs::create_dir(&real).expect("a folder");
        symlink(&real, folder.path().join("folder")).expect("a link");
        symlink("state.db", real.join("link.db")).expect("a link");
        symlink("../folder/link.db", real.join("far.db")).expect("a link");
        symlink("round.db", real.join("round.db")).expect("a link");
        for is_there in [false, true] {
            for path in ["real/state.db", "folder/state.db", "real/link.db", "folder/far.db", "real/../real/state.db"] {
                assert_eq!(resolve(&folder.path().join(path)).expect(path), real.join("state.db"), "{is_there}");
            }
            std::fs::write(real.join("state.db"), "").expect("written");
        }
        assert!(resolve(&folder.path().join("real/round.db")).is_err());
        assert!(resolve(&folder.path().join("nowhere/state.db")).is_err());
        assert!(resolve(Path::new("/")).is_err());
    }
}
