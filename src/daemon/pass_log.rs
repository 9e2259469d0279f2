//! The entry that each pass leaves in the log: the words that `run --once` prints, and its figures as fields.
//!
//! The message alone has to tell what happened, for that is all that `journalctl` shows.

use tracing::{info, warn};

use super::outage::{Outage, Past};
use crate::pass::Outcome;
use crate::report::{events_headline, left_behind, number, pass_headline, span, strange_stock, unproven};
use crate::state::Reader;
use crate::systems::catalog::store::ReadPasses as _;
use crate::systems::catalog::{PassError, Report, Stop};
use crate::systems::events::{self as lagerkoll, MirrorError};

/// How loudly a failed pass is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// There will be another one.
    Warning,
    /// It was the only one.
    Error,
}

/// What a pass ran into.
enum Trouble {
    /// Somebody asked it to stop.
    Interrupted(String),
    /// It was not carried out: because of whom, and why.
    Failed(&'static str, String),
}

/// The log of the passes over the catalogue.
pub struct PassLog {
    outage: Outage,
    failing: Failing,
    /// Rows that the pass before did not take.
    not_taken: u64,
    /// What the pass before left undone because the feed's end was not proven.
    unproven: Option<String>,
    /// What the pass before said of availabilities that nobody defined.
    strange_stock: Option<String>,
}

/// The log of the passes over the events.
pub struct EventsLog {
    outage: Outage,
    failing: Failing,
}

macro_rules! pass_entry {
    ($level:ident, $report:expr, $message:expr) => {{
        let row = &$report.row;
        tracing::$level!(
            pass = row.started.as_millisecond(),
            kind = row.kind.name(),
            outcome = row.outcome.name(),
            read = row.read,
            rejected = row.rejected,
            created = row.created,
            updated = row.updated,
            deleted = row.deleted,
            failed = row.failed,
            requests = row.requests,
            elapsed_ms = $report.took.as_millis() as u64,
            "{}",
            $message
        )
    }};
}

macro_rules! events_entry {
    ($level:ident, $report:expr, $message:expr) => {{
        let row = &$report.row;
        tracing::$level!(
            events = row.started.as_millisecond(),
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
            elapsed_ms = $report.took.as_millis() as u64,
            "{}",
            $message
        )
    }};
}

impl PassLog {
    /// Goes on from the last pass that the state knows.
    pub fn new(state: &std::path::Path, failing: Failing) -> PassLog {
        let last = Reader::open(state).and_then(|reader| reader.passes(1));
        // What keeps us from reading it is told by the pass.
        let not_taken = last.ok().and_then(|passes| passes.first().map(|pass| pass.rejected)).unwrap_or_default();
        PassLog { outage: Outage::default(), failing, not_taken, unproven: None, strange_stock: None }
    }

    /// Logs a pass, loudly only where it differs from the one before.
    pub fn tell(&mut self, report: &Report) {
        let line = pass_headline(report);
        match trouble(report) {
            None => {
                if let Some(Past { what, lasted, passes }) = self.outage.ends() {
                    info!(failed_passes = passes, "passes succeed again after {}; it was: {what}", span(lasted));
                }
                pass_entry!(info, report, line);
            }
            Some(Trouble::Interrupted(why)) => return pass_entry!(info, report, format_args!("{line}: {why}")),
            Some(Trouble::Failed(subject, what)) => {
                if self.outage.goes_on(subject, &what) {
                    match self.failing {
                        Failing::Warning => pass_entry!(warn, report, format_args!("{line}: {what}")),
                        Failing::Error => pass_entry!(error, report, format_args!("{line}: {what}")),
                    }
                }
            }
        }
        // Of a feed that was not read to its end nobody knows how many rows are wrong.
        if let Some(summary) = &report.summary {
            self.tell_rows(report.row.rejected);
            warn_of_change(&mut self.unproven, unproven(summary));
            warn_of_change(&mut self.strange_stock, strange_stock(&summary.strange_stock));
        }
    }

    fn tell_rows(&mut self, now: u64) {
        let before = std::mem::replace(&mut self.not_taken, now);
        if now == before {
            return;
        }
        match now {
            0 => info!(rejected = now, "every row of the feed is taken again; {} were not", number(before)),
            1 => warn!(
                rejected = now,
                "1 row of the feed is not taken ({} before): see `shelfkeeper status`",
                number(before)
            ),
            _ => warn!(
                rejected = now,
                "{} rows of the feed are not taken ({} before): see `shelfkeeper status`",
                number(now),
                number(before)
            ),
        }
    }
}

/// Warns of something that the pass before did not have, or had otherwise.
fn warn_of_change(before: &mut Option<String>, now: Option<String>) {
    if let Some(told) = now.as_ref().filter(|_| now != *before) {
        warn!("{told}");
    }
    *before = now;
}

fn trouble(report: &Report) -> Option<Trouble> {
    match &report.error {
        Some(error @ (PassError::Interrupted | PassError::Stopped(Stop::Interrupted))) => {
            Some(Trouble::Interrupted(error.to_string()))
        }
        Some(error) => Some(Trouble::Failed(error.subject(), error.to_string())),
        None if report.row.outcome == Outcome::Refused => {
            let reason = report.row.reason.as_deref().unwrap_or_default();
            Some(Trouble::Failed("the guard", format!("refused by the guard: {reason}")))
        }
        None => None,
    }
}

impl EventsLog {
    /// Knows of no pass before.
    pub fn new(failing: Failing) -> EventsLog {
        EventsLog { outage: Outage::default(), failing }
    }

    /// Logs a pass, loudly only where it differs from the one before.
    pub fn tell(&mut self, report: &lagerkoll::Report) {
        left_behind(&report.left_behind).iter().for_each(|left| warn!("{left}"));
        let line = events_headline(report);
        match trouble_of_events(report) {
            None => {
                if let Some(Past { what, lasted, passes }) = self.outage.ends() {
                    info!(
                        failed_passes = passes,
                        "events are mirrored well again after {}; it was: {what}",
                        span(lasted)
                    );
                }
                events_entry!(info, report, line);
            }
            Some(Trouble::Interrupted(why)) => events_entry!(info, report, format_args!("{line}: {why}")),
            Some(Trouble::Failed(subject, what)) => {
                if self.outage.goes_on(subject, &what) {
                    match self.failing {
                        Failing::Warning => events_entry!(warn, report, format_args!("{line}: {what}")),
                        Failing::Error => events_entry!(error, report, format_args!("{line}: {what}")),
                    }
                }
            }
        }
    }
}

fn trouble_of_events(report: &lagerkoll::Report) -> Option<Trouble> {
    match (report.errors.first(), &report.guard) {
        (Some(error @ MirrorError::Interrupted), _) => Some(Trouble::Interrupted(error.to_string())),
        (Some(error), _) => {
            Some(Trouble::Failed(error.subject(), report.row.reason.clone().unwrap_or_else(|| error.to_string())))
        }
        (None, Some(reason)) => Some(Trouble::Failed("the guard", format!("refused by the guard: {reason}"))),
        (None, None) => None,
    }
}
