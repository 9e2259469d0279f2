//! Who may be there, and who may ask.

use serde::{Deserialize, Serialize};

/// The api-key that is accepted. It protects nothing: the sandbox listens on loopback.
pub const DEMO_EMPLIFI_KEY: &str = "sandbox-emplifi-key-that-protects-nothing";

/// Somebody who may be asked for advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisor {
    /// What a direct question names.
    pub alias: String,
    /// The routing keys that a rule looks for.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Whether there is somebody now.
    #[serde(default)]
    pub available: bool,
}
