//! What an operator watches: whether the process lives, whether it does its work, and its figures.
//!
//! The daemon tells a [`Monitor`] of every pass; its routes answer from that, and from the state file. Nothing here
//! shows a secret, and nothing writes but a notice beside the state that somebody asked for.

mod guard;
mod metrics;
mod pages;
mod readiness;
mod routes;
mod sync;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};
use tracing::{debug, warn};

use crate::clock::{Clock, Moment};
use crate::config::Config;
use crate::pass::{Job, Level, PassKind, Report};
use crate::pause::Pause;
use crate::report::PrintError;
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::status::Status;
use crate::systems::{Look, System};
use crate::task;
use metrics::Metrics;
use pages::Key;
use readiness::Readiness;
pub use routes::routes;

/// The most rejected rows and failed objects each that a page has: whoever wants more asks `shelfkeeper status`. A page
/// that streamed a million to a slow client would keep the state's log from being taken in meanwhile.
const LISTED: u64 = 1_000;
/// How many may be given a file at the same time: each may take room on the disk until it is fetched.
const FILES: usize = 4;
/// How many pages may wait for the disk at the same time; a disk that hangs must not use up all threads.
const READERS: usize = 8;
// Files that are being written leave room for pages and monitors.
const _: () = assert!(READERS > FILES);

/// Keeps what the routes tell. A clone is the same monitor.
#[derive(Clone)]
pub struct Monitor(Arc<Inner>);

struct Inner {
    config: Mutex<Arc<Config>>,
    systems: Arc<[Box<dyn System>]>,
    metrics: Metrics,
    readiness: Mutex<Readiness>,
    pause: Mutex<Option<Pause>>,
    readers: Arc<Semaphore>,
    files: Arc<Semaphore>,
    asked: Mutex<Option<PassKind>>,
    rung: Notify,
    /// What the shop is called.
    name: Option<Arc<str>>,
    /// What makes forms ours.
    key: Key,
}

impl Monitor {
    /// A monitor of a shop's systems.
    pub fn new(shop: &Shop, systems: Arc<[Box<dyn System>]>) -> Monitor {
        Monitor(Arc::new(Inner {
            config: Mutex::new(Arc::clone(&shop.config)),
            metrics: Metrics::new(shop.name.clone(), systems.iter().flat_map(|system| system.meters()), |registry| {
                systems.iter().for_each(|system| system.register(registry));
            }),
            systems,
            readiness: Mutex::new(Readiness::default()),
            pause: Mutex::new(None),
            readers: Arc::new(Semaphore::new(READERS)),
            files: Arc::new(Semaphore::new(FILES)),
            asked: Mutex::new(None),
            rung: Notify::new(),
            name: shop.name.clone(),
            key: Key::new(),
        }))
    }

    /// These are the settings and the jobs from now on. What passes came to before this process began is looked up in
    /// the state.
    pub fn expect<'j>(&self, config: Arc<Config>, jobs: impl Iterator<Item = &'j dyn Job>) {
        *self.0.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&config);
        let clock = Clock::read();
        let jobs = jobs.inspect(|job| PassKind::ALL.iter().for_each(|kind| self.0.metrics.expect(job.label(*kind))));
        let mut readiness = self.readiness();
        for job in readiness.expect(jobs) {
            let last_good = Reader::open(&config.state.path).and_then(|reader| job.went_well(&reader));
            let job = job.name();
            match last_good {
                Ok(None) => {}
                Ok(Some(good)) if readiness.had_gone_well(job, &good, &clock) => warn!(
                    job,
                    last_good = %format_args!("{:.0}", good.at),
                    "the last good pass ended in the future by this machine's clock, which is wrong now or was \
                     then; not ready until the next good pass"
                ),
                Ok(Some(_)) => {}
                Err(error) => warn!(%error, job, "what passes came to before this start is not known"),
            }
        }
    }

    /// A pass has ended.
    pub fn record(&self, job: &dyn Job, report: &Report) {
        self.0.metrics.record(report);
        if report.row.outcome.is_good() {
            self.readiness().went_well(job.name(), &job.subject(), Moment::now());
        } else if report.is_paused() {
            self.readiness().was_paused(job.name(), &job.subject(), Moment::now());
        }
    }

    /// The pause that is in force from now on.
    pub fn paused(&self, pause: Option<Pause>) {
        *self.pause() = pause;
    }

    /// Waits until somebody asks for a pass; who asks while nobody waits has asked once. Nothing is lost when it is not
    /// waited for to the end.
    pub async fn asked(&self) -> PassKind {
        loop {
            self.0.rung.notified().await;
            if let Some(kind) = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return kind;
            }
        }
    }

    /// Asks for a pass.
    fn ask(&self, kind: PassKind) {
        let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked = Some(asked.map_or(kind, |before| before.and(kind)));
        self.0.rung.notify_one();
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.0.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.0.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What there is to look at with these settings.
    fn looks(&self, config: &Config) -> Vec<Box<dyn Look>> {
        self.0.systems.iter().filter_map(|system| system.look(config)).collect()
    }

    fn readiness(&self) -> MutexGuard<'_, Readiness> {
        self.0.readiness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps us from being ready, a line each.
    fn trouble(&self) -> Vec<String> {
        let mut trouble = self.readiness().trouble(Moment::now());
        trouble.extend(self.0.systems.iter().filter_map(|system| system.trouble()));
        trouble
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
        let levels = self.levels().inspect_err(|error| debug!(%error, "metrics without the state's part"));
        let ages = self.readiness().ages(Moment::now());
        self.0.systems.iter().for_each(|system| self.0.metrics.count(&system.counted()));
        let mut levels = levels.unwrap_or_default();
        levels.push(Level {
            name: "paused",
            help: "Whether somebody has stopped the sending for a while: 1 or 0",
            label: None,
            value: u64::from(self.pause().is_some()),
        });
        let expected = self.readiness().names();
        levels.extend(expected.into_iter().map(|job| Level {
            name: "job_expected",
            help: "Jobs that the config wants: each has an age of its last good pass once there was one",
            label: Some(("job", job.into())),
            value: 1,
        }));
        self.0.metrics.text(&ages, &levels)
    }

    /// How things stand in the state.
    fn levels(&self) -> Result<Vec<Level>, StateError> {
        let reader = Reader::open(&self.config().state.path)?;
        let mut levels = Vec::new();
        for system in self.0.systems.iter() {
            levels.extend(system.levels(&reader, &self.config())?);
        }
        Ok(levels)
    }

    /// What `shelfkeeper status --format json` prints, but for lists that are too long for a page. Waits for the disk.
    fn status(&self) -> Result<Vec<u8>, PrintError> {
        let config = self.config();
        let reader = Reader::open(&config.state.path)?;
        let mut page = Vec::new();
        Status::read(&reader, &self.looks(&config), config.caller())?.print_json(LISTED, None, &mut page)?;
        Ok(page)
    }
}
