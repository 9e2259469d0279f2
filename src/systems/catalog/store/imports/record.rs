//! What is known of imports.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

use crate::catalog::Digest;
use crate::state::Key;

/// The import that was given up last, while it may still have an effect.
pub(super) const IMPORT_AT_LARGE: Key<AtLarge> = Key::json("import_at_large");
/// One was at large until then: what may have been created has in it what was deleted meanwhile.
pub(super) const WAS_AT_LARGE: Key<bool> = Key::json("import_was_at_large");
/// The import after which NiceChat may hold anything, until its listing has been taken in again.
pub(super) const UNSETTLED: Key<i64> = Key::text("unsettled");
/// The bytes of the feed that it has read, where all that may be read by then is that one.
pub(super) const IMPORTED_FEED: Key<Digest> = Key::text("imported_feed");
/// See [`Failures`].
pub(super) const IMPORT_FAILURES: Key<Failures> = Key::json("import_failures");
/// See [`Timings`].
pub(super) const TIMINGS: Key<Timings> = Key::json("experience");

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// About to be pushed, or pushed with no answer yet.
    Pushing,
    /// NiceChat has put it into its queue.
    Enqueued,
    /// NiceChat is at it.
    Started,
    /// NiceChat is done.
    Success,
    /// It came to nothing, or nobody knows what it came to: the reason tells.
    Failed,
}

impl ImportState {
    /// The name in the state and in reports; NiceChat's own where it has one.
    pub const fn name(self) -> &'static str {
        match self {
            ImportState::Pushing => "pushing",
            ImportState::Enqueued => "enqueued",
            ImportState::Started => "started",
            ImportState::Success => "success",
            ImportState::Failed => "failed",
        }
    }

    /// Whether more is to come of it.
    pub fn is_open(self) -> bool {
        !matches!(self, ImportState::Success | ImportState::Failed)
    }
}

impl ToSql for ImportState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for ImportState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<ImportState> {
        let name = value.as_str()?;
        let other = [ImportState::Pushing, ImportState::Enqueued, ImportState::Started, ImportState::Success];
        Ok(other.into_iter().find(|state| state.name() == name).unwrap_or(ImportState::Failed))
    }
}

/// An import to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    /// The part of our addresses that nobody can guess.
    pub nonce: String,
    /// Whether NiceChat reads the feed from us rather than from its own place.
    pub is_served: bool,
    /// The feed's bytes, as they were compared.
    pub feed: Option<Digest>,
    /// Items in the feed.
    pub expected: u64,
    /// Objects that the import is to create.
    pub to_create: u64,
    /// Objects that the import is to change.
    pub to_update: u64,
}

/// An import, under way or over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Its row.
    #[serde(skip)]
    pub import: i64,
    /// See [`NewImport::nonce`].
    #[serde(skip)]
    pub nonce: String,
    /// See [`NewImport::is_served`].
    #[serde(skip)]
    pub is_served: bool,
    /// NiceChat's name for it, once it has answered the push.
    pub token: Option<String>,
    /// How far it is.
    pub state: ImportState,
    /// When we pushed it.
    pub pushed: Timestamp,
    /// When NiceChat last had news of it, or it was given up.
    pub updated: Option<Timestamp>,
    /// How many elements NiceChat says that it imported.
    pub imported: Option<u64>,
    /// Items in the feed.
    pub expected: u64,
    /// See [`NewImport::to_create`].
    #[serde(skip)]
    pub to_create: u64,
    /// See [`NewImport::to_update`].
    #[serde(skip)]
    pub to_update: u64,
    /// How many objects it left otherwise than the feed has them, once that is known.
    pub left: Option<u64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Import {
    /// A complaint when NiceChat imported less than the feed holds.
    pub fn shortfall(&self) -> Option<String> {
        let imported = self.imported.filter(|imported| *imported < self.expected)?;
        Some(format!("NiceChat imported {imported} of the feed's {} items", self.expected))
    }
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportEnd {
    /// `None` = success.
    pub failure: Option<String>,
    /// NiceChat's time of it.
    pub updated: Option<Timestamp>,
    /// NiceChat's count.
    pub imported: Option<u64>,
    /// Whether it is sure that nothing was imported.
    pub came_to_nothing: bool,
    /// Whether NiceChat may still carry it out, and what it is asked after with then.
    pub at_large: Option<Option<String>>,
}

/// Imports that failed one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// How many, since the last success or resync.
    pub in_a_row: u32,
    /// When the last of them ended.
    pub last: Option<Timestamp>,
}

/// How fast NiceChat was in earlier passes. Seconds are of wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Seconds from one answered change to the next, with all that go on side by side.
    pub change_seconds: Option<f64>,
    /// Seconds of the last import that succeeded.
    pub import_seconds: Option<f64>,
    /// Items in its feed.
    pub import_items: u64,
    /// Whether that was fetched from us.
    pub import_was_served: bool,
    /// Objects that it left to be put right.
    pub import_left: u64,
    /// Objects on a page of NiceChat's listing.
    pub page_size: Option<u64>,
    /// How many requests at the same time were found to be best.
    pub at_once: Option<usize>,
}

/// An import that was given up before anybody knew what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtLarge {
    /// Its row.
    pub import: i64,
    /// What it can be asked after with; `None` = the answer to its push was lost.
    pub token: Option<String>,
    /// Passes since.
    pub passes: u32,
}
