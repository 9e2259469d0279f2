//! The state's files are for their owner alone: SQLite makes its own as the umask says. What root makes in another
//! user's folder, such as the unit's state directory, is that user's, whom it would keep out otherwise.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;

/// What SQLite makes beside a database, with the database's owner and mode. Those that are there it takes as they are.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes a folder, and those above it that are missing.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Makes a folder of our own, if it isn't there. A link is refused, as with [`open`].
pub(crate) fn make_own_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(FOLDER).create(path) {
        // Else it couldn't even be opened with some a umask.
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(FOLDER))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let folder = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let (owner, metadata) = (folder_of(path).metadata()?, folder.metadata()?);
    if is_root() && metadata.uid() != owner.uid() {
        fchown(&folder, Some(owner.uid()), Some(owner.gid()))?;
    }
    if metadata.mode() & 0o7777 == FOLDER { Ok(()) } else { folder.set_permissions(Permissions::from_mode(FOLDER)) }
}

/// Opens a file of our own for reading and writing, or makes it. A link is refused: whoever may write to the folder
/// could have us write to any file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::NOFOLLOW)
}

/// Makes a database's file, if it isn't there, before SQLite opens it; sees to those beside it, too.
pub(super) fn prepare_database(path: &Path) -> io::Result<()> {
    open_with(path, OFlags::empty())?;
    let folder = folder_of(path).metadata()?;
    for companion in COMPANIONS {
        let mut name = path.as_os_str().to_owned();
        name.push(companion);
        let options = OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).clone();
        match options.open(PathBuf::from(name)) {
            Ok(file) => set_mode(&file, &folder)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Gives a file that was just made to whose folder it is in, as a service's root beside it does.
pub(crate) fn give_to_owner_of_folder(file: &File, path: &Path) -> io::Result<()> {
    give(file, &folder_of(path).metadata()?)
}

fn give(file: &File, folder: &Metadata) -> io::Result<()> {
    if is_root() && folder.uid() != 0 { fchown(file, Some(folder.uid()), Some(folder.gid())) } else { Ok(()) }
}

fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(FILE).custom_flags(flags.bits().cast_signed());
    let folder = folder_of(path).metadata()?;
    let file = match options.clone().create_new(true).open(path) {
        Ok(file) => {
            give(&file, &folder)?;
            file
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.create(true).open(path)?,
        Err(error) => return Err(error),
    };
    set_mode(&file, &folder)?;
    Ok(file)
}

/// Gives a file that was just made the mode of ours, whatever the umask says.
pub(super) fn take_rights_away(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(FILE))
}

/// Takes the rights of others away. Root does so only where file and folder have one owner: a link that this one made
/// may lead anywhere.
fn set_mode(file: &File, folder: &Metadata) -> io::Result<()> {
    let metadata = file.metadata()?;
    let is_ours = !is_root() || metadata.uid() == folder.uid();
    if !metadata.is_file() || !is_ours || metadata.mode() & 0o7777 == FILE {
        return Ok(());
    }
    match file.set_permissions(Permissions::from_mode(FILE)) {
        // Somebody else's, who lets us write to it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
