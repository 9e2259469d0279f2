//! What an operator watches: whether the process lives, whether it does its work, and its figures.
//!
//! The daemon tells a [`Monitor`] of every pass; its routes answer from that, and from the state file. Nothing here
//! writes, and nothing shows a secret.

mod metrics;
mod readiness;
mod routes;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::config::{Config, Schedule};
use crate::report::Status;
use crate::state::{PassRow, Reader, StateError};
use crate::sync::Report;
use metrics::{Metrics, Standing};
use readiness::Readiness;

/// The job that keeps NiceChat equal to the feed, in readiness and metrics.
const SYNC: &str = "sync";
/// How far back the last good pass is looked for: as many passes as the state keeps.
const PASSES: u32 = 10_000;
/// How many pages may wait for the disk at the same time; a disk that hangs must not use up all threads.
const READERS: usize = 4;

/// Keeps what the routes tell. A clone is the same monitor.
#[derive(Clone)]
pub struct Monitor(Arc<Inner>);

struct Inner {
    state: PathBuf,
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
            Ok(Some(pass)) => readiness.went_well(SYNC, pass.finished),
            Ok(None) => {}
            Err(error) => warn!(%error, "what passes came to before this start is not known"),
        }
        Monitor(Arc::new(Inner {
            state: config.state.path.clone(),
            metrics: Metrics::new(),
            readiness: Mutex::new(readiness),
            readers: Arc::new(Semaphore::new(READERS)),
        }))
    }

    /// A pass has ended.
    pub fn record(&self, report: &Report) {
        self.0.metrics.record(report);
        if report.row.outcome.is_good() {
            self.readiness().went_well(SYNC, report.row.finished);
        }
    }

    /// The settings have changed: other schedules hold from now on.
    pub fn reloaded(&self, config: &Config) {
        self.readiness().expect(jobs(config));
    }

    /// `/healthz`, `/readyz`, `/metrics`, `/status`, and a hint for every other path: a router that is merged with this
    /// one can't have such a hint (a fallback) of its own.
    pub fn routes(&self) -> Router {
        routes::routes(self.clone())
    }

    fn readiness(&self) -> MutexGuard<'_, Readiness> {
        self.0.readiness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps us from being ready, a line each.
    fn trouble(&self) -> Vec<String> {
        self.readiness().trouble(Timestamp::now())
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
        tokio::task::spawn_blocking(work).await.ok()
    }

    /// The text of `/metrics`. Waits for the disk.
    fn metrics(&self) -> Result<String, std::fmt::Error> {
        let standing = Reader::open(&self.0.state).and_then(|reader| Standing::read(&reader));
        let standing = standing.inspect_err(|error| debug!(%error, "metrics without the state's part")).ok();
        let ages = self.readiness().ages(Timestamp::now());
        self.0.metrics.text(&ages, standing.as_ref())
    }

    /// What `shelfkeeper status --format json` prints. Waits for the disk.
    fn status(&self) -> Result<Value, StateError> {
        Ok(Status::read(&Reader::open(&self.0.state)?)?.to_json())
    }
}

/// Every job that we are to do, with its schedule.
fn jobs(config: &Config) -> Vec<(&'static str, Schedule)> {
    vec![(SYNC, config.source.schedule.clone())]
}

fn last_good(config: &Config) -> Result<Option<PassRow>, StateError> {
    let passes = Reader::open(&config.state.path)?.passes(PASSES)?;
    Ok(passes.into_iter().find(|pass| pass.outcome.is_good()))
}
