//! What is remembered of what was done.

use serde_json::Value;

use super::Application;
use super::request::Done;
use crate::catalog::Fields;
use crate::systems::catalog::plan::operation::{Action, Operation};
use crate::systems::catalog::store::{Change, ChangeKind, Noted, Why};

impl Application<'_> {
    /// What is remembered of an operation; `done` = what its request did, if it has one.
    pub(super) fn noted(&self, operation: &Operation, done: Option<&Done>) -> Option<Noted> {
        let pass = self.pass?;
        change(operation, done).map(|change| Noted { pass, change })
    }
}

fn change(operation: &Operation, done: Option<&Done>) -> Option<Change> {
    let why = operation.why;
    Some(match (operation.action, done) {
        // Only the state learns of all else.
        (_, None) if why != Why::Listed => return None,
        (_, None) => Change::new(ChangeKind::Adopted, why, []),
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

/// A field with its value before and after.
type Field<'f> = (&'f str, Option<&'f Value>, Option<&'f Value>);

fn changed(operation: &Operation) -> impl Iterator<Item = Field<'_>> {
    operation.changes().map(|(name, old, new)| (name, old, Some(new)))
}

fn old(fields: &Fields) -> impl Iterator<Item = Field<'_>> {
    fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, old)| (name.as_str(), Some(old), None))
}
