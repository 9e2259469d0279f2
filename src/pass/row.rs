//! What a pass is asked to do, and the row that it leaves behind.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::alerts::Telling;
use crate::clock::Stamp;

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
    /// The source against the state.
    Sync,
    /// The source against the state, corrected by what the service lists.
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

    /// One pass that does what both would: a resync does what a sync does.
    pub fn and(self, other: PassKind) -> PassKind {
        if self == PassKind::Resync { self } else { other }
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
    /// Something waits for a person.
    #[serde(alias = "refused")]
    Held,
    /// Something went wrong that may do better another time.
    Failed,
    /// The source is as it was in the last pass.
    Unchanged,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 5] = [Outcome::Ok, Outcome::Partial, Outcome::Held, Outcome::Failed, Outcome::Unchanged];

    /// Whether the service is as wanted, as far as that can be.
    pub fn is_good(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Partial | Outcome::Unchanged)
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Partial => "partial",
            Outcome::Held => "held",
            Outcome::Failed => "failed",
            Outcome::Unchanged => "unchanged",
        }
    }
}

/// What a job counts in a pass, by name, in the order in which it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures(Vec<(Cow<'static, str>, u64)>);

impl Figures {
    /// How many; `None` = that was not counted.
    pub fn find(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, figure)| *figure)
    }
}

impl FromIterator<(&'static str, u64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (&'static str, u64)>>(figures: I) -> Self {
        Figures(figures.into_iter().map(|(name, figure)| (Cow::Borrowed(name), figure)).collect())
    }
}

/// The row that a pass leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRow {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Stamp,
    /// What it was for.
    pub kind: PassKind,
    /// How it ended.
    pub outcome: Outcome,
    /// What its job counts.
    pub figures: Figures,
    /// Requests sent, tries included.
    pub requests: u64,
    /// Why, when it did not end well.
    pub reason: Option<String>,
}

impl PassRow {
    /// Whether it sent nothing because somebody had stopped the sending for a while: it says nothing of the guard.
    pub fn is_paused(&self) -> bool {
        self.outcome == Outcome::Held && self.reason.as_ref().is_some_and(|reason| reason.starts_with("paused"))
    }

    /// Whether it ended early because somebody asked it to stop.
    pub fn is_interrupted(&self) -> bool {
        self.outcome == Outcome::Failed && self.reason.as_ref().is_some_and(|reason| reason.starts_with("interrupted"))
    }

    /// Whether it has changed anything, there or here.
    pub fn has_changed(&self) -> bool {
        let changes = ["created", "updated", "deleted", "added", "changed", "removed", "new", "gone"];
        changes.iter().any(|name| self.figure(name) > 0)
    }

    /// A figure of the pass; 0 when it was not counted.
    pub fn figure(&self, name: &str) -> u64 {
        self.figures.find(name).unwrap_or_default()
    }
}

/// A row with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassEntry {
    /// The job.
    pub job: &'static str,
    /// What the job is about.
    pub subject: String,
    /// The row.
    pub row: PassRow,
    /// What people are told of it besides; `None` = nobody is told.
    pub telling: Option<Telling>,
}

/// What a row that is kept has besides, see [`Stamp::start`].
const START: &str = "machine_start";

/// Passes over events were of one kind once, and did not say so.
fn sync() -> PassKind {
    PassKind::Sync
}

// Flattening by serde's own means doesn't know numbers of any precision.
impl Serialize for PassRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

impl PassRow {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("started", &self.started)?;
        map.serialize_entry("finished", &self.finished.at)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("outcome", &self.outcome)?;
        self.figures.0.iter().try_for_each(|(name, figure)| map.serialize_entry(name, figure))?;
        map.serialize_entry("requests", &self.requests)?;
        self.reason.iter().try_for_each(|reason| map.serialize_entry("reason", reason))
    }
}

/// A row as it is kept: how long ago it was is of use to us alone.
pub(super) struct Kept<'r>(pub(super) &'r PassRow);

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.entries(&mut map)?;
        self.0.finished.start().iter().try_for_each(|start| map.serialize_entry(START, start))?;
        map.end()
    }
}

// Thousands are read for a page: each once, and nothing in between.
impl<'de> Deserialize<'de> for PassRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = PassRow;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a pass")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PassRow, A::Error> {
        let (mut started, mut finished, mut kind, mut outcome) = (None, None, sync(), None);
        let (mut requests, mut reason, mut figures, mut start) = (0, None, Vec::new(), None::<String>);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "started" => started = Some(map.next_value()?),
                "finished" => finished = Some(Stamp::by_wall(map.next_value()?)),
                START => start = map.next_value()?,
                "kind" => kind = map.next_value()?,
                "outcome" => outcome = Some(map.next_value()?),
                "requests" => requests = map.next_value()?,
                "reason" => reason = map.next_value()?,
                _ => {
                    let value: Box<RawValue> = map.next_value()?;
                    figures.extend(value.get().parse().ok().map(|figure| (Cow::Owned(name), figure)));
                }
            }
        }
        let started = started.ok_or_else(|| A::Error::missing_field("started"))?;
        let finished = finished.ok_or_else(|| A::Error::missing_field("finished"))?;
        let finished = start.iter().fold(finished, |finished: Stamp, start| finished.with_start(start));
        let outcome = outcome.ok_or_else(|| A::Error::missing_field("outcome"))?;
        Ok(PassRow { started, finished, kind, outcome, figures: Figures(figures), requests, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let row = PassRow {
            started: "2026-01-01T00:00:00Z".parse().expect("a time"),
            finished: Stamp::exact(),
            kind: PassKind::Resync,
            outcome: Outcome::Failed,
            figures: [("created", u64::MAX), ("read", 9)].into_iter().collect(),
            requests: 3,
            reason: Some("no".to_owned()),
        };
        let text = serde_json::to_string(&Kept(&row)).expect("JSON");
        assert_eq!(serde_json::from_str::<PassRow>(&text).expect(&text), row);
        let told = serde_json::to_string(&row).expect("JSON");
        assert!(text.contains(START) && !told.contains(START), "{text} {told}");
    }

    #[test]
    fn a_row_of_an_earlier_program_is_read() {
        let text = r#"{"started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:07Z","outcome":"ok","listed":null,
                       "added":2,"requests":1}"#;
        let row: PassRow = serde_json::from_str(text).expect("a row");
        assert_eq!((row.kind, row.figures.find("listed"), row.figure("added")), (PassKind::Sync, None, 2));
        let refused: PassRow = serde_json::from_str(&text.replace("ok", "refused")).expect("a row");
        assert_eq!((refused.outcome, refused.outcome.name()), (Outcome::Held, "held"));
    }
}
