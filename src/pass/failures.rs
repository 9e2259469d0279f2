//! What goes wrong for hours is told once when it begins, and once when it is over.

use std::time::{Duration, Instant};

use tracing::debug;

/// Remembers what is wrong from pass to pass.
#[derive(Default)]
pub(super) struct Failures(Option<Failure>);

struct Failure {
    subject: &'static str,
    what: String,
    since: Instant,
    passes: u32,
}

/// Failures that are over.
pub(super) struct Past {
    /// What was wrong last.
    pub(super) what: String,
    /// How long.
    pub(super) lasted: Duration,
    /// In how many passes.
    pub(super) passes: u32,
}

impl Failures {
    /// Something is wrong. Gives whether that is worth telling loudly: it wasn't wrong in the last pass.
    pub(super) fn record(&mut self, subject: &'static str, what: &str) -> bool {
        match &mut self.0 {
            Some(before) if before.subject == subject => {
                before.passes += 1;
                debug!(passes = before.passes, "still: {what}");
                false
            }
            before => {
                let since = before.as_ref().map_or_else(Instant::now, |before| before.since);
                let passes = before.as_ref().map_or(0, |before| before.passes) + 1;
                *before = Some(Failure { subject, what: what.to_owned(), since, passes });
                true
            }
        }
    }

    /// All is well. Gives the failures that are over now, if there were any.
    pub(super) fn end(&mut self) -> Option<Past> {
        let Failure { what, since, passes, .. } = self.0.take()?;
        Some(Past { what, lasted: since.elapsed(), passes })
    }
}
