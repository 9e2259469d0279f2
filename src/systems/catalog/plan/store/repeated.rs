//! Rejected rows whose id an earlier row has: which one that is, is known when all are read.

use rusqlite::{OptionalExtension as _, params};

use super::stored::{columns, operation};
use super::{Group, PlanStore, PlanStoreError, code};
use crate::catalog::{Kind, Rejection};
use crate::systems::catalog::plan::operation::Operation;
use crate::systems::catalog::store::{Why, rejection};

impl PlanStore {
    /// The rejected row that lies there.
    pub(in crate::systems::catalog) fn rejected_at(&self, row: i64) -> Result<Option<Rejection>, PlanStoreError> {
        let sql = "SELECT line, id, field, reason, title, column_name, value, first FROM rejected WHERE rowid = ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([row], rejection).optional()?)
    }

    /// The line of the row that creates this product, or that was rejected first with its id.
    pub(in crate::systems::catalog) fn line_of_new(&self, id: &str) -> Result<Option<u64>, PlanStoreError> {
        let Group { stage, is_late, urgency } = Group::of_creates(Kind::Product);
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM operation WHERE stage = ?1 AND late = ?2 AND urgency = ?3 AND id = ?4 AND kind = ?5"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![code(stage), is_late, code(urgency), id, code(Kind::Product)])?;
        let found = rows.next()?.map_or(Ok(None), operation)?;
        if let Some(Operation { why: Why::Line(line), .. }) = found {
            return Ok(Some(line));
        }
        let sql = "SELECT line FROM rejected WHERE id = ?1 ORDER BY rowid LIMIT 1";
        let line = self.connection.prepare_cached(sql)?.query_row([id], |row| row.get::<_, i64>(0)).optional()?;
        Ok(line.map(i64::unsigned_abs))
    }

    /// Whether the row with this id on this line was rejected.
    pub(in crate::systems::catalog) fn is_rejected(&self, id: &str, line: u64) -> Result<bool, PlanStoreError> {
        let sql = "SELECT 1 FROM rejected WHERE id = ?1 AND line = ?2";
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        Ok(self.connection.prepare_cached(sql)?.exists(params![id, line])?)
    }

    /// Has rejected rows found by their ids.
    pub(in crate::systems::catalog) fn index_rejected(&self) -> Result<(), PlanStoreError> {
        Ok(self.connection.execute_batch("CREATE INDEX IF NOT EXISTS rejected_id ON rejected (id);")?)
    }

    /// Writes down which row has the id of a rejected one.
    pub(in crate::systems::catalog) fn set_first(&self, row: i64, found: &Rejection) -> Result<(), PlanStoreError> {
        let sql = "UPDATE rejected SET first = ?2, reason = ?3 WHERE rowid = ?1";
        let first = found.first.and_then(|line| i64::try_from(line).ok());
        self.connection.prepare_cached(sql)?.execute(params![row, first, found.reason])?;
        Ok(())
    }
}
