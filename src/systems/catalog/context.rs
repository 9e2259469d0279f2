//! What a pass works with, and whom it tells how far it is.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Catalog;
use crate::state;
use crate::systems::catalog::import::endpoints::Exchange;
use crate::systems::catalog::store::ImportState;

/// How far a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Operations settled, of how many.
    Sending {
        /// Settled.
        done: u64,
        /// Of how many.
        of: u64,
    },
    /// NiceChat imports the feed.
    Importing {
        /// How far it is.
        state: ImportState,
        /// Since the push.
        passed: Duration,
    },
}

/// Told how far a pass is.
pub type Progress<'a> = &'a (dyn Fn(Step) + Send + Sync);

/// What a pass works with.
#[derive(Clone)]
pub struct Context {
    /// The settings.
    pub config: Arc<Catalog>,
    /// The state.
    pub state: Arc<state::Writer>,
    /// The addresses of imports under way.
    pub exchange: Exchange,
    /// Whether somebody serves `exchange` already; else a pass does so itself when an import needs it.
    pub is_listening: bool,
}
