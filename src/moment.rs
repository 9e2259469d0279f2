//! Moments as people name them: a while ago, a date, or exactly. Dates are UTC, as all times.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A moment, or a day from its begin to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Of the day; else the moment itself.
    pub begin: Timestamp,
    /// The same.
    pub end: Timestamp,
}

/// Reads `7d`, `12h`, `30m` (so long before `now`), `2026-11-25`, or RFC 3339.
///
/// # Errors
/// When it is none of these; the text says so.
pub fn moment(text: &str, now: Timestamp) -> Result<Moment, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is no time: write 7d, 12h or 30m (ago), 2026-11-25, or 2026-11-25T13:45:00Z");
    if let Some(ago) = ago(text) {
        let at = now.checked_sub(ago).map_err(|_| wrong())?;
        return Ok(Moment { begin: at, end: at });
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Moment { begin: at, end: at });
    }
    let day: Date =
        if text.len() == "2026-11-25".len() { text.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
    let begin = |day: Date| day.to_zoned(TimeZone::UTC).map(|begin| begin.timestamp()).map_err(|_| wrong());
    Ok(Moment { begin: begin(day)?, end: begin(day.tomorrow().map_err(|_| wrong())?)? })
}

fn ago(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    number.checked_mul(unit).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let at = |text: &str| text.parse::<Timestamp>().expect(text);
        let now = at("2026-11-25T13:45:00Z");
        let begin = |text| moment(text, now).map(|moment| moment.begin);
        assert_eq!(begin("7d"), Ok(at("2026-11-18T13:45:00Z")));
        assert_eq!(begin("90m"), Ok(at("2026-11-25T12:15:00Z")));
        assert_eq!(begin("2026-11-25T13:00:00+01:00"), Ok(at("2026-11-25T12:00:00Z")));
        let day = Moment { begin: at("2026-11-24T00:00:00Z"), end: at("2026-11-25T00:00:00Z") };
        assert_eq!(moment("2026-11-24", now), Ok(day));
        for wrong in ["", "d", "yesterday", "-7d", "7x", "2026-13-01", "99999999999999999999d", "9999999999999d"] {
            assert!(moment(wrong, now).is_err(), "{wrong}");
        }
    }
}
