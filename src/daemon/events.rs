//! The second job of the daemon: the events of Lagerkoll, on a schedule of their own. Nothing that happens here
//! keeps the catalogue's passes waiting, and the other way round.

use tokio_util::sync::CancellationToken;

use super::pass_log::{EventsLog, Failing};
use super::schedule::{Timer, tick};
use super::status_line::StatusLine;
use super::{Running, on_its_own, running};
use crate::pass::{Ask, PassKind};
use crate::report::events_headline;
use crate::shop::Shop;
use crate::systems::events::{self as lagerkoll, Report};
use crate::web::private::Monitor;

/// The job: when it is due, and the pass under way.
pub(super) struct EventsJob {
    timer: Option<Timer>,
    due: Option<PassKind>,
    force_next: bool,
    pass: Option<Running<Report>>,
    log: EventsLog,
    line: StatusLine,
    monitor: Monitor,
}

impl EventsJob {
    /// The first pass is due at once.
    pub(super) fn new(force_next: bool, monitor: Monitor, line: StatusLine) -> EventsJob {
        let (due, log) = (Some(PassKind::Sync), EventsLog::new(Failing::Warning));
        EventsJob { timer: None, due, force_next, pass: None, log, line, monitor }
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
    pub(super) fn begin(&mut self, shop: &Shop, stop: &CancellationToken) {
        let Some(settings) = shop.config.lagerkoll.clone().filter(|_| self.pass.is_none()) else { return };
        let Some(kind) = self.due.take() else { return };
        let force = std::mem::take(&mut self.force_next);
        let (state, limits, stop) = (shop.state.clone(), shop.limits.clone(), stop.clone());
        let ask = Ask { kind, force };
        self.line.events(Some("events under way".to_owned()));
        self.pass = Some(on_its_own(async move { lagerkoll::run(&settings, &limits, &state, ask, &stop).await }));
    }

    /// Waits until it is due, or a pass has ended. Nothing is lost when it is not waited for to the end.
    pub(super) async fn turn(&mut self) {
        let report = tokio::select! {
            report = running(self.pass.as_mut()) => report,
            () = tick(self.timer.as_mut()) => return self.wants(PassKind::Sync),
        };
        self.pass = None;
        self.monitor.record_events(&report);
        self.log.tell(&report);
        // The section may be gone since.
        self.line.events(self.timer.is_some().then(|| events_headline(&report)));
    }

    /// Waits for the pass under way.
    pub(super) async fn stop(mut self) {
        if let Some(pass) = self.pass {
            self.log.tell(&pass.await);
        }
    }
}
