//! What the headers of an answer say.

use reqwest::header::{HeaderMap, HeaderName};

/// The value of a header, if it is there and text.
pub(super) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
