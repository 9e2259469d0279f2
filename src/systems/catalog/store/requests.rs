//! Requests, from before they are sent until NiceChat's answer is written.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::columns::digest;
use super::guard::{self, ApprovedHash};
use super::history::{Noted, note};
use super::keys::key_row;
use super::objects::{self, Record};
use super::pass::{count_down, count_down_urgent};
use crate::catalog::{Digest, Id, Kind};
use crate::digest::Hasher;
use crate::state::{Durable, Pending, Reader, SECRET_SINCE, StateError, Writer, json};

/// A request that may be under way: written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: Id,
    /// The fields that the request is about; `None` = all, and whether the object exists at all.
    pub fields: Option<Vec<String>>,
}

/// What a request was besides, for those who count.
#[derive(Debug, Clone, Default)]
pub struct Was {
    /// Customers were told something wrong meanwhile.
    pub urgent: bool,
    /// It takes something away, and nobody has approved that.
    pub unasked: bool,
    /// What somebody's word for it is kept as: it is spent when it is done.
    pub words: Vec<ApprovedHash>,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Settled {
    /// NiceChat acknowledged it, and the object is this.
    Done(Record),
    /// NiceChat acknowledged it, and the object is gone.
    Deleted,
    /// NiceChat refuses the object as it is.
    Refused {
        /// Of the object that was refused.
        digest: Digest,
        /// Its category, whose coming can change the answer.
        category: Option<String>,
        /// NiceChat's words.
        reason: String,
        /// What an earlier request did is as much in doubt as before.
        in_doubt: bool,
    },
    /// It failed in a way that can pass; whether it took effect is in doubt.
    Failed(String),
    /// A create failed in a way that can pass, and is known to have had no effect; nor had one before it.
    Undone(String),
}

/// An object that is as wanted without any request.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: Id,
    /// What it is.
    pub record: Record,
    /// What is remembered of that.
    pub change: Option<Noted>,
}

/// A request that was sent, or about to be, when a pass was cut off, or that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDoubt {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: String,
    /// The fields that it was about; `None` = all, and whether the object exists. None of them = it had no effect.
    pub fields: Option<Vec<String>>,
}

impl InDoubt {
    /// Whether it is known to have had no effect: it is to be tried again, and nothing is in doubt.
    pub fn had_no_effect(&self) -> bool {
        self.fields.as_ref().is_some_and(Vec::is_empty)
    }
}

/// What NiceChat refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of the object.
    pub kind: Kind,
    /// Of the object.
    pub id: String,
    /// Of what was refused; 0 = to delete it.
    pub digest: Digest,
    /// Whether that is one of the state's hasher: before states had a secret, there was another one.
    has_secret: bool,
}

impl Refused {
    /// Whether it is an object that has this digest, by the state's hasher.
    pub fn is_of(&self, digest: Digest, digest_with: impl Fn(&Hasher) -> Digest) -> bool {
        self.digest == if self.has_secret { digest } else { digest_with(&Hasher::without_secret()) }
    }
}

/// Reading what became of requests.
pub trait ReadRequests: AsRef<Reader> {
    /// Requests whose effect is in doubt.
    ///
    /// # Errors
    /// When the file can't be read.
    fn journal(&self) -> Result<Vec<InDoubt>, StateError> {
        self.as_ref().all("SELECT kind, id, fields FROM journal", [], |row| {
            let fields: Option<String> = row.get(2)?;
            let fields = fields.and_then(|text| serde_json::from_str(&text).ok());
            Ok(InDoubt { kind: row.get(0)?, id: row.get(1)?, fields })
        })
    }

    /// Objects that NiceChat refuses.
    ///
    /// # Errors
    /// When the file can't be read.
    fn refused(&self) -> Result<Vec<Refused>, StateError> {
        let reader = self.as_ref();
        let has_secret = if reader.version() < SECRET_SINCE { "0" } else { "has_secret" };
        reader.all(&format!("SELECT kind, id, digest, {has_secret} FROM refused"), [], |row| {
            Ok(Refused { kind: row.get(0)?, id: row.get(1)?, digest: digest(row, 2)?, has_secret: row.get(3)? })
        })
    }
}

impl ReadRequests for Reader {}

/// Writing requests down, and what came of them.
pub trait WriteRequests: AsRef<Writer> {
    /// Writes requests down before they are sent; returns when that is written. What may be made by a request that
    /// follows must be known after a power cut.
    ///
    /// # Errors
    /// When it can't be written.
    fn intend(&self, intents: Vec<Intent>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().enter(Durable::Yes, move |transaction| intend(transaction, &intents))
    }

    /// The same, beside what comes of the requests that are under way.
    ///
    /// # Errors
    /// When the state is closed.
    fn intend_with_next(&self, intents: Vec<Intent>) -> Result<Pending<'_>, StateError> {
        self.as_ref().enter_with_next(Durable::Yes, move |transaction| intend(transaction, &intents))
    }

    /// A request that was written down is not sent; nothing was in doubt before it.
    ///
    /// # Errors
    /// When it can't be written.
    fn unintend(&self, kind: Kind, id: Id) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().enter(Durable::No, move |transaction| {
            let sql = "DELETE FROM journal WHERE kind = ?1 AND id = ?2";
            transaction.prepare_cached(sql)?.execute(params![kind, id.as_str()]).map(|_| ())
        })
    }

    /// Writes down what is to be taken away by another pass, where it isn't known to be ours.
    ///
    /// # Errors
    /// When it can't be written.
    fn put_off(&self, removals: Vec<Intent>) -> impl Future<Output = Result<(), StateError>> + Send {
        let writer = self.as_ref();
        let hasher = writer.hasher().clone();
        writer.enter(Durable::No, move |transaction| {
            removals.iter().try_for_each(|removal| {
                let key = hasher.digest(removal.id.as_str().as_bytes());
                match key_row(transaction, removal.kind, key)? {
                    Some(_) => Ok(()),
                    None => intend(transaction, std::slice::from_ref(removal)),
                }
            })
        })
    }

    /// Records what came of a request; returns when that is written. What a power cut takes of it, the next pass
    /// finds in NiceChat's listing.
    ///
    /// # Errors
    /// When it can't be written.
    fn settle(
        &self,
        (kind, id): (Kind, Id),
        settled: Settled,
        change: Option<Noted>,
        was: Was,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        let writer = self.as_ref();
        let hasher = writer.hasher().clone();
        writer.enter(Durable::No, move |transaction| {
            settle(transaction, &hasher, kind, id.as_str(), &settled)?;
            if was.urgent && !matches!(settled, Settled::Failed(_) | Settled::Undone(_)) {
                count_down_urgent(transaction)?;
            }
            if matches!(settled, Settled::Done(_) | Settled::Deleted) {
                guard::spend(transaction, &was.words)?;
                if was.unasked {
                    guard::count_deleted(transaction, kind)?;
                }
            }
            change.iter().try_for_each(|change| note(transaction, (kind, id.as_str()), change))
        })
    }

    /// Records objects that are as wanted without any request.
    ///
    /// # Errors
    /// When it can't be written.
    fn adopt(&self, records: Vec<Adopted>) -> impl Future<Output = Result<(), StateError>> + Send {
        let writer = self.as_ref();
        let hasher = writer.hasher().clone();
        writer.run_lightly(move |transaction| {
            for Adopted { kind, id, record, change } in &records {
                objects::put(transaction, &hasher, *kind, id.as_str(), record)?;
                unmark(transaction, *kind, id.as_str(), false)?;
                change.iter().try_for_each(|change| note(transaction, (*kind, id.as_str()), change))?;
            }
            count_down(transaction, records.len())
        })
    }

    /// Forgets objects of which nothing is left to do: neither wanted nor there.
    ///
    /// # Errors
    /// When it can't be written.
    fn forget(&self, gone: Vec<(Kind, String)>) -> impl Future<Output = Result<(), StateError>> + Send {
        let writer = self.as_ref();
        let hasher = writer.hasher().clone();
        writer.run_lightly(move |transaction| {
            for (kind, id) in &gone {
                objects::delete(transaction, &hasher, *kind, id)?;
                unmark(transaction, *kind, id, false)?;
            }
            count_down(transaction, gone.len())
        })
    }
}

impl WriteRequests for Writer {}

fn intend(transaction: &Transaction<'_>, intents: &[Intent]) -> rusqlite::Result<()> {
    intents.iter().try_for_each(|Intent { kind, id, fields }| {
        let sql = "INSERT OR REPLACE INTO journal (kind, id, fields) VALUES (?1, ?2, ?3)";
        let fields = fields.as_ref().map(json).transpose()?;
        transaction.prepare_cached(sql)?.execute(params![kind, id.as_str(), fields]).map(|_| ())
    })
}

fn settle(
    transaction: &Transaction<'_>,
    hasher: &Hasher,
    kind: Kind,
    id: &str,
    settled: &Settled,
) -> rusqlite::Result<()> {
    match settled {
        Settled::Done(record) => {
            objects::put(transaction, hasher, kind, id, record)?;
            if kind == Kind::Category {
                // Products that were refused for want of this category may be taken now.
                transaction.execute("DELETE FROM refused WHERE category = ?1", [id])?;
            }
            unmark(transaction, kind, id, false)?;
        }
        Settled::Deleted => {
            objects::delete(transaction, hasher, kind, id)?;
            unmark(transaction, kind, id, false)?;
        }
        Settled::Refused { digest, category, reason, in_doubt } => {
            unmark(transaction, kind, id, *in_doubt)?;
            let sql = "INSERT INTO refused (kind, id, digest, category, reason, at, has_secret)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)";
            let at = Timestamp::now().to_string();
            transaction.execute(sql, params![kind, id, digest.to_be_bytes(), category, reason, at])?;
        }
        Settled::Undone(reason) => {
            // One that is ours was to be created because it is gone: what is there of it is in doubt all the same.
            if key_row(transaction, kind, hasher.digest(id.as_bytes()))?.is_none() {
                transaction
                    .execute("UPDATE journal SET fields = '[]' WHERE kind = ?1 AND id = ?2", params![kind, id])?;
            }
            return note_failure(transaction, (kind, id), reason);
        }
        Settled::Failed(reason) => return note_failure(transaction, (kind, id), reason),
    }
    count_down(transaction, 1)
}

fn note_failure(transaction: &Transaction<'_>, (kind, id): (Kind, &str), reason: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE journal SET reason = ?3 WHERE kind = ?1 AND id = ?2";
    transaction.execute(sql, params![kind, id, reason]).map(|_| ())
}

/// An object that is as wanted, or gone, is neither refused nor, as a rule, in doubt.
fn unmark(transaction: &Transaction<'_>, kind: Kind, id: &str, in_doubt: bool) -> rusqlite::Result<()> {
    let journal = if in_doubt {
        "UPDATE journal SET reason = NULL WHERE kind = ?1 AND id = ?2"
    } else {
        "DELETE FROM journal WHERE kind = ?1 AND id = ?2"
    };
    for sql in [journal, "DELETE FROM refused WHERE kind = ?1 AND id = ?2"] {
        transaction.prepare_cached(sql)?.execute(params![kind, id])?;
    }
    Ok(())
}
