//! Passes over the events, as whoever runs them sees them.

use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::close::close;
use super::error::MirrorError;
use super::findings::Findings;
use super::pass::{Tools, run_steps};
use crate::config;
use crate::pass::Ask;
use crate::remote::Limits;
use crate::state;

pub(crate) use super::close::Report;

/// Mirrors the store's events and carries out what the settings want of them; leaves the pass's row in
/// the state. Never fails: what went wrong is in the report.
pub(crate) async fn run(
    settings: &config::Lagerkoll,
    limits: &Limits,
    state: &state::Writer,
    ask: Ask,
    stop: &CancellationToken,
) -> Report {
    let began = Instant::now();
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
    close(&tools, began, findings).await
}
