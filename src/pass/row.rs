//! What a pass leaves behind.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a pass is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What for.
    pub kind: PassKind,
    /// Whether the guard lets everything through.
    pub force: bool,
}

/// What a pass was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PassKind {
    /// The feed against the state.
    Sync,
    /// The feed against the state, corrected by NiceChat's listing.
    Resync,
}

impl PassKind {
    /// Every kind.
    pub const ALL: [PassKind; 2] = [PassKind::Sync, PassKind::Resync];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            PassKind::Sync => "sync",
            PassKind::Resync => "resync",
        }
    }
}

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything is as wanted.
    Ok,
    /// Everything that can be is as wanted; some rows or objects can't.
    Partial,
    /// The guard let nothing through.
    Refused,
    /// Something went wrong that may do better another time.
    Failed,
    /// The feed is the one of the last pass.
    Unchanged,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 5] =
        [Outcome::Ok, Outcome::Partial, Outcome::Refused, Outcome::Failed, Outcome::Unchanged];

    /// Whether NiceChat is as the feed wants it, as far as that can be.
    pub fn is_good(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Partial | Outcome::Unchanged)
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Partial => "partial",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unchanged => "unchanged",
        }
    }
}

/// The row that a pass leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassRow {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// What it was for.
    pub kind: PassKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows of the feed, taken or not.
    pub read: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// Objects created.
    pub created: u64,
    /// Objects changed, disabled ones included.
    pub updated: u64,
    /// Objects deleted.
    pub deleted: u64,
    /// Objects whose request failed or was refused.
    pub failed: u64,
    /// Requests sent to NiceChat, tries included.
    pub requests: u64,
    /// Why, when it was refused or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
