use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::config::{self, Location};

/// Why there is no body. Every message names the location, without its secrets.
#[derive(Debug, Error)]
#[error("{location}: {problem}")]
pub struct FetchError {
    location: String,
    problem: String,
    recovery: Recovery,
}

/// Whether another try may do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recovery {
    /// No: somebody has to change something.
    Unlikely,
    /// Yes; after so long, if the server named a time.
    Possible(Option<Duration>),
}

impl FetchError {
    /// A failure that another try would only repeat.
    pub(super) fn new(location: &Location, problem: impl Into<String>) -> FetchError {
        FetchError { location: location.to_string(), problem: problem.into(), recovery: Recovery::Unlikely }
    }

    /// A failure that can pass.
    pub(super) fn passing(location: &Location, problem: impl Into<String>) -> FetchError {
        FetchError::new(location, problem).recovering(Recovery::Possible(None))
    }

    /// A server that says nothing.
    pub(super) fn silent(location: &Location, timeout: Duration) -> FetchError {
        FetchError::passing(location, format!("no answer within {timeout:?}"))
    }

    /// A transfer that took too long.
    pub(super) fn late(location: &Location) -> FetchError {
        FetchError::new(location, "the transfer took more than an hour")
    }

    pub(super) fn recovering(self, recovery: Recovery) -> FetchError {
        FetchError { recovery, ..self }
    }

    pub(super) fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// The same after so many tries, if there was more than one.
    pub(super) fn after(self, tries: u32) -> FetchError {
        if tries < 2 {
            return self;
        }
        FetchError { problem: format!("{} (tried {tries} times)", self.problem), ..self }
    }

    /// A body that can't be read, although it is there.
    pub fn unreadable(source: &config::Source, error: &io::Error) -> FetchError {
        unreadable(&source.location, error)
    }

    /// A server that answers 304 although nothing was asked that could be answered so.
    pub fn strange_304(source: &config::Source) -> FetchError {
        FetchError::new(&source.location, "the server answered 304 to a request without conditions")
    }
}

pub(super) fn unreadable(location: &Location, error: &io::Error) -> FetchError {
    FetchError::new(location, format!("the file can't be read: {error}"))
}

pub(super) fn too_large(location: &Location, max_bytes: u64) -> FetchError {
    FetchError::new(location, format!("the feed is larger than max_bytes ({max_bytes} bytes)"))
}
