//! Operations that the guard holds: they stay in the plan, and are not carried out.

use rusqlite::params;

use super::stored::{body, columns, operation};
use super::{Place, PlanStore, PlanStoreError, code, turn};
use crate::catalog::{Fields, Kind};
use crate::systems::catalog::plan::operation::{Operation, Stage};
use crate::systems::catalog::plan::risk::{Risk, Risks};
use crate::systems::catalog::store::{Field, Record};

/// An operation with risks, and where it lies.
pub(in crate::systems::catalog) struct Risky {
    pub(in crate::systems::catalog) place: Place,
    pub(in crate::systems::catalog) operation: Operation,
}

impl PlanStore {
    /// Gives the operations of a stage on a kind that have any of these risks to `each`.
    pub(in crate::systems::catalog) fn each_risky<E: From<PlanStoreError>>(
        &self,
        (stage, kind): (Stage, Kind),
        risks: Risks,
        mut each: impl FnMut(Risky) -> Result<(), E>,
    ) -> Result<(), E> {
        // Creates have no risks, and may be a million: an index has the others.
        if self.risky == 0 {
            return Ok(());
        }
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", rowid FROM operation
             WHERE stage = ?1 AND kind = ?2 AND risks != 0 AND risks & ?3 ORDER BY late, urgency, id"
        );
        let error = |error: rusqlite::Error| E::from(PlanStoreError::from(error));
        let mut statement = self.connection.prepare(sql).map_err(error)?;
        let of = params![code(stage), code(kind), risks.bits()];
        let mut rows = statement.query(of).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            if let Some(operation) = operation(row)?.operation {
                each(Risky { place: Place(row.get(6).map_err(error)?), operation })?;
            }
        }
        Ok(())
    }

    /// Holds an operation, or these fields of it. Gives whether something of it is left to be carried out.
    pub(in crate::systems::catalog) fn hold(
        &mut self,
        place: Place,
        operation: &Operation,
        held: &[Field],
    ) -> Result<bool, PlanStoreError> {
        let is_held = |name: &str| held.iter().any(|field| field.name() == name);
        let part = |fields: &Fields, is_of_held: bool| -> Fields {
            let chosen = fields.iter().filter(|(name, _)| is_held(name) == is_of_held);
            chosen.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let left = part(&operation.send, false);
        if operation.is_held_whole(held) || left.is_empty() {
            self.move_to(Stage::Held, place)?;
            return Ok(false);
        }
        let record = operation.record.as_ref().map(|record| as_left(record, &operation.old, held));
        let rest = Operation { send: left, old: part(&operation.old, false), record, ..operation.clone() };
        let is_left =
            |risk: &Risk| operation.risks.has(*risk) && !risk.fields().iter().any(|field| held.contains(field));
        let risks = Risk::OF_CHANGES.into_iter().filter(is_left).fold(Risks::default(), Risks::and);
        let sql = "UPDATE operation SET body = ?2, risks = ?3 WHERE rowid = ?1";
        self.connection.prepare_cached(sql)?.execute(params![place.0, body(&rest)?, risks.bits()])?;
        let (send, old) = (part(&operation.send, true), part(&operation.old, true));
        let held = Operation { send, old, record: None, ..operation.clone() };
        self.add_to(Stage::Held, &held)?;
        Ok(true)
    }

    /// An operation that would be held has somebody's word.
    pub(in crate::systems::catalog) fn approve(&mut self, place: Place) -> Result<(), PlanStoreError> {
        let sql = "UPDATE operation SET approved = 1 WHERE rowid = ?1";
        self.connection.prepare_cached(sql)?.execute([place.0])?;
        Ok(())
    }

    /// All that would be sent has somebody's word.
    pub(in crate::systems::catalog) fn approve_all(&mut self) -> Result<(), PlanStoreError> {
        self.connection.execute("UPDATE operation SET approved = 1", [])?;
        self.creates_are_approved = true;
        Ok(())
    }

    /// Holds everything that would be sent.
    pub(in crate::systems::catalog) fn hold_all(&mut self) -> Result<(), PlanStoreError> {
        let (noted, set_aside) = (code(Stage::RecordOnly), code(Stage::SetAside));
        let sql = "UPDATE operation SET stage = ?1, turn = ?2 || substr(turn, 2) WHERE stage NOT IN (?3, ?4)";
        let [begin, _] = turn::bounds(Stage::Held);
        self.connection.execute(sql, params![code(Stage::Held), begin, noted, set_aside])?;
        self.groups.retain(|group, _| matches!(group.stage, Stage::RecordOnly | Stage::SetAside));
        self.creates_stage = Stage::Held;
        Ok(())
    }

    /// How many operations are held: on categories, and on products.
    pub(in crate::systems::catalog) fn count_held(&self) -> Result<[u64; 2], PlanStoreError> {
        let sql = "SELECT count(*) FROM operation WHERE turn > ?1 AND turn < ?2 AND kind = ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let [begin, end] = turn::bounds(Stage::Held);
        let mut of = |kind| statement.query_row(params![begin, end, code(kind)], |row| row.get::<_, i64>(0));
        let creates = if self.creates_stage == Stage::Held { self.creates.count() } else { 0 };
        Ok([of(Kind::Category)?.unsigned_abs(), of(Kind::Product)?.unsigned_abs() + creates])
    }

    /// Gives every operation that is held to `each`.
    ///
    /// # Errors
    /// When the temporary file can't be read, or `each` fails.
    pub fn each_held<E: From<PlanStoreError>>(&self, each: impl FnMut(&Operation) -> Result<(), E>) -> Result<(), E> {
        self.each_of(Stage::Held, each)
    }

    /// The same with what is set aside.
    pub(in crate::systems::catalog) fn each_set_aside<E: From<PlanStoreError>>(
        &self,
        each: impl FnMut(&Operation) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_of(Stage::SetAside, each)
    }
}

/// What the state is to hold of an object once all but the held fields were changed: no wanted one, so that the next pass
/// looks at it again.
fn as_left(record: &Record, old: &Fields, held: &[Field]) -> Record {
    let mut acked = record.acked.clone();
    for field in held.iter().map(|field| field.name()) {
        // What wasn't to be changed is as it is wanted.
        acked.extend(old.get(field).map(|value| (field.to_owned(), value.clone())));
    }
    Record { acked, digest: 0, ..record.clone() }
}
