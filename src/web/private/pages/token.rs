//! Whether a form is one that we gave: a word in it that nobody else can write.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::digest::random_key;

/// What such words are made with, new at each start; none where the system has no randomness, and then no form is ours.
#[derive(Clone)]
pub(crate) struct Key(Option<[u8; crate::digest::KEY]>);

impl Key {
    /// A new one.
    pub(crate) fn new() -> Key {
        Key(random_key().ok())
    }

    fn begin(&self, purpose: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref()?).ok()?;
        mac.update(purpose.as_bytes());
        Some(mac)
    }

    /// The word for a form that does just this.
    pub(super) fn token(&self, purpose: &str) -> String {
        self.begin(purpose).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Whether a word is the one. How long that takes tells nothing of it.
    pub(super) fn is_ours(&self, purpose: &str, token: &str) -> bool {
        let given = hex::decode(token).unwrap_or_default();
        self.begin(purpose).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_for_one_thing_alone() {
        let (key, other) = (Key::new(), Key::new());
        let token = key.token("approve a");
        assert!(key.is_ours("approve a", &token));
        assert!(!key.is_ours("approve b", &token) && !other.is_ours("approve a", &token));
        assert!(!key.is_ours("approve a", "") && !key.is_ours("approve a", "zz") && !Key(None).is_ours("a", ""));
    }
}
