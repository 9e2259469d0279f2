//! The step that sends: what the guard let through is carried out.

use std::mem::take;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fetch::is_newer;
use super::findings::Findings;
use crate::catalog::Kind;
use crate::pass::{PassKind, Step};
use crate::state::StateError;
use crate::systems::catalog::apply::{Applied, Stop, Telling, apply};
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::guard::Approved;
use crate::systems::catalog::overtaking::Overtaken;
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::plan::store::SharedPlanStore;
use crate::systems::catalog::plan::summary::{Summary, Tally};
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::WritePass as _;
use crate::systems::catalog::store::WriteRequests as _;
use crate::systems::catalog::store::{
    FeedMark, Intent, Loaded, ReadFeed as _, ReadImports as _, RowsEnding, Waiting, Why,
};

/// Changes of a first load that are told one by one; of more, none is.
const MOST_TOLD: u64 = 10_000;
/// Objects that an import created and that are told one by one; more are one line.
const MOST_IMPORTED: u64 = 10_000;
/// Fewer requests than this say nothing about NiceChat's pace.
const ENOUGH_REQUESTS: u64 = 50;

/// What a plan left behind that was carried out as far as it went.
pub(super) struct Sent {
    /// What the state is to know of the feed's rows: of those whose objects were acknowledged, if any.
    pub(super) rows: Option<RowsEnding>,
    /// Whether all operations were tried.
    pub(super) was_carried_through: bool,
    /// Some of them failed, or it ended early.
    pub(super) result: Result<(), PassError>,
}

/// Carries the plan out, until a feed comes that is newer than that of `mark`.
pub(super) async fn send(
    tools: &Tools<'_>,
    request: Request,
    plan: Approved,
    mark: &FeedMark,
    findings: &mut Findings,
) -> Sent {
    let mut plan = plan.into_plan();
    let rows = plan.rows.take();
    let result = carry_out(tools, request, plan, mark, findings).await;
    let was_carried_through = matches!(result, Ok(()) | Err(PassError::Pending { .. }));
    // A pass that goes on from here has only what is left to parse; where little was known before, that is about all of it.
    let goes_on = matches!(result, Err(PassError::Stopped(Stop::Overtaken | Stop::Away(_))));
    let is_of_use = |rows: &RowsEnding| was_carried_through || (goes_on && rows.is_mostly_known());
    Sent { rows: rows.filter(is_of_use), was_carried_through, result }
}

async fn carry_out(
    tools: &Tools<'_>,
    request: Request,
    plan: Plan,
    mark: &FeedMark,
    findings: &mut Findings,
) -> Result<(), PassError> {
    let overtaken = may_be_overtaken(request, &plan, findings);
    let Plan { store, summary, left, is_listed, .. } = plan;
    let (context, nicechat) = (tools.context, tools.nicechat);
    let operations = summary.operations();
    findings.loaded = loaded(tools, request, &summary, may_have_imported(findings))?;
    let urgent = {
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        store.groups().filter(|(group, _)| group.is_urgent()).map(|(_, count)| count).sum()
    };
    let pass = context.state.begin(Waiting { all: operations, urgent }, request.now).await?;
    let telling = match findings.loaded.map(|loaded| loaded.why) {
        Some(Why::FirstLoad) if summary.both(|tally| tally.update) > MOST_TOLD => Telling::Nothing,
        Some(Why::FirstLoad) => Telling::Changes(pass),
        Some(_) => Telling::WithoutImported(pass),
        None => Telling::All(pass),
    };
    if !left.is_empty() {
        // They may be ours, and no listing is read again for them.
        let intents = left.into_iter().map(|(kind, id)| Intent { kind, id, fields: None });
        context.state.intend(intents.collect()).await?;
    }
    let settled = AtomicU64::new(0);
    let tell = |more: u64| {
        let done = settled.fetch_add(more, Ordering::Relaxed) + more;
        (tools.progress)(Step::Sending { done, of: operations });
    };
    if let Some(at_once) = tools.state()?.timings()?.at_once {
        nicechat.begin_with(at_once);
    }
    let (began, before) = (Instant::now(), nicechat.traffic());
    let mut applied = apply_until_newer(tools, ((store, is_listed), telling), &tell, (mark, overtaken)).await;
    let after = nicechat.traffic();
    let sent = after.requests - before.requests;
    let (stopped, failed, first) = (applied.stopped.take(), applied.failed, take(&mut applied.first_failure));
    findings.applied = applied;
    if sent >= ENOUGH_REQUESTS {
        let pace = began.elapsed().as_secs_f64() / sent as f64;
        // Pauses between tries are not NiceChat's pace.
        let is_pace = after.retries == before.retries && stopped.is_none();
        findings.observe_timings(tools, |timings| {
            timings.change_seconds = Some(pace).filter(|_| is_pace).or(timings.change_seconds);
            timings.at_once = nicechat.found_at_once().or(timings.at_once);
        })?;
    }
    if let (Some(Stop::Overtaken), Some(overtaken)) = (&stopped, overtaken) {
        tools.turn.overtaken(overtaken);
    }
    match (stopped, failed) {
        (Some(stop), _) => Err(PassError::Stopped(stop)),
        (None, 0) => Ok(()),
        (None, failed) => Err(PassError::Pending { failed, operations: summary.sent(), first }),
    }
}

/// Applies a plan, until there is a newer feed than that of the mark, where it may be overtaken.
async fn apply_until_newer(
    tools: &Tools<'_>,
    (plan, telling): ((SharedPlanStore, bool), Telling),
    tell: &(dyn Fn(u64) + Send + Sync),
    (mark, overtaken): (&FeedMark, Option<Overtaken>),
) -> Applied {
    let newer = CancellationToken::new();
    let applying = apply(tools, plan, telling, tell, &newer);
    let looking = async {
        if overtaken.is_some() {
            tools.turn.wait(|| is_newer(tools, mark)).await;
            newer.cancel();
        }
        std::future::pending::<Applied>().await
    };
    tokio::select! {
        applied = applying => applied,
        applied = looking => applied,
    }
}

/// What is left for the next pass if this one is overtaken, if it may be. What NiceChat's listing told is in the plan
/// alone, unless it has nothing: such a plan is carried through.
fn may_be_overtaken(request: Request, plan: &Plan, findings: &Findings) -> Option<Overtaken> {
    let is_there = |tally: &Tally| tally.owned + tally.adopted + tally.delete + tally.delete_foreign + tally.foreign;
    let has_any = || plan.summary.both(is_there) > 0;
    let has_none = || plan.summary.is_listed && !has_any();
    let knows_listing = plan.is_listed && request.kind == PassKind::Sync && (request.knows_listing || has_none());
    let may_be = !may_have_imported(findings) && (!plan.is_listed || knows_listing);
    may_be.then_some(Overtaken { knows_listing })
}

/// Whether an import of this pass may have had an effect.
fn may_have_imported(findings: &Findings) -> bool {
    findings.import.as_ref().is_some_and(|import| !import.had_no_effect)
}

/// The one line that the history gets instead of one for each change: of a large import, and of a first load, which
/// is not over before NiceChat's listing was taken in.
fn loaded(
    tools: &Tools<'_>,
    request: Request,
    summary: &Summary,
    is_imported: bool,
) -> Result<Option<Loaded>, StateError> {
    let state = tools.state()?;
    let owned = Kind::ALL.map(|kind| summary.tally(kind).owned);
    let adopted = Kind::ALL.map(|kind| summary.tally(kind).adopted);
    let why = if state.listed()?.is_none() || owned == [0; 2] {
        Why::FirstLoad
    } else if state.is_unsettled()? && adopted.iter().sum::<u64>() > MOST_IMPORTED {
        Why::Import
    } else {
        return Ok(None);
    };
    Ok((summary.operations() > 0).then_some(Loaded {
        started: request.now,
        why,
        owned,
        // What an import has just created is met as what is there.
        adopted: if is_imported { [0; 2] } else { adopted },
    }))
}
