//! The operations of a plan that are about objects whose ids differ in case only, while the plan is made.

use rusqlite::params;

use super::{Body, Group, Staging, StagingError, parse};
use crate::catalog::{Id, Kind};
use crate::state::limit;
use crate::systems::catalog::plan::operation::{Operation, Stage};
use crate::systems::catalog::store::{Intent, Record};

/// Where an operation lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::systems::catalog) struct Place(i64);

impl Staging {
    /// Whether a stage has operations.
    pub(in crate::systems::catalog) fn has(&self, stage: Stage) -> bool {
        self.groups.keys().any(|group| group.stage == stage)
    }

    /// Gives the ids of a stage's operations on a kind, and where they lie, to `each`.
    pub(in crate::systems::catalog) fn ids(
        &self,
        stage: Stage,
        kind: Kind,
        mut each: impl FnMut(&str, Place),
    ) -> Result<(), StagingError> {
        let sql = "SELECT id, rowid FROM operation WHERE stage = ?1 AND kind = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![stage, kind])?;
        while let Some(row) = rows.next()? {
            each(row.get_ref(0)?.as_str().unwrap_or_default(), Place(row.get(1)?));
        }
        Ok(())
    }

    /// The object of an operation as the state is to hold it then; `None` when it is to be forgotten.
    pub(in crate::systems::catalog) fn record_at(&self, place: Place) -> Result<Option<(Id, Record)>, StagingError> {
        let sql = "SELECT id, body FROM operation WHERE rowid = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let (id, body) = self.connection.prepare_cached(sql)?.query_row([place.0], read)?;
        let body: Body = parse(&body)?;
        Ok(Id::parse(&id).ok().zip(body.record))
    }

    /// Moves an operation to another stage than its own.
    pub(in crate::systems::catalog) fn move_to(&mut self, stage: Stage, place: Place) -> Result<(), StagingError> {
        let sql = "SELECT stage, late, urgency FROM operation WHERE rowid = ?1";
        let of = |row: &rusqlite::Row<'_>| Ok(Group { stage: row.get(0)?, is_late: row.get(1)?, urgency: row.get(2)? });
        let group = self.connection.prepare_cached(sql)?.query_row([place.0], of)?;
        if let Some(count) = self.groups.get_mut(&group) {
            *count = count.saturating_sub(1);
            self.groups.retain(|_, count| *count > 0);
            *self.groups.entry(Group { stage, ..group }).or_default() += 1;
        }
        let sql = "UPDATE operation SET stage = ?1 WHERE rowid = ?2";
        self.connection.prepare_cached(sql)?.execute(params![stage, place.0])?;
        Ok(())
    }

    /// Adds an operation to another stage than its own.
    pub(in crate::systems::catalog) fn add_to(
        &mut self,
        stage: Stage,
        operation: &Operation,
    ) -> Result<(), StagingError> {
        self.add(operation)?;
        let place = Place(self.connection.last_insert_rowid());
        if stage == operation.stage() { Ok(()) } else { self.move_to(stage, place) }
    }

    /// Adds a wanted object whose twin goes: it is in doubt from then on. `field` = the one that it is asked about;
    /// `None` = it is created.
    pub(in crate::systems::catalog) fn add_twin(
        &self,
        kind: Kind,
        id: &str,
        field: Option<&str>,
    ) -> Result<(), StagingError> {
        let sql = "INSERT INTO twin (kind, id, field) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![kind, id, field])?;
        Ok(())
    }

    /// What is in doubt as soon as twins of a kind go: at most `most` behind the `after`-th.
    pub(in crate::systems::catalog) fn twins(
        &self,
        kind: Kind,
        after: &mut i64,
        most: usize,
    ) -> Result<Vec<Intent>, StagingError> {
        let sql = "SELECT rowid, kind, id, field FROM twin WHERE kind = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![kind, *after, limit(most as u64)])?;
        let mut intents = Vec::new();
        while let Some(row) = rows.next()? {
            *after = row.get(0)?;
            let Ok(id) = Id::parse(&row.get::<_, String>(2)?) else { continue };
            let field: Option<String> = row.get(3)?;
            intents.push(Intent { kind: row.get(1)?, id, fields: field.map(|field| vec![field]) });
        }
        Ok(intents)
    }
}
