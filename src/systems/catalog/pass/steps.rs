//! The steps in their order: fetch, diff, guard, import where it pays, apply.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::body::{Answer, FeedBody};
use super::compare::{Compared, compare};
use super::fetch::fetch;
use super::findings::Findings;
use super::held::note_held;
use super::import::{count_imported, push, settle_earlier};
use super::send::{Sent, send};
use super::stock::{stock, stock_anyway, stock_meanwhile};
use crate::approval::{CATALOG, approver, take_word};
use crate::config::Prune;
use crate::pass::PassKind;
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::guard::{Approved, Guarded, let_through};
use crate::systems::catalog::listing::{LAST_LISTING, is_due_after};
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::planner::needs_listing;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::{
    FeedColumns, FeedMark, GuardEnding, ListingScope, RefusedCount, RowsEnding, TakenListing,
};
use crate::systems::catalog::store::{ReadImports as _, ReadPlan as _, ReadTroubles as _};
use crate::systems::catalog::store::{WriteGuard as _, WriteHistory as _, WritePass as _};
use crate::systems::catalog::strategy::cost::ChosenStrategy;

/// How a pass ended that came to its end.
pub(in crate::systems::catalog) enum Ended {
    /// The feed is the one that the state equals; with the tags that the next request had better name, where those are
    /// new ones.
    Unchanged { mark: Option<FeedMark>, trouble: Trouble },
    /// The guard let nothing through, and why; with what can't be as the feed wants it.
    Held { held: Held, trouble: Trouble },
    /// Somebody has stopped the sending for a while; in words.
    Paused(String),
    /// What was to be sent was sent, as far as that went.
    Applied(Box<AppliedPlan>),
}

/// What an applied plan leaves in the state.
pub(in crate::systems::catalog) struct AppliedPlan {
    pub(super) rows: Option<RowsEnding>,
    /// What NiceChat's listing was looked at for, if it was taken in.
    pub(super) listed: Option<TakenListing>,
    pub(super) nameless: Option<u64>,
    pub(super) mark: Option<FeedMark>,
    pub(super) guard: GuardEnding,
    /// The feed's columns, once what it says was carried out.
    pub(super) columns: Option<FeedColumns>,
    /// What waits for somebody's word.
    pub(super) held: Option<Held>,
    /// It ended early for a newer feed.
    pub(super) is_overtaken: bool,
    /// What can't be as the feed wants it, where all was tried, and some of it failed.
    pub(super) trouble: Option<Trouble>,
    /// The same where nothing failed; or why the application isn't complete.
    pub(super) result: Result<Trouble, PassError>,
}

/// Rows and objects that can't be as the feed wants them.
#[derive(Debug, Clone, Copy)]
pub(in crate::systems::catalog) struct Trouble {
    pub(super) rejected: u64,
    pub(super) refused: RefusedCount,
}

/// Makes the steps of a pass. What they find out is in `findings` even when one fails.
pub(in crate::systems::catalog) async fn run_steps(
    tools: &Tools<'_>,
    request: Request,
    findings: &mut Findings,
) -> Result<Ended, PassError> {
    if let Err(error) = settle_earlier(tools, request, findings).await {
        stock_anyway(tools, request).await;
        return Err(error);
    }
    // What an import has brought since, the pass before can't have met.
    let request = if tools.state()?.is_unsettled()? { request.after_import() } else { request };
    let mut feed = match fetch(tools, request).await? {
        Answer::New(feed) => feed,
        Answer::Same(mark) => {
            owe_listing(tools, request, None).await?;
            let ended = unchanged(tools, mark, findings)?;
            return Ok(tools.paused().map_or(ended, Ended::Paused));
        }
    };
    let plan = compare_patiently(tools, request, &mut feed, findings).await;
    let shown = stock(tools, request, Arc::clone(&feed.body), plan.as_ref());
    let compared = plan.map(|plan| Compared { feed, plan });
    // Neither waits for the other one.
    let (ended, ()) = tokio::join!(Box::pin(carry_out(tools, request, compared, findings)), shown);
    ended
}

/// NiceChat's listing may take longer than this; what the feed says is shown meanwhile.
const SOON: Duration = Duration::from_secs(2);

/// Compares; NiceChat's listing, if it is read, keeps nobody waiting who asks what the feed says.
async fn compare_patiently(
    tools: &Tools<'_>,
    request: Request,
    feed: &mut FeedBody,
    findings: &mut Findings,
) -> Result<Plan, PassError> {
    let config = &tools.context.config;
    let may_wait = config.is_shown && needs_listing(config, &tools.state()?, request.kind)?;
    let body = Arc::clone(&feed.body);
    let mut comparison = Box::pin(compare(tools, request, feed, findings));
    tokio::select! {
        plan = &mut comparison => return plan,
        () = tokio::time::sleep(SOON), if may_wait => {}
    }
    tokio::join!(comparison, stock_meanwhile(tools, request, body)).0
}

/// Does what a comparison came to.
async fn carry_out(
    tools: &Tools<'_>,
    request: Request,
    compared: Result<Compared, PassError>,
    findings: &mut Findings,
) -> Result<Ended, PassError> {
    let Compared { mut feed, plan } = match compared {
        Err(error @ PassError::Listing(_)) => {
            owed_in_vain(tools).await?;
            return Err(error);
        }
        compared => compared?,
    };
    let mut summary = plan.summary.clone();
    owe_listing(tools, request, Some(&plan)).await?;
    let mut guarded = let_through(plan);
    let paused = tools.paused();
    if findings.import.is_none()
        && paused.is_none()
        && let Guarded::Approved(approved) = guarded
    {
        guarded = match approved.plan().decision.strategy.clone() {
            ChosenStrategy::Api => Guarded::Approved(approved),
            ChosenStrategy::Import(address) => {
                // The plan that follows is another one, which must know of it.
                remember_word(tools, request, approved.plan()).await?;
                let pushed = Box::pin(push(tools, request, &address, (feed, approved), findings));
                let imported = pushed.await?;
                feed = imported.feed;
                summary = imported.plan.summary.clone();
                let_through(imported.plan)
            }
        };
    }
    count_imported(tools, &summary, findings).await?;
    if let Some(paused) = paused.or_else(|| tools.paused()) {
        return Ok(Ended::Paused(paused));
    }
    match guarded {
        Guarded::Held { held, word, store } => {
            note_held(tools, request, &held, &store).await?;
            // It was for something else.
            take_word(tools.context.state.path(), CATALOG, word.as_deref());
            // Also the worst of feeds has rows to mend.
            Ok(Ended::Held { held, trouble: trouble(tools)? })
        }
        Guarded::Approved(approved) => Ok(Ended::Applied(apply(tools, request, feed, approved, findings).await.into())),
    }
}

/// What a listing tells is in the plan alone, and owed until it is done: the next pass reads it again, and later ones
/// less and less often. A pass that reads none counts as well, unless it should have.
async fn owe_listing(tools: &Tools<'_>, request: Request, plan: Option<&Plan>) -> Result<(), PassError> {
    let nth = tools.state()?.listing_owed()?;
    let passes = match plan.filter(|plan| plan.is_listed) {
        Some(plan) if plan.summary.operations() == 0 && !plan.verdict.is_whole => None,
        Some(_) if request.kind == PassKind::Resync => Some(0),
        Some(_) => Some(nth.unwrap_or_default()),
        None => nth.filter(|nth| *nth <= LAST_LISTING && !is_due_after(*nth)),
    };
    if let Some(passes) = passes {
        tools.context.state.owe_listing(passes).await?;
    }
    Ok(())
}

/// A listing that is owed could not be read: what the feed says must not wait for it for ever.
async fn owed_in_vain(tools: &Tools<'_>) -> Result<(), PassError> {
    if let Some(nth) = tools.state()?.listing_owed()?.filter(|nth| *nth <= LAST_LISTING) {
        tools.context.state.owe_listing(nth).await?;
    }
    Ok(())
}

impl Ended {
    /// Whether it ended early because somebody asked it to stop.
    pub(in crate::systems::catalog) fn is_interrupted(ended: &Result<Ended, PassError>) -> bool {
        let error = match ended {
            Err(error) => error,
            Ok(Ended::Applied(applied)) => match &applied.result {
                Err(error) => error,
                Ok(_) => return false,
            },
            Ok(_) => return false,
        };
        error.is_interrupted()
    }
}

fn unchanged(tools: &Tools<'_>, mark: Option<FeedMark>, findings: &mut Findings) -> Result<Ended, PassError> {
    let (faults, refused) = tools.state()?.trouble()?;
    let trouble = Trouble { rejected: faults.rows(), refused };
    findings.summary = Some(Summary { rejected: trouble.rejected, faults, ..Summary::default() });
    Ok(Ended::Unchanged { mark, trouble })
}

fn trouble(tools: &Tools<'_>) -> Result<Trouble, PassError> {
    let (faults, refused) = tools.state()?.trouble()?;
    Ok(Trouble { rejected: faults.rows(), refused })
}

async fn apply(
    tools: &Tools<'_>,
    request: Request,
    feed: FeedBody,
    approved: Approved,
    findings: &mut Findings,
) -> AppliedPlan {
    let plan = approved.plan();
    let nameless = (plan.summary.held_back == 0).then_some(plan.summary.nameless);
    let (changes_at, is_listed) = (plan.changes_at, plan.is_listed);
    // The pass that was overtaken by this one may have read it.
    let is_whole = plan.summary.is_listed || request.knows_listing;
    let body = feed.mark.clone();
    let mark = trusted(feed.mark, plan).filter(|_| plan.verdict.held.is_none());
    let verdict = plan.verdict.clone();
    let columns = plan.columns.clone();
    let kind = plan.kind.clone();
    if let Err(error) = remember_word(tools, request, plan).await {
        return AppliedPlan::failed(error);
    }
    if let Some(held) = &verdict.held
        && let Err(error) = note_held(tools, request, held, &approved.plan().store).await
    {
        return AppliedPlan::failed(error);
    }
    let Sent { rows, was_carried_through, result } = send(tools, request, approved, &body, findings).await;
    let is_overtaken = matches!(result, Err(PassError::Stopped(Stop::Overtaken)));
    let is_at_large = findings.import.as_ref().is_some_and(|import| import.is_at_large);
    let scope = match tools.context.config.nicechat.prune {
        // What isn't ours is met in a listing only: it is read again as long as some of it may be held.
        Prune::All if !verdict.holds_deletions() => ListingScope::All,
        Prune::All | Prune::None | Prune::Owned => ListingScope::Ours,
    };
    let guard = GuardEnding {
        held: was_carried_through.then(|| verdict.held.as_ref().map(|held| json!(held))),
        kind: was_carried_through.then_some(kind),
        ..GuardEnding::default()
    };
    AppliedPlan {
        columns: Some(columns).filter(|_| was_carried_through && verdict.held.is_none()),
        guard,
        held: verdict.held,
        rows,
        listed: (is_listed && was_carried_through && !is_at_large).then_some(TakenListing { scope, is_whole }),
        nameless,
        mark: mark.filter(|_| result.is_ok()).map(|mark| FeedMark { changes_at, judged: Some(request.now), ..mark }),
        trouble: if was_carried_through && result.is_err() { trouble(tools).ok() } else { None },
        result: if is_overtaken { Ok(()) } else { result }.and_then(|()| trouble(tools)),
        is_overtaken,
    }
}

/// What somebody approved is in the state before any of it is done, and is approved once only.
async fn remember_word(tools: &Tools<'_>, request: Request, plan: &Plan) -> Result<(), PassError> {
    let (state, verdict) = (&tools.context.state, &plan.verdict);
    if let Some(approved) = &verdict.approved {
        state.approve(approved.clone(), plan.kind.clone()).await?;
        let by = verdict.word.as_deref().and_then(|word| approver(state.path(), CATALOG, word));
        if let Some(by) = by {
            state.note_approver(request.now, by).await?;
        }
    }
    take_word(state.path(), CATALOG, verdict.word.as_deref());
    Ok(())
}

impl AppliedPlan {
    fn failed(error: PassError) -> AppliedPlan {
        let guard = GuardEnding::default();
        AppliedPlan {
            rows: None,
            listed: None,
            nameless: None,
            mark: None,
            guard,
            columns: None,
            held: None,
            is_overtaken: false,
            trouble: None,
            result: Err(error),
        }
    }
}

/// What of a mark may count for passes to come. Bytes of which something was left undone must not be taken
/// for unchanged when they come with a proof of their end; and the server's tags are those of the whole feed,
/// of which an unproven body may be only the beginning.
fn trusted(mark: FeedMark, plan: &Plan) -> Option<FeedMark> {
    match plan.summary.unproven_because {
        Some(_) => None,
        None if plan.is_whole => Some(mark),
        None => Some(FeedMark { etag: None, last_modified: None, ..mark }),
    }
}
