//! Why a call fails.

use std::time::Duration;

use reqwest::header::InvalidHeaderValue;
use thiserror::Error;

use super::redact::Secrets;
use crate::http_client::{self, LONGEST_RETRY_AFTER};

/// Why a client can't be made.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No HTTP client: no certificates to trust, for one.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// An id or a secret that no header can hold.
    #[error("the store or the credentials can't stand in a header")]
    Header(#[from] InvalidHeaderValue),
}

impl From<reqwest::Error> for ConnectError {
    fn from(error: reqwest::Error) -> Self {
        ConnectError::Client(http_client::no_client(&error))
    }
}

/// Why a call failed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CallError {
    /// No call with these credentials will do better.
    #[error("{0}")]
    Unauthorized(String),
    /// This request will not be taken as it is.
    #[error("{reason}")]
    Refused {
        /// The code of the answer; 0 for a request that could not be sent.
        code: u16,
        /// The answer's own words.
        reason: String,
    },
    /// 404: there is no such object.
    #[error("there is no such object (404)")]
    Missing,
    /// 412: an object with this id is there already.
    #[error("an object with this id exists already (412)")]
    Exists,
    /// An answer that can't be what was asked for. Asking again at once is no use.
    #[error("{0}")]
    Strange(String),
    /// What may do better another time: 429, 50x, a broken connection, a page instead of JSON.
    #[error("{reason}")]
    Passing {
        /// What happened.
        reason: String,
        /// How long the service asks to be left alone.
        retry_after: Option<Duration>,
        /// Whether the request had an effect is unknown: it was sent, but its answer was lost or unreadable.
        in_doubt: bool,
    },
}

impl CallError {
    /// A request that was sent, and of which it is unknown whether it had an effect.
    pub(super) fn no_answer(reason: impl Into<String>) -> CallError {
        CallError::Passing { reason: reason.into(), retry_after: None, in_doubt: true }
    }

    /// A request that can't be sent.
    pub(super) fn unsendable(error: impl std::fmt::Display) -> CallError {
        CallError::Refused { code: 0, reason: format!("can't be sent: {error}") }
    }

    /// Whether the service asks to be left alone for longer than a pass should wait.
    pub fn asks_for_too_long(&self) -> bool {
        self.retry_after().is_some_and(|asked| asked > LONGEST_RETRY_AFTER)
    }

    /// How long the service asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            CallError::Passing { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The same with secrets masked in the service's words.
    pub(super) fn fit_to_tell(self, secrets: &Secrets) -> CallError {
        let tell = |text: String| secrets.tell_at_length(&text);
        match self {
            CallError::Unauthorized(text) => CallError::Unauthorized(tell(text)),
            CallError::Refused { code, reason } => CallError::Refused { code, reason: tell(reason) },
            CallError::Strange(text) => CallError::Strange(tell(text)),
            CallError::Passing { reason, retry_after, in_doubt } => {
                CallError::Passing { reason: tell(reason), retry_after, in_doubt }
            }
            CallError::Missing | CallError::Exists => self,
        }
    }

    /// Whether it may do better another time.
    pub fn can_pass(&self) -> bool {
        matches!(self, CallError::Passing { .. })
    }

    /// Whether the request may have had its effect all the same.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, CallError::Strange(_) | CallError::Passing { in_doubt: true, .. })
    }
}
