//! HTTP basic authentication as the feed host expects it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The `Authorization` header of a name and a password (RFC 7617, section 2).
pub(super) fn authorization(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::authorization;

    /// The first is the example of RFC 7617, section 2.
    #[test]
    fn examples() {
        assert_eq!(authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(authorization("a", "b"), "Basic YTpi");
        assert_eq!(authorization("", "abc"), "Basic OmFiYw==");
    }
}
