//! When somebody was there: without gaps, and by the hours of a week. Only computes.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::hysteresis::State;

/// The days of a week.
pub(crate) const DAYS: usize = 7;
/// The hours of a day.
pub(crate) const HOURS: usize = 24;

/// A time in which a watch had one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub state: State,
    /// Its begin.
    pub from: Timestamp,
    /// Its end; `None` = it is not over.
    pub to: Option<Timestamp>,
}

/// The whole time between two moments: what is known of it in order, and for the rest that nobody knows. The last one
/// goes on.
pub(crate) fn whole(known: impl IntoIterator<Item = Span>, from: Timestamp, now: Timestamp) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut until = from;
    let mut add = |state, from: Timestamp, to: Option<Timestamp>| match spans.last_mut() {
        Some(last) if last.state == state => last.to = to,
        _ => spans.push(Span { state, from, to }),
    };
    let mut goes_on = false;
    for Span { state, from, to } in known {
        // Nothing is over that is still to come, nor has it begun.
        let (from, to) = (from.min(now), to.map(|to| to.min(now)));
        let (begin, end) = (from.max(until), to.unwrap_or(now));
        goes_on = to.is_none();
        if end <= begin && !goes_on {
            continue;
        }
        if begin > until {
            add(State::Unknown, until, Some(begin));
        }
        add(state, begin, to);
        until = end.max(begin);
    }
    if !goes_on && until <= now {
        add(State::Unknown, until, None);
    }
    spans
}

/// How much of the hours that came on a weekday somebody was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hour {
    available: SignedDuration,
    known: SignedDuration,
    all: SignedDuration,
}

impl Hour {
    /// As a part of what was known; `None` = nothing was.
    pub(crate) fn available(&self) -> Option<f64> {
        (!self.known.is_zero()).then(|| part(self.available, self.known))
    }

    /// What was known, as a part of all.
    pub(crate) fn watched(&self) -> f64 {
        if self.all.is_zero() { 0.0 } else { part(self.known, self.all) }
    }
}

/// With four digits.
fn part(of: SignedDuration, all: SignedDuration) -> f64 {
    (of.as_secs_f64() / all.as_secs_f64() * 10_000.0).round() / 10_000.0
}

/// The hours of a week, Monday first, as people in a zone count them.
pub(crate) fn by_hour(spans: &[Span], now: Timestamp, zone: &TimeZone) -> [[Hour; HOURS]; DAYS] {
    let mut week = [[Hour::default(); HOURS]; DAYS];
    for Span { state, from, to } in spans {
        let end = to.unwrap_or(now);
        let mut at = *from;
        while at < end {
            let local = at.to_zoned(zone.clone());
            let passed = SignedDuration::from_mins(local.minute().into())
                + SignedDuration::from_secs(local.second().into())
                + SignedDuration::from_nanos(local.subsec_nanosecond().into());
            let next = at.checked_add(SignedDuration::from_hours(1) - passed).unwrap_or(end).min(end);
            let lasted = next.duration_since(at);
            let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
            let hour = usize::try_from(local.hour()).unwrap_or_default();
            if let Some(hour) = week.get_mut(day).and_then(|day| day.get_mut(hour)) {
                hour.all += lasted;
                hour.known += if *state == State::Unknown { SignedDuration::ZERO } else { lasted };
                hour.available += if *state == State::Available { lasted } else { SignedDuration::ZERO };
            }
            at = next;
        }
    }
    week
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + minute * 60).expect("a time")
    }

    fn span(state: State, from: i64, to: Option<i64>) -> Span {
        Span { state, from: at(from), to: to.map(at) }
    }

    #[test]
    fn gaps_are_unknown_and_what_is_alike_is_one() {
        let (there, away, unknown) = (State::Available, State::NotAvailable, State::Unknown);
        let known = [span(there, 5, Some(10)), span(there, 10, Some(12)), span(away, 20, None)];
        assert_eq!(
            whole(known, at(0), at(30)),
            [span(unknown, 0, Some(5)), span(there, 5, Some(12)), span(unknown, 12, Some(20)), span(away, 20, None)]
        );
        assert_eq!(whole([], at(0), at(30)), [span(unknown, 0, None)]);
        assert_eq!(
            whole([span(there, -20, Some(10))], at(0), at(30)),
            [span(there, 0, Some(10)), span(unknown, 10, None)]
        );
        assert_eq!(whole([span(there, 30, None)], at(30), at(30)), [span(there, 30, None)]);
        assert_eq!(
            whole([span(there, 10, Some(90)), span(away, 90, None)], at(0), at(30)),
            [span(unknown, 0, Some(10)), span(there, 10, Some(30)), span(away, 30, None)]
        );
    }

    proptest! {
        #[test]
        fn there_are_no_gaps(
            known in prop::collection::vec((0..3_usize, 0..100_i64, 0..100_i64), 0..20), from in 0..100_i64,
        ) {
            let states = [State::Available, State::NotAvailable, State::Unknown];
            let mut known: Vec<Span> =
                known.into_iter().map(|(state, from, lasts)| span(states[state], from, Some(from + lasts))).collect();
            known.sort_by_key(|span| span.from);
            let spans = whole(known, at(from), at(200));
            prop_assert_eq!(spans[0].from, at(from));
            prop_assert_eq!(spans.last().and_then(|span| span.to), None);
            for pair in spans.windows(2) {
                prop_assert_eq!(pair[0].to, Some(pair[1].from));
                prop_assert!(pair[0].state != pair[1].state && pair[0].from < pair[1].from);
            }
        }
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        // A Thursday, from 22:30 UTC on: in Berlin half an hour before midnight.
        let from: Timestamp = "2026-01-01T22:30:00Z".parse().expect("a time");
        let to: Timestamp = "2026-01-02T00:15:00Z".parse().expect("a time");
        let middle: Timestamp = "2026-01-01T23:15:00Z".parse().expect("a time");
        let spans = [
            Span { state: State::Available, from, to: Some(middle) },
            Span { state: State::NotAvailable, from: middle, to: Some(to) },
        ];
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let week = by_hour(&spans, to, &berlin);
        assert_eq!((week[3][23].available(), week[3][23].watched()), (Some(1.0), 1.0));
        assert_eq!((week[4][0].available(), week[4][1].available()), (Some(0.25), Some(0.0)));
        assert_eq!((week[4][2].available(), week[4][2].watched()), (None, 0.0));
        let unknown = by_hour(&[Span { state: State::Unknown, from, to: None }], to, &TimeZone::UTC);
        assert_eq!((unknown[3][23].available(), unknown[3][23].watched()), (None, 0.0));
    }
}
