//! What a page may do: nothing but what is ours, by its digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// How pages look.
pub(super) const STYLE: &str = include_str!("style.css");
/// What keeps the first page fresh.
pub(super) const SCRIPT: &str = include_str!("script.js");
/// A small picture for the browser's tab, so that none is asked for.
pub(super) const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath \
                               d='M1 3h14v3H1zM3 8h10v2H3zM5 12h6v2H5z' fill='%232f7d5b'/%3E%3C/svg%3E";

/// The value of `Content-Security-Policy`.
pub(super) fn policy() -> String {
    let (style, script) = (digest(STYLE), digest(SCRIPT));
    format!(
        "default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
