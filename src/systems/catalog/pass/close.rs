//! The last step: what the pass leaves in the state, and its report.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;

use super::findings::Findings;
use super::report::{ImportReport, Report};
use super::steps::{AppliedPlan, Ended, Trouble};
use crate::clock::Stamp;
use crate::config::{History, Rule};
use crate::pass::{Outcome, PassEntry, PassKind, PassRow, Telling};
use crate::state::StateError;
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::context::Context;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::summary::{RuleUse, Summary};
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::{
    Ending, FeedColumns, FeedMark, GuardEnding, RefusedCount, RowsEnding, TakenListing, Unproven,
};
use crate::systems::catalog::store::{RuleFit, WriteHistory as _, WriteIdleRules as _, WritePass as _};

/// The name of these passes among the jobs.
pub(in crate::systems::catalog) const JOB: &str = "sync";

/// How a pass ended, taken apart.
#[derive(Default)]
struct Parts {
    /// `None` = it failed.
    outcome: Option<Outcome>,
    held: Option<Held>,
    /// Why nothing was let out.
    paused: Option<String>,
    /// It ended early for a newer feed.
    is_overtaken: bool,
    guard: GuardEnding,
    error: Option<PassError>,
    refused: RefusedCount,
    /// What can't be as the feed wants it, where that is known.
    trouble: Option<Trouble>,
    mark: Option<FeedMark>,
    rows: Option<RowsEnding>,
    listed: Option<TakenListing>,
    nameless: Option<u64>,
    columns: Option<FeedColumns>,
}

impl Parts {
    fn of(ended: Result<Ended, PassError>) -> Parts {
        match ended {
            Err(error) => Parts { error: Some(error), ..Parts::default() },
            Ok(Ended::Held { held, trouble }) => {
                let guard = GuardEnding { held: Some(Some(json!(held))), ..GuardEnding::default() };
                let trouble = Some(trouble);
                Parts { outcome: Some(Outcome::Held), held: Some(held), guard, trouble, ..Parts::default() }
            }
            Ok(Ended::Paused(reason)) => {
                Parts { outcome: Some(Outcome::Held), paused: Some(reason), ..Parts::default() }
            }
            Ok(Ended::Unchanged { mark, trouble }) => {
                let (refused, trouble) = (trouble.refused, Some(trouble));
                Parts { outcome: Some(Outcome::Unchanged), mark, refused, trouble, ..Parts::default() }
            }
            Ok(Ended::Applied(applied)) => {
                let AppliedPlan { rows, listed, nameless, mark, guard, columns, held, is_overtaken, trouble, result } =
                    *applied;
                let (is_held, trouble) = (held.is_some(), result.as_ref().ok().copied().or(trouble));
                let left = Parts {
                    rows,
                    listed,
                    nameless,
                    mark,
                    guard,
                    columns,
                    held,
                    is_overtaken,
                    trouble,
                    ..Parts::default()
                };
                match result {
                    Ok(Trouble { refused, .. }) if is_held => Parts { outcome: Some(Outcome::Held), refused, ..left },
                    Ok(Trouble { rejected, refused }) => {
                        let is_all_well = !is_overtaken && rejected + refused.all() == 0;
                        let outcome = if is_all_well { Outcome::Ok } else { Outcome::Partial };
                        Parts { outcome: Some(outcome), refused, ..left }
                    }
                    Err(error) => Parts { error: Some(error), ..left },
                }
            }
        }
    }
}

impl Parts {
    /// What people are told of the pass besides its row.
    fn telling(&self, context: &Context) -> Telling {
        Telling {
            audience: context.audience.clone(),
            is_interrupted: self.error.as_ref().is_some_and(PassError::is_interrupted),
            digest: self.held.as_ref().map(|held| held.digest.clone()),
            rejected: self.trouble.map(|trouble| trouble.rejected),
            refused: self.trouble.map(|trouble| trouble.refused.all()),
        }
    }
}

/// Leaves a pass's row in the state, with what it has learned.
pub(in crate::systems::catalog) async fn close(
    context: &Context,
    request: Request,
    began: Instant,
    findings: Findings,
    ended: Result<Ended, PassError>,
) -> Report {
    let parts = Parts::of(ended);
    let mut row = pass_row(request, &findings, &parts);
    let telling = Some(parts.telling(context));
    let Parts { mut error, refused, mark, rows, listed, nameless, guard, columns, .. } = parts;
    let guard = GuardEnding { by_resync: request.kind == PassKind::Resync, ..guard };
    let Findings { summary, import, timings, traffic, loaded, .. } = findings;
    let foreign = summary.as_ref().and_then(Summary::foreign);
    let unproven = summary.as_ref().map(unproven);
    let pass = PassEntry { job: JOB, subject: String::new(), row: row.clone(), telling };
    let ending = Ending {
        pass,
        mark,
        listed,
        nameless,
        foreign,
        timings,
        rows,
        guard,
        missing: None,
        columns,
        loaded,
        unproven,
    };
    let ended = match context.state.finish(ending).await {
        Ok(true) => note_rules(context, summary.as_ref()).await.and(forget(context, request).await),
        Ok(false) => note_rules(context, summary.as_ref()).await,
        Err(unwritten) => Err(unwritten),
    };
    if let Err(unwritten) = ended {
        row.outcome = Outcome::Failed;
        error.get_or_insert(PassError::State(unwritten));
    }
    let import = import.map(|import| ImportReport { failure: import.failure, shortfall: import.shortfall });
    Report { row, summary, error, refused, took: began.elapsed(), traffic, import }
}

/// What of the plan was left undone because nothing proves the feed's end.
fn unproven(summary: &Summary) -> Option<Unproven> {
    let because = summary.unproven_because?.to_owned();
    Some(Unproven { objects: summary.unproven, is_last_row_left: summary.left_last_row, because })
}

/// Remembers which rules decided on nothing in this reading of the feed, if it was read.
async fn note_rules(context: &Context, summary: Option<&Summary>) -> Result<(), StateError> {
    let rules = &context.config.source.rules;
    let Some(RuleUse { decided, knew_rows }) = summary.map(|summary| &summary.rules) else { return Ok(()) };
    if decided.is_empty() {
        return Ok(());
    }
    // What is left out is parsed each time.
    let fits = |fits: bool, rule: &Rule| Some(fits).filter(|fits| *fits || !knew_rows || !rule.includes());
    let rules = rules.iter().zip(decided);
    let rules = rules.map(|(rule, decided)| RuleFit { rule: rule.to_string(), fits: fits(*decided, rule) });
    context.state.note_rules(rules.collect()).await
}

/// Takes away what is remembered for long enough.
async fn forget(context: &Context, request: Request) -> Result<(), StateError> {
    context.state.index_changes().await?;
    let History { days, rows } = context.config.state.history;
    let before = request.now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
    context.state.forget_changes(before.unwrap_or(Timestamp::MIN), rows).await
}

/// The row that a pass leaves.
fn pass_row(request: Request, findings: &Findings, parts: &Parts) -> PassRow {
    let outcome = parts.outcome.unwrap_or(Outcome::Failed);
    let summary = findings.summary.clone().unwrap_or_default();
    let (applied, imported) = (&findings.applied, findings.imported);
    // Paused over the same feed, a pass knows of the rejected rows alone.
    let is_unread = outcome == Outcome::Unchanged || parts.paused.is_some() && summary.items == 0;
    // An object that an import created and the API put right is one that was created.
    let put_right = applied.updated.saturating_sub(imported.created);
    PassRow {
        started: request.now,
        finished: Stamp::exact(),
        kind: request.kind,
        outcome,
        figures: [
            ("read", if is_unread { 0 } else { summary.items + summary.rejected }),
            ("rejected", summary.rejected),
            ("created", applied.created + imported.created),
            ("updated", put_right + imported.updated),
            ("deleted", applied.deleted),
            ("failed", applied.failed + applied.refused),
        ]
        .into_iter()
        .collect(),
        requests: findings.traffic.requests,
        reason: parts
            .error
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| parts.paused.clone())
            .or_else(|| parts.held.as_ref().map(Held::words))
            .or_else(|| parts.is_overtaken.then(|| Stop::Overtaken.to_string())),
    }
}
