//! Carrying out a plan: stage by stage, within a stage side by side.
//!
//! A request is written down before it is sent, and what came of it before the next one takes its
//! place: a crash costs at most the requests in flight. One object's failure is its own.

mod history;
mod request;
mod settle;
mod shares;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered};
use futures_util::{StreamExt as _, TryStreamExt as _};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::catalog::Kind;
use crate::remote::{CallError, nicechat};
use crate::state::{self, Pending, StateError};
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::plan::operation::{Action, Operation, Stage};
use crate::systems::catalog::plan::store::{Cursor, PlanStoreError, SharedPlanStore};
use crate::systems::catalog::store::WriteRequests as _;
use crate::systems::catalog::store::{Adopted, Intent};
use crate::task::{self, TaskError};

use shares::in_shares;

pub(super) use history::{Telling, held_change};

/// Operations that are read together.
const CHUNK: usize = 200;
/// How long requests in flight may still take when the pass is to stop.
const GRACE: Duration = Duration::from_secs(3);
/// How long they may when it is a newer feed that waits: nothing is to be sent twice for that.
const GRACE_OF_OVERTAKEN: Duration = Duration::from_secs(10);
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
    PlanStore(#[from] PlanStoreError),
    /// No thread to work on.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Nothing gets through.
    #[error("NiceChat seems to be away: {0}")]
    Away(String),
    /// Somebody asked us to stop.
    #[error("interrupted; the next pass goes on from here")]
    Interrupted,
    /// There is a newer feed.
    #[error("a newer feed came; the next pass goes on from here, the urgent first")]
    Overtaken,
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
    /// Why the first of them did; empty when none did.
    pub first_failure: String,
    /// Why it ended early.
    pub stopped: Option<Stop>,
}

/// Operations, and where the next ones begin.
type Chunk = (Vec<Operation>, Cursor);
/// Operations that are read as they are needed.
type Operations<'a> = BoxStream<'a, Result<Operation, Stop>>;
/// Operations that are being written down as about to be sent.
type Intended<'a> = (Vec<Operation>, Pending<'a>);
/// Those that are next, if that is known already, and those behind them.
type Rest<'a> = (Option<Result<Intended<'a>, Stop>>, Operations<'a>);
/// Operations that are written down, and the rest.
type Begun<'a> = (Vec<Operation>, Rest<'a>);

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
    plan: SharedPlanStore,
    progress: &'a (dyn Fn(u64) + Send + Sync),
    telling: Telling,
    /// No more requests are begun.
    stop: CancellationToken,
    /// A newer feed waits.
    newer: &'a CancellationToken,
    /// The less urgent has its share of the requests.
    is_shared: bool,
    /// NiceChat's listing is in the plan: what it told is nowhere else.
    is_listed: bool,
    /// Objects are in doubt that are not those of a request.
    has_twins: AtomicBool,
    /// Requests in flight are not waited for any longer.
    abandon: CancellationToken,
    why: Mutex<Option<Stop>>,
    first_failure: Mutex<String>,
    /// No more of the stage that is under way.
    given_up: AtomicBool,
    /// Categories that products stayed in because their request failed.
    in_use: Mutex<HashSet<String>>,
    /// A product stayed of which nobody knows in which category it is.
    stays_somewhere: AtomicBool,
    counts: Counts,
}

/// Carries out the operations in `plan`, until `newer` says that there is a newer feed. `progress` is told how many
/// objects are settled. `is_listed` = NiceChat's listing was taken into the plan.
pub(super) async fn apply(
    tools: &Tools<'_>,
    (plan, is_listed): (SharedPlanStore, bool),
    telling: Telling,
    progress: &(dyn Fn(u64) + Send + Sync),
    newer: &CancellationToken,
) -> Applied {
    let interrupt = tools.stop;
    let application = Application {
        nicechat: tools.nicechat,
        state: &tools.context.state,
        plan,
        progress,
        telling,
        stop: interrupt.child_token(),
        newer,
        is_shared: tools.turn.before().is_some(),
        is_listed,
        has_twins: AtomicBool::new(false),
        abandon: CancellationToken::new(),
        why: Mutex::new(None),
        first_failure: Mutex::default(),
        given_up: AtomicBool::new(false),
        in_use: Mutex::new(HashSet::new()),
        stays_somewhere: AtomicBool::new(false),
        counts: Counts::default(),
    };
    let work = application.stages();
    let watch = async {
        application.grace(interrupt).await;
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
    async fn stages(&self) {
        for stage in Stage::ALL {
            self.given_up.store(false, Ordering::Relaxed);
            self.counts.failed_in_a_row.store(0, Ordering::Relaxed);
            let done = match stage {
                Stage::RecordOnly => self.record_only().await,
                Stage::TwinDeletes => self.part_twins(Kind::Product, stage).await,
                Stage::CategoryDeletes => self.part_twins(Kind::Category, stage).await,
                _ => self.requests(stage).await,
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
        let plan = Arc::clone(&self.plan);
        let read = task::blocking(move || {
            let plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
            plan.operations(stage, &mut cursor, most).map(|operations| (operations, cursor))
        });
        Ok(read.await??)
    }

    /// What only the state learns: in large transactions, for nothing is in flight.
    async fn record_only(&self) -> Result<(), Stop> {
        let mut cursor = Cursor::default();
        loop {
            let (operations, next) = self.chunk(Stage::RecordOnly, cursor, 2_000).await?;
            cursor = next;
            if operations.is_empty() || self.stop.is_cancelled() {
                return Ok(());
            }
            let settled = operations.len() as u64;
            let (mut known, mut gone) = (Vec::new(), Vec::new());
            for operation in operations {
                let change = self.noted(&operation, None);
                let Operation { kind, id, record, .. } = operation;
                match record {
                    Some(record) => known.push(Adopted { kind, id, record, change }),
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
    async fn part_twins(&self, kind: Kind, stage: Stage) -> Result<(), Stop> {
        let mut after = 0;
        loop {
            let plan = Arc::clone(&self.plan);
            let read = task::blocking(move || {
                let plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
                plan.twins(kind, &mut after, 2_000).map(|twins| (twins, after))
            });
            let (twins, read_to) = read.await??;
            if twins.is_empty() {
                return self.requests(stage).await;
            }
            after = read_to;
            self.has_twins.store(true, Ordering::Relaxed);
            self.state.intend(twins).await?;
        }
    }

    async fn requests(&self, stage: Stage) -> Result<(), Stop> {
        let (mut begun, mut is_over) = (self.begun(stage), false);
        let mut under_way: FuturesUnordered<BoxFuture<'_, Result<(), Stop>>> = FuturesUnordered::new();
        loop {
            let settled = tokio::select! {
                operation = begun.next(), if !is_over && under_way.len() < self.at_once() => {
                    match operation {
                        Some(operation) => under_way.push(self.one(operation)),
                        None => is_over = true,
                    }
                    continue;
                }
                Some(settled) = under_way.next() => settled,
                else => return Ok(()),
            };
            if let Err(stop) = settled {
                self.stop_because(stop);
            }
        }
    }

    /// The operations of a stage, each written down as about to be sent. As many as are sent side by side are written
    /// down together, beside what comes of those before them: one transaction instead of many.
    fn begun<'a>(&'a self, stage: Stage) -> Operations<'a> {
        let next =
            move |rest: Rest<'a>| -> BoxFuture<'a, Result<Option<Begun<'a>>, Stop>> { Box::pin(self.begin_some(rest)) };
        let together = stream::try_unfold((None, self.operations(stage)), next);
        together.map_ok(|operations| stream::iter(operations.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// How many requests there may be side by side now.
    fn at_once(&self) -> usize {
        self.nicechat.at_once()
    }

    /// Failures in a row that mean that NiceChat is away.
    fn most_failures(&self) -> u64 {
        FAILURES_IN_A_ROW.max(2 * self.at_once() as u64)
    }

    /// Waits until the application is to end and its requests have had their time.
    async fn grace(&self, interrupt: &CancellationToken) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.newer.cancelled() => self.stop_because(Stop::Overtaken),
        }
        let interrupted = async {
            interrupt.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = tokio::time::sleep(if self.newer.is_cancelled() { GRACE_OF_OVERTAKEN } else { GRACE }) => {}
            () = interrupted => {}
        }
    }

    /// The operations of a stage, in their order.
    fn operations(&self, stage: Stage) -> Operations<'_> {
        if !(self.is_shared && stage == Stage::Products) {
            return self.operations_from(stage, Cursor::default());
        }
        let urgent = self.operations_from(stage, Cursor::default());
        let urgent = urgent.try_take_while(|operation| std::future::ready(Ok(operation.is_urgent()))).boxed();
        in_shares(urgent, self.operations_from(stage, Cursor::behind_the_urgent()))
    }

    /// The operations of a stage behind a place.
    fn operations_from<'a>(&'a self, stage: Stage, from: Cursor) -> Operations<'a> {
        let next = move |cursor: Cursor| -> BoxFuture<'a, Result<Option<Chunk>, Stop>> {
            Box::pin(async move {
                if self.stop.is_cancelled() {
                    return Ok(None);
                }
                let (operations, cursor) = self.chunk(stage, cursor, CHUNK).await?;
                Ok((!operations.is_empty()).then_some((operations, cursor)))
            })
        };
        let chunks = stream::try_unfold(from, next);
        chunks.map_ok(|chunk| stream::iter(chunk.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn one(&self, operation: Result<Operation, Stop>) -> BoxFuture<'_, Result<(), Stop>> {
        Box::pin(async move { self.settle(operation?).await })
    }

    /// Whether an operation is not to be begun any more, or not at all.
    fn is_off(&self, operation: &Operation) -> bool {
        let is_over = self.stop.is_cancelled() || self.given_up.load(Ordering::Relaxed);
        is_over || (operation.stage() == Stage::CategoryDeletes && self.is_in_use(operation))
    }

    /// Operations that are written down, and those that follow.
    async fn begin_some<'a>(&'a self, (next, mut operations): Rest<'a>) -> Result<Option<Begun<'a>>, Stop> {
        let next = match next {
            Some(next) => Some(next?),
            None => self.intend(&mut operations).await?,
        };
        let Some((some, pending)) = next else { return Ok(None) };
        pending.written().await?;
        let next = self.intend(&mut operations).await.transpose();
        Ok(Some((some, (next, operations))))
    }

    /// Has the next operations written down, without those that are not to be begun any more; `None` = there are none.
    async fn intend<'a>(&'a self, operations: &mut Operations<'a>) -> Result<Option<Intended<'a>>, Stop> {
        let mut some: Vec<Operation> = Vec::new();
        while some.is_empty() {
            let read: Vec<Operation> = operations.by_ref().take(self.at_once()).try_collect().await?;
            if read.is_empty() {
                return Ok(None);
            }
            let (off, on): (Vec<Operation>, Vec<Operation>) =
                read.into_iter().partition(|operation| self.is_off(operation));
            self.put_off(&off).await?;
            some = on;
        }
        let pending = self.state.intend_with_next(some.iter().map(intent).collect())?;
        Ok(Some((some, pending)))
    }

    /// Operations that are not begun. Where the pass goes on without them, its listing counts as dealt with: what is to
    /// go and only that has told of is written down for the passes to come.
    async fn put_off(&self, operations: &[Operation]) -> Result<(), Stop> {
        operations.iter().for_each(|operation| self.stays_where_it_is(operation));
        if !self.is_listed || self.stop.is_cancelled() {
            return Ok(());
        }
        let removals = operations.iter().filter(|operation| operation.action.is_removal());
        let intents: Vec<Intent> = removals.map(intent).collect();
        if !intents.is_empty() {
            self.state.put_off(intents).await?;
        }
        Ok(())
    }

    fn stop_because(&self, stop: Stop) {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.get_or_insert(stop);
        self.stop.cancel();
    }

    fn end(self, interrupt: &CancellationToken) -> Applied {
        let unnamed = self.counts.refused.load(Ordering::Relaxed).saturating_sub(NAMED);
        if unnamed > 0 {
            warn!(refused = unnamed + NAMED, "and {unnamed} more are refused by NiceChat: `status` has them");
        }
        let why = self.why.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stopped = why.or_else(|| interrupt.is_cancelled().then_some(Stop::Interrupted));
        Applied {
            created: self.counts.created.into_inner(),
            updated: self.counts.updated.into_inner(),
            deleted: self.counts.deleted.into_inner(),
            refused: self.counts.refused.into_inner(),
            failed: self.counts.failed.into_inner(),
            first_failure: self.first_failure.into_inner().unwrap_or_else(PoisonError::into_inner),
            stopped,
        }
    }
}
