//! How Google's feeds spell the names of columns and elements.

use super::bounds::MAX_NAME;

/// A name as Google documents it: in lower case, without `g:`, with underscores for blanks and hyphens; `id` for
/// `ID [id]`. `None` when it is too long to be one.
pub(super) fn plain_name(name: &str) -> Option<String> {
    if name.len() > MAX_NAME {
        return None;
    }
    let name = name.trim().trim_matches('"').trim().to_lowercase();
    let name = match name.split_once('[') {
        Some((_, inner)) => inner.trim_end_matches(']').trim(),
        None => name.as_str(),
    };
    Some(name.strip_prefix("g:").unwrap_or(name).replace([' ', '-'], "_"))
}
