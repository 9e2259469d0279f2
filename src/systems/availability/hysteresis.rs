//! What readings make of a watch's state. Only computes.
//!
//! A change takes several readings in a row, so that nothing flickers; a missing one costs nothing, until there was
//! none for so long that nobody can know.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Moment;
use crate::config::Terms;

/// How a watch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Somebody is there.
    Available,
    /// Nobody is.
    NotAvailable,
    /// Nobody knows.
    Unknown,
}

impl State {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            State::Available => "available",
            State::NotAvailable => "not_available",
            State::Unknown => "unknown",
        }
    }
}

/// What readings came to so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Whether somebody is there.
    pub is_available: bool,
    /// The reading that brought that.
    pub since: Timestamp,
    /// The last reading, whatever it said.
    pub last: Moment,
    /// How many of the last readings in a row said otherwise.
    pub contrary: u32,
}

impl Known {
    /// What a reading makes of what was known.
    pub(crate) fn after(before: Option<Known>, is_available: bool, at: Moment, terms: &Terms) -> Known {
        let decided = Known { is_available, since: at.wall, last: at, contrary: 0 };
        let Some(before) = before.filter(|before| !before.is_over(at, terms.unknown_after)) else { return decided };
        if before.is_available == is_available {
            return Known { last: at, contrary: 0, ..before };
        }
        let contrary = before.contrary.saturating_add(1);
        let needed = if is_available { terms.open_after } else { terms.close_after };
        if contrary >= needed { decided } else { Known { last: at, contrary, ..before } }
    }

    /// What the readings came to, however long ago.
    pub(crate) fn said(&self) -> State {
        if self.is_available { State::Available } else { State::NotAvailable }
    }

    /// How long ago the last reading was.
    pub(crate) fn age(&self, now: Moment) -> SignedDuration {
        now.up.saturating_sub(self.last.up)
    }

    /// Whether that is so long ago that nobody knows any more.
    pub(crate) fn is_over(&self, now: Moment, unknown_after: Duration) -> bool {
        self.age(now) > span(unknown_after)
    }

    /// When it will be, on the boot-time clock.
    pub(crate) fn over_at(&self, unknown_after: Duration) -> SignedDuration {
        self.last.up.saturating_add(span(unknown_after))
    }

    /// The state at a moment.
    pub(crate) fn state(&self, now: Moment, unknown_after: Duration) -> State {
        if self.is_over(now, unknown_after) { State::Unknown } else { self.said() }
    }
}

fn span(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_700_000_000;

    fn at(second: i64) -> Moment {
        let wall = Timestamp::from_second(START + second).expect("a time");
        Moment { wall, up: SignedDuration::from_secs(second) }
    }

    /// What happens in a round, and how long after the one before it is.
    fn rounds() -> impl Strategy<Value = Vec<(Option<bool>, i64)>> {
        prop::collection::vec((prop::option::of(any::<bool>()), 1..40_i64), 1..200)
    }

    fn terms() -> impl Strategy<Value = Terms> {
        (1..5_u32, 1..5_u32, 20..100_u64).prop_map(|(open_after, close_after, unknown_after)| Terms {
            open_after,
            close_after,
            unknown_after: Duration::from_secs(unknown_after),
        })
    }

    proptest! {
        #[test]
        fn nothing_flickers_and_nothing_is_known_without_a_reading(terms in terms(), rounds in rounds()) {
            let mut known: Option<Known> = None;
            let mut readings: Vec<(bool, i64)> = Vec::new();
            let mut now = 0;
            for (reading, wait) in rounds {
                // Every second until then.
                for second in now..now + wait {
                    let state = known.map_or(State::Unknown, |known| known.state(at(second), terms.unknown_after));
                    let last = readings.last().map(|(_, last)| second - last);
                    let is_fresh = last.is_some_and(|age| age as u64 <= terms.unknown_after.as_secs());
                    prop_assert_eq!(state != State::Unknown, is_fresh, "{:?} {:?}", state, last);
                }
                now += wait;
                let Some(reading) = reading else { continue };
                let before = known.map_or(State::Unknown, |known| known.state(at(now), terms.unknown_after));
                readings.push((reading, now));
                let after = Known::after(known, reading, at(now), &terms);
                let needed = if reading { terms.open_after } else { terms.close_after } as usize;
                match (before, after.state(at(now), terms.unknown_after)) {
                    // The first reading decides at once.
                    (State::Unknown, state) => {
                        prop_assert_eq!(state == State::Available, reading);
                        prop_assert_eq!(after.since, at(now).wall);
                    }
                    (before, after_state) if before == after_state => {
                        prop_assert_eq!(known.map(|known| known.since), Some(after.since));
                        // It stays only while not enough readings in a row say otherwise.
                        let contrary = readings.iter().rev().take_while(|(said, _)| *said != after.is_available).count();
                        prop_assert!(contrary < needed || reading == after.is_available);
                    }
                    (_, _) => {
                        let row = readings.iter().rev().take_while(|(said, _)| *said == reading).count();
                        prop_assert!(row >= needed, "it changed after {} of {}", row, needed);
                        prop_assert_eq!(after.since, at(now).wall);
                    }
                }
                known = Some(after);
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_changes_nothing() {
        let terms = Terms { open_after: 1, close_after: 2, unknown_after: Duration::from_secs(120) };
        let known = Known::after(None, true, at(0), &terms);
        let set = |second, wall: i64| Moment { wall: Timestamp::from_second(wall).expect("a time"), ..at(second) };
        assert_eq!(known.state(set(120, 0), terms.unknown_after), State::Available);
        assert_eq!(known.state(set(121, START), terms.unknown_after), State::Unknown);
    }
}
