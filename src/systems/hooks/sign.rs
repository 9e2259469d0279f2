//! The signature of a message (Standard Webhooks, standardwebhooks.com).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;

use crate::config::signing_key;

/// The value of `webhook-signature`.
pub(super) fn signature(secret: &SecretString, id: &str, timestamp: i64, body: &str) -> String {
    // One without a key is none of the settings'; keys of any length are taken.
    let key = signing_key(secret).and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok());
    let Some(mut mac) = key else { return String::new() };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_that_was_made_elsewhere() {
        let body = r#"{"id":"evt-1","type":"order.new","at":"2026-01-01T00:00:00Z","data":{"id":30}}"#;
        for secret in ["shelfkeeper-hook-secret-of-a-test", "whsec_c2hlbGZrZWVwZXItaG9vay1zZWNyZXQtb2YtYS10ZXN0"] {
            let signature = signature(&SecretString::from(secret), "evt-1", 1_767_225_600, body);
            assert_eq!(signature, "v1,w+KtEWTJg3QI8py1S6Pj/5knCli2smCUFAkshCbPqT8=", "{secret}");
        }
    }
}
