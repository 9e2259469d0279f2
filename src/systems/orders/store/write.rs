//! Writing what a pass finds out at its end.

use jiff::Timestamp;
use rusqlite::params;
use serde_json::Value;

use super::{FIRST_READ, HELD, NAMES, READ_AT, READ_WHOLE, personal};
use crate::outbox::{NewEvent, Subscriber, post};
use crate::pass::{self, PassEntry};
use crate::state::{StateError, Writer, end_doubt, end_orders_doubt, json};

/// What a listing that is whole, and whose count agrees, doesn't have.
#[derive(Debug, Clone, Default)]
pub struct Vanished {
    /// Orders that are gone from now on.
    pub orders: Vec<i64>,
    /// What hooks are told of them.
    pub events: Vec<NewEvent>,
    /// Who is.
    pub subscribers: Vec<Subscriber>,
    /// The ids that are listed: others are not counted as too old any more.
    pub listed: Vec<i64>,
    /// How often each entry that is no order is listed: others are forgotten.
    pub aside: Vec<([u8; 16], u64)>,
}

/// What a pass leaves.
#[derive(Debug)]
pub struct OrdersEnd {
    /// Its row.
    pub pass: PassEntry,
    /// Whether it did what it was for.
    pub was_read: bool,
    /// Whether the listing was read to its end.
    pub to_the_end: bool,
    /// Whether nothing else is compared with NiceChat.
    pub is_alone: bool,
}

/// Writing what a pass finds out.
pub trait WriteOrders: AsRef<Writer> {
    /// Marks orders as gone, and erases what is personal of them.
    ///
    /// # Errors
    /// When it can't be written.
    fn orders_vanished(
        &self,
        vanished: Vanished,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_erasing(move |transaction| {
            let Vanished { orders, events, subscribers, listed, aside } = vanished;
            let sql = "UPDATE orders SET gone = ?2 WHERE gone IS NULL AND id IN (SELECT value FROM json_each(?1))";
            transaction.execute(sql, params![json(&orders)?, at.to_string()])?;
            events.iter().try_for_each(|event| post(transaction, &subscribers, event))?;
            if !orders.is_empty() {
                personal::forget(transaction, &orders)?;
            }
            let sql = "DELETE FROM order_old WHERE id NOT IN (SELECT value FROM json_each(?1))";
            transaction.execute(sql, [json(&listed)?])?;
            transaction.execute("UPDATE order_aside SET times = 0", [])?;
            for (hash, times) in aside {
                let times = i64::try_from(times).unwrap_or(i64::MAX);
                transaction.execute("UPDATE order_aside SET times = ?2 WHERE hash = ?1", params![hash, times])?;
            }
            transaction.execute("DELETE FROM order_aside WHERE times = 0", []).map(|_| ())
        })
    }

    /// What the guard holds from now on; `None` = nothing.
    ///
    /// # Errors
    /// When it can't be written.
    fn hold_orders(&self, held: Option<Value>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| match &held {
            Some(held) => HELD.set(transaction, held),
            None => HELD.remove(transaction),
        })
    }

    /// Names of fields have been told of.
    ///
    /// # Errors
    /// When it can't be written.
    fn names_are_told(&self, names: Vec<String>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| NAMES.set(transaction, &names))
    }

    /// Whether the next pass has to read the whole listing.
    ///
    /// # Errors
    /// When it can't be written.
    fn read_whole_next(&self, must: bool) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(
            move |transaction| {
                if must { READ_WHOLE.set(transaction, &true) } else { READ_WHOLE.remove(transaction) }
            },
        )
    }

    /// The end of a pass.
    ///
    /// # Errors
    /// When it can't be written.
    fn finish_orders(&self, end: OrdersEnd) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let OrdersEnd { pass, was_read, to_the_end, is_alone } = end;
            if was_read {
                READ_AT.set(transaction, &pass.row.finished.at)?;
            }
            if to_the_end {
                FIRST_READ.set_first(transaction, &pass.row.finished.at)?;
                end_orders_doubt(transaction)?;
                // Nobody else compares anything.
                if is_alone {
                    end_doubt(transaction)?;
                }
            }
            pass::record(transaction, &pass)
        })
    }
}

impl WriteOrders for Writer {}
