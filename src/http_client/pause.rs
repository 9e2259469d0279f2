//! How long to wait before another try: as the service asks, else longer from try to try.

use std::time::Duration;

use backon::ExponentialBuilder;
use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The first wait before another try; it doubles from try to try, with jitter.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait of our own.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a service may ask for within a pass; beyond it the work is left pending.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

/// The waits before so many further tries.
pub(crate) fn waits(retries: u32) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(retries as usize)
}

/// The wait before another try, where the service's own wish counts; one that is too long ends the tries.
pub(crate) fn as_asked(asked: Option<Duration>, wait: Option<Duration>) -> Option<Duration> {
    match asked {
        Some(asked) if asked > LONGEST_RETRY_AFTER => None,
        Some(asked) => wait.map(|_| asked),
        None => wait,
    }
}

/// `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3); `None` when it asks for no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    asked_pause(headers, now).filter(|asked| !asked.is_zero())
}

/// The same, where no pause at all is a wish as well. A date is read by the clock of whoever wrote it, if they say what
/// that shows (`Date`); `now` is ours.
pub(crate) fn asked_pause(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is more than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    Some(Duration::try_from(http_date(text)?.duration_since(time_there(headers, now))).unwrap_or(Duration::ZERO))
}

/// What the clock of whoever answers shows, if they say so (`Date`); `now` is ours.
pub(crate) fn time_there(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    headers.get(DATE).and_then(|there| http_date(there.to_str().ok()?)).unwrap_or(now)
}

/// The time that a date in a header means.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim());
    // The last day that can be written is what some mean by "never", and more than jiff can hold.
    date.ok().or_else(|| text.contains(" 31 Dec 9999 ").then_some(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_by_the_clock_of_whoever_wrote_it() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Thu, 01 Jan 2026 00:01:00 GMT".parse().expect("a header"));
        headers.insert(DATE, "Thu, 01 Jan 2026 00:00:30 GMT".parse().expect("a header"));
        // Ours is a day behind.
        let wait = retry_after(&headers, "2025-12-31T00:00:00Z".parse().expect("a time"));
        assert_eq!(wait, Some(Duration::from_secs(30)));
    }

    #[test]
    fn retry_after_in_both_spellings() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().expect("a header"));
            retry_after(&headers, "2026-01-01T00:00:00Z".parse().expect("a time"))
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Thu, 01 Jan 2026 00:01:00 GMT"), Some(Duration::from_secs(60)));
        // Now, or before, is no wish: our own waits hold then, or all tries would go at once.
        assert_eq!((wait("0"), wait("Wed, 31 Dec 2025 00:00:00 GMT")), (None, None));
        assert_eq!((wait("soon"), wait("-5"), wait("")), (None, None, None));
        assert_eq!(wait("99999999999999999999"), Some(Duration::from_secs(u64::MAX)));
    }
}
