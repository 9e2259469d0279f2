//! How a job stands, in a word and a sentence: what somebody wants to know first.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::patience::borne;
use super::row::{Outcome, PassRow};
use crate::clock::Clock;
use crate::config::Schedule;
use crate::text::{count, span};

/// How a job stands. The order is that of urgency: of several jobs the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Everything is as wanted.
    Equal,
    /// Everything that can be is as wanted: some rows or objects can't.
    Rows,
    /// There was no pass yet.
    None,
    /// Somebody has stopped the sending for a while.
    Paused,
    /// The guard holds something back.
    Held,
    /// The last passes failed.
    Behind,
    /// There has been no pass for too long.
    Stopped,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// In a word.
    pub state: Standing,
    /// In a sentence.
    pub text: String,
    /// Since when; `None` = nobody knows, or never.
    pub since: Option<Timestamp>,
}

/// What a job's headline follows from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What is said when all is well.
    pub equal: &'a str,
    /// The last passes, the latest first.
    pub passes: &'a [PassRow],
    /// When the job is due; `None` = nobody knows.
    pub schedule: Option<&'a Schedule>,
    /// Rows that are rejected.
    pub rejected: u64,
    /// Objects that the service refuses, in words; empty = none.
    pub refused: &'a str,
    /// Now.
    pub clock: &'a Clock,
}

impl Headline {
    /// What follows from these facts.
    pub fn of(facts: Facts<'_>) -> Headline {
        let Some(last) = facts.passes.first() else {
            return Headline { state: Standing::None, text: "No pass yet.".to_owned(), since: None };
        };
        // What nobody let it do says nothing of what it would have done.
        let sending = || facts.passes.iter().filter(|pass| !pass.is_paused());
        if let Some(age) = stopped_for(&facts, last) {
            let text = format!("Stopped: the last pass ended {} ago, at {:.0}.", span(age), last.finished.at);
            return Headline { state: Standing::Stopped, text, since: Some(last.finished.at) };
        }
        let Some(last) = sending().next() else {
            let text = "Nothing was sent yet: every pass so far was paused.".to_owned();
            return Headline { state: Standing::None, text, since: None };
        };
        let class = Class::of(last.outcome);
        let since = sending().take_while(|pass| Class::of(pass.outcome) == class).last().map(|pass| match class {
            Class::Good => pass.finished.at,
            Class::Held | Class::Failed => pass.started,
        });
        let reason = last.reason.as_deref().unwrap_or("the last pass failed").trim_end_matches(['.', '?', '!']);
        let moment = since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        let (state, text) = match class {
            Class::Failed => (Standing::Behind, format!("Behind{moment}: {reason}.")),
            Class::Held => (Standing::Held, format!("Held{moment}: {reason}.")),
            Class::Good => match but_for(&facts) {
                Some(but) => (Standing::Rows, format!("Equal but for {but}.")),
                None => (Standing::Equal, format!("Equal: {}.", facts.equal)),
            },
        };
        Headline { state, text, since }
    }

    /// Somebody has stopped the sending of a shop, for which this program is called so.
    pub fn paused(program: &str, since: Timestamp, until: Option<Timestamp>, reason: Option<&str>) -> Headline {
        let until = until.map(|until| format!(" until {until:.0}")).unwrap_or_default();
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let reason = reason.trim_end_matches('.');
        let text = format!("Paused{until}{reason}. Nothing is sent; `{program} resume` ends it.");
        Headline { state: Standing::Paused, text, since: Some(since) }
    }
}

/// Outcomes that mean the same to whoever looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Good,
    Held,
    Failed,
}

impl Class {
    fn of(outcome: Outcome) -> Class {
        match outcome {
            Outcome::Ok | Outcome::Partial | Outcome::Unchanged => Class::Good,
            Outcome::Held => Class::Held,
            Outcome::Failed => Class::Failed,
        }
    }
}

/// How long there was no pass, if that is longer than three intervals. A pass that ended in the future was a moment ago.
fn stopped_for(facts: &Facts<'_>, last: &PassRow) -> Option<Duration> {
    let age = Duration::try_from(facts.clock.age(&last.finished)).unwrap_or_default();
    (age > borne(facts.schedule?, last.finished.at)?).then_some(age)
}

/// What is not as wanted.
fn but_for(facts: &Facts<'_>) -> Option<String> {
    let rows = (facts.rejected > 0).then(|| count(facts.rejected, "row of the feed", "rows of the feed"));
    let refused = (!facts.refused.is_empty()).then(|| format!("{} refused", facts.refused));
    let parts: Vec<String> = rows.into_iter().chain(refused).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Moment, Stamp};
    use crate::pass::{Figures, PassKind};

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().expect(text)
    }

    fn pass(time: &str, outcome: Outcome) -> PassRow {
        PassRow {
            started: at(time),
            finished: Stamp::by_wall(at(time) + Duration::from_secs(5)),
            kind: PassKind::Sync,
            outcome,
            figures: Figures::default(),
            requests: 0,
            reason: (!outcome.is_good()).then(|| "why".to_owned()),
        }
    }

    fn clock(now: &str) -> Clock {
        Clock { now: Moment { wall: at(now), ..Moment::now() }, boot: None }
    }

    fn headline(passes: &[PassRow], now: &str) -> Headline {
        let schedule = Schedule::parse("every 15m").expect("a schedule");
        let (equal, schedule, clock) = ("all is well", Some(&schedule), &clock(now));
        Headline::of(Facts { equal, passes, schedule, rejected: 0, refused: "", clock })
    }

    #[test]
    fn the_streak_tells_since_when() {
        let passes = [
            pass("10:45:00", Outcome::Failed),
            pass("10:30:00", Outcome::Failed),
            pass("10:15:00", Outcome::Ok),
            pass("10:00:00", Outcome::Failed),
        ];
        let behind = headline(&passes, "10:50:00");
        assert_eq!((behind.state, behind.since), (Standing::Behind, Some(at("10:30:00"))));
        assert_eq!(behind.text, "Behind since 2026-01-01T10:30:00Z: why.");
        let equal = headline(&passes[2..], "10:20:00");
        assert_eq!(
            (equal.state, equal.since, &*equal.text),
            (Standing::Equal, Some(at("10:15:05")), "Equal: all is well.")
        );
    }

    #[test]
    fn a_sync_that_quietly_stopped_is_told() {
        let passes = [pass("10:00:00", Outcome::Ok)];
        assert_eq!(headline(&passes, "10:45:05").state, Standing::Equal);
        let stopped = headline(&passes, "13:00:06");
        assert_eq!(stopped.state, Standing::Stopped);
        assert_eq!(stopped.text, "Stopped: the last pass ended 3 h 0 min ago, at 2026-01-01T10:00:05Z.");
        assert_eq!(headline(&[], "10:00:00").state, Standing::None);
        assert_eq!(headline(&passes, "09:00:00").state, Standing::Equal, "by a clock that was set back");
    }

    #[test]
    fn what_can_not_be_is_named() {
        let passes = [pass("10:00:00", Outcome::Partial)];
        let facts = |rejected, refused| {
            let (schedule, clock) = (None, &clock("10:01:00"));
            Headline::of(Facts { equal: "", passes: &passes, schedule, rejected, refused, clock }).text
        };
        assert_eq!(facts(1, ""), "Equal but for 1 row of the feed.");
        assert_eq!(facts(5, "2 products"), "Equal but for 5 rows of the feed and 2 products refused.");
    }
}
