//! Why calls come to nothing.

use std::time::Duration;

use thiserror::Error;

use crate::wire::{LONGEST_RETRY_AFTER, Secrets};

/// Why a call came to nothing.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CallError {
    /// 401: no call with this key and secret will do better.
    #[error("NiceChat does not accept the key or the signature ({0}); check api_key and api_secret")]
    Unauthorized(String),
    /// 400 and its like: this object will not be taken as it is.
    #[error("{reason} (code {code})")]
    Refused {
        /// The code of the answer.
        code: u16,
        /// The answer's own words.
        reason: String,
    },
    /// 404: there is no such object.
    #[error("there is no such object")]
    Missing,
    /// 412: an object with this id is there already.
    #[error("an object with this id exists already")]
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
        /// Nobody told what became of the request: it was sent, but its answer was lost or unreadable.
        in_doubt: bool,
    },
}

impl CallError {
    /// Whether the service asks to be left alone for longer than a pass should wait.
    pub fn asks_for_too_long(&self) -> bool {
        matches!(self, CallError::Passing { retry_after: Some(asked), .. } if *asked > LONGEST_RETRY_AFTER)
    }

    /// An answer that never came, or that says nothing.
    pub(super) fn no_answer(reason: impl Into<String>) -> CallError {
        CallError::Passing { reason: reason.into(), retry_after: None, in_doubt: true }
    }

    /// How long the service asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            CallError::Passing { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The same as it can be told, whatever of the service's words has come into it.
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
        matches!(self, CallError::Passing { in_doubt: true, .. })
    }
}
