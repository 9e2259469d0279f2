//! The second step: the feed against what is known, which gives a plan.

use std::sync::Arc;

use super::body::{self, FeedBody};
use super::findings::Findings;
use crate::catalog::Digest;
use crate::source::{Body, Incoming};
use crate::systems::catalog::context::{Context, Tools};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::planner::{Planner, read_whole};
use crate::systems::catalog::rejections::record_rejections;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::{ReadMissing as _, WriteMissing as _};
use crate::systems::catalog::wait::interruptible;
use crate::task;

/// A feed that was compared, and the plan that follows from it.
pub(super) struct Compared {
    pub(super) feed: FeedBody,
    pub(super) plan: Plan,
}

/// Compares the feed with what is known, and keeps its rejected rows. The body is whole then, and may be another one
/// than the first that came.
pub(super) async fn compare(
    tools: &Tools<'_>,
    request: Request,
    feed: &mut FeedBody,
    findings: &mut Findings,
) -> Result<Plan, PassError> {
    let Context { config, limits, .. } = tools.context;
    let hasher = tools.state()?.hasher().clone();
    let by = (limits.clients(), &config.source, &hasher);
    let mut incoming = Incoming { body: Arc::clone(&feed.body), download: std::mem::take(&mut feed.download) };
    let read = read_whole(by, tools.stop, &mut incoming, |body| Box::pin(read(tools, request, body))).await;
    if !Arc::ptr_eq(&incoming.body, &feed.body) {
        *feed = FeedBody::of(config, incoming);
    }
    let (plan, digest) = read?;
    findings.summary = Some(plan.summary.clone());
    if let Some(page_size) = plan.page_size {
        findings.observe_timings(tools, |timings| timings.page_size = Some(page_size))?;
    }
    feed.mark.body = Some(digest);
    record_rejections(&tools.context.state, &plan.store, tools.stop).await?;
    note_missing(tools, &plan).await?;
    Ok(plan)
}

/// Writes down what this feed lacks, whatever becomes of the plan: a product that is there again has not been missing all
/// the time. A feed that nobody trusts as a whole says nothing of that.
async fn note_missing(tools: &Tools<'_>, plan: &Plan) -> Result<(), PassError> {
    if plan.verdict.is_whole {
        return Ok(());
    }
    let missing = plan.missing.clone().unwrap_or_default();
    if missing.is_empty() && tools.state()?.missing()?.is_empty() {
        return Ok(());
    }
    Ok(tools.context.state.note_missing(missing).await?)
}

/// The plan that follows from a body, and the body's digest.
async fn read(tools: &Tools<'_>, request: Request, feed: Arc<Body>) -> Result<(Plan, Digest), PassError> {
    let digest = {
        // Beside the comparison, which hardly ever needs all processors.
        let body = Arc::clone(&feed);
        task::blocking(move || body.digest())
    };
    let reader = tools.nicechat.reader();
    let Context { config, computing, .. } = tools.context;
    let planner = Planner { config, nicechat: &reader, stop: tools.stop, computing };
    // It only reads: whatever is computing when we are to stop is left to end by itself.
    let plan = interruptible(tools.stop, Box::pin(planner.plan(tools.state()?, request, &feed))).await??;
    let digest = body::readable(config, interruptible(tools.stop, digest).await??)?;
    // The digest may have been read for longer than the rows.
    feed.check_unwritten()?;
    Ok((plan, digest))
}
