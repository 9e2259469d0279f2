//! What an operator watches: whether the process lives, whether it does its work, and its figures.
//!
//! The daemon tells a [`Monitor`] of every pass; its routes answer from that, and from the state file. Nothing here
//! writes, and nothing shows a secret.

mod metrics;
mod readiness;
mod routes;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::clock::Moment;
use crate::config::{Config, Schedule};
use crate::report::{PrintError, Status};
use crate::state::{Reader, StateError};
use crate::systems::catalog::Report;
use crate::systems::catalog::store::ReadPasses as _;
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::{self as lagerkoll, Names};
use crate::task;
use metrics::{Metrics, Standing};
use readiness::Readiness;
pub use routes::routes;

/// The job that keeps NiceChat equal to the feed, in readiness and metrics.
const SYNC: &str = "sync";
/// The job that mirrors Lagerkoll's events.
const EVENTS: &str = "events";
/// How far back the last good pass is looked for: as many passes as the state keeps.
const PASSES: u32 = 10_000;
/// The most rejected rows and failed objects each that a page has: whoever wants more asks `shelfkeeper status`. A page
/// that streamed a million to a slow client would keep the state's log from being taken in meanwhile.
const LISTED: u64 = 1_000;
/// How many pages may wait for the disk at the same time; a disk that hangs must not use up all threads.
const READERS: usize = 4;

/// Keeps what the routes tell. A clone is the same monitor.
#[derive(Clone)]
pub struct Monitor(Arc<Inner>);

struct Inner {
    state: PathBuf,
    /// What of Lagerkoll is in the state, if anything is to be.
    events: Mutex<Option<Names>>,
    metrics: Metrics,
    readiness: Mutex<Readiness>,
    readers: Arc<Semaphore>,
}

impl Monitor {
    /// A monitor that knows of the passes before a restart.
    pub fn new(config: &Config) -> Monitor {
        let mut readiness = Readiness::default();
        readiness.expect(jobs(config));
        match last_good(config) {
            Ok(jobs) => {
                let now = Moment::now();
                for (job, at) in jobs {
                    if readiness.had_gone_well(job, at, now) {
                        warn!(
                            job,
                            last_good = %format_args!("{at:.0}"),
                            "the last good pass ended in the future by this machine's clock, which is wrong now or was \
                             then; not ready until the next good pass"
                        );
                    }
                }
            }
            Err(error) => warn!(%error, "what passes came to before this start is not known"),
        }
        Monitor(Arc::new(Inner {
            state: config.state.path.clone(),
            events: Mutex::new(names(config)),
            metrics: Metrics::new(),
            readiness: Mutex::new(readiness),
            readers: Arc::new(Semaphore::new(READERS)),
        }))
    }

    /// A pass has ended.
    pub fn record(&self, report: &Report) {
        self.0.metrics.record(report);
        if report.row.outcome.is_good() {
            self.readiness().went_well(SYNC, Moment::now());
        }
    }

    /// A pass over the events has ended.
    pub fn record_events(&self, report: &lagerkoll::Report) {
        self.0.metrics.record_events(report);
        if report.row.outcome.is_good() {
            self.readiness().went_well(EVENTS, Moment::now());
        }
    }

    /// The settings have changed: other schedules hold from now on.
    pub fn reloaded(&self, config: &Config) {
        let names = names(config);
        let mirror = |names: &Option<Names>| names.as_ref().map(|names| names.mirror.clone());
        let before =
            std::mem::replace(&mut *self.0.events.lock().unwrap_or_else(PoisonError::into_inner), names.clone());
        let mut readiness = self.readiness();
        readiness.expect(jobs(config));
        if mirror(&before) != mirror(&names) {
            // What went well was another mirror.
            readiness.forget(EVENTS);
        }
    }

    fn events(&self) -> Option<Names> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn readiness(&self) -> MutexGuard<'_, Readiness> {
        self.0.readiness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps us from being ready, a line each.
    fn trouble(&self) -> Vec<String> {
        self.readiness().trouble(Moment::now())
    }

    /// Work that waits for the disk, off the async threads; `None` when it panicked.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Monitor) -> T + Send + 'static) -> Option<T> {
        let place = Arc::clone(&self.0.readers).acquire_owned().await.ok()?;
        let monitor = self.clone();
        let work = move || {
            let done = work(&monitor);
            drop(place);
            done
        };
        task::blocking(work).await.inspect_err(|error| debug!(%error, "no answer")).ok()
    }

    /// The text of `/metrics`. Waits for the disk.
    fn metrics(&self) -> Result<String, std::fmt::Error> {
        let standing = Reader::open(&self.0.state).and_then(|reader| Standing::read(&reader, self.events().as_ref()));
        let standing = standing.inspect_err(|error| debug!(%error, "metrics without the state's part")).ok();
        let ages = self.readiness().ages(Moment::now());
        self.0.metrics.text(&ages, standing.as_ref())
    }

    /// What `shelfkeeper status --format json` prints, but for lists that are too long for a page. Waits for the disk.
    fn status(&self) -> Result<Vec<u8>, PrintError> {
        let reader = Reader::open(&self.0.state)?;
        let mut page = Vec::new();
        Status::read(&reader, self.events().as_ref())?.print_json(LISTED, &mut page)?;
        Ok(page)
    }
}

/// Every job that we are to do, with its schedule.
fn jobs(config: &Config) -> Vec<(&'static str, Schedule)> {
    let events = config.lagerkoll.as_ref().map(|settings| (EVENTS, settings.schedule.clone()));
    let sync = config.catalog.as_ref().map(|catalog| (SYNC, catalog.source.schedule.clone()));
    sync.into_iter().chain(events).collect()
}

fn names(config: &Config) -> Option<Names> {
    config.lagerkoll.as_ref().map(Names::of)
}

/// When each job went well last, as far as the state tells.
fn last_good(config: &Config) -> Result<Vec<(&'static str, Timestamp)>, StateError> {
    let reader = Reader::open(&config.state.path)?;
    let pass = reader.passes(PASSES)?.into_iter().find(|pass| pass.outcome.is_good());
    let mirror = match names(config) {
        Some(names) => reader.mirror(&names.mirror)?,
        None => None,
    };
    let sync = pass.map(|pass| (SYNC, pass.finished));
    let events = mirror.and_then(|mirror| mirror.mirrored_at).map(|at| (EVENTS, at));
    Ok(sync.into_iter().chain(events).collect())
}
