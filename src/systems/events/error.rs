//! Why a pass over the events fails.

use thiserror::Error;

use crate::config::Account;
use crate::remote::{CallError, ConnectError};
use crate::state::StateError;

/// Why a pass failed, or a part of it.
#[derive(Debug, Error)]
pub enum MirrorError {
    /// No call could be prepared.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// A store's events could not be read.
    #[error("the events of store {store} could not be read: {error}")]
    Listing {
        /// The store.
        store: String,
        /// Why.
        error: CallError,
    },
    /// Some events were not done, or the application ended early.
    #[error("store {store}: {failed} of {steps} changes of events failed ({why}); the next pass tries them again")]
    Pending {
        /// The store.
        store: String,
        /// How many failed or were not tried.
        failed: u64,
        /// Of how many.
        steps: u64,
        /// The first failure.
        why: String,
        /// No request with these credentials will be taken.
        is_unauthorized: bool,
    },
    /// The store that is copied from came out otherwise than was planned, and the guard lets none of it through.
    #[error("store {store}: nothing was copied to it: {reason}; the next pass judges anew")]
    Unforeseen {
        /// The store.
        store: String,
        /// The guard's words.
        reason: String,
    },
    /// Somebody asked us to stop.
    #[error("interrupted; the next pass over the events goes on from here")]
    Interrupted,
}

impl MirrorError {
    /// What is in trouble: the same from try to try, while the words change.
    pub fn subject(&self) -> &'static str {
        match self {
            MirrorError::State(_) => "the disk",
            MirrorError::Listing { error: CallError::Unauthorized(_), .. }
            | MirrorError::Pending { is_unauthorized: true, .. } => "the credentials of Lagerkoll",
            MirrorError::Unforeseen { .. } => "the guard",
            MirrorError::Connect(_) | MirrorError::Listing { .. } | MirrorError::Pending { .. } => "Lagerkoll",
            MirrorError::Interrupted => "the pass",
        }
    }
}

pub(super) fn listing_error(account: &Account, error: CallError) -> MirrorError {
    MirrorError::Listing { store: account.store.clone(), error }
}
