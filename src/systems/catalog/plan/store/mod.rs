//! What a plan is made of while it is made: a temporary SQLite file that vanishes with its handle,
//! so that a first load of a million products takes disk, not memory.

mod codes;
mod creates;
mod error;
mod hold;
mod places;
mod stored;
mod turn;
mod twins;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::catalog::{Digest, Fields, Id, Item, Kind, Rejection};
use crate::systems::catalog::diff::decide::Observation;
use crate::systems::catalog::plan::operation::{Operation, Stage, Urgency};
use crate::systems::catalog::plan::risk::Risks;
use crate::systems::catalog::store::{Why, rejection};
use codes::{code, kind_of};
use creates::{Creates, TOGETHER};
pub use error::PlanStoreError;
use error::{failed, json, parse};
pub(in crate::systems::catalog) use hold::Risky;
pub(in crate::systems::catalog) use places::Place;
use stored::{body, columns, operation};

/// A plan's operations, rejected rows, and what the listing said.
pub struct PlanStore {
    connection: Connection,
    /// Most of those that create products.
    creates: Creates,
    /// Where they belong: all of them are held, or none.
    creates_stage: Stage,
    /// They have somebody's word.
    creates_are_approved: bool,
    groups: BTreeMap<Group, u64>,
    /// How many operations had risks when they were added.
    risky: u64,
    /// Kept from one operation to the next.
    turn: String,
}

/// A plan's operations while several parts of a pass read them, on whatever thread.
pub type SharedPlanStore = Arc<Mutex<PlanStore>>;

/// Where reading the operations goes on.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    /// The turn behind the stage and the row of the last one that the database has.
    behind: Option<(String, i64)>,
    /// Which of those that the database doesn't have is next.
    creates: u64,
}

/// Operations that go one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Of all of them.
    pub stage: Stage,
    /// Whether they are tried again.
    pub is_late: bool,
    /// See [`Operation::urgency`].
    pub urgency: Urgency,
}

#[derive(Serialize, Deserialize, Default)]
struct Seen {
    drift: Fields,
    answered: Fields,
    repaired: Fields,
    has_new_picture: bool,
}

impl PlanStore {
    /// An empty one.
    ///
    /// # Errors
    /// When the temporary file can't be made.
    pub fn new() -> Result<PlanStore, PlanStoreError> {
        // SQLite unlinks the file of an empty name as soon as it is open.
        let connection = Connection::open("")?;
        connection.execute_batch(
            "PRAGMA page_size = 32768; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;
             CREATE TABLE operation (stage INTEGER, late INTEGER, urgency INTEGER, kind INTEGER, id TEXT, turn TEXT,
                                     body, risks INTEGER, approved INTEGER DEFAULT 0);
             CREATE TABLE twin (kind INTEGER, id TEXT, field TEXT);
             CREATE TABLE rejected (line INTEGER, id TEXT, field TEXT, reason TEXT,
                                    title TEXT, column_name TEXT, value TEXT, first INTEGER);
             CREATE TABLE observed (kind INTEGER, key BLOB, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
             CREATE TABLE listed (kind INTEGER, key BLOB, id TEXT, fields TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
             BEGIN;",
        )?;
        Ok(PlanStore {
            connection,
            creates: Creates::new(),
            creates_stage: Stage::Products,
            creates_are_approved: false,
            groups: BTreeMap::new(),
            risky: 0,
            turn: String::new(),
        })
    }

    /// Adds an operation; a late one comes after all others of its stage.
    pub(in crate::systems::catalog) fn add(&mut self, operation: &Operation) -> Result<(), PlanStoreError> {
        self.add_to(operation.stage(), operation)
    }

    /// Adds an operation to a stage of its own or another one.
    pub(in crate::systems::catalog) fn add_to(
        &mut self,
        stage: Stage,
        operation: &Operation,
    ) -> Result<(), PlanStoreError> {
        let group = Group { stage, is_late: operation.is_late, urgency: operation.urgency() };
        self.put(group, (operation.kind, &operation.id), &body(operation)?, operation.risks)
    }

    /// New products of which nothing is known come in the order of their keys, not of their ids: they are sent, and
    /// nobody reads them.
    pub(in crate::systems::catalog) fn sort_creates_by_keys(&mut self) {
        self.creates.sort_by_keys();
    }

    /// Adds the creation of a product of which nothing is known, without taking it apart: with the digests of its id and
    /// of all of it, and the line of its row.
    pub(in crate::systems::catalog) fn add_create(
        &mut self,
        item: &Item,
        digests: (Digest, Digest),
        line: u64,
    ) -> Result<(), PlanStoreError> {
        self.creates.add(item, digests, line).map_err(failed)?;
        let group = Group { stage: Stage::Products, is_late: false, urgency: Urgency::Create };
        *self.groups.entry(group).or_default() += 1;
        Ok(())
    }

    fn put(&mut self, group: Group, (kind, id): (Kind, &Id), body: &str, risks: Risks) -> Result<(), PlanStoreError> {
        let Group { stage, is_late, urgency } = group;
        *self.groups.entry(group).or_default() += 1;
        self.risky += u64::from(risks != Risks::default());
        turn::write(&mut self.turn, (stage, is_late, urgency), (kind, id));
        let sql = "INSERT INTO operation (stage, late, urgency, kind, id, turn, body, risks)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (kind, risks) = (code(kind), risks.bits());
        let row = params![code(stage), is_late, code(urgency), kind, id.as_str(), self.turn, body, risks];
        self.connection.prepare_cached(sql)?.execute(row)?;
        Ok(())
    }

    /// Adds a row that was not taken, and tells where it lies.
    pub(in crate::systems::catalog) fn reject(&self, rejection: &Rejection) -> Result<i64, PlanStoreError> {
        let sql = "INSERT INTO rejected (line, id, field, reason, title, column_name, value, first)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let number = |line: u64| i64::try_from(line).unwrap_or(i64::MAX);
        let Rejection { line, id, field, reason, cell, first, .. } = rejection;
        let cell = cell.as_deref();
        let [title, column, value] = [
            cell.and_then(|cell| cell.title.as_deref()),
            cell.and_then(|cell| cell.column.as_deref()),
            cell.and_then(|cell| cell.value.as_deref()),
        ];
        let row = params![number(*line), id, field, reason, title, column, value, first.map(number)];
        self.connection.prepare_cached(sql)?.execute(row)?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Ends the collecting: the operations can be read from now on.
    pub(in crate::systems::catalog) fn seal(&mut self) -> Result<(), PlanStoreError> {
        self.creates.sort().map_err(failed)?;
        // One text a row: that sorts several times as fast as five columns do.
        self.connection.execute_batch("COMMIT; CREATE INDEX turn ON operation (turn);")?;
        if self.risky > 0 {
            self.connection.execute_batch("CREATE INDEX risky ON operation (stage) WHERE risks != 0;")?;
        }
        Ok(())
    }

    /// Operations of a stage in their order (urgency, then id; late ones last), at most `most`, behind `cursor`. Fewer when they are large; none only when there are no more.
    ///
    /// # Errors
    /// When the temporary file can't be read.
    pub fn operations(&self, stage: Stage, cursor: &mut Cursor, most: usize) -> Result<Vec<Operation>, PlanStoreError> {
        let [begin, end] = turn::bounds(stage);
        let mut operations = Vec::new();
        if stage == self.creates_stage && cursor.creates < self.creates.count() {
            let until = begin + &turn::begin(false, Urgency::Other);
            if !self.rows(stage, cursor, &until, most, &mut operations)? {
                return Ok(operations);
            }
            let before = operations.len();
            cursor.creates = self.creates.read(cursor.creates, most, &mut operations)?;
            if self.creates_are_approved {
                operations[before..].iter_mut().for_each(|operation| operation.why = Why::Approved);
            }
            if cursor.creates < self.creates.count() {
                return Ok(operations);
            }
        }
        self.rows(stage, cursor, &end, most, &mut operations)?;
        Ok(operations)
    }

    /// Adds the operations of a stage that the database has, up to a turn; gives whether that was all of them.
    fn rows(
        &self,
        stage: Stage,
        cursor: &mut Cursor,
        until: &str,
        most: usize,
        operations: &mut Vec<Operation>,
    ) -> Result<bool, PlanStoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", turn, rowid FROM operation
             WHERE (turn, rowid) > (?1, ?2) AND turn < ?3 ORDER BY turn, rowid LIMIT ?4"
        );
        let [begin, _] = turn::bounds(stage);
        let (behind, row) = cursor.behind.clone().unwrap_or_default();
        let mut statement = self.connection.prepare_cached(sql)?;
        let left = most.saturating_sub(operations.len());
        let mut rows =
            statement.query(params![begin + &behind, row, until, i64::try_from(left).unwrap_or(i64::MAX)])?;
        let mut size = 0;
        while size < TOGETHER {
            let Some(row) = rows.next()? else { return Ok(operations.len() < most) };
            let turn = row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
            cursor.behind = Some((turn::within_stage(turn).to_owned(), row.get(7)?));
            let read = operation(row)?;
            size += read.size;
            operations.extend(read.operation);
        }
        Ok(false)
    }

    /// Gives every operation that sends something to `each`, in the order of the application.
    ///
    /// # Errors
    /// When the temporary file can't be read, or `each` fails.
    pub fn each_operation<E: From<PlanStoreError>>(
        &self,
        mut each: impl FnMut(&Operation) -> Result<(), E>,
    ) -> Result<(), E> {
        for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::RecordOnly) {
            self.each_of(stage, &mut each)?;
        }
        Ok(())
    }

    fn each_of<E: From<PlanStoreError>>(
        &self,
        stage: Stage,
        mut each: impl FnMut(&Operation) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut cursor = Cursor::default();
        loop {
            let operations = self.operations(stage, &mut cursor, 500)?;
            if operations.is_empty() {
                return Ok(());
            }
            operations.iter().try_for_each(&mut each)?;
        }
    }

    /// The groups of operations that send something, in the order of the application, and how many
    /// each one has.
    pub fn groups(&self) -> impl Iterator<Item = (Group, u64)> {
        let is_sent = |stage: Stage| !matches!(stage, Stage::RecordOnly | Stage::Held | Stage::SetAside);
        let sent = self.groups.iter().filter(move |(group, _)| is_sent(group.stage));
        sent.map(|(group, count)| (*group, *count))
    }

    /// The first operations of a group.
    ///
    /// # Errors
    /// When the temporary file can't be read.
    pub fn first(&self, group: Group, most: usize) -> Result<Vec<Operation>, PlanStoreError> {
        self.operations(group.stage, &mut self.begin(group), most)
    }

    fn begin(&self, group: Group) -> Cursor {
        let is_behind = group.is_late || group.urgency > Urgency::Create;
        let behind = Some((turn::begin(group.is_late, group.urgency), 0));
        Cursor { behind, creates: if is_behind { self.creates.count() } else { 0 } }
    }

    /// Rejected rows in the feed's order, from the `from`-th on.
    ///
    /// # Errors
    /// When the temporary file can't be read.
    pub fn rejected(&self, from: usize, most: usize) -> Result<Vec<Rejection>, PlanStoreError> {
        let sql = "SELECT line, id, field, reason, title, column_name, value, first FROM rejected
                   WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let bounds = [i64::try_from(from).unwrap_or(i64::MAX), i64::try_from(most).unwrap_or(i64::MAX)];
        let rows = statement.query_map(bounds, rejection)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(in crate::systems::catalog) fn put_observed(
        &self,
        kind: Kind,
        key: Digest,
        seen: Observation,
    ) -> Result<(), PlanStoreError> {
        let Observation { drift, answered, repaired, has_new_picture, learned: _ } = seen;
        let sql = "INSERT OR REPLACE INTO observed (kind, key, body) VALUES (?1, ?2, ?3)";
        let body = json(&Seen { drift, answered, repaired, has_new_picture })?;
        self.connection.prepare_cached(sql)?.execute(params![code(kind), key.to_be_bytes(), body])?;
        Ok(())
    }

    pub(in crate::systems::catalog) fn observed(
        &self,
        kind: Kind,
        key: Digest,
    ) -> Result<Option<Observation>, PlanStoreError> {
        let sql = "SELECT body FROM observed WHERE kind = ?1 AND key = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let body: Option<String> =
            statement.query_row(params![code(kind), key.to_be_bytes()], |row| row.get(0)).optional()?;
        let Some(body) = body else { return Ok(None) };
        let Seen { drift, answered, repaired, has_new_picture } = parse(&body)?;
        Ok(Some(Observation { drift, answered, repaired, has_new_picture, learned: Vec::new() }))
    }

    /// Stores an object that isn't ours; `false` = it was there already.
    pub(in crate::systems::catalog) fn put_listed(
        &self,
        kind: Kind,
        key: Digest,
        id: &Id,
        fields: &Fields,
    ) -> Result<bool, PlanStoreError> {
        let sql = "INSERT OR IGNORE INTO listed (kind, key, id, fields) VALUES (?1, ?2, ?3, ?4)";
        let row = params![code(kind), key.to_be_bytes(), id.as_str(), json(fields)?];
        Ok(self.connection.prepare_cached(sql)?.execute(row)? > 0)
    }

    pub(in crate::systems::catalog) fn listed(
        &self,
        kind: Kind,
        key: Digest,
    ) -> Result<Option<(String, Fields)>, PlanStoreError> {
        let sql = "SELECT id, fields FROM listed WHERE kind = ?1 AND key = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row(params![code(kind), key.to_be_bytes()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        });
        let Some((id, fields)) = found.optional()? else { return Ok(None) };
        Ok(Some((id, parse(&fields)?)))
    }
}

impl Cursor {
    /// Behind the operations of a stage that are urgent, see [`Operation::is_urgent`].
    pub(in crate::systems::catalog) fn behind_the_urgent() -> Cursor {
        Cursor { behind: Some((turn::begin(false, Urgency::Create), 0)), creates: 0 }
    }
}

impl Group {
    /// See [`Operation::is_urgent`].
    pub(in crate::systems::catalog) fn is_urgent(&self) -> bool {
        self.stage == Stage::Products && !self.is_late && self.urgency < Urgency::Create
    }
}
