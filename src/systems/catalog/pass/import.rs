//! What imports have to do with a pass: one of an earlier pass that is still open, and one of its own.

use super::body::FeedBody;
use super::compare::{Compared, compare};
use super::fetch::fetch_again;
use super::findings::{Findings, Imported};
use crate::config::Strategy;
use crate::pass::PassKind;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::guard::Approved;
use crate::systems::catalog::import::Importer;
use crate::systems::catalog::import::outcome::ImportOutcome;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::WriteImports as _;
use crate::systems::catalog::store::WritePass as _;
use crate::systems::catalog::store::{Timings, Waiting};
use crate::systems::catalog::strategy::address::Address;

/// Waits for an import that an earlier pass had begun, and looks for those that were given up.
pub(super) async fn settle_earlier(
    tools: &Tools<'_>,
    request: Request,
    findings: &mut Findings,
) -> Result<(), PassError> {
    if request.kind == PassKind::Resync {
        tools.context.state.forgive_imports().await?;
        // One that was slow, or left much, gets another chance as well.
        findings.observe_timings(tools, |timings| {
            *timings = Timings { import_seconds: None, import_left: 0, ..*timings };
        })?;
    }
    let importer = Importer::new(tools);
    let open = tools.state()?.open_import()?;
    let was_open = open.is_some();
    if let Some(open) = open {
        let outcome = importer.resume(open).await?;
        ended(tools, outcome, findings)?;
    }
    // What a kill has left there is of no use to anybody.
    importer.clear_shelf().await;
    if was_open { Ok(()) } else { importer.look_for_lost().await }
}

/// Lets NiceChat import the feed, and plans anew what is left to be done.
pub(super) async fn push(
    tools: &Tools<'_>,
    request: Request,
    address: &Address,
    (feed, plan): (FeedBody, Approved),
    findings: &mut Findings,
) -> Result<Compared, PassError> {
    let plan = plan.into_plan();
    // NiceChat takes the feed as a whole: nothing of it goes first.
    let waiting = Waiting { all: plan.summary.operations(), urgent: 0 };
    tools.context.state.begin(waiting, request.now).await?;
    let outcome = Importer::new(tools).push(address, &plan, (&feed.body, feed.mark.body), request.now).await?;
    let had_no_effect = outcome.had_no_effect;
    ended(tools, outcome, findings)?;
    if had_no_effect {
        return Ok(Compared { feed, plan });
    }
    // One that NiceChat read at its own place is what is there now.
    let mut feed = if address.is_ours() { feed } else { fetch_again(tools, feed, "during the import").await? };
    let plan = compare(tools, request.after_import(), &mut feed, findings).await?;
    Ok(Compared { feed, plan })
}

/// An import is over: a failure is the pass's own when there is no other way.
fn ended(tools: &Tools<'_>, outcome: ImportOutcome, findings: &mut Findings) -> Result<(), PassError> {
    let failure = outcome.failure.clone();
    if failure.is_none() {
        let ImportOutcome { seconds, items, was_served, .. } = outcome;
        findings.observe_timings(tools, |timings| {
            timings.import_seconds = Some(seconds);
            timings.import_items = items;
            timings.import_was_served = was_served;
        })?;
    }
    findings.import = Some(outcome);
    match failure {
        Some(reason) if tools.context.config.nicechat.strategy == Strategy::Import => Err(PassError::Import(reason)),
        _ => Ok(()),
    }
}

/// Counts what an import has done as done by the pass, and writes down how much it left to be put right.
pub(super) async fn count_imported(
    tools: &Tools<'_>,
    left: &Summary,
    findings: &mut Findings,
) -> Result<(), PassError> {
    let Some(ImportOutcome { import, failure, had_no_effect: false, to_create, to_update, .. }) = &findings.import
    else {
        return Ok(());
    };
    let created = to_create.saturating_sub(left.created());
    // What it created may have to be put right as well.
    let left_to_update = left.updated().saturating_sub(created);
    findings.imported = Imported { created, updated: to_update.saturating_sub(left_to_update) };
    if failure.is_some() {
        return Ok(());
    }
    let count = left.created() + left.updated();
    tools.context.state.import_left(*import, count).await?;
    findings.observe_timings(tools, |timings| timings.import_left = count)?;
    Ok(())
}
