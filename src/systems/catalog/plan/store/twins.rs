//! Wanted objects whose ids differ in case only from ones that go, while the plan is made.

use rusqlite::params;

use super::{PlanStore, PlanStoreError, code, kind_of};
use crate::catalog::{Id, Kind};
use crate::systems::catalog::store::Intent;

impl PlanStore {
    /// Adds a wanted object whose twin goes: it is in doubt from then on. `field` = the one that it is asked about;
    /// `None` = it is created.
    pub(in crate::systems::catalog) fn add_twin(
        &self,
        kind: Kind,
        id: &str,
        field: Option<&str>,
    ) -> Result<(), PlanStoreError> {
        let sql = "INSERT INTO twin (kind, id, field) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![code(kind), id, field])?;
        Ok(())
    }

    /// What is in doubt as soon as twins of a kind go: at most `most` behind the `after`-th.
    pub(in crate::systems::catalog) fn twins(
        &self,
        kind: Kind,
        after: &mut i64,
        most: usize,
    ) -> Result<Vec<Intent>, PlanStoreError> {
        let sql = "SELECT rowid, kind, id, field FROM twin WHERE kind = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![code(kind), *after, i64::try_from(most).unwrap_or(i64::MAX)])?;
        let mut intents = Vec::new();
        while let Some(row) = rows.next()? {
            *after = row.get(0)?;
            let Ok(id) = Id::parse(&row.get::<_, String>(2)?) else { continue };
            let field: Option<String> = row.get(3)?;
            intents.push(Intent { kind: kind_of(row.get(1)?), id, fields: field.map(|field| vec![field]) });
        }
        Ok(intents)
    }
}
