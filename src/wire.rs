//! What talking to any service has in common: how long to wait for another try, reading an answer, and what of
//! it may be told.

mod json;
mod words;

use std::time::Duration;

use backon::ExponentialBuilder;
use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use url::Url;

pub(crate) use json::{text_of, without_half_surrogates};
#[cfg(test)]
pub(crate) use words::LONGEST_WORDS;
pub(crate) use words::{Secrets, looks_like, plain};

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
    let now = headers.get(DATE).and_then(|now| date(now.to_str().ok()?)).unwrap_or(now);
    Some(Duration::try_from(date(text)?.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim());
    // The last day that can be written is what some mean by "never", and more than jiff can hold.
    date.ok().or_else(|| text.contains(" 31 Dec 9999 ").then_some(Timestamp::MAX))
}

/// An answer's whole body; `None` when it is larger than so many bytes, or does not end.
///
/// # Errors
/// When it is cut short, or takes too long.
pub(crate) async fn body(reply: &mut reqwest::Response, most: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    if reply.content_length().is_some_and(|length| length > most as u64) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// Why no answer came. The innermost cause says what happened; the outer ones repeat the address.
pub(crate) fn no_answer(url: &Url, error: &reqwest::Error) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let why = if error.is_timeout() { "timed out".to_owned() } else { crate::root_cause(error) };
    format!("no answer from {host}{port}: {why}")
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
