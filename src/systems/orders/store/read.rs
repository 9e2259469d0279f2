//! Reading what is known of orders.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Aside, COPIES, Counts, FIRST_READ, HELD, HeldOrder, NAMES, READ_AT, READ_WHOLE, UNCUT};
use crate::state::{ORDERS_SINCE, Reader, StateError, limit};

/// Which orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrdersFilter {
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// Whether what is kept of persons is read.
    pub personal: bool,
}

/// Where an order is among the others: when it was sold, in milliseconds, and its id.
type Place = (i64, i64);

const COLUMNS: &str = "orders.body, known, first_seen, gone, order_personal.body
                       FROM orders LEFT JOIN order_personal ON order_personal.id = orders.id";

/// Reading orders.
pub trait ReadOrders: AsRef<Reader> {
    /// Gives each order, the earliest first.
    ///
    /// # Errors
    /// When the file can't be read, or `each` fails.
    fn each_order<E: From<StateError>>(
        &self,
        filter: OrdersFilter,
        each: impl FnMut(HeldOrder) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(());
        }
        let since = filter.since.map_or(i64::MIN, Timestamp::as_millisecond);
        let until = filter.until.map_or(i64::MAX, Timestamp::as_millisecond);
        let sql = format!("SELECT {COLUMNS} WHERE sold >= ?1 AND sold < ?2 ORDER BY sold, orders.id");
        self.as_ref().each(&sql, [since, until], |row| held_order(row, filter.personal), each)
    }

    /// At most so many orders, the latest first: those before a place that an earlier page gave, each with its place.
    /// Nothing of persons is read.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_page(
        &self,
        filter: OrdersFilter,
        (sold, id): Place,
        most: usize,
    ) -> Result<Vec<(Place, HeldOrder)>, StateError> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(Vec::new());
        }
        let since = filter.since.map_or(i64::MIN, Timestamp::as_millisecond);
        let until = filter.until.map_or(i64::MAX, Timestamp::as_millisecond);
        let sql = "SELECT body, known, first_seen, gone, NULL, sold, id FROM orders
                   WHERE (sold, id) < (?1, ?2) AND sold >= ?3 AND sold < ?4 ORDER BY sold DESC, id DESC LIMIT ?5";
        let parameters = params![sold, id, since, until, limit(most as u64)];
        self.as_ref().all(sql, parameters, |row| Ok(((row.get(5)?, row.get(6)?), held_order(row, false)?)))
    }

    /// How many orders there were on each day from a moment on that are listed still: days since 1970, UTC; `None` = of
    /// those that NiceChat gives no date of, and that were seen first since then.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_by_day(&self, since: Timestamp) -> Result<Vec<(Option<i64>, u64)>, StateError> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(Vec::new());
        }
        let sql = "SELECT iif(json_extract(body, '$.date') IS NULL, NULL, sold / 86400000), count(*) FROM orders
                   WHERE sold >= ?1 AND gone IS NULL GROUP BY 1 ORDER BY 1";
        let of = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
        self.as_ref().all(sql, [since.as_millisecond()], of)
    }

    /// The orders with this id, else those with this number.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_called(&self, name: &str, personal: bool) -> Result<Vec<HeldOrder>, StateError> {
        let reader = self.as_ref();
        if reader.version() < ORDERS_SINCE {
            return Ok(Vec::new());
        }
        // (A shop may have numbers such as 000000030.)
        let by_id = match name.parse::<i64>().ok().filter(|id| id.to_string() == name) {
            Some(id) => {
                let sql = format!("SELECT {COLUMNS} WHERE orders.id = ?1");
                reader.all(&sql, [id], |row| held_order(row, personal))?
            }
            None => Vec::new(),
        };
        if !by_id.is_empty() {
            return Ok(by_id);
        }
        numbered(reader, name, personal)
    }

    /// The orders with this number of the shop's.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_numbered(&self, number: &str) -> Result<Vec<HeldOrder>, StateError> {
        let reader = self.as_ref();
        if reader.version() < ORDERS_SINCE { Ok(Vec::new()) } else { numbered(reader, number, false) }
    }

    /// Whether an order is known, listed or not, held or too old.
    ///
    /// # Errors
    /// When the file can't be read.
    fn holds_order(&self, id: i64) -> Result<bool, StateError> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM orders WHERE id = ?1) OR EXISTS (SELECT 1 FROM order_old WHERE id = ?1)";
        self.as_ref().one(sql, [id], |row| row.get(0))
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the file can't be read.
    fn order_counts(&self) -> Result<Counts, StateError> {
        if self.as_ref().version() < ORDERS_SINCE { Ok(Counts::default()) } else { self.as_ref().read(counts) }
    }

    /// Entries that were set aside, the first first.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_aside(&self) -> Result<Vec<Aside>, StateError> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(Vec::new());
        }
        self.as_ref().all("SELECT hash, why, times, since FROM order_aside ORDER BY since, hash", [], |row| {
            let times: i64 = row.get(2)?;
            Ok(Aside { hash: row.get(0)?, why: row.get(1)?, times: times.unsigned_abs(), since: time(row, 3)? })
        })
    }

    /// When they were read last.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_read_at(&self) -> Result<Option<Timestamp>, StateError> {
        self.as_ref().get(&READ_AT)
    }

    /// Whether the whole listing was read once.
    ///
    /// # Errors
    /// When the file can't be read.
    fn has_read_orders(&self) -> Result<bool, StateError> {
        Ok(self.as_ref().get(&FIRST_READ)?.is_some())
    }

    /// Whether the next pass has to read the whole listing.
    ///
    /// # Errors
    /// When the file can't be read.
    fn must_read_whole(&self) -> Result<bool, StateError> {
        Ok(self.as_ref().get(&READ_WHOLE)?.is_some())
    }

    /// What the guard holds, as programs are told.
    ///
    /// # Errors
    /// When the file can't be read.
    fn held_orders(&self) -> Result<Option<Value>, StateError> {
        self.as_ref().get(&HELD)
    }

    /// Names of fields that we have told of.
    ///
    /// # Errors
    /// When the file can't be read.
    fn told_names(&self) -> Result<BTreeSet<String>, StateError> {
        Ok(self.as_ref().get(&NAMES)?.unwrap_or_default().into_iter().collect())
    }

    /// Whether something is kept of persons, be it in the log alone.
    ///
    /// # Errors
    /// When the file can't be read.
    fn has_persons(&self) -> Result<bool, StateError> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(false);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM order_personal) + EXISTS (SELECT 1 FROM order_email)";
        Ok(self.as_ref().count(sql, [])? > 0 || self.is_log_uncut()?)
    }

    /// Whether what was erased may still be in the log.
    ///
    /// # Errors
    /// When the file can't be read.
    fn is_log_uncut(&self) -> Result<bool, StateError> {
        Ok(self.as_ref().get(&UNCUT)?.is_some())
    }

    /// Whether copies of what was erased may still be in the table's pages.
    ///
    /// # Errors
    /// When the file can't be read.
    fn has_copies(&self) -> Result<bool, StateError> {
        Ok(self.as_ref().get(&COPIES)?.is_some())
    }

    /// The ids of those that are held and listed, in their order.
    ///
    /// # Errors
    /// When the file can't be read.
    fn listed_ids(&self) -> Result<Vec<i64>, StateError> {
        self.as_ref().all("SELECT id FROM orders WHERE gone IS NULL ORDER BY id", [], |row| row.get(0))
    }

    /// The ids of the orders with a client's e-mail address, by its digest; the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    fn orders_of_email(&self, hash: [u8; 16]) -> Result<Vec<i64>, StateError> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(Vec::new());
        }
        let sql = "SELECT orders.id FROM order_email JOIN orders USING (id) WHERE hash = ?1 AND gone IS NULL
                   ORDER BY sold DESC, orders.id DESC";
        self.as_ref().all(sql, params![hash], |row| row.get(0))
    }
}

impl ReadOrders for Reader {}

fn numbered(reader: &Reader, number: &str, personal: bool) -> Result<Vec<HeldOrder>, StateError> {
    let sql = format!("SELECT {COLUMNS} WHERE json_extract(orders.body, '$.num') = ?1 ORDER BY sold, orders.id");
    reader.all(&sql, [number], |row| held_order(row, personal))
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    Ok(Counts {
        held: count("SELECT count(*) FROM orders WHERE gone IS NULL")?.unsigned_abs(),
        old: count("SELECT count(*) FROM order_old")?.unsigned_abs(),
        aside: count("SELECT coalesce(sum(times), 0) FROM order_aside")?.unsigned_abs(),
    })
}

fn held_order(row: &Row<'_>, personal: bool) -> rusqlite::Result<HeldOrder> {
    let is_kept = personal && row.get_ref(4)?.as_str_or_null().is_ok_and(|text| text.is_some());
    Ok(HeldOrder {
        order: json(row, 0)?,
        known: json(row, 1)?,
        first_seen: time(row, 2)?,
        gone: row.get::<_, Option<String>>(3)?.and_then(|gone| gone.parse().ok()),
        personal: is_kept.then(|| json(row, 4)).transpose()?,
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    serde_json::from_str(text).map_err(wrong)
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    row.get_ref(column)?.as_str()?.parse().map_err(wrong)
}
