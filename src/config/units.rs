//! Durations, sizes and words: the values that settings are written in. Every parser's error says
//! what was expected; what was found is the caller's to show.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::SignedDuration;

/// One second.
pub(super) const SECOND: Duration = Duration::from_secs(1);
/// One hour.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// Reads `90s`, `15m`, `2h`, `500ms`, `1h30m`.
pub(super) fn duration(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, String> {
    let expected = || format!("expected a time from {} to {}", show(*range.start()), show(*range.end()));
    let parsed: Result<SignedDuration, _> = text.trim().parse();
    let parsed =
        parsed.map_err(|_| format!("{}, such as \"90s\", \"15m\", \"2h\", \"500ms\" or \"1h30m\"", expected()))?;
    match Duration::try_from(parsed) {
        Ok(duration) if range.contains(&duration) => Ok(duration),
        _ => Err(expected()),
    }
}

/// Reads a time that somebody types behind a flag: from one second to ten years.
///
/// # Errors
/// In words, when it is none.
pub fn time_span(text: &str) -> Result<Duration, String> {
    duration(text, &(SECOND..=HOUR * 24 * 3650))
}

/// A duration in the largest unit that it is a whole number of: what [`duration`] reads back.
pub(super) fn show(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s")];
    match units.into_iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

/// Reads `4GiB`, `500MB`, or a plain number of bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match text.trim().parse() {
        Ok(ByteSize(bytes)) if bytes > 0 => Ok(bytes),
        _ => Err("expected a size above zero, such as \"4GiB\", \"500MB\" or a number of bytes".to_owned()),
    }
}

/// Reads one of a few words.
pub(super) fn one_of<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, meaning)) => Ok(meaning.clone()),
        None => Err(format!("expected {}", list(words.iter().map(|(word, _)| format!("{word:?}")), "or"))),
    }
}

/// `a, b or c`.
pub(super) fn list(words: impl Iterator<Item = String>, conjunction: &str) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} {conjunction} {last}", before.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let read = |text: &str| duration(text, &(Duration::from_millis(1)..=24 * HOUR));
        for (text, millis) in
            [("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("500ms", 500), ("1h30m", 5_400_000)]
        {
            let duration = read(text).expect(text);
            assert_eq!(duration, Duration::from_millis(millis), "{text}");
            assert_eq!(read(&show(duration)), Ok(duration), "{text}");
        }
        for text in ["", "0s", "0", "15", "-5s", "5s ago", "1d", "25h", "99999999999999999999h", "five minutes", "1ns"]
        {
            assert!(read(text).is_err(), "{text:?} was read as {:?}", read(text));
        }
        assert_eq!(show(Duration::from_secs(5400)), "90m");
        assert_eq!(show(Duration::from_millis(1500)), "1500ms");
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("4GiB", 4 << 30), ("500MB", 500_000_000), ("1.5 KiB", 1536), ("123", 123)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "0MB", "-1", "4 parsecs", "GiB"] {
            assert!(size(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn words() {
        let words = [("on", true), ("off", false)];
        assert_eq!(one_of("off", &words), Ok(false));
        assert_eq!(one_of("Off", &words), Err("expected \"on\" or \"off\"".to_owned()));
    }
}
