//! The hooks among the systems: they come after the others, and send what those have left.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::job::{Courier, LOOK};
use super::report::{DELIVERIES, HooksLook, LABEL, report};
use crate::config::{Config, Schedule};
use crate::outbox::ReadOutbox as _;
use crate::pass::{Ask, BoxFuture, Due, Job, Level, Meter, Outcome, PassKind, Progress, Report, entry};
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;
use crate::systems::system::System;

/// See the module.
pub struct HooksSystem;

const METERS: [Meter; 1] = [Meter {
    name: DELIVERIES,
    help: "Tries to tell a hook of an event: taken, failed (to be tried again) or given_up",
    label: Some("hook outcome"),
    from_start: &[],
}];

impl System for HooksSystem {
    fn job(&self, shop: &Shop, _is_served: bool) -> Option<Box<dyn Job>> {
        let (hooks, state) = (shop.config.hooks.clone(), shop.state.clone());
        let courier =
            Courier { hooks, state, switched_off: Mutex::new(HashSet::new()), has_begun: AtomicBool::new(false) };
        (!courier.hooks.is_empty()).then(|| Box::new(HooksJob(courier)) as Box<dyn Job>)
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        Some(Box::new(HooksLook(config.hooks.iter().map(|hook| hook.name.clone()).collect())))
    }

    fn meters(&self) -> &'static [Meter] {
        &METERS
    }

    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError> {
        let mut levels = Vec::new();
        for hook in &config.hooks {
            let tally = reader.hook_tally(&hook.name)?;
            let label = || Some(("hook", hook.name.clone().into()));
            let age = tally.oldest.map(|oldest| jiff::Timestamp::now().duration_since(oldest).as_secs());
            let age = age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default();
            let (pending, oldest) = ("Events that a hook has not taken yet", "How old the oldest of them is");
            levels.push(Level { name: "hook_pending", help: pending, label: label(), value: tally.pending });
            levels.push(Level { name: "hook_oldest_seconds", help: oldest, label: label(), value: age });
        }
        Ok(levels)
    }
}

/// The job with certain settings.
struct HooksJob(Courier);

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
