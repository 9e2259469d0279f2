//! Writing an event, in the transaction of its cause.

use jiff::Timestamp;
use rusqlite::{Params, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::EventKind;
use crate::clock::Stamp;
use crate::digest::random_key;
use crate::state::{Key, json};

/// A hook, as whoever writes events knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Its name.
    pub hook: String,
    /// Of what it is told.
    pub events: Vec<EventKind>,
    /// Whether it is told what is kept of persons, too.
    pub personal: bool,
}

/// An event that has just happened.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What.
    pub kind: EventKind,
    /// When it was noticed.
    pub at: Timestamp,
    /// What is told.
    pub data: Value,
    /// The same with what is kept of persons, and until when that may be kept (in milliseconds); `None` = there is none.
    pub personal: Option<(Value, i64)>,
}

/// What is sent: always these bytes.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    r#type: &'static str,
    at: Timestamp,
    data: &'a Value,
}

/// Writes an event, once for each hook that wants it.
///
/// # Errors
/// When it can't be written.
pub fn post(transaction: &Transaction<'_>, subscribers: &[Subscriber], event: &NewEvent) -> rusqlite::Result<()> {
    let NewEvent { kind, at, data, personal } = event;
    let wanted: Vec<&Subscriber> = subscribers.iter().filter(|hook| hook.events.contains(kind)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let key = random_key().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let id = format!("evt_{}", hex::encode(&key[..16]));
    let posted = json(&Stamp::now())?;
    for Subscriber { hook, personal: is_told, .. } in wanted {
        let personal = personal.as_ref().filter(|_| *is_told);
        let data = personal.map_or(data, |(data, _)| data);
        let body = json(&Body { id: &id, r#type: kind.name(), at: *at, data })?;
        let until = personal.map(|(_, until)| until);
        let sql = "INSERT INTO hook_event (hook, id, kind, at, body, personal_until, posted)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let row = params![hook, id, kind.name(), at.to_string(), body, until, posted];
        transaction.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

/// Gives events up that have something personal which may not be kept any more; gives how many. `all` = whatever they
/// have. The caller's transaction writes zeros over what it deletes.
///
/// # Errors
/// When it can't be written.
pub fn forget_personal(transaction: &Transaction<'_>, now: Timestamp, all: bool) -> rusqlite::Result<u64> {
    let now = if all { i64::MAX } else { now.as_millisecond() };
    give_up(transaction, "personal_until <= ?1", [now])
}

/// The same of events about these (a list of JSON): whatever is told of them is told by an id.
///
/// # Errors
/// When it can't be written.
pub fn forget_personal_of(transaction: &Transaction<'_>, ids: &str) -> rusqlite::Result<u64> {
    let of_them = "personal_until IS NOT NULL AND json_extract(body, '$.data.id') IN (SELECT value FROM json_each(?1))";
    give_up(transaction, of_them, [ids])
}

/// What waiting events that have something personal are about, each by its id.
///
/// # Errors
/// When it can't be read.
pub fn with_personal(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT DISTINCT json_extract(body, '$.data.id') FROM hook_event WHERE personal_until IS NOT NULL";
    let mut ids = transaction.prepare(sql)?;
    ids.query_map([], |row| row.get(0))?.collect()
}

/// Why what is personal is not sent any more.
const NOT_KEPT: &str = "what it has of persons may not be kept";

/// Events that were given up where nobody was who tells of hooks.
pub(super) const UNTOLD: Key<Vec<GivenUp>> = Key::json("hook_untold");
/// More of them are told by their number alone, in `status`.
const MOST_UNTOLD: usize = 1_000;

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Whose.
    pub hook: String,
    /// What happened.
    pub kind: String,
    /// Its name.
    pub id: String,
    /// Why.
    pub why: String,
}

fn give_up(transaction: &Transaction<'_>, which: &str, parameters: impl Params) -> rusqlite::Result<u64> {
    let sql = format!(
        "UPDATE hook_event SET body = NULL, personal_until = NULL, given_up = '{NOT_KEPT}' WHERE {which}
         RETURNING hook, kind, id"
    );
    let mut statement = transaction.prepare(&sql)?;
    let given_up = statement.query_map(parameters, |row| {
        Ok(GivenUp { hook: row.get(0)?, kind: row.get(1)?, id: row.get(2)?, why: NOT_KEPT.to_owned() })
    })?;
    let given_up: Vec<GivenUp> = given_up.collect::<rusqlite::Result<_>>()?;
    if given_up.is_empty() {
        return Ok(0);
    }
    let forgotten = given_up.len() as u64;
    let mut untold = UNTOLD.get(transaction)?.unwrap_or_default();
    untold.extend(given_up);
    untold.truncate(MOST_UNTOLD);
    UNTOLD.set(transaction, &untold)?;
    wipe(transaction)?;
    Ok(forgotten)
}

/// Writes the whole table anew, so that no page has what rows had that are gone: see `systems/orders/store/personal.rs`.
pub(super) fn wipe(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    type Row = Vec<rusqlite::types::Value>;
    let mut statement = transaction.prepare("SELECT * FROM hook_event ORDER BY event")?;
    let columns = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect::<rusqlite::Result<Row>>();
    let rows: Vec<Row> = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    transaction.execute("DELETE FROM hook_event", [])?;
    let places = vec!["?"; columns].join(",");
    let mut insert = transaction.prepare(&format!("INSERT INTO hook_event VALUES ({places})"))?;
    rows.into_iter().try_for_each(|row| insert.execute(rusqlite::params_from_iter(row)).map(|_| ()))
}
