//! A point in time, as triggers may write it.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// Numbers from here on are milliseconds since 1970, below it seconds: 1973 in one, 5138 in the other.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// Smaller numbers are no times: 1973 in seconds.
const SECONDS_FROM: i64 = 100_000_000;

/// A point in time, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// One moment everywhere.
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
        let fixed = zone.to_fixed_offset().ok();
        match self {
            Moment::At(_) | Moment::Day(_) => Ok(self),
            Moment::Local(_) | Moment::Time(_) if is_repeated && fixed.is_none() => {
                Err("it is repeated in a time zone whose clocks change".to_owned())
            }
            Moment::Local(local) => local
                .to_zoned(zone.clone())
                .map(|zoned| Moment::At(zoned.timestamp()))
                .map_err(|error| error.to_string()),
            Moment::Time(_) => Err("it is a time of day in a time zone".to_owned()),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::At(at) => write!(f, "{at}"),
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
    let zoned = || text.parse::<Zoned>().ok().map(|zoned| Moment::At(zoned.timestamp()));
    let at = text.parse().ok().map(Moment::At);
    // A zone that isn't understood must not be left out.
    let local = || if text.contains('[') { None } else { text.parse().ok().map(Moment::Local) };
    at.or_else(zoned).or_else(local)
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
