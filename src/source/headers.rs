//! What the headers of an answer say.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderName, LAST_MODIFIED};

use crate::http_client::{http_date, time_there};

/// The value of a header, if it is there and text.
pub(super) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// `Last-Modified`, if it was over a second ago when the answer was made (RFC 9110, 8.8.2.2): what is written on within
/// that second has the same one. `now` counts where the answer has no `Date`.
pub(super) fn settled_last_modified(headers: &HeaderMap, now: Timestamp) -> Option<String> {
    let text = header(headers, &LAST_MODIFIED)?;
    // (One in words of long ago is the host's to compare.)
    let age = http_date(&text).map(|modified| time_there(headers, now).duration_since(modified));
    age.is_none_or(|age| age >= SignedDuration::from_secs(1)).then_some(text)
}

#[cfg(test)]
mod tests {
    use reqwest::header::DATE;

    use super::*;

    #[test]
    fn the_second_in_which_a_feed_was_written_tells_nothing() {
        let now: Timestamp = "2026-01-01T00:00:09Z".parse().expect("a time");
        let is_kept = |modified: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(LAST_MODIFIED, modified.parse().expect("a header"));
            if let Some(date) = date {
                headers.insert(DATE, date.parse().expect("a header"));
            }
            settled_last_modified(&headers, now).is_some_and(|kept| kept == modified)
        };
        let [at_5, at_6, at_9] = ["05", "06", "09"].map(|second| format!("Thu, 01 Jan 2026 00:00:{second} GMT"));
        assert!(is_kept(&at_5, Some(&at_6)));
        assert!(!is_kept(&at_5, Some(&at_5)) && !is_kept(&at_6, Some(&at_5)));
        assert!(is_kept(&at_6, None) && !is_kept(&at_9, None), "by our clock");
        assert!(is_kept("Thursday, 01-Jan-26 00:00:05 GMT", Some(&at_6)));
        assert_eq!(settled_last_modified(&HeaderMap::new(), now), None);
    }
}
