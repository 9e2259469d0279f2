//! How an operation is stored beside its kind and id.

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::codes::kind_of;
use super::error::{PlanStoreError, json, parse};
use crate::catalog::{Digest, Fields, Id};
use crate::systems::catalog::diff::fields::with_values;
use crate::systems::catalog::plan::operation::{Action, Operation};
use crate::systems::catalog::plan::risk::Risks;
use crate::systems::catalog::store::{Record, Why};

/// What [`operation`] reads, in its order; more may follow.
macro_rules! columns {
    () => {
        "kind, id, body, late, risks, approved"
    };
}
pub(super) use columns;

/// As it is written: [`Body`] reads it.
#[derive(Serialize)]
pub(super) struct Written<'a, F> {
    pub(super) action: Action,
    pub(super) send: Option<&'a Fields>,
    pub(super) old: &'a Fields,
    pub(super) in_doubt: &'a Fields,
    pub(super) record: Option<WrittenRecord<'a, F>>,
    pub(super) was_in: Option<&'a str>,
    pub(super) why: Why,
}

#[derive(Serialize)]
pub(super) struct WrittenRecord<'a, F> {
    pub(super) acked: &'a F,
    pub(super) digest: Digest,
    pub(super) answered: &'a Fields,
    pub(super) repaired: &'a Fields,
}

/// As it is read.
#[derive(Deserialize)]
struct Body {
    action: Action,
    /// `None` for what follows from the record: a create sends all that has a value.
    send: Option<Fields>,
    old: Fields,
    in_doubt: Fields,
    record: Option<Record>,
    was_in: Option<String>,
    why: Why,
}

/// What is stored of an operation beside its kind and id.
pub(super) fn body(operation: &Operation) -> Result<String, PlanStoreError> {
    let Operation { action, send, old, in_doubt, record, was_in, why, .. } = operation;
    let record = record.as_ref().map(|Record { acked, digest, answered, repaired }| WrittenRecord {
        acked,
        digest: *digest,
        answered,
        repaired,
    });
    let send = (*action != Action::Create).then_some(send);
    json(&Written { action: *action, send, old, in_doubt, record, was_in: was_in.as_deref(), why: *why })
}

/// Reads one; `None` = its id is none.
pub(super) fn operation(row: &Row<'_>) -> Result<Option<Operation>, PlanStoreError> {
    let text =
        |column| -> Result<&str, PlanStoreError> { Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?) };
    let Ok(id) = Id::parse(text(1)?) else { return Ok(None) };
    let Body { action, send, old, in_doubt, record, was_in, why } = parse(text(2)?)?;
    let whole = || record.as_ref().map(|record: &Record| with_values(&record.acked)).unwrap_or_default();
    let send = send.unwrap_or_else(whole);
    let why = if row.get(5)? { Why::Approved } else { why };
    let (kind, is_late, risks) = (kind_of(row.get(0)?), row.get(3)?, Risks::of_bits(row.get(4)?));
    Ok(Some(Operation { kind, id, action, send, old, in_doubt, record, was_in, is_late, risks, why }))
}
