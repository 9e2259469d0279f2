//! What the state keeps of scheduled events: the mirror, its history, and what is known of the events that are ours.

mod read;
#[cfg(test)]
mod tests;
mod write;

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde_json::Value;

use crate::event::{Content, Event};
use crate::state::Key;

pub use read::ReadEvents;
pub use write::WriteEvents;

/// How long an event of ours that is in no listing is remembered as ours.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What the guard holds, as programs are told, and of which mirror.
const HELD: Key<(String, Value)> = Key::json("events_held");

/// The first format that has events.
const SINCE: i64 = 3;
/// The first one that knows which of ours are gone.
const GONE_SINCE: i64 = 5;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is another one under the same id.
    Changed,
    /// It is there no more.
    Removed,
}

impl ChangeKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Removed => "removed",
        }
    }
}

impl ToSql for ChangeKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for ChangeKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<ChangeKind> {
        let name = value.as_str()?;
        let other = [ChangeKind::Added, ChangeKind::Removed];
        Ok(other.into_iter().find(|kind| kind.name() == name).unwrap_or(ChangeKind::Changed))
    }
}

/// A change that the mirror noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When it was noticed.
    pub at: Timestamp,
    /// What became of the event.
    pub kind: ChangeKind,
    /// The event afterwards; of a removed one, as it was last.
    pub event: Event,
    /// The event before, when it changed.
    pub old: Option<Event>,
}

/// What taking in a listing came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// Events that were not there before.
    pub added: u64,
    /// Events that are otherwise.
    pub changed: u64,
    /// Events that are there no more.
    pub removed: u64,
}

/// How a mirror stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorState {
    /// Events in it.
    pub count: u64,
    /// When it last was made equal; `None` = never.
    pub mirrored_at: Option<Timestamp>,
}

/// An event that we added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvent {
    /// The service's id.
    pub id: i64,
    /// What it is for; `None` = nothing any more, it is to be removed.
    pub key: Option<String>,
    /// What we sent.
    pub sent: Content,
    /// How the service listed it first; `None` = it has not been listed yet.
    pub seen: Option<Content>,
    /// Since when it is in no listing any more; `None` = it was in the last one.
    pub gone: Option<Timestamp>,
}

/// An add that may be under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAdd {
    /// What it is for.
    pub key: String,
    /// What is sent.
    pub sent: Content,
    /// Events that were there before, and so are not the one that is added.
    pub before: Vec<i64>,
    /// How many requests were sent of which nobody knows the end.
    pub tries: u32,
}

/// An add that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedEvent {
    /// The event.
    pub own: OwnEvent,
    /// How many earlier tries may have added one more.
    pub lost: u32,
    /// The place in whose mirror it belongs, and how that has it.
    pub mirror: Option<(String, Event)>,
    /// The event that it replaces, and the stores whose copies of that one are now copies of this one.
    pub succeeds: Option<(i64, Vec<String>)>,
}

/// An event that Lagerkoll refuses as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAdd {
    /// What it is for.
    pub key: String,
    /// What was refused.
    pub sent: Content,
    /// Lagerkoll's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// An event that is set aside, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEvent {
    /// What it is for.
    pub key: String,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// What is known of our events in one store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Those that are ours.
    pub own: Vec<OwnEvent>,
    /// Adds of which nobody knows what became of them.
    pub adds: Vec<PendingAdd>,
    /// What is refused.
    pub refused: Vec<RefusedAdd>,
}
