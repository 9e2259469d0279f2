//! How Lagerkoll rightly behaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pace::milliseconds;

/// What a refused request is told about when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// `Retry-After` in seconds, as the page says.
    Seconds,
    /// `Retry-After` as an HTTP date.
    Date,
    /// No `Retry-After`.
    Missing,
}

/// Switches of the in-memory Lagerkoll. For errors see [`crate::Fault`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LagerkollRules {
    /// How many requests within [`window`](Self::window) are served, over all stores; 0 = any number
    /// (Scheduled Events API page, section Parameters).
    pub limit: usize,
    /// The time that the limit is for, from any moment on; milliseconds in JSON.
    #[serde(rename = "window_ms", with = "milliseconds")]
    pub window: Duration,
    /// What the others are told.
    pub retry_after: RetryAfter,
    /// Maps in answers have their keys from the last to the first.
    pub reverse_keys: bool,
    /// A trigger's `time` that is added as `08:00` is kept as `08:00:00`.
    pub adds_seconds: bool,
    /// How long each request takes, half of it before it has its effect; milliseconds in JSON.
    #[serde(rename = "latency_ms", with = "milliseconds")]
    pub latency: Duration,
}

impl Default for LagerkollRules {
    /// 200 requests in a minute, all else off.
    fn default() -> Self {
        Self {
            limit: 200,
            window: Duration::from_secs(60),
            retry_after: RetryAfter::Seconds,
            reverse_keys: false,
            adds_seconds: false,
            latency: Duration::ZERO,
        }
    }
}
