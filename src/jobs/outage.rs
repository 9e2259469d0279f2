//! What goes wrong for hours is told once when it begins, and once when it is over.

use std::time::Instant;

use tracing::{debug, info, warn};

use crate::report::span;
use crate::state::Outcome;
use crate::sync::{PassError, Report};

/// Remembers what is wrong from pass to pass.
#[derive(Default)]
pub(super) struct Outage(Option<Trouble>);

struct Trouble {
    subject: &'static str,
    what: String,
    since: Instant,
    passes: u32,
}

impl Outage {
    /// Logs a pass, loudly only where it differs from the one before.
    pub(super) fn tell(&mut self, report: &Report) {
        let row = &report.row;
        let pass = row.started.as_millisecond();
        let trouble = report.error.as_ref().map(ToString::to_string).or_else(|| {
            (row.outcome == Outcome::Refused)
                .then(|| format!("refused by the guard: {}", row.reason.as_deref().unwrap_or_default()))
        });
        let subject = report.error.as_ref().map_or("the guard", PassError::subject);
        let Some(what) = trouble else {
            if let Some(before) = self.0.take() {
                let (lasted, passes) = (span(before.since.elapsed()), before.passes);
                info!(failed_passes = passes, "passes succeed again after {lasted}; it was: {}", before.what);
            }
            info!(
                pass,
                kind = row.kind.name(),
                outcome = row.outcome.name(),
                read = row.read,
                rejected = row.rejected,
                created = row.created,
                updated = row.updated,
                deleted = row.deleted,
                failed = row.failed,
                requests = row.requests,
                elapsed_ms = row.finished.duration_since(row.started).as_millis() as u64,
                "pass finished"
            );
            return;
        };
        match &mut self.0 {
            Some(before) if before.subject == subject => {
                before.passes += 1;
                debug!(passes = before.passes, "still: {what}");
            }
            before => {
                warn!(pass, kind = row.kind.name(), outcome = row.outcome.name(), "{what}");
                let since = before.as_ref().map_or_else(Instant::now, |before| before.since);
                let passes = before.as_ref().map_or(0, |before| before.passes) + 1;
                *before = Some(Trouble { subject, what, since, passes });
            }
        }
    }
}
