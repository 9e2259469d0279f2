//! The last step: what the pass leaves in the state, and its report.

use std::time::{Duration, Instant};

use super::error::OrdersError;
use super::findings::Findings;
use super::store::{OrdersEnd, ReadOrders as _, WriteOrders as _};
use super::tools::Tools;
use super::{JOB, subject};
use crate::clock::Stamp;
use crate::pass::{Figures, Outcome, PassEntry, PassRow, Telling};
use crate::state;

/// What a pass came to.
pub(super) struct Report {
    /// The row that it left in the state.
    pub(super) row: PassRow,
    /// How long it took, whatever the wall clock did meanwhile.
    pub(super) took: Duration,
    /// What it found out.
    pub(super) findings: Findings,
}

/// Leaves a pass's row in the state.
pub(super) async fn close(tools: &Tools<'_>, began: Instant, mut findings: Findings) -> Report {
    let mut row = pass_row(tools, &findings);
    if let Err(unwritten) = write(tools, &findings, row.clone()).await {
        findings.error = findings.error.or(Some(OrdersError::State(unwritten)));
        row = pass_row(tools, &findings);
    }
    Report { row, took: began.elapsed(), findings }
}

async fn write(tools: &Tools<'_>, findings: &Findings, row: PassRow) -> Result<(), state::StateError> {
    let telling = Telling {
        audience: tools.audience.clone(),
        is_interrupted: matches!(findings.error, Some(OrdersError::Interrupted)),
        digest: findings.held.as_ref().map(|held| held.digest.clone()),
        ..Telling::default()
    };
    let pass = PassEntry { job: JOB, subject: subject(tools.settings), row, telling: Some(telling) };
    let Findings { was_read, is_at_end, .. } = *findings;
    let end = OrdersEnd { pass, was_read, to_the_end: is_at_end, is_alone: tools.is_alone };
    tools.state.finish_orders(end).await?;
    if findings.names.is_empty() {
        return Ok(());
    }
    let mut names = state::Reader::open(tools.state.path())?.told_names()?;
    names.extend(findings.names.iter().cloned());
    tools.state.names_are_told(names.into_iter().collect()).await
}

fn figures(findings: &Findings) -> Figures {
    let Findings { met, new, changed, gone, erased, counts, was_read, .. } = findings;
    let met = was_read.then_some(("seen", *met));
    let aside = counts.map_or(0, |counts| counts.aside);
    let counted =
        [("new", *new), ("changed", *changed), ("gone", *gone), ("erased", erased.orders), ("set_aside", aside)];
    met.into_iter().chain(counted).collect()
}

fn pass_row(tools: &Tools<'_>, findings: &Findings) -> PassRow {
    let Findings { counts, held, paused, error, traffic, .. } = findings;
    let held = paused.clone().or(held.as_ref().map(super::guard::Held::words));
    let outcome = match (error, &held) {
        (Some(_), _) => Outcome::Failed,
        (None, Some(_)) => Outcome::Held,
        (None, None) if counts.is_some_and(|counts| counts.aside > 0) => Outcome::Partial,
        (None, None) => Outcome::Ok,
    };
    PassRow {
        started: tools.started,
        finished: Stamp::exact(),
        kind: tools.ask.kind,
        outcome,
        figures: figures(findings),
        requests: traffic.requests,
        reason: error.as_ref().map(ToString::to_string).or(held),
    }
}
