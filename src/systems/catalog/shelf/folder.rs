//! The folder with the generations.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::draft::Draft;
use super::error::ShelfError;
use super::generation::Generation;
use crate::state::private;

/// Ends the name of the whole.
const SHELF: &str = "shelf";
/// Ends the name of a folder that isn't a whole generation yet.
const UNFINISHED: &str = "new";

/// Where the generations are: `<state path>.shelf/NUMBER`. In a generation's folder lies its file, and an empty one
/// for each who uses it: what nobody uses is of no use, as it can be made again. Only who holds the state's lock writes.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    /// Whose alone it is.
    user: Option<String>,
}

impl Shelf {
    /// The shelf of a state file, whether it is there or not.
    pub fn beside(state: &Path) -> Shelf {
        let mut folder = state.as_os_str().to_owned();
        folder.push(".");
        folder.push(SHELF);
        Shelf { folder: folder.into(), user: None }
    }

    /// A part of it that is one user's alone.
    pub fn of(&self, user: &str) -> Shelf {
        Shelf { folder: self.folder.join(user), user: Some(user.to_owned()) }
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a generation that comes after all others.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn begin(&self) -> Result<Draft, ShelfError> {
        let run = || {
            if let Some(parent) =
                self.folder.parent().filter(|parent| parent.extension().is_some_and(|end| end == SHELF))
            {
                private::make_own_folder(parent)?;
            }
            private::make_own_folder(&self.folder)?;
            let mut last = 0;
            for folder in folders(&self.folder)? {
                // A kill has left it.
                if is_unfinished(&folder) { std::fs::remove_dir_all(folder)? } else { last = last.max(number(&folder)) }
            }
            let whole = self.folder.join((last + 1).to_string());
            let folder = whole.with_extension(UNFINISHED);
            private::make_own_folder(&folder)?;
            Ok((folder, whole))
        };
        let (folder, whole) = run().map_err(ShelfError::unwritable(&self.folder))?;
        Draft::begin(folder, whole)
    }

    /// The same with what it has in common with the one before, which [`Draft::finish_after`] is told of, too.
    ///
    /// # Errors
    /// When it can't be written, or that one not be read.
    pub fn begin_after(&self, old: Option<&Generation>) -> Result<Draft, ShelfError> {
        let draft = self.begin()?;
        match old {
            Some(old) => draft.after(old),
            None => Ok(draft),
        }
    }

    /// The last generation that was finished; `None` = there is none. One that was opened before stays as it is.
    ///
    /// # Errors
    /// When it can't be read, or isn't held for whose it is: it has to be made again.
    pub fn newest(&self) -> Result<Option<Generation>, ShelfError> {
        let Some(user) = &self.user else { return self.last(|_| true) };
        // In this order: one that comes meanwhile is held as soon as it is there.
        let any = self.last(|_| true)?;
        match (self.held_for(user)?, any) {
            (None, Some(other)) => {
                Err(ShelfError::Damaged { path: other.folder().to_owned(), what: "what says who holds it" })
            }
            (held, _) => Ok(held),
        }
    }

    /// The one that is held for a user.
    ///
    /// # Errors
    /// As [`Shelf::newest`].
    pub fn held_for(&self, user: &str) -> Result<Option<Generation>, ShelfError> {
        self.last(|folder| folder.join(user).exists())
    }

    fn last(&self, is_it: impl Fn(&Path) -> bool) -> Result<Option<Generation>, ShelfError> {
        let folders = folders(&self.folder);
        let folders = folders.map_err(|error| ShelfError::Unreadable { path: self.folder.clone(), error })?;
        let whole = folders.into_iter().filter(|folder| !is_unfinished(folder) && is_it(folder));
        whole.max_by_key(|folder| number(folder)).map(|folder| Generation::open(&folder)).transpose()
    }

    /// Removes all generations but the newest: those who read them have them open.
    ///
    /// # Errors
    /// When they can't be removed.
    pub fn keep_newest(&self) -> Result<(), ShelfError> {
        let run = || {
            let folders: Vec<PathBuf> = folders(&self.folder)?;
            let newest = folders.iter().filter(|folder| !is_unfinished(folder)).map(|folder| number(folder)).max();
            let old = folders.iter().filter(|folder| !is_unfinished(folder) && Some(number(folder)) != newest);
            old.into_iter().try_for_each(std::fs::remove_dir_all)
        };
        run().map_err(ShelfError::unwritable(&self.folder))
    }

    /// Removes all but one user's part, when nobody uses the rest any more. Whoever has a generation open can still read
    /// it.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn clear_but(&self, user: &str) -> Result<(), ShelfError> {
        let run = || {
            let others = folders(&self.folder)?.into_iter().filter(|folder| !folder.ends_with(user));
            others.into_iter().try_for_each(|path| match path.is_dir() {
                true => std::fs::remove_dir_all(path),
                false => std::fs::remove_file(path),
            })
        };
        run().map_err(ShelfError::unwritable(&self.folder))
    }

    /// Whether anything may be on it.
    pub fn is_there(&self) -> bool {
        self.folder.symlink_metadata().is_ok()
    }

    /// Removes all, when nobody uses it any more. Whoever has a generation open can still read it.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn clear(&self) -> Result<(), ShelfError> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(ShelfError::unwritable(&self.folder)(error)),
            _ => Ok(()),
        }
    }
}

/// What is in a folder; nothing, if it isn't there.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_unfinished(folder: &Path) -> bool {
    folder.extension().is_some_and(|end| end == UNFINISHED)
}

/// A generation's number; 0 for what isn't ours.
fn number(folder: &Path) -> u64 {
    folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
}
