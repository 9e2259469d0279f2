//! When a sale price counts.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A sale as seen at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sale {
    /// Whether the sale price counts.
    pub(super) active: bool,
    /// When that changes next.
    pub(super) changes_at: Option<Timestamp>,
}

/// Judges `sale_price_effective_date`: `start/end` in ISO 8601, the offset optional (then UTC).
/// No date at all = always; a range that can't be read, or ends before it begins = never.
pub(super) fn sale(range: Option<&str>, now: Timestamp) -> Sale {
    let Some(range) = range else { return Sale { active: true, changes_at: None } };
    match parse(range) {
        Some((start, _)) if now < start => Sale { active: false, changes_at: Some(start) },
        Some((_, end)) if now < end => Sale { active: true, changes_at: Some(end) },
        _ => Sale { active: false, changes_at: None },
    }
}

fn parse(range: &str) -> Option<(Timestamp, Timestamp)> {
    let (start, end) = range.split_once('/')?;
    let start = moment(start.trim(), false)?;
    let end = moment(end.trim(), true)?;
    (start < end).then_some((start, end))
}

/// A time with or without offset, or a day: of an end, the whole day counts.
fn moment(text: &str, is_end: bool) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let time: DateTime = match text.parse::<Date>() {
        Ok(day) if text.len() <= 10 => {
            if is_end {
                day.checked_add(1.day()).ok()?.into()
            } else {
                day.into()
            }
        }
        _ => text.parse().ok()?,
    };
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(range: &str, now: &str) -> (bool, Option<String>) {
        let now: Timestamp = now.parse().expect("a time");
        let Sale { active, changes_at } = sale(Some(range), now);
        (active, changes_at.map(|time| time.to_string()))
    }

    #[test]
    fn before_during_and_after() {
        let range = "2026-02-24T13:00-0800/2026-02-29T15:30-0800";
        assert!(!at(range, "2026-02-24T20:59:59Z").0, "29 February 2026 does not exist");
        let range = "2026-02-24T13:00-0800/2026-02-28T15:30-0800";
        assert_eq!(at(range, "2026-02-24T20:59:59Z"), (false, Some("2026-02-24T21:00:00Z".into())));
        assert_eq!(at(range, "2026-02-24T21:00:00Z"), (true, Some("2026-02-28T23:30:00Z".into())));
        assert_eq!(at(range, "2026-02-28T23:30:00Z"), (false, None));
    }

    #[test]
    fn offsets_are_optional_and_days_are_whole() {
        assert!(at("2026-01-01T00:00:00/2026-01-02T00:00:00", "2026-01-01T12:00:00Z").0);
        assert!(at("2026-01-01/2026-01-01", "2026-01-01T23:59:59Z").0);
    }

    #[test]
    fn a_broken_range_is_no_sale() {
        for range in ["", "soon", "2026-01-01", "2026-02-01/2026-01-01", "a/b"] {
            assert_eq!(at(range, "2026-01-15T00:00:00Z"), (false, None), "{range}");
        }
    }
}
