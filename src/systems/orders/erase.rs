//! Erasing what is kept of persons where nobody mirrors orders any more: without `[orders]` no pass would see to it.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::JOB;
use super::store::{ErasePersonal as _, Erased, PersonalRules, ReadOrders as _};
use crate::clock::Stamp;
use crate::config::Schedule;
use crate::pass::{self, Ask, BoxFuture, Due, Exit, Figures, Job, Notice, Outcome, PassKind, PassRow, Progress};
use crate::pass::{Report, Trouble, entry};
use crate::state::{Reader, StateError, Writer};
use crate::text::count;

/// What the passes are called.
const LABEL: &str = "orders";
/// Whoever reads the state for long keeps the log from being cut.
const AGAIN: Duration = Duration::from_secs(3_600);

/// Takes what was erased out of the table's pages and the log, too.
pub(super) async fn finish_erasing(state: &Writer) -> Result<(), StateError> {
    let reader = Reader::open(state.path())?;
    let (has_copies, is_uncut) = (reader.has_copies()?, reader.is_log_uncut()?);
    drop(reader);
    if has_copies {
        state.erase_copies().await?;
    }
    // Whoever reads the state just now keeps it there until the next pass.
    if is_uncut && state.cut_log().await? {
        state.log_was_cut().await?;
    }
    Ok(())
}

/// The job of settings without orders, as long as something of persons is left of earlier ones.
pub(super) struct EraseJob(Arc<Writer>);

impl EraseJob {
    /// `None` = there is nothing to erase.
    pub(super) fn new(state: &Arc<Writer>) -> Option<EraseJob> {
        // What can't be read is told by the pass that can't erase it.
        let has_some = Reader::open(state.path()).and_then(|reader| reader.has_persons()).unwrap_or(true);
        has_some.then(|| EraseJob(Arc::clone(state)))
    }

    async fn erase(&self, now: Timestamp) -> Result<Erased, StateError> {
        let rules = PersonalRules { keep: Vec::new(), days: 0, emails: false, oldest: Timestamp::MIN };
        let erased = self.0.erase_personal(rules, now).await?;
        finish_erasing(&self.0).await?;
        Ok(erased)
    }
}

impl Job for EraseJob {
    fn name(&self) -> &'static str {
        JOB
    }

    fn subject(&self) -> String {
        "none".to_owned()
    }

    fn due(&self) -> Vec<Due> {
        vec![Due { kind: PassKind::Sync, schedule: Schedule::Every(AGAIN), delay: Duration::ZERO }]
    }

    /// Nobody waits for it.
    fn follows_others(&self) -> bool {
        true
    }

    fn label(&self, _kind: PassKind) -> &'static str {
        LABEL
    }

    fn run<'a>(&'a self, ask: Ask, _stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            let (began, started) = (Instant::now(), Timestamp::now());
            report(self.erase(started).await, ask.kind, started, began.elapsed())
        })
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        if report.row.outcome != Outcome::Unchanged {
            entry!(
                level,
                orders = report.row.started.as_millisecond(),
                erased = report.row.figure("erased"),
                "{message}"
            );
        }
    }

    fn succeeds_again(&self) -> &'static str {
        "what was kept of persons is erased"
    }
}

fn report(erased: Result<Erased, StateError>, kind: PassKind, started: Timestamp, took: Duration) -> Report {
    let (orders, error) = match erased {
        Ok(erased) => (erased.orders, None),
        Err(error) => (0, Some(error)),
    };
    let outcome = match (&error, orders) {
        (Some(_), _) => Outcome::Failed,
        (None, 0) => Outcome::Unchanged,
        (None, _) => Outcome::Ok,
    };
    let told = (orders > 0).then(|| {
        let orders = count(orders, "order", "orders");
        format!("the config has no [orders] any more: what was kept of persons is erased ({orders})")
    });
    let headline = match &told {
        Some(told) => format!("{LABEL}: {told}"),
        None => format!("{LABEL}: nothing of persons is kept"),
    };
    let row = PassRow {
        started,
        finished: Stamp::exact(),
        kind,
        outcome,
        figures: [("erased", orders)].into_iter().collect::<Figures>(),
        requests: 0,
        reason: error.as_ref().map(ToString::to_string),
    };
    pass::Report {
        label: LABEL,
        row,
        took,
        summary: if told.is_some() { headline.clone() } else { String::new() },
        headline,
        troubles: error.into_iter().map(|error| Trouble::Failed { subject: "the disk", error: error.into() }).collect(),
        notices: told.into_iter().map(Notice::News).collect(),
        exit: Exit::of(outcome),
        samples: Vec::new(),
    }
}
