//! What goes wrong for hours is told once when it begins, and once when it is over.

use std::time::{Duration, Instant};

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

/// An outage that is over.
pub(super) struct Past {
    /// What was wrong last.
    pub(super) what: String,
    /// How long.
    pub(super) lasted: Duration,
    /// In how many passes.
    pub(super) passes: u32,
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
            if let Some(Past { what, lasted, passes }) = self.ends() {
                info!(failed_passes = passes, "passes succeed again after {}; it was: {what}", span(lasted));
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
        if self.goes_on(subject, &what) {
            warn!(pass, kind = row.kind.name(), outcome = row.outcome.name(), "{what}");
        }
    }

    /// Something is wrong. Gives whether that is worth telling loudly: it wasn't wrong in the last pass.
    pub(super) fn goes_on(&mut self, subject: &'static str, what: &str) -> bool {
        match &mut self.0 {
            Some(before) if before.subject == subject => {
                before.passes += 1;
                debug!(passes = before.passes, "still: {what}");
                false
            }
            before => {
                let since = before.as_ref().map_or_else(Instant::now, |before| before.since);
                let passes = before.as_ref().map_or(0, |before| before.passes) + 1;
                *before = Some(Trouble { subject, what: what.to_owned(), since, passes });
                true
            }
        }
    }

    /// All is well. Gives the outage that is over now, if there was one.
    pub(super) fn ends(&mut self) -> Option<Past> {
        let Trouble { what, since, passes, .. } = self.0.take()?;
        Some(Past { what, lasted: since.elapsed(), passes })
    }
}
