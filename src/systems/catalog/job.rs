//! Passes over the catalogue, as whoever runs them sees them.

use std::fmt::Display;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::context::{Context, Tools};
use super::error::PassError;
use super::pass;
use super::pass::close::{JOB, close};
use super::pass::findings::Findings;
use super::pass::steps::{Ended, run_steps};
use super::report::report;
use super::request::Request;
use crate::config::Source;
use crate::pass::{Ask, BoxFuture, Due, Job, PassKind, Progress, Report, entry};
use crate::remote::nicechat;

/// The job with certain settings.
pub(super) struct CatalogJob(pub(super) Context);

impl Job for CatalogJob {
    fn name(&self) -> &'static str {
        JOB
    }

    fn subject(&self) -> String {
        // The state belongs to one NiceChat.
        String::new()
    }

    fn due(&self) -> Vec<Due> {
        let source = &self.0.config.source;
        let sync =
            Due { kind: PassKind::Sync, schedule: source.schedule.clone(), delay: source.delay(&source.schedule) };
        let resync = source.resync();
        let resync = resync.map(|(schedule, delay)| Due { kind: PassKind::Resync, schedule, delay });
        [sync].into_iter().chain(resync).collect()
    }

    fn feed(&self) -> Option<&Source> {
        Some(&self.0.config.source)
    }

    fn wanted_again(&self) {
        self.0.overtaking.ask();
    }

    fn label(&self, kind: PassKind) -> &'static str {
        kind.name()
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move { report(run(&self.0, ask, stop, progress).await) })
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        let row = &report.row;
        entry!(
            level,
            pass = row.started.as_millisecond(),
            kind = row.kind.name(),
            outcome = row.outcome.name(),
            read = row.figure("read"),
            rejected = row.figure("rejected"),
            created = row.figure("created"),
            updated = row.figure("updated"),
            deleted = row.figure("deleted"),
            failed = row.figure("failed"),
            requests = row.requests,
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "passes succeed again"
    }
}

/// Makes a pass, and leaves its row in the state. Never fails: what went wrong is in the report.
async fn run(context: &Context, ask: Ask, stop: &CancellationToken, progress: Progress<'_>) -> pass::report::Report {
    let began = Instant::now();
    let turn = context.overtaking.turn();
    let knows_listing = turn.before().is_some_and(|before| before.knows_listing);
    let request = Request::of_pass(ask);
    // A state that can't be read fails the pass soon enough.
    let request = context.state.reader().and_then(|state| request.as_approved(&state)).unwrap_or(request);
    let request = request.knowing_the_listing(knows_listing);
    let mut findings = Findings::default();
    let steps = async {
        let config = &context.config;
        let nicechat = nicechat::connect(&config.nicechat, &config.source.location.secrets(), &context.limits)?;
        let tools = Tools { context, nicechat: &nicechat, stop, progress, turn: &turn };
        let ended = Box::pin(run_steps(&tools, request, &mut findings)).await;
        findings.traffic = nicechat.traffic();
        ended
    };
    // Everything that is logged on the way tells which pass it belongs to.
    let span = info_span!("pass", pass = request.now.as_millisecond());
    let mut ended: Result<Ended, PassError> = steps.instrument(span).await;
    // A pass that was under way when the sending was stopped.
    if Ended::is_interrupted(&ended)
        && let Some(paused) = context.paused()
    {
        ended = Ok(Ended::Paused(paused));
    }
    close(context, request, began, findings, ended).await
}
