//! Writing what becomes of events.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::Value;

use super::read::{event, time};
use super::{AddedEvent, ChangeKind, HELD, Mirrored, OwnEvent, PendingAdd, REMEMBERED, RefusedAdd};
use crate::event::Event;
use crate::pass::{self, PassEntry};
use crate::state::{StateError, Writer, json};

/// Writing what becomes of events.
pub trait WriteEvents: AsRef<Writer> {
    /// Makes the mirror equal to a whole listing, and remembers what that changes for so many days.
    ///
    /// # Errors
    /// When it can't be written.
    fn mirror(
        &self,
        place: String,
        events: Vec<Event>,
        at: Timestamp,
        history_days: u32,
    ) -> impl Future<Output = Result<Mirrored, StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let mut mirrored = Mirrored::default();
            let sql = "SELECT id FROM event WHERE place = ?1 ORDER BY id";
            let mut known = transaction.prepare_cached(sql)?;
            let mut gone: Vec<i64> = known.query_map([&place], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for event in &events {
                match put(transaction, &place, event, at)? {
                    Some(ChangeKind::Added) => mirrored.added += 1,
                    Some(ChangeKind::Changed) => mirrored.changed += 1,
                    Some(ChangeKind::Removed) | None => {}
                }
                if let Ok(position) = gone.binary_search(&event.id()) {
                    gone.remove(position);
                }
            }
            for id in gone {
                take(transaction, &place, id, at)?;
                mirrored.removed += 1;
            }
            let sql = "INSERT INTO event_mirror (place, mirrored_at) VALUES (?1, ?2)
                       ON CONFLICT (place) DO UPDATE SET mirrored_at = excluded.mirrored_at";
            transaction.execute(sql, params![place, at.to_string()])?;
            forget_before(transaction, at, history_days)?;
            Ok(mirrored)
        })
    }

    /// Replaces what is known of our events in a store: what a listing taught. `adds` are those that it
    /// left in doubt; what became of the others is known by it.
    ///
    /// # Errors
    /// When it can't be written.
    fn set_own_events(
        &self,
        store: String,
        own: Vec<OwnEvent>,
        adds: Vec<PendingAdd>,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            for sql in ["DELETE FROM event_own WHERE store = ?1", "DELETE FROM event_add WHERE store = ?1"] {
                transaction.execute(sql, [&store])?;
            }
            own.iter().try_for_each(|own| put_own(transaction, &store, own))?;
            adds.iter().try_for_each(|add| put_add(transaction, &store, add))
        })
    }

    /// Events of ours in stores other than these are left where they are, and forgotten after a while. Gives how
    /// many newly are, by the store's name.
    ///
    /// # Errors
    /// When it can't be written.
    fn leave_behind(
        &self,
        stores: Vec<String>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<(String, u64)>, StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let stores = json(&stores)?;
            let elsewhere = "store NOT IN (SELECT value FROM json_each(?1))";
            let sql =
                format!("SELECT store, count(*) FROM event_own WHERE gone_at IS NULL AND {elsewhere} GROUP BY store");
            let count = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
            let left = transaction.prepare(&sql)?.query_map([&stores], count)?.collect::<Result<Vec<_>, _>>()?;
            let sql = format!("UPDATE event_own SET gone_at = ?2 WHERE gone_at IS NULL AND {elsewhere}");
            transaction.execute(&sql, params![stores, now.to_string()])?;
            if let Ok(oldest) = now.checked_sub(REMEMBERED) {
                let sql = format!("DELETE FROM event_own WHERE gone_at < ?2 AND {elsewhere}");
                transaction.execute(&sql, params![stores, oldest.to_string()])?;
            }
            Ok(left)
        })
    }

    /// Writes an add down before it is sent.
    ///
    /// # Errors
    /// When it can't be written.
    fn intend_add(&self, store: String, add: PendingAdd) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| put_add(transaction, &store, &add))
    }

    /// An event of ours is there. What had its key before is for nothing any more.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_added(&self, store: String, added: AddedEvent) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let AddedEvent { own, lost, mirror, succeeds } = added;
            transaction
                .execute("UPDATE event_own SET key = NULL WHERE store = ?1 AND key = ?2", params![store, own.key])?;
            put_own(transaction, &store, &own)?;
            settle_add(transaction, &store, own.key.as_deref(), lost)?;
            transaction.execute("DELETE FROM event_refused WHERE store = ?1 AND key = ?2", params![store, own.key])?;
            if let Some((old, copies)) = succeeds {
                let sql = "UPDATE event_own SET key = ?1
                           WHERE key = ?2 AND store IN (SELECT value FROM json_each(?3))";
                transaction.execute(sql, params![own.id.to_string(), old.to_string(), json(&copies)?])?;
            }
            match mirror {
                Some((place, event)) => put(transaction, &place, &event, Timestamp::now()).map(|_| ()),
                None => Ok(()),
            }
        })
    }

    /// Lagerkoll refuses an event as it is. `lost` = how many earlier tries may have added it.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_refused(
        &self,
        store: String,
        refused: RefusedAdd,
        lost: u32,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let RefusedAdd { key, sent, reason, since } = refused;
            settle_add(transaction, &store, Some(&key), lost)?;
            let sql = "INSERT OR REPLACE INTO event_refused (store, key, sent, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.execute(sql, params![store, key, json(&sent)?, reason, since.to_string()]).map(|_| ())
        })
    }

    /// Forgets what is refused in a store, but for these keys.
    ///
    /// # Errors
    /// When it can't be written.
    fn keep_refused(&self, store: String, keys: Vec<String>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let sql = "DELETE FROM event_refused WHERE store = ?1 AND key NOT IN (SELECT value FROM json_each(?2))";
            transaction.execute(sql, params![store, json(&keys)?]).map(|_| ())
        })
    }

    /// An event of ours is there no more. `place` = whose mirror it was in.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_removed(
        &self,
        store: String,
        id: i64,
        place: Option<String>,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            transaction.execute("DELETE FROM event_own WHERE store = ?1 AND id = ?2", params![store, id])?;
            place.map_or(Ok(()), |place| take(transaction, &place, id, Timestamp::now()))
        })
    }

    /// An event of ours is said to be there no more. Should a listing have it again, it is ours to remove.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_missing(
        &self,
        store: String,
        id: i64,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let sql = "UPDATE event_own SET key = NULL, gone_at = ?3 WHERE store = ?1 AND id = ?2";
            transaction.execute(sql, params![store, id, now.to_string()]).map(|_| ())
        })
    }

    /// The end of a pass over the events: its row.
    ///
    /// # Errors
    /// When it can't be written.
    fn finish_mirror(
        &self,
        pass: PassEntry,
        held: Option<Option<Value>>,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            match held {
                Some(Some(held)) => HELD.set(transaction, &(pass.subject.clone(), held))?,
                Some(None) => HELD.remove(transaction)?,
                None => {}
            }
            transaction.execute("INSERT OR IGNORE INTO event_mirror (place) VALUES (?1)", [&pass.subject])?;
            pass::record(transaction, &pass)
        })
    }
}

impl WriteEvents for Writer {}

/// Puts an event into a mirror, and remembers what that changed.
fn put(
    transaction: &Transaction<'_>,
    place: &str,
    event: &Event,
    at: Timestamp,
) -> rusqlite::Result<Option<ChangeKind>> {
    let old = mirrored(transaction, place, event.id())?;
    let kind = match &old {
        Some(old) if old == event => return Ok(None),
        Some(_) => ChangeKind::Changed,
        None => ChangeKind::Added,
    };
    let sql = "INSERT OR REPLACE INTO event (place, id, body) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![place, event.id(), event.to_json().to_string()])?;
    remember(transaction, place, at, (kind, old.as_ref(), Some(event)))?;
    Ok(Some(kind))
}

/// Takes an event out of a mirror, and remembers what it was.
fn take(transaction: &Transaction<'_>, place: &str, id: i64, at: Timestamp) -> rusqlite::Result<()> {
    let Some(old) = mirrored(transaction, place, id)? else { return Ok(()) };
    transaction.execute("DELETE FROM event WHERE place = ?1 AND id = ?2", params![place, id])?;
    remember(transaction, place, at, (ChangeKind::Removed, Some(&old), None))
}

fn mirrored(transaction: &Transaction<'_>, place: &str, id: i64) -> rusqlite::Result<Option<Event>> {
    let sql = "SELECT body FROM event WHERE place = ?1 AND id = ?2";
    transaction.prepare_cached(sql)?.query_row(params![place, id], |row| event(row, 0)).optional()
}

fn remember(
    transaction: &Transaction<'_>,
    place: &str,
    at: Timestamp,
    (kind, old, new): (ChangeKind, Option<&Event>, Option<&Event>),
) -> rusqlite::Result<()> {
    let body = |event: Option<&Event>| event.map(|event| event.to_json().to_string());
    let sql = "INSERT INTO event_change (place, at, change, old, new) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = params![place, at.to_string(), kind, body(old), body(new)];
    transaction.prepare_cached(sql)?.execute(row).map(|_| ())
}

/// Forgets changes of all places that are older than so many days. Rows are in the order of time, but for
/// a clock that was set back: the first one that is young enough ends the search. One that is yet to come was written
/// by a clock ahead, and is as old as those about it.
fn forget_before(transaction: &Transaction<'_>, now: Timestamp, days: u32) -> rusqlite::Result<()> {
    let Ok(oldest) = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))) else { return Ok(()) };
    let mut last = None;
    {
        let mut statement = transaction.prepare_cached("SELECT entry, at FROM event_change ORDER BY entry")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let at = time(row, 1)?;
            if (oldest..=now).contains(&at) {
                break;
            }
            if at < oldest {
                last = Some(row.get::<_, i64>(0)?);
            }
        }
    }
    transaction.execute("DELETE FROM event_change WHERE entry <= ?1", [last]).map(|_| ())
}

fn put_own(transaction: &Transaction<'_>, store: &str, own: &OwnEvent) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO event_own (store, id, key, sent, seen, gone_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (seen, gone) = (own.seen.as_ref().map(json).transpose()?, own.gone.map(|gone| gone.to_string()));
    transaction.prepare_cached(sql)?.execute(params![store, own.id, own.key, json(&own.sent)?, seen, gone]).map(|_| ())
}

fn put_add(transaction: &Transaction<'_>, store: &str, add: &PendingAdd) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO event_add (store, key, sent, twins, tries) VALUES (?1, ?2, ?3, ?4, ?5)";
    transaction.execute(sql, params![store, add.key, json(&add.sent)?, json(&add.before)?, add.tries]).map(|_| ())
}

/// An add is over, except for this many tries whose outcome is unknown.
fn settle_add(transaction: &Transaction<'_>, store: &str, key: Option<&str>, lost: u32) -> rusqlite::Result<()> {
    if lost == 0 {
        transaction.execute("DELETE FROM event_add WHERE store = ?1 AND key = ?2", params![store, key])?;
    } else {
        let sql = "UPDATE event_add SET tries = ?3 WHERE store = ?1 AND key = ?2";
        transaction.execute(sql, params![store, key, lost])?;
    }
    Ok(())
}
