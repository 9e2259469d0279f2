//! What everything that is done on a schedule has in common.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::report::Report;
use super::row::{Ask, PassKind};
use super::store::ReadPasses as _;
use crate::clock::Stamp;
use crate::config::{Schedule, Source};
use crate::state::{Reader, StateError};

/// How far back the last good pass is looked for: as many passes as the state keeps.
const PASSES: u32 = 10_000;

/// A future that borrows from what makes it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How far a pass is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Operations settled, of how many.
    Sending {
        /// Settled.
        done: u64,
        /// Of how many.
        of: u64,
    },
    /// Something whose end nobody knows.
    Doing(String),
}

impl Step {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Step::Sending { done, of } => format!("{done} of {of} changes sent"),
            Step::Doing(what) => what.clone(),
        }
    }
}

/// Told how far a pass is.
pub type Progress<'a> = &'a (dyn Fn(Step) + Send + Sync);

/// When a job is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// For what.
    pub kind: PassKind,
    /// At which moments.
    pub schedule: Schedule,
    /// How much later, so that not everybody asks at the same moment.
    pub delay: Duration,
}

/// Work for a shop that is done in passes, never two at once. It was made for certain settings.
pub trait Job: Send + Sync {
    /// Its name in the state, in metrics and readiness.
    fn name(&self) -> &'static str;

    /// What it is about: what went well with another subject says nothing of this one.
    fn subject(&self) -> String;

    /// When it is due; the first one is what its health is measured by.
    fn due(&self) -> Vec<Due>;

    /// The feed that it reads: when that is another one, it is due. `None` = it reads none.
    fn feed(&self) -> Option<&Source> {
        None
    }

    /// It is wanted again while a pass of it is under way, which may look whether it had better end for that.
    fn wanted_again(&self) {}

    /// Whether it goes on with what the others leave: where each is run once it comes after them, and how it is tells
    /// nothing of how the shop is.
    fn follows_others(&self) -> bool {
        false
    }

    /// Whether its passes are kept in the state, and people are told of them.
    fn leaves_row(&self) -> bool {
        true
    }

    /// What a pass of this kind is called.
    fn label(&self, kind: PassKind) -> &'static str;

    /// How long after a pass that went well the next one is waited for; `None` = three intervals.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// When it went well last, as far as the state tells.
    ///
    /// # Errors
    /// When that can't be read.
    fn went_well(&self, reader: &Reader) -> Result<Option<Stamp>, StateError> {
        let passes = reader.passes(self.name(), &self.subject(), PASSES)?;
        Ok(passes.into_iter().find(|pass| pass.outcome.is_good()).map(|pass| pass.finished))
    }

    /// Makes a pass, and leaves its row in the state. Never fails: what went wrong is in the report.
    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, progress: Progress<'a>) -> BoxFuture<'a, Report>;

    /// Writes a pass into the log, with its figures as fields.
    fn log(&self, level: tracing::Level, report: &Report, message: &dyn fmt::Display);

    /// What is said when its passes succeed again.
    fn succeeds_again(&self) -> &'static str;
}
