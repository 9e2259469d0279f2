//! What goes wrong for hours is told once when it begins, and once when it is over.

use std::time::{Duration, Instant};

use tracing::debug;

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
