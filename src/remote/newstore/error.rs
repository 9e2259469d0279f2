//! What becomes of a request, as far as it makes a difference to whoever sent it.

use thiserror::Error;

/// Why something can't be read.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// Nothing else will go well either.
    #[error("{0}")]
    All(String),
    /// NewStore knows no such store.
    #[error("{0}")]
    NoStore(String),
    /// This could not be read; something else may.
    #[error("{0}")]
    This(String),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It was done.
    Done,
    /// It was not done, and will not be as it is.
    Refused {
        /// NewStore's words.
        reason: String,
    },
    /// 409: it is there already.
    There {
        /// NewStore's words.
        reason: String,
    },
    /// Nobody knows whether it was done.
    Doubt {
        /// What happened.
        reason: String,
    },
    /// It had no effect, and nothing else will go well either.
    NotSent {
        /// What happened.
        reason: String,
    },
}
