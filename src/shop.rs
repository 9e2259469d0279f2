//! A shop: what everything that is done for it shares.

use std::sync::Arc;

use crate::config::Config;
use crate::remote::Limits;
use crate::state::Writer;
use crate::systems::catalog::{Context, Exchange};

/// A shop with its settings and its state.
#[derive(Clone)]
pub struct Shop {
    /// The settings.
    pub config: Arc<Config>,
    /// The state.
    pub state: Arc<Writer>,
    /// The addresses of imports under way.
    pub exchange: Exchange,
    /// What holds for the services that this process talks to.
    pub limits: Limits,
}

impl Shop {
    /// A shop of which nothing is under way yet.
    pub fn new(config: Config, state: Writer) -> Shop {
        let (config, state) = (Arc::new(config), Arc::new(state));
        Shop { config, state, exchange: Exchange::default(), limits: Limits::default() }
    }

    /// What a pass over the catalogue works with; `None` = the settings have none. `is_listening` = somebody serves the
    /// addresses of its imports.
    pub fn catalog(&self, is_listening: bool) -> Option<Context> {
        let config = Arc::clone(self.config.catalog.as_ref()?);
        Some(Context { config, state: Arc::clone(&self.state), exchange: self.exchange.clone(), is_listening })
    }
}
