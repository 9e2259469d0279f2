//! Passes of a shop that has no NiceChat: they read the feed, and show what it says. Where there is a NiceChat, the passes
//! over its catalogue do that.

use std::fmt::Display;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::approval::{CATALOG, take_word, word};
use crate::clock::Stamp;
use crate::config::{Guard, Source};
use crate::http_client::Clients;
use crate::pass::{
    Ask, Audience, BoxFuture, Due, Exit, Job, Notice, Outcome, PassEntry, PassKind, PassRow, Progress, Report, Telling,
    Trouble, entry,
};
use crate::pause::Pause;
use crate::report::paused_line;
use crate::shop::Bell;
use crate::source::{self, End, Fetched, Validators};
use crate::state::{Reader, Writer};
use crate::systems::catalog::store::{Ending, FeedMark, GuardEnding, ReadFeed as _, ReadTroubles as _, WritePass as _};
use crate::systems::catalog::{Held, PassError, StockOutcome, Stocking, Word, is_shown, record_rejections, shown};
use crate::task;
use crate::text::{count, number, span};

/// The name of these passes: the same as of those over the catalogue, of which there are none then.
pub(super) const JOB: &str = "sync";
/// What the mark of a feed belongs to: none of a pass with NiceChat is like it.
const SHAPE: &str = "shown";

/// The job with certain settings.
pub(super) struct ShowJob {
    pub(super) source: Source,
    pub(super) guard: Guard,
    pub(super) state: Arc<Writer>,
    pub(super) clients: Clients,
    pub(super) stocked: Bell,
    pub(super) audience: Audience,
}

/// What a pass found.
#[derive(Default)]
struct Found {
    outcome: StockOutcome,
    is_unchanged: bool,
    /// Rows that the feed has had all along, and that can't be taken.
    rejected: u64,
    mark: Option<FeedMark>,
}

impl ShowJob {
    async fn steps(&self, ask: Ask, now: Timestamp, stop: &CancellationToken) -> Result<Found, PassError> {
        let path = self.state.path().to_owned();
        let reader = Reader::open(&path)?;
        let rejected = reader.trouble()?.0.rows();
        let mark = reader.feed_mark()?.filter(|mark| mark.shape == SHAPE);
        let mark = mark.filter(|mark| is_shown(&path, &self.source, mark.body, now));
        let validators = mark
            .as_ref()
            .map(|mark| Validators { etag: mark.etag.as_deref(), last_modified: mark.last_modified.as_deref() });
        let fetch = source::fetch(&self.clients, &self.source, validators.unwrap_or_default(), reader.hasher());
        let fetched = tokio::select! {
            fetched = fetch => fetched?,
            () = stop.cancelled() => return Err(PassError::Interrupted),
        };
        let body = match fetched {
            Fetched::NotModified => return Ok(Found { is_unchanged: true, rejected, ..Found::default() }),
            Fetched::Body(body) => body,
        };
        let (etag, last_modified, length) = (body.etag.clone(), body.last_modified.clone(), body.length);
        let is_proven = body.end == End::Proven;
        let (source, guard, stopped) = (self.source.clone(), self.guard.clone(), stop.clone());
        let stop = stopped.clone();
        let done = task::blocking(move || {
            let word = Word { force: ask.force, approved: word(&path, CATALOG) };
            let shelf = shown(&path);
            let hasher = reader.hasher().clone();
            let stocking =
                Stocking { source: &source, guard: &guard, shelf, body: Arc::clone(&body), hasher, now, stop };
            let outcome = stocking.alone(&reader, &word)?;
            take_word(&path, CATALOG, word.approved.as_deref());
            Ok::<_, PassError>((outcome, body.digest().ok()))
        });
        let (outcome, digest) = done.await??;
        if outcome.is_new {
            self.stocked.ring();
        }
        if let Some(rejections) = &outcome.rejections {
            record_rejections(&self.state, rejections, &stopped).await?;
        }
        let mark = FeedMark {
            etag: etag.filter(|_| is_proven),
            last_modified: last_modified.filter(|_| is_proven),
            body: digest,
            length: Some(length),
            shape: SHAPE.to_owned(),
            ..FeedMark::default()
        };
        // What is held is looked at again.
        let mark = Some(mark).filter(|_| outcome.held.is_none());
        Ok(Found { is_unchanged: !outcome.is_new && outcome.held.is_none(), outcome, rejected, mark })
    }

    /// Why a pass ended early that was under way when the sending was stopped: all that is under way ends then.
    fn paused(&self, error: &PassError) -> Option<String> {
        let pause = if error.is_interrupted() { Pause::in_force(self.state.path()) } else { None };
        pause.map(|pause| pause.words())
    }

    async fn pass(&self, ask: Ask, stop: &CancellationToken) -> Report {
        let (began, started) = (Instant::now(), Timestamp::now());
        let ended = self.steps(ask, started, stop).await;
        let paused = ended.as_ref().err().and_then(|error| self.paused(error));
        let is_read = ended.is_ok();
        let (found, error) = match ended {
            Ok(found) => (found, None),
            Err(error) => (Found::default(), Some(error).filter(|_| paused.is_none())),
        };
        let (taken, rejected) = found.outcome.rows.unwrap_or((0, found.rejected));
        let held = found.outcome.held.clone();
        let outcome = match () {
            () if error.is_some() => Outcome::Failed,
            () if held.is_some() || paused.is_some() => Outcome::Held,
            () if found.is_unchanged => Outcome::Unchanged,
            () if rejected > 0 => Outcome::Partial,
            () => Outcome::Ok,
        };
        let row = PassRow {
            started,
            finished: Stamp::exact(),
            kind: ask.kind,
            outcome,
            figures: [("read", if found.is_unchanged { 0 } else { taken + rejected }), ("rejected", rejected)]
                .into_iter()
                .collect(),
            requests: 0,
            reason: error.as_ref().map(ToString::to_string).or(paused).or_else(|| held.as_ref().map(Held::words)),
        };
        let guard = GuardEnding { held: is_read.then(|| held.map(|held| json!(held))), ..GuardEnding::default() };
        let telling = Telling {
            audience: self.audience.clone(),
            is_interrupted: matches!(error, Some(PassError::Interrupted)),
            digest: found.outcome.held.as_ref().map(|held| held.digest.clone()),
            rejected: is_read.then_some(rejected),
            refused: None,
        };
        let ending = Ending {
            pass: PassEntry { job: JOB, subject: String::new(), row: row.clone(), telling: Some(telling) },
            mark: found.mark,
            listed: None,
            nameless: found.outcome.nameless,
            foreign: None,
            timings: None,
            rows: None,
            guard,
            missing: found.outcome.missing,
            unproven: found.outcome.unproven,
            columns: None,
            loaded: None,
        };
        let unwritten = self.state.finish(ending).await.err();
        report(row, began, error.or(unwritten.map(PassError::State)))
    }
}

fn report(row: PassRow, began: Instant, error: Option<PassError>) -> Report {
    let took = began.elapsed();
    let read = count(row.figure("read"), "row", "rows");
    let headline = format!("{}: {}, {read} read in {}", row.kind.name(), row.outcome.name(), span(took));
    let mut summary = headline.clone();
    let rejected = row.figure("rejected");
    if rejected > 0 {
        summary +=
            &format!("\n{} not taken: `shelfkeeper rejected` says why.", count(rejected, "row was", "rows were"));
    }
    let trouble = match error {
        Some(error @ PassError::Interrupted) => Some(Trouble::Interrupted(error.into())),
        Some(error) => Some(Trouble::Failed { subject: error.subject(), error: error.into() }),
        None if row.is_paused() => {
            summary += &paused_line(&row);
            Some(Trouble::Paused(row.reason.clone().unwrap_or_default()))
        }
        None if row.outcome == Outcome::Held => {
            let reason = row.reason.clone().unwrap_or_default();
            summary += &format!("\nHeld by the guard: {reason}.");
            Some(Trouble::Held(format!("held by the guard: {reason}")))
        }
        None => None,
    };
    let words = |now: u64, before: u64| {
        let level = if now == 0 { tracing::Level::INFO } else { tracing::Level::WARN };
        (level, format!("{} rows of the feed are not taken ({} before)", number(now), number(before)))
    };
    // Of a feed that was not read nobody knows how many rows are wrong.
    let is_read = row.outcome != Outcome::Failed && !row.is_paused();
    let notices = if is_read { vec![Notice::Figure { name: "rejected", now: rejected, words }] } else { Vec::new() };
    // Also when nothing changed since: 0 means that all is well.
    let exit = Exit::of(row.outcome).or_worse(if rejected > 0 { Exit::Partial } else { Exit::Done });
    let troubles = trouble.into_iter().collect();
    Report { label: row.kind.name(), row, took, headline, summary, troubles, notices, exit, samples: Vec::new() }
}

impl Job for ShowJob {
    fn name(&self) -> &'static str {
        JOB
    }

    fn subject(&self) -> String {
        String::new()
    }

    fn due(&self) -> Vec<Due> {
        let schedule = self.source.schedule.clone();
        let delay = self.source.delay(&schedule);
        vec![Due { kind: PassKind::Sync, schedule, delay }]
    }

    fn feed(&self) -> Option<&Source> {
        Some(&self.source)
    }

    fn label(&self, kind: PassKind) -> &'static str {
        kind.name()
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(self.pass(ask, stop))
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
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "passes succeed again"
    }
}
