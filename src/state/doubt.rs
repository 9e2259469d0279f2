//! Whether a state file is the one that was written last. What it says is relied on only then.
//!
//! Four things tell. The number of transactions is also in the lock file beside it: a state that has fewer was put
//! back, or has lost its log. When the lock file was changed is in the state: that is another time when both were put
//! back. The file's inode and time of birth are in the state: in a copy they are others'. And
//! while requests are sent, the state says in which run of the machine: after a power cut that is another one, and
//! what the kernel had not written yet is gone.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, Transaction};

use super::Key;
use super::identity::lasting_id;
use super::lock::Counted;
use super::place::Place;
use crate::clock::boot_id;

/// See [`Transactions`].
pub(super) const TRANSACTIONS: Key<Transactions> = Key::new("transactions", Transactions::write, Transactions::read);
/// Which file they were written to.
const FILE: Key<String> = Key::text("file");
/// The run of the machine in which requests were being sent.
const SENDING_SINCE: Key<String> = Key::text("sending_since");
/// Why nothing is relied on until it has been compared with what is there.
const DOUBTED: Key<String> = Key::text("doubted");
/// The same of orders, which are compared by passes of their own.
const ORDERS_DOUBTED: Key<String> = Key::text("orders_doubted");
/// What older formats, which count no transactions, have once something was written to them.
const USED: Key<String> = Key::text("listed");

/// How many transactions were written, and when the lock file was changed for the last of them.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// `None` = a file of an older format.
    pub(super) count: Option<u64>,
    /// Empty = that could not be told.
    pub(super) changed: String,
}

impl Transactions {
    fn write(&self) -> rusqlite::Result<String> {
        Ok(format!("{} {}", self.count.unwrap_or_default(), self.changed))
    }

    fn read(text: &str) -> Option<Transactions> {
        let (count, changed) = text.split_once(' ').unwrap_or((text, ""));
        Some(Transactions { count: count.parse().ok(), changed: changed.to_owned() })
    }
}

/// Changes are about to be sent: should the machine stop meanwhile, what was written last may be lost.
///
/// # Errors
/// When that can't be written.
pub fn begin_sending(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    boot_id().map_or(Ok(()), |boot| SENDING_SINCE.set(transaction, &boot))
}

/// All changes were sent, and what came of them is written.
///
/// # Errors
/// When that can't be written.
pub fn end_sending(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    SENDING_SINCE.remove(transaction)
}

/// The state was compared with what is there: it is relied on again.
///
/// # Errors
/// When that can't be written.
pub fn end_doubt(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    DOUBTED.remove(transaction)
}

/// The orders of the state were compared with those that there are.
///
/// # Errors
/// When that can't be written.
pub fn end_orders_doubt(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    ORDERS_DOUBTED.remove(transaction)
}

/// Whether an earlier writer found a reason for doubt, and nobody has compared the orders since.
pub(super) fn are_orders_doubted(connection: &Connection) -> rusqlite::Result<bool> {
    ORDERS_DOUBTED.is_set(connection)
}

/// Why it isn't relied on, as whoever opened it for writing has found.
pub(super) fn doubted(connection: &Connection) -> rusqlite::Result<Option<String>> {
    DOUBTED.get(connection)
}

/// What was sent last of a catalog may be nowhere written.
const STOPPED: &str = "may have lost what was written last: the machine stopped while changes were sent";

/// Why a file isn't relied on, in words that go behind its name. `counted` = what the lock file says, read before the
/// state was: whoever writes counts first, and may have died before it wrote.
pub(super) fn doubt(
    connection: &Connection,
    path: &Path,
    counted: Option<&Counted>,
) -> rusqlite::Result<Option<&'static str>> {
    let Transactions { count, changed } = TRANSACTIONS.get(connection)?.unwrap_or_default();
    let changed = Some(changed).filter(|changed| !changed.is_empty());
    // A file of an older format has none; one that nothing was written to needs no doubt.
    let has = count.or(USED.is_set(connection)?.then_some(0));
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
    if FILE.get(connection)?.is_some_and(|written| file.is_some_and(|file| file != written)) {
        return Ok(Some("is a copy, or was put back"));
    }
    if SENDING_SINCE.get(connection)?.is_some_and(|since| boot_id().is_some_and(|boot| boot != since)) {
        return Ok(Some(STOPPED));
    }
    Ok(None)
}

/// What a writer puts down when it opens the file: from now on it is this one. Gives how many transactions it has.
pub(super) fn settle(connection: &mut Connection, place: &Place, doubt: Option<&'static str>) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    let has = TRANSACTIONS.get(&transaction)?.unwrap_or_default().count;
    let counted = place.lock.found().map(|found| found.transactions);
    // One more than the state has, also where another start has counted that before it failed: as long as it is less
    // than that, it isn't asked when the lock file was changed.
    let (has, counted) = (has.unwrap_or_default(), counted.unwrap_or_default());
    // Where there is a doubt it is two more, so that it stays should this fail.
    let next = if doubt.is_some() { has.max(counted) + 2 } else { counted.max(has + 1) };
    let changed = place.lock.count(next).unwrap_or_default();
    TRANSACTIONS.set(&transaction, &Transactions { count: Some(next), changed })?;
    if let Ok(file) = fs::metadata(place.path()) {
        FILE.set(&transaction, &lasting_id(&file))?;
    }
    if let Some(doubt) = doubt {
        // What is kept of orders is on the disk before anything goes on.
        let doubted: &[Key<String>] = if doubt == STOPPED { &[DOUBTED] } else { &[DOUBTED, ORDERS_DOUBTED] };
        for key in doubted {
            key.set(&transaction, &doubt.to_owned())?;
        }
        SENDING_SINCE.remove(&transaction)?;
    }
    transaction.commit()?;
    Ok(next)
}
