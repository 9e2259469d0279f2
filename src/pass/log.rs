//! The entry that each pass leaves in the log: loud only where it differs from the one before.
//!
//! The message alone has to tell what happened, for that is all that `journalctl` shows.

use std::collections::HashMap;

use tracing::{Level, info, warn};

use super::failures::{Failures, Past};
use super::job::Job;
use super::report::{Notice, Report, Trouble};
use super::row::PassRow;
use crate::text::span;

/// Writes an entry at a level that is not known before.
macro_rules! entry {
    ($level:expr, $($rest:tt)+) => {
        match $level {
            tracing::Level::ERROR => tracing::error!($($rest)+),
            tracing::Level::WARN => tracing::warn!($($rest)+),
            _ => tracing::info!($($rest)+),
        }
    };
}
pub(crate) use entry;

/// How loudly a failed pass is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// There will be another one.
    Warning,
    /// It was the only one.
    Error,
}

/// What isn't sent for these has not failed.
const GUARD: &str = "the guard";
const PAUSE: &str = "the pause";

/// Tells that what was wrong is over.
fn tell_end(job: &dyn Job, Past { subject, what, lasted, passes }: &Past) {
    match *subject {
        PAUSE | GUARD => info!(passes, "nothing is kept back any more, after {}; it was: {what}", span(*lasted)),
        _ => info!(failed_passes = passes, "{} after {}; it was: {what}", job.succeeds_again(), span(*lasted)),
    }
}

/// The log of a job's passes.
pub struct PassLog {
    failures: Failures,
    failing: Level,
    /// The figures of the pass before that are told of.
    figures: HashMap<&'static str, u64>,
    /// The row of the last pass before these.
    last: Option<PassRow>,
    /// What the pass before said, by topic.
    states: HashMap<&'static str, String>,
}

impl PassLog {
    /// Goes on from the last pass that the state knows.
    pub fn new(last: Option<PassRow>, failing: Failing) -> PassLog {
        let failing = match failing {
            Failing::Warning => Level::WARN,
            Failing::Error => Level::ERROR,
        };
        PassLog { failures: Failures::default(), failing, figures: HashMap::new(), last, states: HashMap::new() }
    }

    /// Logs a pass.
    pub fn tell(&mut self, job: &dyn Job, report: &Report) {
        report.notices.iter().for_each(|notice| {
            if let Notice::News(text) = notice {
                warn!("{text}")
            }
        });
        let line = &report.headline;
        match report.troubles.first() {
            None => {
                if let Some(past) = self.failures.end() {
                    tell_end(job, &past);
                }
                job.log(Level::INFO, report, line);
            }
            Some(Trouble::Interrupted(error)) => {
                return job.log(Level::INFO, report, &format_args!("{line}: {error}"));
            }
            Some(Trouble::Failed { subject, error }) => {
                let what = report.row.reason.clone().unwrap_or_else(|| error.to_string());
                self.fails(job, report, subject, &what);
            }
            Some(Trouble::Held(what)) => self.fails(job, report, GUARD, what),
            // Told once, and quietly: somebody wants it so.
            Some(Trouble::Paused(what)) => {
                if self.failures.record(PAUSE, what) {
                    job.log(Level::INFO, report, &format_args!("{line}: {what}"));
                }
            }
        }
        report.notices.iter().for_each(|notice| self.notice(notice));
    }

    fn fails(&mut self, job: &dyn Job, report: &Report, subject: &'static str, what: &str) {
        if self.failures.record(subject, what) {
            job.log(self.failing, report, &format_args!("{}: {what}", report.headline));
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::News(_) => {}
            Notice::State { topic, text: None } => _ = self.states.remove(topic),
            Notice::State { topic, text: Some(text) } => {
                if self.states.insert(topic, text.clone()).as_ref() != Some(text) {
                    warn!("{text}");
                }
            }
            Notice::Figure { name, now, words } => {
                let last = || self.last.as_ref().map(|row| row.figure(name)).unwrap_or_default();
                let before = self.figures.insert(name, *now).unwrap_or_else(last);
                if *now != before {
                    let (level, text) = words(*now, before);
                    entry!(level, count = *now, "{text}");
                }
            }
        }
    }
}
