//! How Emplifi rightly behaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pace::milliseconds;

/// Switches of the in-memory Emplifi. For errors see [`crate::Fault`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmplifiRules {
    /// How long each request takes; milliseconds in JSON.
    #[serde(rename = "latency_ms", with = "milliseconds")]
    pub latency: Duration,
}
