//! The second job of the daemon: the events of Lagerkoll, on a schedule of their own. Nothing that happens here
//! keeps the catalogue's passes waiting, and the other way round.

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::outage::{Outage, Past};
use super::schedule::{Timer, tick};
use super::{Running, on_its_own, running};
use crate::lagerkoll::{self, MirrorError, Report};
use crate::monitor::Monitor;
use crate::report::{left_behind, span};
use crate::state::PassKind;
use crate::sync::Context;

/// The job: when it is due, and the pass under way.
pub(super) struct EventsJob {
    timer: Option<Timer>,
    due: Option<PassKind>,
    force_next: bool,
    pass: Option<Running<Report>>,
    outage: Outage,
    monitor: Monitor,
}

impl EventsJob {
    /// The first pass is due at once.
    pub(super) fn new(timer: Option<Timer>, force_next: bool, monitor: Monitor) -> EventsJob {
        EventsJob { timer, due: Some(PassKind::Sync), force_next, pass: None, outage: Outage::default(), monitor }
    }

    /// What ticks for it.
    pub(super) fn timer(&mut self) -> &mut Option<Timer> {
        &mut self.timer
    }

    /// A pass is due now.
    pub(super) fn wants(&mut self, kind: PassKind) {
        self.due = match self.due {
            // It does what a sync would.
            Some(PassKind::Resync) => Some(PassKind::Resync),
            _ => Some(kind),
        };
    }

    /// Begins a pass if one is due and none is under way.
    pub(super) fn begin(&mut self, context: &Context, stop: &CancellationToken) {
        let Some(settings) = context.config.lagerkoll.clone().filter(|_| self.pass.is_none()) else { return };
        let Some(kind) = self.due.take() else { return };
        let force = std::mem::take(&mut self.force_next);
        let (state, stop) = (context.state.clone(), stop.clone());
        self.pass = Some(on_its_own(async move { lagerkoll::run(&settings, &state, kind, force, &stop).await }));
    }

    /// Waits until it is due, or a pass has ended. Nothing is lost when it is not waited for to the end.
    pub(super) async fn turn(&mut self) {
        let report = tokio::select! {
            report = running(self.pass.as_mut()) => report,
            () = tick(self.timer.as_mut()) => return self.wants(PassKind::Sync),
        };
        self.pass = None;
        self.monitor.record_events(&report);
        self.tell(&report);
    }

    /// Waits for the pass under way.
    pub(super) async fn stop(self) {
        if let Some(pass) = self.pass {
            pass.await;
        }
    }

    /// Logs a pass, loudly only where it differs from the one before.
    fn tell(&mut self, report: &Report) {
        let row = &report.row;
        left_behind(&report.left_behind).iter().for_each(|left| warn!("{left}"));
        let events = row.started.as_millisecond();
        let trouble = match (report.errors.first(), &report.guard) {
            (Some(error), _) => Some((error.subject(), row.reason.clone().unwrap_or_else(|| error.to_string()))),
            (None, Some(reason)) => Some(("the guard", format!("refused by the guard: {reason}"))),
            (None, None) => None,
        };
        let Some((subject, what)) = trouble else {
            if let Some(Past { what, lasted, passes }) = self.outage.ends() {
                info!(failed_passes = passes, "events are mirrored well again after {}; it was: {what}", span(lasted));
            }
            info!(
                events,
                outcome = row.outcome.name(),
                listed = row.listed,
                added = row.added,
                changed = row.changed,
                removed = row.removed,
                created = row.created,
                replaced = row.replaced,
                deleted = row.deleted,
                refused = row.refused,
                requests = row.requests,
                elapsed_ms = row.finished.duration_since(row.started).as_millis() as u64,
                "events mirrored"
            );
            return;
        };
        let is_interrupted = matches!(report.errors.first(), Some(MirrorError::Interrupted));
        if !is_interrupted && self.outage.goes_on(subject, &what) {
            warn!(events, outcome = row.outcome.name(), "events: {what}");
        }
    }
}
