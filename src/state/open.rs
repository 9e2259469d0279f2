//! Opening a state file for reading, with nothing left beside it.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Opens the file so that nothing is left beside it: a reader that may write cleans up after itself; one that may not
/// reads the file as immutable.
pub(super) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let usable = |connection: Connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map(|()| connection)
    };
    // Also for lack of room for what SQLite makes beside it.
    let is_denied = |error: &rusqlite::Error| {
        let denied = [ErrorCode::ReadOnly, ErrorCode::CannotOpen, ErrorCode::PermissionDenied];
        error.sqlite_error_code().is_some_and(|code| denied.contains(&code))
            || error.sqlite_extended_error_code() == Some(SQLITE_IOERR_SHMSIZE)
    };
    let has_log = std::fs::metadata(log_path(path)).is_ok_and(|log| log.len() > 0);
    let leave_log = |connection: Connection| {
        // A log that a crash left is the next writer's to take in; ours not to touch.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log).map(|_| connection)
    };
    let writable = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE);
    let writable = writable.and_then(leave_log).and_then(usable);
    match writable {
        Err(error) if is_denied(&error) => {}
        other => return other,
    }
    match Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(usable) {
        // What follows doesn't look at the log: without it the file says what was true once.
        Err(error) if is_denied(&error) && !has_log => {}
        other => return other,
    }
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{name}?immutable=1");
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(usable)
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
