//! Conditional requests to the feed host (RFC 9110, section 13).

use hyper::header::{HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Whether a GET with these headers is to be answered with 304. `If-None-Match` decides alone when it is
/// there (RFC 9110, section 13.2.2).
pub(super) fn is_unchanged(headers: &HeaderMap, etag: Option<&str>, last_modified: Option<&str>) -> bool {
    if let Some(known) = text(headers, IF_NONE_MATCH) {
        return etag.is_some_and(|etag| names(known, etag));
    }
    let since = text(headers, IF_MODIFIED_SINCE).and_then(instant);
    match (since, last_modified.and_then(instant)) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

/// Whether a list of entity tags has this one; weak ones count as well (RFC 9110, section 13.1.2).
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn instant(date: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn tags_and_dates() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let tagged = |value| is_unchanged(&asked(IF_NONE_MATCH, value), Some("\"a\""), date);
        assert!(tagged("\"a\""));
        assert!(tagged("\"b\", W/\"a\""));
        assert!(!tagged("\"b\""));
        let dated = |value| is_unchanged(&asked(IF_MODIFIED_SINCE, value), None, date);
        assert!(dated("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert!(dated("Mon, 07 Nov 1994 00:00:00 GMT"));
        assert!(!dated("Sun, 06 Nov 1994 08:49:36 GMT"));
        assert!(!dated("yesterday"));
    }
}
