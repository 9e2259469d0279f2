//! A copy of the state, made beside whoever writes it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::{Reader, StateError};

/// Pages that are copied in one go.
const PAGES: i32 = 4096;

impl Reader {
    /// Copies the state as it was when it was opened to a file that isn't there yet, and that nobody but its owner may
    /// read. Gives its length. A state that the copy is put in the place of is noticed: it has another inode than the
    /// file that was written last.
    ///
    /// # Errors
    /// When something is there already, or the copy can't be written: there is none then.
    pub fn back_up(&self, to: &Path) -> Result<u64, StateError> {
        back_up(self.connection()?, to)
    }
}

/// Copies what a connection reads to a new file of its owner's, and gives its length.
pub(super) fn back_up(from: &Connection, to: &Path) -> Result<u64, StateError> {
    let unwritable = |error| StateError::unwritable(to, error);
    // For SQLite some names are no paths (`:memory:`, `file:...`).
    let to = &std::path::absolute(to).map_err(unwritable)?;
    // Before SQLite opens it, which would take any file, and make one as the umask says.
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(to);
    let file = file.map_err(unwritable)?;
    let copied = copy(from, to).map_err(|error| StateError::of(to, error));
    let done = copied.and_then(|()| settled(&file).map_err(unwritable));
    if done.is_err() {
        // There is nothing else to try with half a copy.
        let _ = std::fs::remove_file(to);
    }
    done
}

fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open(to)?;
    // The pages are those of one moment: this reader's transaction began before.
    Backup::new(from, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    copy.close().map_err(|(_, error)| error)
}

/// Waits until the copy is on the disk, and gives its length.
fn settled(file: &File) -> io::Result<u64> {
    file.sync_all()?;
    Ok(file.metadata()?.len())
}
