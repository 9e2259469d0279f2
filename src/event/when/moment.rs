//! A point in time, as triggers may write it.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// Numbers from here on are milliseconds since 1970, below it seconds: 1973 in one, 5138 in the other.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// Smaller numbers are no times: 1973 in seconds.
const SECONDS_FROM: i64 = 100_000_000;

/// A point in time, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// One moment everywhere, told by UTC: what is counted in days from it is counted by that.
    Utc(Timestamp),
    /// One moment everywhere, told by another clock, or by none.
    At(Timestamp),
    /// By the clock on the wall.
    Local(DateTime),
    /// A day.
    Day(Date),
    /// A time of any day.
    Time(Time),
}

impl Moment {
    pub(super) fn read(value: &Value) -> Result<Moment, String> {
        let moment = match value {
            Value::Number(number) => number.to_string().parse().ok().and_then(since_1970),
            Value::String(text) => written(text.trim()),
            _ => None,
        };
        moment.ok_or_else(|| format!("{value} is not a time that can be read in one way only"))
    }

    /// The same where a clock goes by this zone. A time that comes again would need the zone's whole
    /// calendar: it can only be told for zones that never change.
    pub(super) fn in_zone(self, zone: &TimeZone, is_repeated: bool) -> Result<Moment, String> {
        let is_utc = is_utc(zone);
        match self {
            Moment::Utc(_) if is_repeated && !is_utc => Err("it is told by UTC, and beside a time zone".to_owned()),
            Moment::At(_) | Moment::Utc(_) | Moment::Day(_) => Ok(self),
            Moment::Local(_) | Moment::Time(_) if is_repeated && zone.to_fixed_offset().is_err() => {
                Err("it is repeated in a time zone whose clocks change".to_owned())
            }
            Moment::Local(local) => {
                // An hour that clocks leave out or have twice is no time that is told.
                let zoned = zone.to_ambiguous_zoned(local).unambiguous().map_err(|error| error.to_string())?;
                Ok(at(&zoned))
            }
            Moment::Time(_) => Err("it is a time of day in a time zone".to_owned()),
        }
    }
}

fn is_utc(zone: &TimeZone) -> bool {
    zone.to_fixed_offset().is_ok_and(|offset| offset.is_zero())
}

fn at(zoned: &Zoned) -> Moment {
    if is_utc(zoned.time_zone()) { Moment::Utc(zoned.timestamp()) } else { Moment::At(zoned.timestamp()) }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::At(at) | Moment::Utc(at) => write!(f, "{at}"),
            Moment::Local(local) => write!(f, "{}", local.strftime("%Y-%m-%d %H:%M")),
            Moment::Day(day) => write!(f, "{day}"),
            Moment::Time(time) => write!(f, "{}", time.strftime("%H:%M")),
        }
    }
}

/// A zone by its name, or by its offset.
pub(super) fn zone(value: &Value) -> Result<TimeZone, String> {
    let unknown = || format!("{value} is no time zone that is known here");
    let name = value.as_str().map(str::trim).ok_or_else(unknown)?;
    if matches!(name, "Z" | "UTC" | "GMT" | "Etc/UTC") {
        return Ok(TimeZone::UTC);
    }
    if name.starts_with(['+', '-']) {
        // A moment at this offset tells it.
        let moment: Result<Zoned, _> = format!("1970-01-01T00:00{name}[{name}]").parse();
        return moment.map(|moment| moment.time_zone().clone()).map_err(|_| unknown());
    }
    TimeZone::get(name).map_err(|_| unknown())
}

fn since_1970(number: i64) -> Option<Moment> {
    let at = match number {
        MILLISECONDS_FROM.. => Timestamp::from_millisecond(number),
        SECONDS_FROM.. => Timestamp::from_second(number),
        _ => return None,
    };
    at.ok().map(Moment::At)
}

fn written(text: &str) -> Option<Moment> {
    if !is_date(text.get(..10).unwrap_or_default()) {
        return time_of_day(text).map(Moment::Time);
    }
    if text.len() == 10 {
        return text.parse().ok().map(Moment::Day);
    }
    if text.contains(":60") {
        // A second that few clocks know, and that would be read as the one before it.
        return None;
    }
    if text.contains('[') {
        // A zone that isn't understood must not be left out, nor an hour that its clocks don't have.
        let parser = DateTimeParser::new().disambiguation(Disambiguation::Reject);
        return parser.parse_zoned(text).ok().map(|zoned| at(&zoned));
    }
    let clock = if text.ends_with(['Z', 'z']) { Moment::Utc } else { Moment::At };
    text.parse().ok().map(clock).or_else(|| text.parse().ok().map(Moment::Local))
}

fn is_date(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

/// `8:00`, `08:00`, `08:00:00`.
pub(super) fn time_of_day(text: &str) -> Option<Time> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_right = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_right) {
        return None;
    }
    let part = |at: usize| parts.get(at).map_or(Some(0), |part| part.parse().ok());
    Time::new(part(0)?, part(1)?, part(2)?, 0).ok()
}
