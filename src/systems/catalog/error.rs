//! Why a pass fails.

use std::time::Duration;

use thiserror::Error;

use crate::config;
use crate::feed::FeedError;
use crate::http_client;
use crate::pass::{Exit, Failure};
use crate::remote::CallError;
use crate::source::FetchError;
use crate::state::StateError;
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::diff::error::DifferError;
use crate::systems::catalog::plan::store::PlanStoreError;
use crate::systems::catalog::shelf::ShelfError;
use crate::task::TaskError;

/// Why a pass failed as a whole.
#[derive(Debug, Error)]
pub enum PassError {
    /// The feed's bytes.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The feed's content.
    #[error("{location}: {error}")]
    Feed {
        /// Where it came from.
        location: String,
        /// What is wrong with it.
        error: FeedError,
    },
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The temporary file.
    #[error(transparent)]
    PlanStore(#[from] PlanStoreError),
    /// The temporary file of the feed's rows.
    #[error("a temporary file can't be written: {0}; is there room where TMPDIR points?")]
    Rows(std::io::Error),
    /// The folder with what the feed says.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// NiceChat's listing.
    #[error("NiceChat's listing could not be read: {0}")]
    Listing(CallError),
    /// No HTTP client.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// The application ended early.
    #[error(transparent)]
    Stopped(#[from] Stop),
    /// Some objects were not done.
    #[error("{failed} of {operations} changes failed ({first}); the next pass tries them again")]
    Pending {
        /// How many.
        failed: u64,
        /// Of how many.
        operations: u64,
        /// Why the first one did.
        first: String,
    },
    /// An import failed, and there is no other way.
    #[error("the import failed: {0}; the next pass tries again (strategy = \"auto\" would use the API)")]
    Import(String),
    /// Imports failed so often that NiceChat is left alone for a while.
    #[error(
        "{failures} imports failed in a row; the next one may be pushed in {} s (a resync tries at once)",
        left.as_secs()
    )]
    ImportRests {
        /// How many.
        failures: u32,
        /// How long still.
        left: Duration,
    },
    /// The settings want an import, but NiceChat can't fetch the feed.
    #[error("nicechat.strategy = \"import\": no import: {0}")]
    NoAddress(String),
    /// No thread to work on.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Somebody asked us to stop.
    #[error("interrupted; the next pass goes on from here")]
    Interrupted,
}

impl From<reqwest::Error> for PassError {
    fn from(error: reqwest::Error) -> Self {
        PassError::Client(http_client::no_client(&error))
    }
}

impl From<DifferError> for PassError {
    fn from(error: DifferError) -> Self {
        match error {
            DifferError::State(error) => PassError::State(error),
            DifferError::PlanStore(error) => PassError::PlanStore(error),
            DifferError::Rows(error) => PassError::Rows(error),
        }
    }
}

impl PassError {
    /// A feed could not be read onto the shelf. Its sinks stop with a `PassError`.
    pub(super) fn reading(source: &config::Source, error: FeedError) -> PassError {
        let error = match error {
            FeedError::Interrupted => return PassError::Interrupted,
            FeedError::Sink(inner) => match inner.downcast::<PassError>() {
                Ok(error) => return *error,
                Err(inner) => FeedError::Sink(inner),
            },
            error => error,
        };
        PassError::Feed { location: source.location.to_string(), error }
    }

    /// What is in trouble: the same from try to try, while the words change.
    pub fn subject(&self) -> &'static str {
        match self {
            PassError::Fetch(_) => "the feed's host",
            PassError::Feed { .. } => "the feed",
            PassError::State(_) | PassError::PlanStore(_) | PassError::Rows(_) | PassError::Shelf(_) => "the disk",
            PassError::Listing(CallError::Unauthorized(_)) | PassError::Stopped(Stop::Unauthorized(_)) => "the key",
            PassError::Listing(_) | PassError::Client(_) | PassError::Stopped(_) | PassError::Pending { .. } => {
                "NiceChat"
            }
            PassError::Import(_) | PassError::ImportRests { .. } => "the import",
            PassError::NoAddress(_) => "the strategy",
            PassError::Task(_) => "this machine",
            PassError::Interrupted => "the pass",
        }
    }

    /// Whether somebody asked the pass to stop.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, PassError::Interrupted | PassError::Stopped(Stop::Interrupted))
    }

    /// Whether the settings are at fault.
    pub fn is_config(&self) -> bool {
        match self {
            PassError::State(error) => error.is_config(),
            PassError::NoAddress(_) => true,
            _ => false,
        }
    }
}

impl From<PassError> for Failure {
    fn from(error: PassError) -> Self {
        let exit = if error.is_config() { Exit::Config } else { Exit::Failed };
        Failure { error: error.into(), exit }
    }
}
