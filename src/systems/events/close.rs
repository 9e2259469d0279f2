//! The last step: what the pass leaves in the state, and its report.

use std::time::{Duration, Instant};

use super::error::MirrorError;
use super::findings::Findings;
use super::guard::Held;
use super::names::place;
use super::pass::Tools;
use crate::clock::Stamp;
use crate::pass::{Audience, Figures, Outcome, PassEntry, PassRow, Telling};
use crate::systems::events::store::WriteEvents as _;

/// The name of these passes among the jobs.
pub(super) const JOB: &str = "events";

/// What a pass came to.
#[derive(Debug)]
pub(crate) struct Report {
    /// The row that it left in the state.
    pub row: PassRow,
    /// How long it took, whatever the wall clock did meanwhile.
    pub took: Duration,
    /// What went wrong, the first first; the other stores went on.
    pub errors: Vec<MirrorError>,
    /// What the guard holds, so that nothing was sent.
    pub guard: Option<Held>,
    /// Events of ours in stores that the settings don't name any more since this pass, by the store's name in the
    /// state.
    pub left_behind: Vec<(String, u64)>,
}

/// Leaves a pass's row in the state.
pub(super) async fn close(tools: &Tools<'_>, audience: &Audience, began: Instant, mut findings: Findings) -> Report {
    // An interrupted pass has done what it has done.
    findings.settle();
    let mut row = pass_row(tools, &findings);
    let was_applied = findings.errors.is_empty() && findings.held.is_none() && findings.paused.is_none();
    let telling = Telling {
        audience: audience.clone(),
        is_interrupted: findings.errors.iter().any(|error| matches!(error, MirrorError::Interrupted)),
        refused: was_applied.then_some(findings.refused),
        digest: findings.held.as_ref().map(|held| held.digest.clone()),
        ..Telling::default()
    };
    let pass = PassEntry { job: JOB, subject: place(tools.settings), row: row.clone(), telling: Some(telling) };
    let held = findings.was_judged.then(|| findings.held.as_ref().map(Held::json));
    if let Err(unwritten) = tools.state.finish_mirror(pass, held).await {
        findings.errors.push(MirrorError::State(unwritten));
        row = pass_row(tools, &findings);
    }
    let Findings { errors, held, left_behind, .. } = findings;
    Report { row, took: began.elapsed(), errors, guard: held, left_behind }
}

fn figures(findings: &Findings) -> Figures {
    let Findings { listed, mirrored, applied, refused, .. } = findings;
    let listed = listed.map(|listed| ("listed", listed));
    let counted = [
        ("added", mirrored.added),
        ("changed", mirrored.changed),
        ("removed", mirrored.removed),
        ("created", applied.created),
        ("replaced", applied.replaced),
        ("deleted", applied.deleted),
        ("failed", applied.failed),
        ("refused", *refused),
    ];
    listed.into_iter().chain(counted).collect()
}

/// The row that a pass leaves.
fn pass_row(tools: &Tools<'_>, findings: &Findings) -> PassRow {
    let Findings { connections, refused, paused, held, errors, .. } = findings;
    let held = paused.clone().or_else(|| held.as_ref().map(Held::words));
    let outcome = match (&held, *refused) {
        _ if !errors.is_empty() => Outcome::Failed,
        (Some(_), _) => Outcome::Held,
        (None, 0) => Outcome::Ok,
        (None, _) => Outcome::Partial,
    };
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    PassRow {
        started: tools.started,
        finished: Stamp::exact(),
        kind: tools.ask.kind,
        outcome,
        figures: figures(findings),
        requests: connections.iter().map(|connection| connection.reader().requests()).sum(),
        reason: if told.is_empty() { held } else { Some(told.join("; ")) },
    }
}
