//! Writing the state, from a thread of its own.
//!
//! Acknowledgements that arrive together are written in one transaction; whoever sent a request
//! waits for that before the next one, so that a crash costs at most the requests in flight.
//!
//! What must outlive a power cut is on the disk before anything follows from it: that requests are about to be sent,
//! and which, imports, events, the end of a pass. What came of a request is not waited for: it outlives the process,
//! and after a power cut NiceChat's listing is read (see `doubt`).

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use tokio::sync::oneshot;

use super::doubt::{DOUBTED, SENDING_SINCE, boot};
use super::import::created;
use super::meta::{remove, set};
use super::packed::pack;
use super::passes;
use super::place::Place;
use super::reader::{NAMELESS, code};
use super::rows::{self, RowsEnding};
use super::store::{Durable, Store};
use super::{Experience, FeedMark, Foreign, Intent, ListingScope, Record, StateError};
use crate::catalog::{Digest, Fields, Hasher, Id, Kind, Rejection};
use crate::pass::PassEntry;

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
}

/// What a pass leaves.
#[derive(Debug)]
pub struct Ending {
    /// Its row.
    pub pass: PassEntry,
    /// What the state now equals (`None` = what it did before, or nothing after [`Writer::begin`]).
    pub mark: Option<FeedMark>,
    /// That NiceChat's listing was taken in, with a look at all of it or not: see [`super::Reader::listed`].
    pub listed: Option<ListingScope>,
    /// How many rows without an id the feed has, if nothing was held back for them.
    pub nameless: Option<u64>,
    /// What NiceChat's listing has that isn't ours, if the whole of it was read.
    pub foreign: Option<Foreign>,
    /// How long requests and imports take, if that was learned.
    pub experience: Option<Experience>,
    /// The rows of the feed that the state now equals (`None` as of `mark`).
    pub rows: Option<RowsEnding>,
}

type Job = Box<dyn FnOnce(&mut Store) + Send>;

/// What is written about requests.
enum Entry {
    /// Before they are sent.
    Intend(Vec<Intent>),
    /// When it is answered.
    Settle(Kind, Id, Settled),
}

enum Message {
    Entry(Entry, oneshot::Sender<Result<(), StateError>>),
    Run(Job),
}

/// The one writer of a state file. Dropping it closes the file and gives the lock back.
#[derive(Debug)]
pub struct Writer {
    messages: Option<Sender<Message>>,
    thread: Option<thread::JoinHandle<()>>,
    path: PathBuf,
    hasher: Hasher,
}

impl Writer {
    /// Takes the file's lock, and opens or creates the file for this NiceChat.
    ///
    /// # Errors
    /// When another instance has it, it belongs to another `base_url`, or can't be used.
    pub fn open(path: &Path, base_url: Option<&str>) -> Result<Writer, StateError> {
        let place = Place::take(path)?;
        let path = place.path().to_owned();
        let store = Store::open(place, base_url)?;
        let hasher = store.hasher.clone();
        let (messages, inbox) = channel();
        let thread = thread::Builder::new().name("state".into()).spawn(move || serve(store, &inbox));
        let thread = thread.map_err(|error| StateError::Io { path: path.clone(), error })?;
        Ok(Writer { messages: Some(messages), thread: Some(thread), path, hasher })
    }

    /// The state file, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn send(&self, message: Message) -> Result<(), StateError> {
        self.messages.as_ref().ok_or(StateError::Gone)?.send(message).map_err(|_| StateError::Gone)
    }

    /// Writes what must be on the disk when this returns.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StateError> {
        self.on_thread(|store| store.transact(Durable::Yes, work)).await
    }

    /// Writes what may be lost in a power cut, but not when the process ends.
    pub(super) async fn run_lightly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StateError> {
        self.on_thread(|store| store.transact(Durable::No, work)).await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |store| _ = answer.send(work(store)));
        self.send(Message::Run(job))?;
        result.await.map_err(|_| StateError::Gone)?
    }

    /// Takes the log into the file itself, as far as no reader is in the way.
    async fn take_log_in(&self) -> Result<(), StateError> {
        let sql = "PRAGMA wal_checkpoint(PASSIVE); PRAGMA shrink_memory;";
        self.on_thread(|store| store.connection.execute_batch(sql).map_err(|error| store.fail(error))).await
    }

    /// Records what came of a request; returns when that is written.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn settle(&self, kind: Kind, id: Id, settled: Settled) -> Result<(), StateError> {
        self.enter(Entry::Settle(kind, id, settled)).await
    }

    /// Writes requests down before they are sent; returns when that is written.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn intend(&self, intents: Vec<Intent>) -> Result<(), StateError> {
        self.enter(Entry::Intend(intents)).await
    }

    async fn enter(&self, entry: Entry) -> Result<(), StateError> {
        let (answer, result) = oneshot::channel();
        self.send(Message::Entry(entry, answer))?;
        result.await.map_err(|_| StateError::Gone)?
    }

    /// The beginning of an application: from here on the state equals no feed until
    /// [`Writer::finish`] says so.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn begin(&self, operations: u64) -> Result<(), StateError> {
        self.run(move |transaction| {
            remove(transaction, "feed_mark")?;
            rows::disuse(transaction)?;
            // What was in doubt is in the plan now, or no longer ours to do.
            transaction.execute("UPDATE journal SET reason = NULL", [])?;
            boot().map_or(Ok(()), |boot| set(transaction, SENDING_SINCE, &boot))?;
            set(transaction, "pending", &operations.to_string())
        })
        .await?;
        self.take_log_in().await
    }

    /// Records objects that are as wanted without any request.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn adopt(&self, records: Vec<(Kind, Id, Record)>) -> Result<(), StateError> {
        let hasher = self.hasher.clone();
        self.run_lightly(move |transaction| {
            for (kind, id, record) in &records {
                done(transaction, &hasher, *kind, id.as_str(), record)?;
                unmark(transaction, *kind, id.as_str(), false)?;
            }
            count_down(transaction, records.len())
        })
        .await
    }

    /// Forgets objects of which nothing is left to do: neither wanted nor there.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn forget(&self, gone: Vec<(Kind, String)>) -> Result<(), StateError> {
        let hasher = self.hasher.clone();
        self.run_lightly(move |transaction| {
            for (kind, id) in &gone {
                delete(transaction, &hasher, *kind, id)?;
                unmark(transaction, *kind, id, false)?;
            }
            count_down(transaction, gone.len())
        })
        .await
    }

    /// Replaces the rejected rows by those of the latest reading, whose feed is not the one that the
    /// state equals until [`Writer::finish`] says so.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn reject(&self, rejections: Vec<Rejection>, first: bool) -> Result<(), StateError> {
        self.run_lightly(move |transaction| {
            if first {
                transaction.execute("DELETE FROM rejected", [])?;
                remove(transaction, "feed_mark")?;
            }
            let sql = "INSERT INTO rejected (line, id, field, reason) VALUES (?1, ?2, ?3, ?4)";
            let mut statement = transaction.prepare_cached(sql)?;
            for row in rejections {
                let line = i64::try_from(row.line).unwrap_or(i64::MAX);
                statement.execute(params![line, row.id, row.field, row.reason])?;
            }
            Ok(())
        })
        .await
    }

    /// The end of a pass.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn finish(&self, ending: Ending) -> Result<(), StateError> {
        let Ending { pass, mark, listed, nameless, foreign, experience, rows } = ending;
        let hasher = self.hasher.clone();
        self.run(move |transaction| {
            passes::record(transaction, &pass)?;
            if let Some(mark) = mark {
                set(transaction, "feed_mark", &serde_json::to_string(&mark).unwrap_or_default())?;
            }
            if let Some(scope) = listed {
                set(transaction, "listed", scope.name())?;
                remove(transaction, "unsettled")?;
                remove(transaction, DOUBTED)?;
                created::expire(transaction)?;
            }
            if let Some(nameless) = nameless {
                set(transaction, NAMELESS, &nameless.to_string())?;
            }
            if let Some(foreign) = foreign {
                set(transaction, "foreign", &serde_json::to_string(&foreign).unwrap_or_default())?;
            }
            remove(transaction, SENDING_SINCE)?;
            if let Some(ending) = rows {
                rows::finish(transaction, ending, &hasher)?;
            }
            if let Some(experience) = experience {
                set(transaction, "experience", &serde_json::to_string(&experience).unwrap_or_default())?;
            }
            Ok(())
        })
        .await?;
        // A log that goes on from pass to pass would be all that a power cut leaves of none of them. And until the next
        // one the file's pages are nobody's concern.
        self.take_log_in().await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread: everything that waits goes into one transaction.
fn serve(mut store: Store, inbox: &Receiver<Message>) {
    let mut waiting = None;
    while let Some(message) = waiting.take().or_else(|| inbox.recv().ok()) {
        let mut batch = Vec::new();
        match message {
            Message::Run(job) => {
                job(&mut store);
                continue;
            }
            Message::Entry(entry, answer) => batch.push((entry, answer)),
        }
        while let Ok(message) = inbox.try_recv() {
            match message {
                Message::Entry(entry, answer) => batch.push((entry, answer)),
                run @ Message::Run(_) => {
                    waiting = Some(run);
                    break;
                }
            }
        }
        // What may be made by a request that follows must be known after a power cut; what came of one is listed.
        let has_intents = batch.iter().any(|(entry, _)| matches!(entry, Entry::Intend(_)));
        let durable = if has_intents { Durable::Yes } else { Durable::No };
        let hasher = store.hasher.clone();
        let result = store.transact(durable, |transaction| {
            batch.iter().try_for_each(|(entry, _)| match entry {
                Entry::Intend(intents) => intents.iter().try_for_each(|intent| intend(transaction, intent)),
                Entry::Settle(kind, id, settled) => settle(transaction, &hasher, *kind, id.as_str(), settled),
            })
        });
        let has_failed = result.is_err();
        let mut error = result.err();
        for (_, answer) in batch {
            let result = match error.take() {
                _ if !has_failed => Ok(()),
                Some(first) => Err(first),
                None => Err(StateError::Gone),
            };
            let _ = answer.send(result);
        }
    }
}

fn intend(transaction: &Transaction<'_>, Intent { kind, id, fields }: &Intent) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO journal (kind, id, fields) VALUES (?1, ?2, ?3)";
    let fields = fields.as_ref().map(|fields| serde_json::to_string(fields).unwrap_or_default());
    transaction.prepare_cached(sql)?.execute(params![code(*kind), id.as_str(), fields]).map(|_| ())
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
            done(transaction, hasher, kind, id, record)?;
            if kind == Kind::Category {
                // Products that were refused for want of this category may be taken now.
                transaction.execute("DELETE FROM refused WHERE category = ?1", [id])?;
            }
            unmark(transaction, kind, id, false)?;
        }
        Settled::Deleted => {
            delete(transaction, hasher, kind, id)?;
            unmark(transaction, kind, id, false)?;
        }
        Settled::Refused { digest, category, reason, in_doubt } => {
            unmark(transaction, kind, id, *in_doubt)?;
            let sql = "INSERT INTO refused (kind, id, digest, category, reason, at, has_secret)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)";
            let at = Timestamp::now().to_string();
            transaction.execute(sql, params![code(kind), id, digest.to_be_bytes(), category, reason, at])?;
        }
        Settled::Failed(reason) => {
            let sql = "UPDATE journal SET reason = ?3 WHERE kind = ?1 AND id = ?2";
            transaction.execute(sql, params![code(kind), id, reason])?;
            return Ok(());
        }
    }
    count_down(transaction, 1)
}

fn done(transaction: &Transaction<'_>, hasher: &Hasher, kind: Kind, id: &str, record: &Record) -> rusqlite::Result<()> {
    rows::disuse(transaction)?;
    created::settled(transaction, kind, id)?;
    let key = hasher.digest(id.as_bytes()).to_be_bytes();
    let text = |fields: &Fields| (!fields.is_empty()).then(|| serde_json::to_string(fields).unwrap_or_default());
    let acked = pack(&record.acked);
    let (answered, repaired) = (text(&record.answered), text(&record.repaired));
    let update = "UPDATE object SET acked = ?3, answered = ?4, repaired = ?5
                  WHERE object = (SELECT object FROM object_key WHERE kind = ?1 AND key = ?2)";
    let known = transaction.prepare_cached(update)?.execute(params![code(kind), key, acked, answered, repaired])?;
    if known > 0 {
        let sql = "UPDATE object_key SET digest = ?3 WHERE kind = ?1 AND key = ?2";
        transaction.prepare_cached(sql)?.execute(params![code(kind), key, record.digest.to_be_bytes()])?;
        return Ok(());
    }
    let insert = "INSERT INTO object (kind, id, acked, answered, repaired) VALUES (?1, ?2, ?3, ?4, ?5)";
    transaction.prepare_cached(insert)?.execute(params![code(kind), id, acked, answered, repaired])?;
    let object = transaction.last_insert_rowid();
    let sql = "INSERT INTO object_key (kind, key, digest, object) VALUES (?1, ?2, ?3, ?4)";
    transaction.prepare_cached(sql)?.execute(params![code(kind), key, record.digest.to_be_bytes(), object])?;
    Ok(())
}

fn delete(transaction: &Transaction<'_>, hasher: &Hasher, kind: Kind, id: &str) -> rusqlite::Result<()> {
    rows::disuse(transaction)?;
    created::settled(transaction, kind, id)?;
    let key = hasher.digest(id.as_bytes()).to_be_bytes();
    let sql = "DELETE FROM object WHERE object = (SELECT object FROM object_key WHERE kind = ?1 AND key = ?2)";
    transaction.prepare_cached(sql)?.execute(params![code(kind), key])?;
    let sql = "DELETE FROM object_key WHERE kind = ?1 AND key = ?2";
    transaction.prepare_cached(sql)?.execute(params![code(kind), key])?;
    Ok(())
}

/// An object that is as wanted, or gone, is neither refused nor, as a rule, in doubt.
fn unmark(transaction: &Transaction<'_>, kind: Kind, id: &str, in_doubt: bool) -> rusqlite::Result<()> {
    let journal = if in_doubt {
        "UPDATE journal SET reason = NULL WHERE kind = ?1 AND id = ?2"
    } else {
        "DELETE FROM journal WHERE kind = ?1 AND id = ?2"
    };
    for sql in [journal, "DELETE FROM refused WHERE kind = ?1 AND id = ?2"] {
        transaction.prepare_cached(sql)?.execute(params![code(kind), id])?;
    }
    Ok(())
}

fn count_down(transaction: &Transaction<'_>, settled: usize) -> rusqlite::Result<()> {
    let sql = "UPDATE meta SET value = max(0, CAST(value AS INTEGER) - ?1) WHERE key = 'pending'";
    transaction.prepare_cached(sql)?.execute([i64::try_from(settled).unwrap_or(i64::MAX)])?;
    Ok(())
}
