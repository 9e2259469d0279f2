//! Rounds over the outbox, as whoever runs them sees them.

use std::fmt::Display;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::report::{LABEL, report};
use super::round::{Courier, LOOK};
use crate::config::Schedule;
use crate::pass::{Ask, BoxFuture, Due, Job, Outcome, PassKind, Progress, Report, entry};

/// The job with certain settings.
pub(super) struct HooksJob(pub(super) Courier);

impl Job for HooksJob {
    fn name(&self) -> &'static str {
        LABEL
    }

    fn subject(&self) -> String {
        "none".to_owned()
    }

    fn due(&self) -> Vec<Due> {
        vec![Due { kind: PassKind::Sync, schedule: Schedule::Every(LOOK), delay: Duration::ZERO }]
    }

    fn follows_others(&self) -> bool {
        true
    }

    fn label(&self, _kind: PassKind) -> &'static str {
        LABEL
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move { report(self.0.round(ask, stop).await, ask.kind) })
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        let row = &report.row;
        if row.outcome == Outcome::Unchanged {
            return;
        }
        entry!(
            level,
            hooks = row.started.as_millisecond(),
            outcome = row.outcome.name(),
            taken = row.figure("taken"),
            failed = row.figure("failed"),
            given_up = row.figure("given_up"),
            pending = row.figure("pending"),
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "hooks are told again"
    }
}
