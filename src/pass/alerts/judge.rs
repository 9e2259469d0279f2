//! What of a pass is worth telling, after what was told before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::audience::{Audience, Telling};
use crate::outbox::{EventKind, NewEvent};
use crate::pass::row::{Outcome, PassEntry, PassRow};

/// What was told of a job, and what it takes to know what is to be told next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::pass) struct Told {
    failing: Option<Failing>,
    held: Option<Held>,
    rejected: Option<Many>,
    refused: Option<Many>,
    /// Since when there was no good pass, where that was told.
    pub(super) stale: Option<Timestamp>,
}

/// Failures in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Failing {
    since: Timestamp,
    passes: u32,
    is_told: bool,
}

/// Something that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    since: Timestamp,
}

/// Things that are as they should not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Many {
    since: Timestamp,
    /// More than these are told.
    known: u64,
}

/// Judges a pass; gives what is known of its job from now on, and what is to be told.
pub(in crate::pass) fn judge(told: Told, entry: &PassEntry, telling: &Telling) -> (Told, Vec<NewEvent>) {
    let row = &entry.row;
    let mut judging = Judging { told, events: Vec::new(), job: entry.job, row, audience: &telling.audience };
    if !telling.is_interrupted && !row.is_paused() {
        judging.ended(telling);
    }
    (judging.told, judging.events)
}

impl Told {
    /// What is over with a job that the settings want no more: whatever was told of it.
    pub(in crate::pass) fn gone(&self, job: &str, audience: &Audience, at: Timestamp) -> Vec<NewEvent> {
        let over = |kind: EventKind, since: Timestamp, mut said: Value| {
            said["over"] = true.into();
            said["reason"] = format!("the settings have no {job} any more").into();
            audience.wants(kind).then(|| event(audience, kind, Some(job), (at, since, said)))
        };
        let many = |many: &Many, name: &str| (many.since, json!({name: 0, "before": many.known}));
        let told = [
            self.failing.as_ref().filter(|failing| failing.is_told).and_then(|Failing { since, passes, .. }| {
                over(EventKind::PassRecovered, *since, json!({"failures": passes}))
            }),
            self.held.as_ref().and_then(|held| over(EventKind::PassHeld, held.since, json!({}))),
            self.rejected
                .as_ref()
                .map(|rows| many(rows, "rejected"))
                .and_then(|(since, said)| over(EventKind::RowsRejected, since, said)),
            self.refused
                .as_ref()
                .map(|objects| many(objects, "refused"))
                .and_then(|(since, said)| over(EventKind::ObjectsRefused, since, said)),
            self.stale.and_then(|since| over(EventKind::SyncStale, since, json!({}))),
        ];
        told.into_iter().flatten().collect()
    }
}

struct Judging<'a> {
    told: Told,
    events: Vec<NewEvent>,
    job: &'a str,
    row: &'a PassRow,
    audience: &'a Audience,
}

impl Judging<'_> {
    fn ended(&mut self, telling: &Telling) {
        match self.row.outcome {
            Outcome::Failed => self.failed(),
            Outcome::Held => self.held(telling),
            Outcome::Ok | Outcome::Partial | Outcome::Unchanged => self.went_well(),
        }
        let rejected = (EventKind::RowsRejected, "rejected", "rejected");
        // Rows that are mended and rows that are missing look alike: what is held, or failed, tells nothing of the former.
        let is_more = |now: &u64, known: Option<Many>| *now > known.map_or(0, |many| many.known);
        let is_sure = !matches!(self.row.outcome, Outcome::Held | Outcome::Failed);
        let now = telling.rejected.filter(|now| is_sure || is_more(now, self.told.rejected));
        self.told.rejected = self.many(rejected, self.told.rejected, now);
        let refused = (EventKind::ObjectsRefused, "refused", "status");
        let is_sure = self.row.outcome != Outcome::Failed;
        let now = telling.refused.filter(|now| is_sure || is_more(now, self.told.refused));
        self.told.refused = self.many(refused, self.told.refused, now);
    }

    fn failed(&mut self) {
        let new = Failing { since: self.row.started, passes: 0, is_told: false };
        let mut failing = self.told.failing.take().unwrap_or(new);
        failing.passes = failing.passes.saturating_add(1);
        if !failing.is_told && failing.passes >= self.audience.fail_after {
            failing.is_told =
                self.audience.wants(EventKind::PassFailed) || self.audience.wants(EventKind::PassRecovered);
            let said = json!({"over": false, "failures": failing.passes, "reason": self.row.reason});
            self.tell(EventKind::PassFailed, failing.since, said);
        }
        self.told.failing = Some(failing);
    }

    fn held(&mut self, telling: &Telling) {
        // Not in a row any more; whoever was told of failures waits for a pass that goes well.
        self.told.failing.take_if(|failing| !failing.is_told);
        if self.told.held.is_none() && self.audience.wants(EventKind::PassHeld) {
            let digest = &telling.digest;
            let words = digest.as_ref().map(|digest| format!("approve {digest}"));
            let command = self.command(words.as_deref().unwrap_or("run --once --force"));
            let said = json!({"over": false, "reason": self.row.reason, "digest": digest, "command": command});
            self.tell(EventKind::PassHeld, self.row.started, said);
            self.told.held = Some(Held { since: self.row.started });
        }
    }

    fn went_well(&mut self) {
        if let Some(Failing { since, passes, .. }) = self.told.failing.take().filter(|failing| failing.is_told) {
            self.tell(EventKind::PassRecovered, since, json!({"over": true, "failures": passes}));
        }
        if let Some(Held { since }) = self.told.held.take() {
            self.tell(EventKind::PassHeld, since, json!({"over": true}));
        }
        if let Some(since) = self.told.stale.take() {
            self.tell(EventKind::SyncStale, since, json!({"over": true}));
        }
    }

    /// Things of which there are so many now; gives what is known from now on.
    fn many(&mut self, what: (EventKind, &str, &str), before: Option<Many>, now: Option<u64>) -> Option<Many> {
        let (kind, name, command) = what;
        let Some(now) = now.filter(|_| self.audience.wants(kind)) else { return before };
        let known = before.map_or(0, |many| many.known);
        let since = before.map_or(self.row.started, |many| many.since);
        let command = self.command(command);
        let said = |over: bool| json!({"over": over, name: now, "before": known, "command": command});
        if now == 0 {
            if before.is_some() {
                self.tell(kind, since, said(true));
            }
            return None;
        }
        if now > known {
            self.tell(kind, since, said(false));
        }
        // A few that come and go with every pass are no news; when half of them went, more of them are.
        let known = if now > known || now <= known / 2 { now } else { known };
        Some(Many { since, known })
    }

    fn command(&self, words: &str) -> String {
        format!("{} {words}", self.audience.program)
    }

    fn tell(&mut self, kind: EventKind, since: Timestamp, said: Value) {
        self.events.push(event(self.audience, kind, Some(self.job), (self.row.finished.at, since, said)));
    }
}

/// What is told: whose it is and since when, and then `said`.
pub(super) fn event(
    audience: &Audience,
    kind: EventKind,
    job: Option<&str>,
    (at, since, said): (Timestamp, Timestamp, Value),
) -> NewEvent {
    let mut data = json!({"shop": audience.shop.as_deref(), "since": since});
    if let (Value::Object(data), Value::Object(said)) = (&mut data, said) {
        data.extend(job.map(|job| ("job".to_owned(), job.into())));
        data.extend(said);
    }
    NewEvent { kind, at, data, personal: None }
}
