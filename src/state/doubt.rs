//! Whether a state file is the one that was written last. What it says of NiceChat is relied on only then.
//!
//! Four things tell. The number of transactions is also in the lock file beside it: a state that has fewer was put
//! back, or has lost its log. When the lock file was changed is in the state: that is another time when both were put
//! back. The file's inode and time of birth are in the state: in a copy they are others'. And
//! while requests are sent, the state says in which run of the machine: after a power cut that is another one, and
//! what the kernel had not written yet is gone.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::identity::lasting_id;
use super::lock::Counted;
use super::meta;
use super::place::Place;

/// How many transactions were written, and when the lock file was changed for the last of them.
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
    counted: Option<&Counted>,
) -> rusqlite::Result<Option<&'static str>> {
    let meta = |key| meta::get(connection, key);
    let (transactions, changed) = transactions(connection)?;
    // A file of an older format has none; one that nothing was written to needs no doubt.
    let has = transactions.or(meta("listed")?.map(|_| 0));
    match (has, &changed, counted) {
        (Some(has), _, Some(counted)) if has.saturating_add(1) < counted.transactions => {
            return Ok(Some("is older than it was, or has lost what was written last"));
        }
        (Some(has), Some(changed), Some(counted)) if has == counted.transactions && !counted.is_of(changed) => {
            return Ok(Some("was put back together with what lies beside it"));
        }
        (_, Some(_), None) => {
            return Ok(Some("has lost the file .lock beside it, which tells whether it is the last one"));
        }
        _ => {}
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

/// How many transactions were written, and when the lock file was changed for the last of them.
fn transactions(connection: &Connection) -> rusqlite::Result<(Option<u64>, Option<String>)> {
    let text = meta::get(connection, TRANSACTIONS)?.unwrap_or_default();
    let (count, changed) = text.split_once(' ').unwrap_or((&text, ""));
    Ok((count.parse().ok(), Some(changed.to_owned()).filter(|changed| !changed.is_empty())))
}

/// What [`TRANSACTIONS`] holds.
pub(super) fn written(transactions: u64, changed: &str) -> String {
    format!("{transactions} {changed}")
}

/// What a writer puts down when it opens the file: from now on it is this one. Gives how many transactions it has.
pub(super) fn settle(connection: &mut Connection, place: &Place, doubt: Option<&'static str>) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    let (has, _) = transactions(&transaction)?;
    let counted = place.lock.found().map(|found| found.transactions);
    let next = has.unwrap_or_default().max(counted.unwrap_or_default()) + u64::from(doubt.is_some() || has.is_none());
    let changed = place.lock.count(next).unwrap_or_default();
    meta::set(&transaction, TRANSACTIONS, &written(next, &changed))?;
    if let Ok(file) = fs::metadata(place.path()) {
        meta::set(&transaction, FILE, &lasting_id(&file))?;
    }
    if let Some(doubt) = doubt {
        meta::set(&transaction, DOUBTED, doubt)?;
        meta::remove(&transaction, SENDING_SINCE)?;
    }
    transaction.commit()?;
    Ok(next)
}
