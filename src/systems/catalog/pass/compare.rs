//! The second step: the feed against what is known, which gives a plan.

use std::sync::{Arc, PoisonError};

use super::body::{self, FeedBody};
use super::findings::Findings;
use crate::systems::catalog::context::{Context, Tools};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::plan::store::SharedPlanStore;
use crate::systems::catalog::planner::{Planner, Request};
use crate::systems::catalog::store::WritePass as _;
use crate::systems::catalog::wait::interruptible;
use crate::task;

/// Rejected rows that are written together.
const TOGETHER: usize = 1_000;

/// A feed that was compared, and the plan that follows from it.
pub(super) struct Compared {
    pub(super) feed: FeedBody,
    pub(super) plan: Plan,
}

/// Compares the feed with what is known, and keeps its rejected rows.
pub(super) async fn compare(
    tools: &Tools<'_>,
    request: Request,
    mut feed: FeedBody,
    findings: &mut Findings,
) -> Result<Compared, PassError> {
    let digest = {
        // Beside the comparison, which hardly ever needs all processors.
        let body = Arc::clone(&feed.body);
        task::blocking(move || body.digest())
    };
    let reader = tools.nicechat.reader();
    let Context { config, computing, .. } = tools.context;
    let planner = Planner { config, nicechat: &reader, stop: tools.stop, computing };
    // It only reads: whatever is computing when we are to stop is left to end by itself.
    let plan = interruptible(tools.stop, planner.plan(tools.state()?, request, &feed.body)).await??;
    findings.summary = Some(plan.summary.clone());
    if let Some(page_size) = plan.page_size {
        findings.observe_timings(tools, |timings| timings.page_size = Some(page_size))?;
    }
    let digest = interruptible(tools.stop, digest).await??;
    feed.mark.body = Some(body::readable(&tools.context.config, digest)?);
    // The digest may have been read for longer than the rows.
    feed.body.check_unwritten()?;
    record_rejections(tools, &plan.store).await?;
    Ok(Compared { feed, plan })
}

/// Keeps the rejected rows of the feed that was read.
async fn record_rejections(tools: &Tools<'_>, store: &SharedPlanStore) -> Result<(), PassError> {
    let mut from = 0;
    loop {
        let rows = store.lock().unwrap_or_else(PoisonError::into_inner).rejected(from, TOGETHER)?;
        let count = rows.len();
        if count > 0 || from == 0 {
            tools.context.state.reject(rows, from == 0).await?;
        }
        if count == 0 {
            return Ok(());
        }
        if tools.stop.is_cancelled() {
            return Err(PassError::Interrupted);
        }
        from += count;
    }
}
