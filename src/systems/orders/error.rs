//! Why a pass over the orders fails.

use thiserror::Error;

use crate::http_client;
use crate::remote::CallError;
use crate::state::StateError;

/// Why a pass failed.
#[derive(Debug, Error)]
pub enum OrdersError {
    /// No HTTP client.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The listing.
    #[error("NiceChat's orders could not be read: {0}")]
    Listing(CallError),
    /// Its pages lead to where we were.
    #[error("NiceChat's orders could not be read: their pages go round in a circle")]
    Circle,
    /// One of its pages isn't there, and wasn't before.
    #[error("NiceChat's orders could not be read: a page that their listing names isn't there (404)")]
    Gap,
    /// Somebody asked us to stop.
    #[error("interrupted; the next pass over the orders goes on from here")]
    Interrupted,
}

// Not its source: its words are said already.
impl From<CallError> for OrdersError {
    fn from(error: CallError) -> Self {
        OrdersError::Listing(error)
    }
}

impl From<reqwest::Error> for OrdersError {
    fn from(error: reqwest::Error) -> Self {
        OrdersError::Client(http_client::no_client(&error))
    }
}

impl OrdersError {
    /// What is in trouble: the same from try to try, while the words change.
    pub fn subject(&self) -> &'static str {
        match self {
            OrdersError::State(_) => "the disk",
            OrdersError::Listing(CallError::Unauthorized(_)) => "the key",
            OrdersError::Client(_) | OrdersError::Listing(_) | OrdersError::Circle | OrdersError::Gap => "NiceChat",
            OrdersError::Interrupted => "the pass",
        }
    }
}
