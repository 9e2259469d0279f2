//! Whether a state file is the one that was written last. What it says of NiceChat is relied on only then.
//!
//! Three things tell. The number of transactions is also in the lock file beside it: a state that has fewer was put
//! back, or has lost its log. The file's inode and time of birth are in the state: in a copy they are others'. And
//! while requests are sent, the state says in which run of the machine: after a power cut that is another one, and
//! what the kernel had not written yet is gone.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::meta;
use super::place::lasting_id;

/// How many transactions were written.
pub(super) const TRANSACTIONS: &str = "transactions";
/// Which file they were written to.
const FILE: &str = "file";
/// The run of the machine in which requests were being sent.
pub(super) const SENDING_SINCE: &str = "sending_since";
/// Why NiceChat's listing is needed before anything is relied on.
pub(super) const DOUBTED: &str = "doubted";

/// The run of the machine: another one after each start of the kernel.
pub(super) fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Why a file isn't relied on, in words that go behind its name. `counted` = what the lock file says, read before the
/// state was: whoever writes counts first, and may have died before it wrote.
pub(super) fn doubt(
    connection: &Connection,
    path: &Path,
    counted: Option<u64>,
) -> rusqlite::Result<Option<&'static str>> {
    let meta = |key| meta::get(connection, key);
    let transactions = meta(TRANSACTIONS)?.and_then(|count| count.parse::<u64>().ok());
    // A file of an older format has none; one that nothing was written to needs no doubt.
    let has = transactions.or(meta("listed")?.map(|_| 0));
    if let (Some(has), Some(counted)) = (has, counted)
        && has.saturating_add(1) < counted
    {
        return Ok(Some("is older than it was, or has lost what was written last"));
    }
    let file = fs::metadata(path).ok().map(|file| lasting_id(&file));
    if meta(FILE)?.is_some_and(|written| file.is_some_and(|file| file != written)) {
        return Ok(Some("is a copy, or was put back"));
    }
    if meta(SENDING_SINCE)?.is_some_and(|since| boot().is_some_and(|boot| boot != since)) {
        return Ok(Some("may have lost what was written last: the machine stopped while changes were sent"));
    }
    Ok(None)
}

/// What a writer puts down when it opens the file, unless it is there: from now on it is this one. Gives how many
/// transactions it has.
pub(super) fn settle(
    connection: &mut Connection,
    path: &Path,
    counted: Option<u64>,
    doubt: Option<&'static str>,
) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    let has = meta::get(&transaction, TRANSACTIONS)?.and_then(|count| count.parse::<u64>().ok());
    let file = fs::metadata(path).ok().map(|file| lasting_id(&file));
    if let Some(has) = has.filter(|_| doubt.is_none())
        && meta::get(&transaction, FILE)? == file
    {
        return Ok(has);
    }
    let next = has.unwrap_or_default().max(counted.unwrap_or_default()) + 1;
    meta::set(&transaction, TRANSACTIONS, &next.to_string())?;
    file.map_or(Ok(()), |file| meta::set(&transaction, FILE, &file))?;
    if let Some(doubt) = doubt {
        meta::set(&transaction, DOUBTED, doubt)?;
        meta::remove(&transaction, SENDING_SINCE)?;
    }
    transaction.commit()?;
    Ok(next)
}
