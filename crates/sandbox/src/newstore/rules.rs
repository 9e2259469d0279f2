//! How NewStore rightly behaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pace::milliseconds;

/// Switches of the in-memory NewStore. For errors see [`crate::Fault`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewStoreRules {
    /// How long a token is good for.
    pub token_seconds: u64,
    /// Where everything is.
    pub paths: NewStorePaths,
    /// How long each request takes; milliseconds in JSON.
    #[serde(rename = "latency_ms", with = "milliseconds")]
    pub latency: Duration,
}

impl Default for NewStoreRules {
    fn default() -> Self {
        Self { token_seconds: 300, paths: NewStorePaths::default(), latency: Duration::ZERO }
    }
}

/// Methods and addresses, with `{store_id}` where the store's id goes. The vendor's page doesn't tell them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewStorePaths {
    /// Where the retailer is set up.
    pub retailer: String,
    /// Where a store is onboarded.
    pub onboard: String,
    /// Where numbers are listed.
    pub numbers: String,
    /// Where the retailer's status is; empty = there is none.
    pub status: String,
}

impl Default for NewStorePaths {
    fn default() -> Self {
        Self {
            retailer: "POST /clienteling/retailers".to_owned(),
            onboard: "POST /clienteling/stores/{store_id}/onboard".to_owned(),
            numbers: "GET /clienteling/stores/{store_id}/available-phone-numbers".to_owned(),
            status: String::new(),
        }
    }
}
