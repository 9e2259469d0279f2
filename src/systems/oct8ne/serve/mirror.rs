//! Orders that the state has from somebody else than the shop: for what the shop's own addresses don't tell.

use std::path::PathBuf;

use serde_json::{Map, Value};
use tracing::warn;

use crate::config;
use crate::state::{Reader, StateError};

/// Which orders.
#[derive(Debug, Clone)]
pub enum WantedOrders {
    /// With this reference.
    Called(String),
    /// Of the client with this e-mail address.
    OfEmail(String),
}

/// Finds orders, as the shop itself would tell them; the latest first. Whoever puts the systems together knows how.
pub type KnownOrders = fn(&Reader, &config::Orders, &WantedOrders) -> Result<Vec<Map<String, Value>>, StateError>;

/// Where they are.
pub(in crate::systems::oct8ne) struct Mirror {
    pub(in crate::systems::oct8ne) find: KnownOrders,
    pub(in crate::systems::oct8ne) settings: config::Orders,
    pub(in crate::systems::oct8ne) state: PathBuf,
}

impl Mirror {
    /// None when the state can't be read, which is told. Waits for the disk.
    pub(in crate::systems::oct8ne) fn find(&self, wanted: &WantedOrders) -> Vec<Map<String, Value>> {
        let found = Reader::open(&self.state).and_then(|reader| (self.find)(&reader, &self.settings, wanted));
        found.inspect_err(|error| warn!("orders can't be told: {error}")).unwrap_or_default()
    }
}
