//! What a pass works with.

use std::sync::Arc;

use crate::config::Catalog;
use crate::state;
use crate::systems::catalog::import::endpoints::Exchange;

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
