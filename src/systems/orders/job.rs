//! Passes over the orders, as whoever runs them sees them.

use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::close::{Report, close};
use super::error::OrdersError;
use super::findings::Findings;
use super::pass::run_steps;
use super::tools::Tools;
use crate::remote::Limits;
use crate::remote::nicechat::OrdersReader;

/// Mirrors the orders; leaves the pass's row in the state. Never fails: what went wrong is in the report.
pub(super) async fn run(tools: &Tools<'_>, limits: &Limits, stop: &CancellationToken) -> Report {
    let began = Instant::now();
    let mut findings = Findings::default();
    let span = info_span!("orders", pass = tools.started.as_millisecond());
    let ended = match OrdersReader::connect(&tools.settings.nicechat, limits) {
        Ok(nicechat) => {
            let ended = tokio::select! {
                ended = run_steps(tools, &nicechat, &mut findings).instrument(span) => ended,
                // Each page is written before the next is asked for.
                () = stop.cancelled() => Err(OrdersError::Interrupted),
            };
            findings.traffic = nicechat.traffic();
            ended
        }
        Err(error) => Err(error.into()),
    };
    match ended {
        // It was under way when the sending was stopped.
        Err(OrdersError::Interrupted) if tools.paused().is_some() => findings.paused = tools.paused(),
        ended => findings.error = ended.err(),
    }
    close(tools, began, findings).await
}
