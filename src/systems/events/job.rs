//! Passes over the events, as whoever runs them sees them.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::close::{self, JOB, close};
use super::error::MirrorError;
use super::findings::Findings;
use super::names::place;
use super::pass::{Tools, run_steps};
use super::report::{LABEL, report};
use crate::config::{Lagerkoll, Schedule};
use crate::pass::{Ask, Audience, BoxFuture, Due, Job, PassKind, Progress, Report, entry};
use crate::remote::Limits;
use crate::state::Writer;

/// The job with certain settings.
pub(super) struct EventsJob {
    pub(super) settings: Lagerkoll,
    pub(super) resync: Option<(Schedule, Duration)>,
    pub(super) limits: Limits,
    pub(super) state: Arc<Writer>,
    pub(super) audience: Audience,
}

impl Job for EventsJob {
    fn name(&self) -> &'static str {
        JOB
    }

    fn subject(&self) -> String {
        place(&self.settings)
    }

    fn due(&self) -> Vec<Due> {
        let schedule = self.settings.schedule.clone();
        let sync = Due { kind: PassKind::Sync, schedule, delay: Duration::ZERO };
        let resync = self.resync.clone();
        let resync = resync.map(|(schedule, delay)| Due { kind: PassKind::Resync, schedule, delay });
        [sync].into_iter().chain(resync).collect()
    }

    fn label(&self, _kind: PassKind) -> &'static str {
        LABEL
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move { report(run(self, ask, stop).await) })
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        let row = &report.row;
        entry!(
            level,
            events = row.started.as_millisecond(),
            outcome = row.outcome.name(),
            listed = row.figures.find("listed"),
            added = row.figure("added"),
            changed = row.figure("changed"),
            removed = row.figure("removed"),
            created = row.figure("created"),
            replaced = row.figure("replaced"),
            deleted = row.figure("deleted"),
            refused = row.figure("refused"),
            requests = row.requests,
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "events are mirrored well again"
    }
}

/// Mirrors the store's events and carries out what the settings want of them; leaves the pass's row in
/// the state. Never fails: what went wrong is in the report.
async fn run(job: &EventsJob, ask: Ask, stop: &CancellationToken) -> close::Report {
    let began = Instant::now();
    let EventsJob { settings, limits, state, audience, .. } = job;
    let tools = Tools::new(settings, limits, state, ask);
    let mut findings = Findings::default();
    let span = info_span!("events", pass = tools.started.as_millisecond());
    let ended = tokio::select! {
        ended = run_steps(&tools, &mut findings).instrument(span) => ended,
        // What was under way is written down, and found by the next pass.
        () = stop.cancelled() => Err(MirrorError::Interrupted),
    };
    match ended {
        // It was under way when the sending was stopped.
        Err(MirrorError::Interrupted) if tools.paused().is_some() => findings.paused = tools.paused(),
        ended => findings.errors.extend(ended.err()),
    }
    close(&tools, audience, began, findings).await
}
