//! What is remembered of what was done.

use serde_json::Value;

use super::Application;
use super::request::Done;
use crate::catalog::Fields;
use crate::systems::catalog::plan::operation::{Action, Operation};
use crate::systems::catalog::store::{Change, ChangeKind, Noted, PassId, Why};

/// What of an application is written down change by change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Telling {
    /// Everything.
    All(PassId),
    /// Everything but what an import created.
    WithoutImported(PassId),
    /// What was there before and is changed: it is a first load.
    Changes(PassId),
    /// Nothing: it is a first load that changes more than anybody reads.
    Nothing,
}

impl Application<'_> {
    /// What is remembered of an operation; `done` = what its request did, if it has one.
    pub(super) fn noted(&self, operation: &Operation, done: Option<&Done>) -> Option<Noted> {
        let pass = match self.telling {
            Telling::All(pass) => pass,
            Telling::WithoutImported(pass) if !(done.is_none() && is_new(operation)) => pass,
            Telling::Changes(pass) if is_change(operation, done) => pass,
            Telling::WithoutImported(_) | Telling::Changes(_) | Telling::Nothing => return None,
        };
        change(operation, done).map(|change| Noted { pass, change })
    }
}

/// Whether something was changed that was there before, and not only what an import of ours brought.
fn is_change(operation: &Operation, done: Option<&Done>) -> bool {
    operation.why != Why::Import && done.is_some_and(|done| !matches!(done, Done::Created { .. }))
}

/// Whether nothing is known of what an object was before.
fn is_new(operation: &Operation) -> bool {
    operation.old.values().all(Value::is_null)
}

fn change(operation: &Operation, done: Option<&Done>) -> Option<Change> {
    let why = operation.why;
    Some(match (operation.action, done) {
        (_, None) if why == Why::Listed => Change::new(ChangeKind::Adopted, why, []),
        (_, None) if why == Why::Import && !operation.old.is_empty() => {
            let change = if is_new(operation) { ChangeKind::Created } else { ChangeKind::Updated };
            Change::new(change, why, imported(operation))
        }
        // Only the state learns of all else.
        (_, None) => return None,
        (_, Some(Done::Created { sent, .. })) => {
            let fields = sent.iter().filter(|(_, value)| !value.is_null());
            Change::new(ChangeKind::Created, why, fields.map(|(name, new)| (name.as_str(), None, Some(new))))
        }
        (_, Some(Done::Deleted)) => Change::new(ChangeKind::Deleted, why, old(&operation.old)),
        (Action::Disable, _) => Change::new(ChangeKind::Disabled, why, changed(operation)),
        (_, Some(Done::Updated { .. })) if why == Why::Drift => {
            Change::new(ChangeKind::Repaired, why, changed(operation))
        }
        (_, Some(Done::Updated { .. })) => Change::new(ChangeKind::Updated, why, changed(operation)),
    })
}

/// What is remembered of an operation that the guard holds.
pub(in crate::systems::catalog) fn held_change(operation: &Operation) -> Change {
    match operation.action {
        Action::Delete => Change::new(ChangeKind::Held, operation.why, old(&operation.old)),
        _ => Change::new(ChangeKind::Held, operation.why, changed(operation)),
    }
}

/// A field with its value before and after.
type Field<'f> = (&'f str, Option<&'f Value>, Option<&'f Value>);

fn changed(operation: &Operation) -> impl Iterator<Item = Field<'_>> {
    operation.changes().map(|(name, _, new)| (name, operation.last(name), Some(new)))
}

fn imported(operation: &Operation) -> impl Iterator<Item = Field<'_>> {
    let new = |name| operation.record.as_ref().and_then(|record| record.acked.get(name));
    operation.old.iter().map(move |(name, old)| (name.as_str(), Some(old), new(name)))
}

fn old(fields: &Fields) -> impl Iterator<Item = Field<'_>> {
    fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, old)| (name.as_str(), Some(old), None))
}
