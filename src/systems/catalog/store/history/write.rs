//! Writing changes down, and taking old ones away.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::json;

use super::{Change, ChangeKind, KEY, Why, short_key};
use crate::catalog::{Fields, Kind};
use crate::digest::Hasher;
use crate::state::{self, Key, StateError, Writer};
use crate::systems::catalog::store::guard::ApprovedHash;
use crate::systems::catalog::store::objects::owned;
use crate::systems::catalog::store::packed::pack;

/// Changes that are taken away in one transaction, before anybody else's turn.
const PIECE: i64 = 500;
/// Pieces that a pass takes away at most besides as many as it may have added: a limit that was set lower is reached
/// pass by pass.
const PIECES: i64 = 10;
/// Changes that are indexed in one transaction.
const INDEXED: usize = 20_000;
/// JSON of so few bytes doesn't get shorter by being packed.
const TOO_SHORT: usize = 40;

/// Who has given their word for what passes let through, by the passes' numbers.
pub(super) const APPROVERS: Key<BTreeMap<i64, String>> = Key::json("approvers");
/// Passes of which that is remembered.
const APPROVALS: usize = 1_000;

/// A pass, as changes refer to it.
#[derive(Debug, Clone, Copy)]
pub struct PassId {
    pass: i64,
    started: Timestamp,
}

/// A change of a pass.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Of which.
    pub pass: PassId,
    /// What was changed.
    pub change: Change,
}

/// A first load, or what an import did: one line, not one for each object.
#[derive(Debug, Clone, Copy)]
pub struct Loaded {
    /// Whose line it is.
    pub started: Timestamp,
    /// Which of the two.
    pub why: Why,
    /// Categories and products that were ours before.
    pub owned: [u64; 2],
    /// Those that were there already, and were to be ours.
    pub adopted: [u64; 2],
}

/// An object that is held.
#[derive(Debug, Clone)]
pub struct HeldNote {
    /// Of it, and of what would become of it.
    pub hash: ApprovedHash,
    /// Of the object.
    pub kind: Kind,
    /// Of the object; empty = of all together.
    pub id: String,
    /// What would become of it.
    pub change: Change,
}

/// The number of the pass that began then, a new one if need be.
pub(in crate::systems::catalog::store) fn of_pass(
    transaction: &Transaction<'_>,
    started: Timestamp,
) -> rusqlite::Result<PassId> {
    let text = started.to_string();
    let last = "SELECT pass FROM change_pass WHERE pass = (SELECT max(pass) FROM change_pass) AND started = ?1";
    let pass = transaction.prepare_cached(last)?.query_row([&text], |row| row.get(0)).optional()?;
    let pass = match pass {
        Some(pass) => pass,
        None => {
            transaction.prepare_cached("INSERT INTO change_pass (started) VALUES (?1)")?.execute([text])?;
            transaction.last_insert_rowid()
        }
    };
    Ok(PassId { pass, started })
}

/// Writes a change of an object down.
pub(in crate::systems::catalog::store) fn note(
    transaction: &Transaction<'_>,
    (kind, id): (Kind, &str),
    Noted { pass, change }: &Noted,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO change (pass, at, what, why, id, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    // A clock that was put back says nothing of how long it took.
    let at = Timestamp::now().duration_since(pass.started).as_millis().max(0);
    let at = i64::try_from(at).unwrap_or_default();
    let what = change.change.code(kind);
    let mut statement = transaction.prepare_cached(sql)?;
    let why = change.why.code();
    if change.fields.is_empty() {
        return statement.execute(params![pass.pass, at, what, why, id, None::<String>]).map(|_| ());
    }
    let text = state::json(&change.fields)?;
    if text.len() > TOO_SHORT {
        let packed = pack(&change.fields)?;
        if packed.len() < text.len() {
            return statement.execute(params![pass.pass, at, what, why, id, packed]).map(|_| ());
        }
    }
    statement.execute(params![pass.pass, at, what, why, id, text]).map(|_| ())
}

/// Writes down how many objects are ours after a first load or an import: those that were there, and those that are new.
pub(in crate::systems::catalog::store) fn note_load(
    transaction: &Transaction<'_>,
    load: &Loaded,
) -> rusqlite::Result<()> {
    let (mut adopted, mut created) = (Fields::new(), Fields::new());
    for (at, (kind, name)) in Kind::ALL.into_iter().zip(["categories", "products"]).enumerate() {
        let after = owned(transaction, kind)?;
        // An import's own are what it created. Of a first load, whatever was to be taken over is, before all else.
        let is_first = load.why == Why::FirstLoad;
        let before = load.owned[at];
        let between = if is_first { after.min(before + load.adopted[at]) } else { before };
        let tell = |fields: &mut Fields, from: u64, to: u64| {
            if to > from || !is_first {
                fields.insert(name.to_owned(), json!([from, to]));
            }
        };
        tell(&mut created, between, after);
        if is_first {
            tell(&mut adopted, before, between);
        }
    }
    let pass = of_pass(transaction, load.started)?;
    for (change, fields) in [(ChangeKind::Adopted, adopted), (ChangeKind::Created, created)] {
        if !fields.is_empty() {
            let noted = Noted { pass, change: Change { change, fields, why: load.why } };
            // No object has this id.
            note(transaction, (Kind::Product, ""), &noted)?;
        }
    }
    Ok(())
}

/// Writing history.
pub trait WriteHistory: AsRef<Writer> + Sync {
    /// Writes down what a pass holds that began then, but for what the pass before it held as well.
    ///
    /// # Errors
    /// When that can't be written.
    fn note_held(
        &self,
        started: Timestamp,
        notes: Vec<HeldNote>,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            let pass = of_pass(transaction, started)?;
            let mut update = transaction.prepare_cached("UPDATE held SET pass = ?2 WHERE hash = ?1")?;
            let mut insert = transaction.prepare_cached("INSERT INTO held (hash, pass) VALUES (?1, ?2)")?;
            notes.into_iter().try_for_each(|HeldNote { hash, kind, id, change }| {
                if update.execute(params![hash, pass.pass])? == 0 {
                    insert.execute(params![hash, pass.pass])?;
                    note(transaction, (kind, &id), &Noted { pass, change })?;
                }
                Ok(())
            })
        })
    }

    /// Writes down who has given their word for what a pass lets through that began then.
    ///
    /// # Errors
    /// When that can't be written.
    fn note_approver(&self, started: Timestamp, by: String) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            let pass = of_pass(transaction, started)?;
            let mut all = APPROVERS.get(transaction)?.unwrap_or_default();
            all.insert(pass.pass, by);
            while all.len() > APPROVALS {
                all.pop_first();
            }
            APPROVERS.set(transaction, &all)
        })
    }

    /// What a pass that began then didn't hold is told anew when it is held again.
    ///
    /// # Errors
    /// When that can't be written.
    fn forget_released(&self, started: Timestamp) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            let pass = of_pass(transaction, started)?;
            transaction.execute("DELETE FROM held WHERE pass != ?1", [pass.pass]).map(|_| ())
        })
    }

    /// Has the changes of a pass found by their ids, piece by piece.
    ///
    /// # Errors
    /// When that can't be written.
    fn index_changes(&self) -> impl Future<Output = Result<(), StateError>> + Send {
        async move {
            loop {
                let hasher = self.as_ref().hasher().clone();
                if self.as_ref().run_lightly(move |transaction| index_piece(transaction, &hasher)).await? < INDEXED {
                    return Ok(());
                }
            }
        }
    }

    /// Takes old changes away, piece by piece: those of passes that began before a time, and all but so many.
    ///
    /// # Errors
    /// When that can't be written.
    fn forget_changes(&self, before: Timestamp, most: u64) -> impl Future<Output = Result<(), StateError>> + Send {
        async move {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut left = None;
            loop {
                let pieces =
                    self.as_ref().run_lightly(move |transaction| forget_piece(transaction, before, most)).await?;
                let left = left.get_or_insert(PIECES.saturating_add(pieces.added));
                *left -= 1;
                if pieces.is_all || *left <= 0 {
                    return Ok(());
                }
            }
        }
    }
}

impl WriteHistory for Writer {}

/// Indexes the next changes, and tells how many they are.
fn index_piece(transaction: &Transaction<'_>, hasher: &Hasher) -> rusqlite::Result<usize> {
    let from = not_indexed(transaction)?;
    let mut statement =
        transaction.prepare_cached("SELECT change, id FROM change WHERE change >= ?1 ORDER BY change LIMIT ?2")?;
    let mut rows = statement.query(params![from, i64::try_from(INDEXED).unwrap_or(i64::MAX)])?;
    let (mut first, mut keys) = (None, Vec::new());
    while let Some(row) = rows.next()? {
        first.get_or_insert(row.get::<_, i64>(0)?);
        keys.extend(short_key(hasher, row.get_ref(1)?.as_str()?));
    }
    if let Some(first) = first {
        let sql = "INSERT INTO change_key (first, keys) VALUES (?1, ?2)";
        transaction.prepare_cached(sql)?.execute(params![first, keys])?;
    }
    Ok(keys.len() / KEY)
}

/// The first change that no key stands for yet.
pub(super) fn not_indexed(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT first + length(keys) / ?1 FROM change_key ORDER BY first DESC LIMIT 1";
    let next = connection.prepare_cached(sql)?.query_row([KEY as i64], |row| row.get(0)).optional()?;
    Ok(next.unwrap_or(0))
}

/// What a piece that was taken away tells of the rest.
struct Piece {
    is_all: bool,
    /// The pieces that the last pass added.
    added: i64,
}

fn forget_piece(transaction: &Transaction<'_>, before: Timestamp, most: i64) -> rusqlite::Result<Piece> {
    let one = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let (Some(first), Some(last)) = (one("SELECT min(change) FROM change")?, one("SELECT max(change) FROM change")?)
    else {
        return Ok(Piece { is_all: true, added: 0 });
    };
    // Passes are few, and their times are texts whose fractions are of several lengths.
    let mut statement = transaction.prepare_cached("SELECT pass, started FROM change_pass ORDER BY pass")?;
    let mut passes = statement.query([])?;
    let mut oldest = i64::MAX;
    while let Some(row) = passes.next()? {
        let started: Option<Timestamp> = row.get_ref(1)?.as_str()?.parse().ok();
        if started.is_none_or(|started| started >= before) {
            oldest = row.get(0)?;
            break;
        }
    }
    // The last one stays, so that no number comes twice.
    let by_number = last.saturating_sub(most.max(1)).saturating_add(1);
    let sql = "DELETE FROM change WHERE change < ?1 AND change < ?4 AND (change < ?2 OR pass < ?3)";
    let end = first.saturating_add(PIECE);
    let gone = transaction.prepare_cached(sql)?.execute(params![end, by_number, oldest, last])?;
    let sql = "DELETE FROM change_key WHERE first + length(keys) / ?1 <= (SELECT min(change) FROM change)";
    transaction.prepare_cached(sql)?.execute([KEY as i64])?;
    let sql = "DELETE FROM change_pass WHERE pass < (SELECT pass FROM change ORDER BY change LIMIT 1)";
    transaction.prepare_cached(sql)?.execute([])?;
    let sql = "SELECT count(*) FROM change WHERE pass = (SELECT max(pass) FROM change_pass)";
    let added = if i64::try_from(gone).unwrap_or_default() < PIECE {
        0
    } else {
        transaction.query_row(sql, [], |row| row.get(0))?
    };
    Ok(Piece { is_all: i64::try_from(gone).unwrap_or_default() < PIECE, added: added / PIECE + 1 })
}
