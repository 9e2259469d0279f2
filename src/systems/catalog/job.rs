//! Passes over the catalogue, as whoever runs them sees them.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::context::{Context, Tools};
use super::error::PassError;
use super::pass::close::close;
use super::pass::findings::Findings;
use super::pass::steps::{Ended, run_steps};
use super::planner::Request;
use crate::pass::{Ask, Progress};
use crate::remote::nicechat;

pub(crate) use super::pass::report::Report;

/// Makes a pass, and leaves its row in the state. Never fails: what went wrong is in the report.
pub(crate) async fn run(context: &Context, ask: Ask, stop: &CancellationToken, progress: Progress<'_>) -> Report {
    let began = Instant::now();
    let request = Request::of_pass(ask);
    let mut findings = Findings::default();
    let steps = async {
        let config = &context.config;
        let nicechat = nicechat::connect(&config.nicechat, &config.source.location.secrets(), &context.limits)?;
        let tools = Tools { context, nicechat: &nicechat, stop, progress };
        let ended = run_steps(&tools, request, &mut findings).await;
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
