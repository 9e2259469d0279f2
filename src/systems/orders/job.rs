//! Passes over the orders, as whoever runs them sees them.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::close::{self, close};
use super::error::OrdersError;
use super::findings::Findings;
use super::pass::{erase, run_steps};
use super::report::{LABEL, report};
use super::tools::Tools;
use super::{JOB, Products, subject};
use crate::config::{Orders, Schedule};
use crate::outbox::Subscriber;
use crate::pass::{Ask, Audience, BoxFuture, Due, Job, PassKind, Progress, Report, entry};
use crate::remote::Limits;
use crate::remote::nicechat::OrdersReader;
use crate::state::Writer;

/// What is personal is erased at the latest so long after its time.
const HOUR: Duration = Duration::from_secs(3_600);

/// The job with certain settings.
pub(super) struct OrdersJob {
    pub(super) settings: Orders,
    pub(super) limits: Limits,
    pub(super) state: Arc<Writer>,
    pub(super) products: Products,
    pub(super) is_alone: bool,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) audience: Audience,
}

impl OrdersJob {
    /// Whether what is personal would be kept for longer than it may be, were it only for the schedule.
    fn is_rare(&self) -> bool {
        let keeps = self.settings.keep.is_any() && self.settings.personal_days > 0;
        keeps && !matches!(self.settings.schedule, Schedule::Every(interval) if interval <= HOUR)
    }
}

impl Job for OrdersJob {
    fn name(&self) -> &'static str {
        JOB
    }

    fn subject(&self) -> String {
        subject(&self.settings)
    }

    fn due(&self) -> Vec<Due> {
        let due = |kind, schedule| Due { kind, schedule, delay: Duration::ZERO };
        let resync = self.settings.resync_schedule.clone().map(|schedule| due(PassKind::Resync, schedule));
        let hourly = self.is_rare().then(|| due(PassKind::Sync, Schedule::Every(HOUR)));
        [due(PassKind::Sync, self.settings.schedule.clone())].into_iter().chain(resync).chain(hourly).collect()
    }

    fn label(&self, _kind: PassKind) -> &'static str {
        LABEL
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            let tools = Tools {
                settings: &self.settings,
                state: &self.state,
                products: self.products,
                ask,
                started: Timestamp::now(),
                is_alone: self.is_alone,
                subscribers: &self.subscribers,
                audience: &self.audience,
            };
            report(run(&tools, &self.limits, stop).await)
        })
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        let row = &report.row;
        entry!(
            level,
            orders = row.started.as_millisecond(),
            outcome = row.outcome.name(),
            kind = row.kind.name(),
            seen = row.figures.find("seen"),
            new = row.figure("new"),
            changed = row.figure("changed"),
            gone = row.figure("gone"),
            erased = row.figure("erased"),
            set_aside = row.figure("set_aside"),
            requests = row.requests,
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "orders are mirrored well again"
    }
}

/// Mirrors the orders; leaves the pass's row in the state. Never fails: what went wrong is in the report.
async fn run(tools: &Tools<'_>, limits: &Limits, stop: &CancellationToken) -> close::Report {
    let began = Instant::now();
    let mut findings = Findings::default();
    let span = info_span!("orders", pass = tools.started.as_millisecond());
    let nicechat = OrdersReader::connect(&tools.settings.nicechat, limits).map_err(OrdersError::from);
    let steps = async {
        // What may not be kept any more goes first, whatever keeps the listing from being read.
        erase(tools, &mut findings).await?;
        match &nicechat {
            Ok(nicechat) => run_steps(tools, nicechat, &mut findings).await,
            Err(_) => Ok(()),
        }
    };
    let ended = tokio::select! {
        ended = steps.instrument(span) => ended,
        // Each page is written before the next is asked for.
        () = stop.cancelled() => Err(OrdersError::Interrupted),
    };
    let ended = match nicechat {
        Ok(nicechat) => {
            findings.traffic = nicechat.traffic();
            ended
        }
        Err(error) => ended.and(Err(error)),
    };
    match ended {
        // It was under way when the sending was stopped.
        Err(OrdersError::Interrupted) if tools.paused().is_some() => findings.paused = tools.paused(),
        ended => findings.error = ended.err(),
    }
    close(tools, began, findings).await
}
