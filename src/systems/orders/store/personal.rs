//! What is kept of persons, and erasing it so that it is in no byte of the file.
//!
//! SQLite moves rows between pages and leaves copies where they were. With `secure_delete` a page that is given free is
//! filled with zeros, so the table is emptied as a whole and what stays is written anew: whatever was left in any of its
//! pages is gone. Then the log is cut, which has the pages as they were.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::Value;

use super::{COPIES, Incoming, KEPT, Personal, UNCUT};
use crate::outbox::{forget_personal, forget_personal_of, with_personal};
use crate::state::{StateError, Writer, json};

/// The part that is as of the moment of asking: that it differs is no change.
const CLIENT: &str = "client";
/// What each visit changes of it.
const OF_VISITS: [&str; 3] = ["chats", "latest", "visits"];
/// The parts whose e-mail addresses are remembered.
const ADDRESSES: [&str; 2] = ["billing_address", "shipping_address"];

/// What may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalRules {
    /// The names of the parts.
    pub keep: Vec<String>,
    /// How long, from the order's date on, in days.
    pub days: u32,
    /// Whether digests of e-mail addresses are.
    pub emails: bool,
    /// Orders from before that are not held at all.
    pub oldest: Timestamp,
}

/// What was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Orders of which something personal was.
    pub orders: u64,
    /// Orders that are too old now.
    pub old: u64,
}

impl PersonalRules {
    /// The moment from which on an order's persons are kept.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        // Not even those of an order that is said to come from the future.
        if self.days == 0 {
            return Timestamp::MAX;
        }
        now.checked_sub(SignedDuration::from_hours(24 * i64::from(self.days))).unwrap_or(Timestamp::MIN)
    }
}

/// Erasing what is personal.
pub trait ErasePersonal: AsRef<Writer> {
    /// Erases whatever may not be kept any more. It stays in the log until that is cut.
    ///
    /// # Errors
    /// When it can't be written.
    fn erase_personal(
        &self,
        rules: PersonalRules,
        now: Timestamp,
    ) -> impl Future<Output = Result<Erased, StateError>> + Send {
        self.as_ref().run_erasing(move |transaction| {
            let old = drop_old(transaction, &rules)?;
            if !rules.emails {
                transaction.execute("DELETE FROM order_email", [])?;
            }
            let before = KEPT.get(transaction)?.unwrap_or_default();
            let has_other_words = before != rules.keep;
            let has_less_words = before.iter().any(|word| !rules.keep.contains(word));
            if has_other_words {
                KEPT.set(transaction, &rules.keep)?;
            }
            let since = rules.since(now).as_millisecond();
            let sql = "SELECT count(*) FROM order_personal LEFT JOIN orders USING (id)
                       WHERE orders.id IS NULL OR gone IS NOT NULL OR sold < ?1";
            let over: i64 = transaction.query_row(sql, [since], |row| row.get(0))?;
            let orders =
                if over > 0 || old > 0 || has_other_words { rebuild(transaction, &rules.keep, since)? } else { 0 };
            let over = too_old(transaction, &with_personal(transaction)?, since)?;
            let events =
                forget_personal(transaction, now, has_less_words)? + forget_personal_of(transaction, &json(&over)?)?;
            if orders > 0 || old > 0 || events > 0 {
                UNCUT.set(transaction, &true)?;
            }
            Ok(Erased { orders, old })
        })
    }

    /// Erases the copies that the table's pages have of what is not in it any more. The log has them until it is cut.
    ///
    /// # Errors
    /// When it can't be written.
    fn erase_copies(&self) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_erasing(|transaction| {
            let keep = KEPT.get(transaction)?.unwrap_or_default();
            rebuild(transaction, &keep, i64::MIN).map(|_| ())
        })
    }

    /// The log was cut: what was erased is in no byte any more.
    ///
    /// # Errors
    /// When it can't be written.
    fn log_was_cut(&self) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(|transaction| UNCUT.remove(transaction))
    }
}

impl ErasePersonal for Writer {}

/// Of these orders, those whose persons are not kept any more: how long they are may be another time than when their
/// events were written. Each was held when its event was written: one that is not any more is too old for that, too.
fn too_old(transaction: &Transaction<'_>, ids: &[i64], since: i64) -> rusqlite::Result<Vec<i64>> {
    let mut is_kept = transaction.prepare("SELECT EXISTS (SELECT 1 FROM orders WHERE id = ?1 AND sold >= ?2)")?;
    let mut too_old = Vec::new();
    for id in ids {
        if !is_kept.query_row([*id, since], |row| row.get::<_, bool>(0))? {
            too_old.push(*id);
        }
    }
    Ok(too_old)
}

/// Empties the table, and writes what stays anew. Gives of how many orders something is gone.
fn rebuild(transaction: &Transaction<'_>, keep: &[String], since: i64) -> rusqlite::Result<u64> {
    let mut all: BTreeMap<i64, (String, bool)> = BTreeMap::new();
    {
        let sql = "SELECT order_personal.id, order_personal.body,
                          coalesce(orders.id IS NOT NULL AND gone IS NULL AND sold >= ?1, FALSE)
                   FROM order_personal LEFT JOIN orders USING (id)";
        let mut statement = transaction.prepare(sql)?;
        let mut rows = statement.query([since])?;
        while let Some(row) = rows.next()? {
            all.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
    }
    // Without a condition all pages are given free at once, and filled with zeros.
    transaction.execute("DELETE FROM order_personal", [])?;
    COPIES.remove(transaction)?;
    let mut gone = 0;
    let mut insert = transaction.prepare("INSERT INTO order_personal (id, body) VALUES (?1, ?2)")?;
    for (id, (body, stays)) in all {
        let parts: Personal = serde_json::from_str(&body).unwrap_or_default();
        let before = parts.len();
        let kept: Personal = parts.into_iter().filter(|(name, _)| stays && keep.contains(name)).collect();
        gone += u64::from(kept.len() < before);
        if !kept.is_empty() {
            insert.execute(params![id, json(&kept)?])?;
        }
    }
    Ok(gone)
}

/// Orders that are too old are not held any more. Those that are listed still count.
fn drop_old(transaction: &Transaction<'_>, rules: &PersonalRules) -> rusqlite::Result<u64> {
    let oldest = rules.oldest.as_millisecond();
    let sql = "INSERT OR IGNORE INTO order_old (id) SELECT id FROM orders WHERE sold < ?1 AND gone IS NULL";
    transaction.execute(sql, [oldest])?;
    let sql = "DELETE FROM order_email WHERE id IN (SELECT id FROM orders WHERE sold < ?1)";
    transaction.execute(sql, [oldest])?;
    Ok(transaction.execute("DELETE FROM orders WHERE sold < ?1", [oldest])? as u64)
}

/// What is held of an order is not any more.
pub(super) fn drop_order(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    for sql in ["DELETE FROM orders WHERE id = ?1", "DELETE FROM order_email WHERE id = ?1"] {
        transaction.prepare_cached(sql)?.execute([id])?;
    }
    forget(transaction, &[id])
}

/// Erases what is personal of these orders; their digests are erased by whoever has them.
pub(super) fn forget(transaction: &Transaction<'_>, ids: &[i64]) -> rusqlite::Result<()> {
    let ids = json(ids)?;
    let sql = "DELETE FROM order_email WHERE id IN (SELECT value FROM json_each(?1))";
    transaction.execute(sql, [&ids])?;
    if forget_personal_of(transaction, &ids)? > 0 {
        UNCUT.set(transaction, &true)?;
    }
    let sql = "DELETE FROM order_personal WHERE id IN (SELECT value FROM json_each(?1))";
    if transaction.execute(sql, [&ids])? > 0 { owe_erasing(transaction) } else { Ok(()) }
}

/// The table has something no more: its copies are erased at the end of the pass, once, or by the next one.
fn owe_erasing(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    COPIES.set(transaction, &true)?;
    UNCUT.set(transaction, &true)
}

/// Remembers whose an order is: as long as it is held and listed, and has the address.
pub(super) fn put_emails(transaction: &Transaction<'_>, incoming: &Incoming) -> rusqlite::Result<()> {
    // What an address has that can't be read, nobody knows.
    let all_known = !incoming.unreadable.iter().any(|part| ADDRESSES.contains(&part.as_str()));
    let mut had = transaction.prepare_cached("SELECT hash FROM order_email WHERE id = ?1")?;
    let had: Vec<[u8; 16]> = had.query_map([incoming.order.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for hash in had.iter().filter(|hash| all_known && !incoming.emails.contains(hash)) {
        let sql = "DELETE FROM order_email WHERE hash = ?1 AND id = ?2";
        transaction.prepare_cached(sql)?.execute(params![hash, incoming.order.id])?;
    }
    let sql = "INSERT OR IGNORE INTO order_email (hash, id) VALUES (?1, ?2)";
    let mut insert = transaction.prepare_cached(sql)?;
    incoming.emails.iter().try_for_each(|hash| insert.execute(params![hash, incoming.order.id]).map(|_| ()))
}

/// Writes what is kept of an order's persons; gives whether that is the same as before.
pub(super) fn put(transaction: &Transaction<'_>, incoming: &Incoming) -> rusqlite::Result<bool> {
    let Incoming { order, personal, unreadable, .. } = incoming;
    let sql = "SELECT body FROM order_personal WHERE id = ?1";
    let old = transaction.prepare_cached(sql)?.query_row([order.id], |row| row.get::<_, String>(0)).optional()?;
    let old: Personal = old.and_then(|old| serde_json::from_str(&old).ok()).unwrap_or_default();
    let mut new = personal.clone().unwrap_or_default();
    new.extend(unreadable.iter().filter_map(|part| Some((part.clone(), old.get(part)?.clone()))));
    if old == new {
        return Ok(true);
    }
    if new.is_empty() {
        transaction.prepare_cached("DELETE FROM order_personal WHERE id = ?1")?.execute([order.id])?;
    } else {
        let sql = "INSERT OR REPLACE INTO order_personal (id, body) VALUES (?1, ?2)";
        transaction.prepare_cached(sql)?.execute(params![order.id, json(&new)?])?;
    }
    let is_emptied = old.iter().any(|(name, part)| !is_empty(Some(part)) && is_empty(new.get(name)));
    if is_emptied {
        // They are gone at NiceChat, so nobody is told of them either.
        forget_personal_of(transaction, &json(&[order.id])?)?;
    }
    if is_emptied || has_less(&old, &new) {
        owe_erasing(transaction)?;
    }
    // A word that is newly kept is no change of the order.
    Ok(old.iter().all(|(name, value)| name == CLIENT || new.get(name) == Some(value)))
}

/// Whether a part says nothing.
fn is_empty(part: Option<&Value>) -> bool {
    part.and_then(Value::as_object).is_none_or(Personal::is_empty)
}

/// Whether a field is not there any more as it was, but for what each visit changes.
fn has_less(old: &Personal, new: &Personal) -> bool {
    old.iter().any(|(name, part)| {
        let now = new.get(name);
        let stays = |(field, value): (&String, &Value)| {
            let is_of_visits = name == CLIENT && OF_VISITS.contains(&field.as_str());
            is_of_visits || now.and_then(|now| now.get(field)) == Some(value)
        };
        !part.as_object().into_iter().flatten().all(stays)
    })
}
