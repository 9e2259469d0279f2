//! Wanted objects whose ids differ in case only from ones that go, while the plan is made.

use std::collections::HashSet;

use rusqlite::params;

use super::{PlanStore, PlanStoreError, code, kind_of};
use crate::catalog::{Id, Kind};
use crate::systems::catalog::plan::operation::Stage;
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

    /// Leaves wanted objects of a kind alone whose twins don't go after all. Gives how many requests less that is.
    pub(in crate::systems::catalog) fn drop_twins(&mut self, kind: Kind) -> Result<u64, PlanStoreError> {
        let twins = self.twin_ids(kind)?;
        // Mostly there are none, and many that go.
        if twins.is_empty() {
            return Ok(0);
        }
        let (removals, stage) = match kind {
            Kind::Category => (Stage::CategoryDeletes, Stage::CategoryTwins),
            Kind::Product => (Stage::TwinDeletes, Stage::Products),
        };
        let (mut going, mut safe) = (HashSet::new(), HashSet::new());
        self.ids(removals, kind, |id, _| _ = going.insert(id.to_lowercase()))?;
        for (row, id) in twins {
            if !going.contains(&id.to_lowercase()) {
                self.connection.prepare_cached("DELETE FROM twin WHERE rowid = ?1")?.execute([row])?;
                safe.insert(id);
            }
        }
        if safe.is_empty() {
            return Ok(0);
        }
        let mut places = Vec::new();
        self.ids(stage, kind, |id, place| places.extend(safe.contains(id).then_some(place)))?;
        let mut dropped = 0;
        for place in places {
            // What is sent for its own sake differs from what is known.
            if self.operation_at(place)?.is_some_and(|operation| operation.send == operation.old) {
                self.remove(place)?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    fn twin_ids(&self, kind: Kind) -> Result<Vec<(i64, String)>, PlanStoreError> {
        let mut statement = self.connection.prepare_cached("SELECT rowid, id FROM twin WHERE kind = ?1")?;
        let rows = statement.query_map([code(kind)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
