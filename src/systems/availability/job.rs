//! Rounds, as whoever runs them sees them. They leave no row: the state of the watches is all that stays.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::asides::Asides;
use super::memory::{Change, Memory};
use super::report::{self, Ended};
use super::round::{self, Findings, Tools};
use super::store::{LeftRound, ReadAvailability as _, WriteAvailability as _};
use crate::clock::{Clock, Stamp};
use crate::config::Emplifi;
use crate::digest::digest_bytes;
use crate::outbox::{EventKind, NewEvent, Subscriber};
use crate::pass::{Ask, Audience, BoxFuture, Due, Job, PassEntry, PassKind, Progress, Report, Telling, entry};
use crate::remote::emplifi::{Reader, connect};
use crate::remote::{ConnectError, Limit, Traffic};
use crate::state::{self, StateError, Writer};

/// The name of rounds among the jobs.
pub(super) const JOB: &str = "availability";
/// After so many rounds the log of the state is taken in: where there is nothing else, nobody else does that.
const TAKEN_IN_EVERY: u64 = 240;

/// What lives longer than settings do.
#[derive(Clone)]
pub(super) struct Lasting {
    pub(super) memory: Memory,
    pub(super) asides: Asides,
    /// Rounds of this process.
    pub(super) rounds: Arc<AtomicU64>,
}

/// The job with certain settings.
pub(super) struct AvailabilityJob {
    pub(super) settings: Arc<Emplifi>,
    pub(super) lasting: Lasting,
    /// How long this Emplifi is to be left alone.
    pub(super) limit: Arc<Limit>,
    pub(super) state: Arc<Writer>,
    /// Who is told of changes.
    pub(super) subscribers: Vec<Subscriber>,
    /// Who is told how rounds go.
    pub(super) audience: Audience,
    /// Kept from round to round, with its connections.
    pub(super) emplifi: OnceCell<Reader>,
}

impl AvailabilityJob {
    async fn round(&self, ask: Ask, stop: &CancellationToken) -> Report {
        let (began, started) = (Instant::now(), Timestamp::now());
        let mut findings = Findings::default();
        let (failure, traffic) = match self.connect().await {
            Ok(emplifi) => {
                let is_ended = stop.run_until_cancelled(self.run_round(emplifi, ask, &mut findings)).await.is_some();
                ((!is_ended).then_some(report::Failure::Interrupted), emplifi.take_traffic())
            }
            Err(error) => {
                round::lack_all(&self.settings, &self.lasting.memory, &error.to_string());
                (Some(error.into()), Traffic::default())
            }
        };
        let changes = self.lasting.memory.take_untold();
        let watches = self.settings.watches.len() as u64;
        let (kind, took) = (ask.kind, began.elapsed());
        let mut ended = Ended { kind, started, took, watches, findings, failure, changes, traffic };
        // A reading that is there stays, also when the round was cut short.
        if let Err(error) = self.leave(self.entry(&ended)).await {
            ended.failure = Some(error.into());
        }
        report::report(ended)
    }

    /// The round as a pass: it leaves no row, but whoever is told how passes go is told how it went.
    fn entry(&self, ended: &Ended) -> PassEntry {
        let telling = Telling {
            audience: self.audience.clone(),
            is_interrupted: matches!(ended.failure, Some(report::Failure::Interrupted)),
            ..Telling::default()
        };
        PassEntry { job: JOB, subject: self.subject(), row: report::row(ended), telling: Some(telling) }
    }

    async fn run_round(&self, emplifi: &Reader, ask: Ask, findings: &mut Findings) {
        let Lasting { memory, asides, rounds } = &self.lasting;
        let is_first = rounds.fetch_add(1, Ordering::Relaxed) == 0;
        if ask.kind == PassKind::Resync {
            asides.clear();
        }
        let asides = asides.view();
        let tools = Tools { settings: &self.settings, emplifi, memory, asides, is_spread: !is_first };
        round::run(&tools, findings).await;
    }

    async fn connect(&self) -> Result<&Reader, ConnectError> {
        self.emplifi.get_or_try_init(async || connect(&self.settings, &self.limit)).await
    }

    async fn leave(&self, pass: PassEntry) -> Result<(), StateError> {
        let Emplifi { terms, history_days, .. } = *self.settings;
        let (memory, at) = (&self.lasting.memory, Timestamp::now());
        let changes = memory.take_unposted();
        let events = changes.iter().map(|change| event(change, at)).collect();
        let subscribers = self.subscribers.clone();
        let round = LeftRound { left: memory.left(), at, terms, history_days, events, subscribers, pass };
        self.state.leave_round(round).await.inspect_err(|_| memory.put_back(changes))?;
        let rounds = self.lasting.rounds.load(Ordering::Relaxed);
        if rounds.is_multiple_of(TAKEN_IN_EVERY) { self.state.take_log_in().await } else { Ok(()) }
    }
}

/// What hooks are told of a change.
fn event(Change { watch, state, since }: &Change, at: Timestamp) -> NewEvent {
    let data = json!({"watch": watch, "state": state.name(), "since": since});
    NewEvent { kind: EventKind::AvailabilityChanged, at, data, personal: None }
}

impl Job for AvailabilityJob {
    fn name(&self) -> &'static str {
        JOB
    }

    /// Who is watched: with others, a round is due at once.
    fn subject(&self) -> String {
        let watches: String = self.settings.watches.iter().map(|watch| format!("{watch:?}\n")).collect();
        format!("{} {:032x}", self.settings.base_url, digest_bytes(watches.as_bytes()))
    }

    fn due(&self) -> Vec<Due> {
        vec![Due { kind: PassKind::Sync, schedule: self.settings.schedule.clone(), delay: Duration::ZERO }]
    }

    fn label(&self, _kind: PassKind) -> &'static str {
        JOB
    }

    fn leaves_row(&self) -> bool {
        false
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.settings.terms.unknown_after)
    }

    fn went_well(&self, reader: &state::Reader) -> Result<Option<Stamp>, StateError> {
        let is_ours = |name: &String| self.settings.watches.iter().any(|watch| watch.name == *name);
        let Clock { now, boot } = Clock::read();
        let kept = reader.watches(now)?.into_iter().filter(|kept| is_ours(&kept.watch));
        let last = kept.filter_map(|kept| kept.known.map(|known| known.last)).max_by_key(|last| last.up);
        Ok(last.map(|last| Stamp::of(last, boot.as_deref())))
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(self.round(ask, stop))
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        let row = &report.row;
        // A round in which nothing changed says nothing, or the journal would have little else.
        if level == tracing::Level::INFO && row.figure("changed") == 0 {
            return tracing::debug!(requests = row.requests, "{message}");
        }
        entry!(
            level,
            watches = row.figure("watches"),
            had_reading = row.figure("with_reading"),
            changed = row.figure("changed"),
            requests = row.requests,
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "Emplifi answers well again"
    }
}
