//! Writing a page of the listing, all of it at once.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::read::counts;
use super::{Counts, Incoming, personal};
use crate::order::Order;
use crate::outbox::{Subscriber, post};
use crate::state::{StateError, Writer, json};

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its orders.
    pub orders: Vec<Incoming>,
    /// What is no order: its digest, what is wrong, and how often the pass has met it.
    pub aside: Vec<([u8; 16], &'static str, u64)>,
    /// Now.
    pub at: Timestamp,
    /// Orders from before that are not held.
    pub oldest: Timestamp,
    /// Of orders from before that nothing personal is kept.
    pub personal_since: Timestamp,
    /// Who is told of what is new.
    pub subscribers: Vec<Subscriber>,
}

/// What writing a page came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PagePut {
    /// Orders that were not there before, in the order of their dates.
    pub new: Vec<i64>,
    /// Orders that are otherwise than they were, or there again.
    pub changed: Vec<i64>,
    /// How many entries are newly set aside.
    pub aside: u64,
    /// How many there are now.
    pub counts: Counts,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Changed,
    Same,
    TooOld,
}

/// Writing pages.
pub trait WritePages: AsRef<Writer> {
    /// Writes a page.
    ///
    /// # Errors
    /// When it can't be written.
    fn put_orders(&self, page: Page) -> impl Future<Output = Result<PagePut, StateError>> + Send {
        // An address that replaces another one leaves nothing of that.
        self.as_ref().run_erasing(move |transaction| {
            let Page { mut orders, aside, at, oldest, personal_since, subscribers } = page;
            let mut put = PagePut::default();
            orders.sort_by_key(|incoming| (incoming.order.date.unwrap_or(at), incoming.order.id));
            for incoming in &orders {
                let id = incoming.order.id;
                match put_order(transaction, incoming, at, (oldest, personal_since))? {
                    Fate::New => {
                        put.new.push(id);
                        if let Some(event) = &incoming.event {
                            post(transaction, &subscribers, event)?;
                        }
                    }
                    Fate::Changed => put.changed.push(id),
                    Fate::Same | Fate::TooOld => {}
                }
            }
            for (hash, why, times) in aside {
                let sql = "UPDATE order_aside SET times = max(times, ?2) WHERE hash = ?1";
                let times = i64::try_from(times).unwrap_or(i64::MAX);
                if transaction.execute(sql, params![hash, times])? == 0 {
                    let sql = "INSERT INTO order_aside (hash, why, times, since) VALUES (?1, ?2, ?3, ?4)";
                    transaction.execute(sql, params![hash, why, times, at.to_string()])?;
                    put.aside += 1;
                }
            }
            put.counts = counts(transaction)?;
            Ok(put)
        })
    }
}

impl WritePages for Writer {}

/// When an order was made, as far as anybody knows.
fn sold(order: &Order, first_seen: Timestamp) -> i64 {
    order.date.unwrap_or(first_seen).as_millisecond()
}

fn put_order(
    transaction: &Transaction<'_>,
    incoming: &Incoming,
    at: Timestamp,
    (oldest, personal_since): (Timestamp, Timestamp),
) -> rusqlite::Result<Fate> {
    let Incoming { order, known, .. } = incoming;
    let old = stored(transaction, order.id)?;
    let first_seen = old.as_ref().map_or(at, |old| old.first_seen);
    let sold = sold(order, first_seen);
    let sql = "SELECT count(*) FROM order_old WHERE id = ?1";
    let was_old = transaction.prepare_cached(sql)?.query_row([order.id], |row| row.get::<_, i64>(0))? > 0;
    // One without a date was too old by the time when it came, which is forgotten.
    if sold < oldest.as_millisecond() || (was_old && order.date.is_none()) {
        personal::drop_order(transaction, order.id)?;
        transaction.prepare_cached("INSERT OR IGNORE INTO order_old (id) VALUES (?1)")?.execute([order.id])?;
        return Ok(Fate::TooOld);
    }
    transaction.prepare_cached("DELETE FROM order_old WHERE id = ?1")?.execute([order.id])?;
    personal::put_emails(transaction, incoming)?;
    let body = json(order)?;
    let is_recent = sold >= personal_since.as_millisecond();
    let is_same_person = !is_recent || personal::put(transaction, incoming)?;
    let Some(old) = old else {
        let sql = "INSERT INTO orders (id, sold, body, known, first_seen) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![order.id, sold, body, json(known)?, at.to_string()];
        transaction.prepare_cached(sql)?.execute(row)?;
        // What other settings left out is no news.
        return Ok(if was_old { Fate::Changed } else { Fate::New });
    };
    if old.body == body && !old.is_gone {
        return Ok(if is_same_person { Fate::Same } else { Fate::Changed });
    }
    let known = if old.body == body { None } else { Some(json(known)?) };
    let sql = "UPDATE orders SET sold = ?2, body = ?3, known = coalesce(?4, known), gone = NULL WHERE id = ?1";
    transaction.prepare_cached(sql)?.execute(params![order.id, sold, body, known])?;
    Ok(Fate::Changed)
}

struct Stored {
    body: String,
    first_seen: Timestamp,
    is_gone: bool,
}

fn stored(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<Stored>> {
    let sql = "SELECT body, first_seen, gone IS NOT NULL FROM orders WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Stored { body: row.get(0)?, first_seen: super::read::time(row, 1)?, is_gone: row.get(2)? })
    };
    transaction.prepare_cached(sql)?.query_row([id], read).optional()
}
