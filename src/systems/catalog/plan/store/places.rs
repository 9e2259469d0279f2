//! Operations of a plan one by one, once they are staged: found by their ids, and moved to another stage.

use rusqlite::params;

use super::stored::{columns, operation};
use super::{PlanStore, PlanStoreError, code, turn};
use crate::catalog::Kind;
use crate::systems::catalog::plan::operation::{Operation, Stage};

/// Where an operation lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::systems::catalog) struct Place(pub(super) i64);

impl PlanStore {
    /// Whether a stage has operations.
    pub(in crate::systems::catalog) fn has(&self, stage: Stage) -> bool {
        self.groups.keys().any(|group| group.stage == stage)
    }

    /// Gives the ids of a stage's operations on a kind, and where they lie, to `each`; but for new products of which
    /// nothing was known, see [`PlanStore::new_ids`].
    pub(in crate::systems::catalog) fn ids(
        &self,
        stage: Stage,
        kind: Kind,
        mut each: impl FnMut(&str, Place),
    ) -> Result<(), PlanStoreError> {
        let sql = "SELECT id, rowid FROM operation WHERE turn > ?1 AND turn < ?2 AND kind = ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let [begin, end] = turn::bounds(stage);
        let mut rows = statement.query(params![begin, end, code(kind)])?;
        while let Some(row) = rows.next()? {
            each(row.get_ref(0)?.as_str().unwrap_or_default(), Place(row.get(1)?));
        }
        Ok(())
    }

    /// Gives the ids of the new products of which nothing was known to `each`.
    pub(in crate::systems::catalog) fn new_ids(&self, each: impl FnMut(&str)) -> Result<(), PlanStoreError> {
        self.creates.ids(each)
    }

    /// An operation that lies there.
    pub(in crate::systems::catalog) fn operation_at(&self, place: Place) -> Result<Option<Operation>, PlanStoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM operation WHERE rowid = ?1");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([place.0])?;
        rows.next()?.map_or(Ok(None), |row| Ok(operation(row)?.operation))
    }

    /// The operations on an object, with their stages; but for those that are set aside.
    pub(in crate::systems::catalog) fn operations_on(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<Vec<(Stage, Operation)>, PlanStoreError> {
        let sql = concat!("SELECT ", columns!(), ", stage FROM operation WHERE kind = ?1 AND id = ?2 ORDER BY stage");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![code(kind), id])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let number: u8 = row.get(6)?;
            let stage = Stage::ALL.into_iter().chain([Stage::Held]).find(|stage| code(*stage) == number);
            found.extend(stage.zip(operation(row)?.operation));
        }
        if kind == Kind::Product {
            found.extend(self.creates.find(id)?.map(|operation| (self.creates_stage, operation)));
        }
        Ok(found)
    }

    /// Moves an operation to another stage than its own.
    pub(in crate::systems::catalog) fn move_to(&mut self, stage: Stage, place: Place) -> Result<(), PlanStoreError> {
        if let Some(group) = self.leave_group(place)? {
            *self.groups.entry(super::Group { stage, ..group }).or_default() += 1;
        }
        let sql = "UPDATE operation SET stage = ?1, turn = ?2 || substr(turn, 2) WHERE rowid = ?3";
        let [begin, _] = turn::bounds(stage);
        self.connection.prepare_cached(sql)?.execute(params![code(stage), begin, place.0])?;
        Ok(())
    }

    /// Takes an operation out of the plan.
    pub(in crate::systems::catalog) fn remove(&mut self, place: Place) -> Result<(), PlanStoreError> {
        self.leave_group(place)?;
        self.connection.prepare_cached("DELETE FROM operation WHERE rowid = ?1")?.execute([place.0])?;
        Ok(())
    }

    /// Counts an operation no more in its group, and gives that.
    fn leave_group(&mut self, place: Place) -> Result<Option<super::Group>, PlanStoreError> {
        let sql = "SELECT stage, late, urgency FROM operation WHERE rowid = ?1";
        let of = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u8>(0)?, row.get::<_, bool>(1)?, row.get::<_, u8>(2)?));
        let (stage, is_late, urgency) = self.connection.prepare_cached(sql)?.query_row([place.0], of)?;
        let is_its = |group: &&super::Group| {
            code(group.stage) == stage && group.is_late == is_late && code(group.urgency) == urgency
        };
        let group = self.groups.keys().find(is_its).copied();
        if let Some(group) = group {
            self.groups.entry(group).and_modify(|count| *count = count.saturating_sub(1));
            self.groups.retain(|_, count| *count > 0);
        }
        Ok(group)
    }
}
