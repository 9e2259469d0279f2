//! The last step: what the pass leaves in the state, and its report.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::error::MirrorError;
use super::findings::Findings;
use super::names::place;
use super::pass::Tools;
use crate::pass::Outcome;
use crate::state::MirrorPass;

/// What a pass came to.
#[derive(Debug)]
pub struct Report {
    /// The row that it left in the state.
    pub row: MirrorPass,
    /// How long it took, whatever the wall clock did meanwhile.
    pub took: Duration,
    /// What went wrong, the first first; the other stores went on.
    pub errors: Vec<MirrorError>,
    /// Why the guard let nothing through.
    pub guard: Option<String>,
    /// Events of ours in stores that the settings don't name any more since this pass, by the store's name in the
    /// state.
    pub left_behind: Vec<(String, u64)>,
}

/// Leaves a pass's row in the state.
pub(super) async fn close(tools: &Tools<'_>, began: Instant, mut findings: Findings) -> Report {
    let mut row = pass_row(tools, &findings);
    if let Err(unwritten) = tools.state.finish_mirror(place(tools.settings), row.clone()).await {
        findings.errors.push(MirrorError::State(unwritten));
        row = pass_row(tools, &findings);
    }
    let Findings { errors, held, left_behind, .. } = findings;
    Report { row, took: began.elapsed(), errors, guard: held, left_behind }
}

/// The row that a pass leaves.
fn pass_row(tools: &Tools<'_>, findings: &Findings) -> MirrorPass {
    let Findings { connections, listed, mirrored, applied, refused, held, errors, .. } = findings;
    let outcome = match (held, *refused) {
        _ if !errors.is_empty() => Outcome::Failed,
        (Some(_), _) => Outcome::Refused,
        (None, 0) => Outcome::Ok,
        (None, _) => Outcome::Partial,
    };
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    MirrorPass {
        started: tools.started,
        finished: Timestamp::now(),
        outcome,
        listed: *listed,
        added: mirrored.added,
        changed: mirrored.changed,
        removed: mirrored.removed,
        created: applied.created,
        replaced: applied.replaced,
        deleted: applied.deleted,
        failed: applied.failed,
        refused: *refused,
        requests: connections.iter().map(|connection| connection.reader().requests()).sum(),
        reason: if told.is_empty() { held.clone() } else { Some(told.join("; ")) },
    }
}
