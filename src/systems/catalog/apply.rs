//! Carrying out a plan: stage by stage, within a stage side by side.
//!
//! A request is written down before it is sent, and what came of it before the next one takes its
//! place: a crash costs at most the requests in flight. One object's failure is its own.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::catalog::{Fields, Id, Kind};
use crate::remote::{CallError, nicechat};
use crate::state::{self, StateError};
use crate::systems::catalog::diff::decide::acknowledged;
use crate::systems::catalog::diff::fields::with_values;
use crate::systems::catalog::plan::operation::{Action, Operation, Stage};
use crate::systems::catalog::plan::store::{Cursor, SharedStaging, StagingError};
use crate::systems::catalog::store::{Intent, Record, Settled, WriteRequests as _};
use crate::task::{self, TaskError};

/// Operations that are read together.
const CHUNK: usize = 200;
/// How long requests in flight may still take when the pass is to stop.
const GRACE: Duration = Duration::from_secs(3);
/// Refused objects that a pass names in the log; a feed may have a million.
const NAMED: u64 = 10;
/// Objects that fail one after the other, each after all its tries, before NiceChat counts as away.
const FAILURES_IN_A_ROW: u64 = 16;

/// Why an application ended before its end.
#[derive(Debug, Error)]
pub enum Stop {
    /// No request with this key and secret will be taken.
    #[error(transparent)]
    Unauthorized(CallError),
    /// What is acknowledged could not be written down.
    #[error(transparent)]
    State(#[from] StateError),
    /// The plan could not be read.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// No thread to work on.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Nothing gets through.
    #[error("NiceChat seems to be away: {0}")]
    Away(String),
    /// Somebody asked us to stop.
    #[error("interrupted; the next pass goes on from here")]
    Interrupted,
}

/// What an application came to, in objects.
#[derive(Debug, Default)]
pub struct Applied {
    /// Created.
    pub created: u64,
    /// Changed or switched off.
    pub updated: u64,
    /// Deleted.
    pub deleted: u64,
    /// Refused by NiceChat as they are.
    pub refused: u64,
    /// Failed in a way that can pass.
    pub failed: u64,
    /// Why it ended early.
    pub stopped: Option<Stop>,
}

/// Operations, and where the next ones begin.
type Chunk = (Vec<Operation>, Cursor);

/// What a request did.
enum Done {
    /// What it is now by NiceChat's answer, and what was sent for it.
    Created {
        reply: Fields,
        sent: Fields,
    },
    Updated {
        reply: Fields,
        sent: Fields,
    },
    Deleted,
}

#[derive(Default)]
struct Counts {
    created: AtomicU64,
    updated: AtomicU64,
    deleted: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    failed_in_a_row: AtomicU64,
}

struct Application<'a> {
    nicechat: &'a nicechat::Writer,
    state: &'a state::Writer,
    staging: SharedStaging,
    progress: &'a (dyn Fn(u64) + Send + Sync),
    /// No more requests are begun.
    stop: CancellationToken,
    /// Requests in flight are not waited for any longer.
    abandon: CancellationToken,
    why: Mutex<Option<Stop>>,
    /// Failures in a row that mean that NiceChat is away.
    most_failures: u64,
    /// No more of the stage that is under way.
    given_up: AtomicBool,
    /// Categories that products stayed in because their request failed.
    in_use: Mutex<HashSet<String>>,
    counts: Counts,
}

/// Carries out the operations in `staging`. `progress` is told how many objects are settled.
pub(super) async fn apply(
    nicechat: &nicechat::Writer,
    state: &state::Writer,
    staging: SharedStaging,
    concurrency: usize,
    interrupt: &CancellationToken,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Applied {
    let application = Application {
        nicechat,
        state,
        staging,
        progress,
        stop: interrupt.child_token(),
        abandon: CancellationToken::new(),
        why: Mutex::new(None),
        most_failures: FAILURES_IN_A_ROW.max(2 * concurrency as u64),
        given_up: AtomicBool::new(false),
        in_use: Mutex::new(HashSet::new()),
        counts: Counts::default(),
    };
    let work = application.stages(concurrency);
    let watch = async {
        application.stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
        application.abandon.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = work => {}
        () = watch => {}
    }
    application.end(interrupt)
}

fn intent(operation: &Operation) -> Intent {
    let fields = match operation.action {
        Action::Update | Action::Disable => Some(operation.send.keys().cloned().collect()),
        _ => None,
    };
    Intent { kind: operation.kind, id: operation.id.clone(), fields }
}

impl Application<'_> {
    async fn stages(&self, concurrency: usize) {
        for stage in Stage::ALL {
            self.given_up.store(false, Ordering::Relaxed);
            self.counts.failed_in_a_row.store(0, Ordering::Relaxed);
            let done = match stage {
                Stage::Notes => self.notes().await,
                Stage::TwinDeletes => self.part_twins(Kind::Product, stage, concurrency).await,
                Stage::CategoryDeletes => self.part_twins(Kind::Category, stage, concurrency).await,
                _ => self.requests(stage, concurrency).await,
            };
            if let Err(stop) = done {
                self.stop_because(stop);
            }
            if self.stop.is_cancelled() {
                return;
            }
        }
    }

    /// Operations of a stage behind `cursor`, read off the async threads.
    async fn chunk(&self, stage: Stage, mut cursor: Cursor, most: usize) -> Result<Chunk, Stop> {
        let staging = Arc::clone(&self.staging);
        let read = task::blocking(move || {
            let staging = staging.lock().unwrap_or_else(PoisonError::into_inner);
            staging.operations(stage, &mut cursor, most).map(|operations| (operations, cursor))
        });
        Ok(read.await??)
    }

    /// What only the state learns: in large transactions, for nothing is in flight.
    async fn notes(&self) -> Result<(), Stop> {
        let mut cursor = Cursor::default();
        loop {
            let (operations, next) = self.chunk(Stage::Notes, cursor, 2_000).await?;
            cursor = next;
            if operations.is_empty() || self.stop.is_cancelled() {
                return Ok(());
            }
            let settled = operations.len() as u64;
            let (mut known, mut gone) = (Vec::new(), Vec::new());
            for Operation { kind, id, record, .. } in operations {
                match record {
                    Some(record) => known.push((kind, id, record)),
                    None => gone.push((kind, id.to_string())),
                }
            }
            self.state.adopt(known).await?;
            self.state.forget(gone).await?;
            (self.progress)(settled);
        }
    }

    /// Deletions that may take wanted objects with them: those are in doubt from before the first one, so that a crash
    /// behind it leaves nothing unnoticed.
    async fn part_twins(&self, kind: Kind, stage: Stage, concurrency: usize) -> Result<(), Stop> {
        let mut after = 0;
        loop {
            let staging = Arc::clone(&self.staging);
            let read = task::blocking(move || {
                let staging = staging.lock().unwrap_or_else(PoisonError::into_inner);
                staging.twins(kind, &mut after, 2_000).map(|twins| (twins, after))
            });
            let (twins, read_to) = read.await??;
            if twins.is_empty() {
                return self.requests(stage, concurrency).await;
            }
            after = read_to;
            self.state.intend(twins).await?;
        }
    }

    async fn requests(&self, stage: Stage, concurrency: usize) -> Result<(), Stop> {
        // As many as are sent side by side are written down together, which is one transaction instead of many.
        let together = self.operations(stage).chunks(concurrency).map(|operations| self.begin_all(operations));
        let begun = together.buffered(1).map_ok(|operations| stream::iter(operations.into_iter().map(Ok)));
        let settled = begun.try_flatten().map(|operation| self.one(operation));
        let mut settled = std::pin::pin!(settled.buffer_unordered(concurrency));
        while let Some(result) = settled.next().await {
            if let Err(stop) = result {
                self.stop_because(stop);
            }
        }
        Ok(())
    }

    /// The operations of a stage.
    fn operations<'a>(&'a self, stage: Stage) -> BoxStream<'a, Result<Operation, Stop>> {
        let next = move |cursor: Cursor| -> BoxFuture<'a, Result<Option<Chunk>, Stop>> {
            Box::pin(async move {
                if self.stop.is_cancelled() {
                    return Ok(None);
                }
                let (operations, cursor) = self.chunk(stage, cursor, CHUNK).await?;
                Ok((!operations.is_empty()).then_some((operations, cursor)))
            })
        };
        let chunks = stream::try_unfold(Cursor::default(), next);
        chunks.map_ok(|chunk| stream::iter(chunk.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn one(&self, operation: Result<Operation, Stop>) -> BoxFuture<'_, Result<(), Stop>> {
        Box::pin(async move { self.settle(operation?).await })
    }

    /// Whether an operation is not to be begun any more, or not at all.
    fn is_off(&self, operation: &Operation) -> bool {
        let is_over = self.stop.is_cancelled() || self.given_up.load(Ordering::Relaxed);
        is_over || (operation.stage() == Stage::CategoryDeletes && self.is_in_use(&operation.id))
    }

    /// Writes operations down that are about to be sent, and gives them back without those that are not to be.
    fn begin_all(&self, operations: Vec<Result<Operation, Stop>>) -> BoxFuture<'_, Result<Vec<Operation>, Stop>> {
        Box::pin(async move {
            let mut operations = operations.into_iter().collect::<Result<Vec<Operation>, Stop>>()?;
            operations.retain(|operation| !self.is_off(operation));
            self.state.intend(operations.iter().map(intent).collect()).await?;
            Ok(operations)
        })
    }

    /// Sends one operation and writes down what came of it.
    async fn settle(&self, operation: Operation) -> Result<(), Stop> {
        if self.is_off(&operation) {
            return Ok(());
        }
        let (kind, id) = (operation.kind, operation.id.clone());
        let result = tokio::select! {
            result = self.send(&operation) => result,
            // In doubt from now on, and written down as that already.
            () = self.abandon.cancelled() => return Ok(()),
        };
        let settled = match result {
            Ok(done) => self.done(&operation, done),
            Err(error @ CallError::Unauthorized(_)) => {
                self.state.settle(kind, id, Settled::Failed(error.to_string())).await?;
                return Err(Stop::Unauthorized(error));
            }
            Err(CallError::Refused { code, reason }) => self.refused(&operation, code, reason),
            Err(error) => {
                let reason = error.to_string();
                // Told by `status`, and of the pass as a whole: a service that is away for hours
                // must not fill the journal object by object.
                debug!(r#type = %kind, object = %id, reason, "not done, to be tried again by the next pass");
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                self.stays_where_it_is(&operation);
                self.state.settle(kind, id, Settled::Failed(reason.clone())).await?;
                let in_a_row = self.counts.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
                return match in_a_row >= self.most_failures {
                    _ if error.asks_for_too_long() => Err(Stop::Away(reason)),
                    // These failed before; what the stages after this one hold may do better.
                    true if operation.is_late => {
                        self.given_up.store(true, Ordering::Relaxed);
                        Ok(())
                    }
                    true => Err(Stop::Away(reason)),
                    false => Ok(()),
                };
            }
        };
        self.counts.failed_in_a_row.store(0, Ordering::Relaxed);
        self.state.settle(kind, id, settled).await?;
        (self.progress)(1);
        Ok(())
    }

    /// The request itself, and the other one where the object's presence is not what we thought.
    async fn send(&self, operation: &Operation) -> Result<Done, CallError> {
        let Operation { kind, id, send, .. } = operation;
        match operation.action {
            Action::Create => match self.create(operation, send.clone()).await {
                // It is there, made by someone else or by a request whose answer was lost.
                Err(CallError::Exists) => self.change(operation, operation.whole()).await,
                other => other,
            },
            Action::Update => match self.change(operation, send.clone()).await {
                // It is gone.
                Err(CallError::Missing) => match self.create(operation, with_values(&operation.whole())).await {
                    Err(CallError::Exists) => {
                        let reason =
                            "NiceChat says both that it is not there (404) and that it is (code 412)".to_owned();
                        Err(CallError::Refused { code: 412, reason })
                    }
                    other => other,
                },
                other => other,
            },
            Action::Disable => match self.change(operation, send.clone()).await {
                Err(CallError::Missing) => Ok(Done::Deleted),
                other => other,
            },
            Action::Delete => match self.nicechat.delete(*kind, id).await {
                Ok(()) | Err(CallError::Missing) => Ok(Done::Deleted),
                Err(error) => Err(error),
            },
            // Notes have a stage of their own that sends nothing.
            Action::Note => Ok(Done::Updated { reply: Fields::new(), sent: Fields::new() }),
        }
    }

    async fn create(&self, operation: &Operation, sent: Fields) -> Result<Done, CallError> {
        let reply = self.nicechat.create(operation.kind, &operation.id, &sent).await?;
        Ok(Done::Created { reply, sent })
    }

    async fn change(&self, operation: &Operation, sent: Fields) -> Result<Done, CallError> {
        let reply = self.nicechat.change(operation.kind, &operation.id, &sent).await?;
        Ok(Done::Updated { reply, sent })
    }

    fn done(&self, operation: &Operation, done: Done) -> Settled {
        debug!(r#type = %operation.kind, object = %operation.id, action = ?operation.action, "acknowledged");
        let count = |count: &AtomicU64| _ = count.fetch_add(1, Ordering::Relaxed);
        let record = operation.record.clone();
        match done {
            Done::Created { reply, sent } => {
                count(&self.counts.created);
                // A new object: what NiceChat made of an earlier one of this id is no more.
                let record = record.map(|record| Record { answered: Fields::new(), repaired: Fields::new(), ..record });
                record.map_or(Settled::Deleted, |record| Settled::Done(acknowledged(record, &sent, &reply)))
            }
            Done::Updated { reply, sent } => {
                count(&self.counts.updated);
                record.map_or(Settled::Deleted, |record| Settled::Done(acknowledged(record, &sent, &reply)))
            }
            Done::Deleted => {
                count(&self.counts.deleted);
                Settled::Deleted
            }
        }
    }

    fn refused(&self, operation: &Operation, code: u16, reason: String) -> Settled {
        if self.counts.refused.load(Ordering::Relaxed) < NAMED {
            warn!(
                r#type = %operation.kind, object = %operation.id, code, reason,
                "{} {} is refused by NiceChat ({reason}) and set aside until it changes, or until a resync",
                operation.kind, operation.id
            );
        }
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        self.stays_where_it_is(operation);
        let record = operation.record.as_ref();
        let category = |record: &Record| record.acked.get("category").and_then(Value::as_str).map(str::to_owned);
        Settled::Refused {
            digest: record.map_or(0, |record| record.digest),
            category: record.and_then(category),
            reason,
            in_doubt: operation.is_late,
        }
    }

    /// A product that could not be moved or deleted still refers to its category.
    fn stays_where_it_is(&self, operation: &Operation) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.extend(operation.was_in.clone());
    }

    fn is_in_use(&self, category: &Id) -> bool {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).contains(category.as_str())
    }

    fn stop_because(&self, stop: Stop) {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.get_or_insert(stop);
        self.stop.cancel();
    }

    fn end(self, interrupt: &CancellationToken) -> Applied {
        let unnamed = self.counts.refused.load(Ordering::Relaxed).saturating_sub(NAMED);
        if unnamed > 0 {
            warn!(refused = unnamed + NAMED, "and {unnamed} more are refused by NiceChat: see `shelfkeeper status`");
        }
        let why = self.why.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stopped = why.or_else(|| interrupt.is_cancelled().then_some(Stop::Interrupted));
        Applied {
            created: self.counts.created.into_inner(),
            updated: self.counts.updated.into_inner(),
            deleted: self.counts.deleted.into_inner(),
            refused: self.counts.refused.into_inner(),
            failed: self.counts.failed.into_inner(),
            stopped,
        }
    }
}
