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
struct Written<'a> {
    action: Action,
    send: Option<&'a Fields>,
    old: &'a Fields,
    in_doubt: &'a Fields,
    record: Option<WrittenRecord<'a>>,
    wanted: Option<Digest>,
    was_in: Option<&'a str>,
    may_be_done: bool,
    why: Why,
}

#[derive(Serialize)]
struct WrittenRecord<'a> {
    acked: &'a Fields,
    digest: Digest,
    answered: &'a Fields,
    repaired: &'a Fields,
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
    /// `None` = as the record has it.
    wanted: Option<Digest>,
    was_in: Option<String>,
    may_be_done: bool,
    why: Why,
}

/// What is stored of an operation beside its kind and id.
pub(super) fn body(operation: &Operation) -> Result<String, PlanStoreError> {
    let Operation { action, send, old, in_doubt, record, was_in, why, .. } = operation;
    let wanted = Some(operation.wanted).filter(|wanted| *wanted != digest_of(record.as_ref()));
    let record = record.as_ref().map(|Record { acked, digest, answered, repaired }| WrittenRecord {
        acked,
        digest: *digest,
        answered,
        repaired,
    });
    let send = (*action != Action::Create).then_some(send);
    let (was_in, may_be_done) = (was_in.as_deref(), operation.may_be_done);
    json(&Written { action: *action, send, old, in_doubt, record, wanted, was_in, may_be_done, why: *why })
}

fn digest_of(record: Option<&Record>) -> Digest {
    record.map_or(0, |record| record.digest)
}

/// An operation that was read.
pub(super) struct Read {
    /// `None` = its id is none.
    pub(super) operation: Option<Operation>,
    /// Bytes that it takes, about.
    pub(super) size: usize,
}

/// Reads the operation of a row.
pub(super) fn operation(row: &Row<'_>) -> Result<Read, PlanStoreError> {
    let text =
        |column| -> Result<&str, PlanStoreError> { Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?) };
    let (body, size) = (parse(text(2)?)?, text(2)?.len());
    let Ok(id) = Id::parse(text(1)?) else { return Ok(Read { operation: None, size }) };
    let Body { action, send, old, in_doubt, record, wanted, was_in, may_be_done, why } = body;
    let whole = || record.as_ref().map(|record: &Record| with_values(&record.acked)).unwrap_or_default();
    let send = send.unwrap_or_else(whole);
    let wanted = wanted.unwrap_or_else(|| digest_of(record.as_ref()));
    let why = if row.get(5)? { Why::Approved } else { why };
    let (kind, is_late, risks) = (kind_of(row.get(0)?), row.get(3)?, Risks::of_bits(row.get(4)?));
    let operation =
        Operation { kind, id, action, send, old, in_doubt, record, wanted, was_in, is_late, may_be_done, risks, why };
    Ok(Read { operation: Some(operation), size })
}
