//! Digests in which nobody outside can produce a collision.
//!
//! A feed's author who knew how its rows are digested could write two with one digest, and the second would be taken
//! for known. So each state has a secret, and all that a state keeps of a feed is digested with it.

use std::sync::Arc;
use std::{fmt, io};

use sha2::{Digest as _, Sha256};
use xxhash_rust::const_xxh3::const_custom_default_secret;
use xxhash_rust::xxh3::{Xxh3, xxh3_128, xxh3_128_with_secret};

/// 128 bits: equal things have equal digests.
pub type Digest = u128;

/// What a hasher is made from: as many random bytes.
pub const KEY: usize = 32;

/// Bytes of a secret as xxh3 takes it.
const SECRET: usize = 192;

/// A digest that is the same everywhere: for what no feed's author can gain by a collision in.
pub fn digest_bytes(bytes: &[u8]) -> Digest {
    xxh3_128(bytes)
}

/// Makes digests with a secret: xxh3, every word of whose 192 secret bytes is unknown and independent of the others.
/// A seed would be weaker: 64 bits in all, added to one word that everybody knows and taken from the next, so that the
/// keys of the two factors of each product have a sum that everybody knows.
#[derive(Clone)]
pub struct Hasher(Arc<[u8; SECRET]>);

impl Hasher {
    /// The one of a key.
    pub fn new(key: &[u8; KEY]) -> Hasher {
        let mut secret = [0; SECRET];
        for (number, part) in (0_u8..).zip(secret.chunks_exact_mut(KEY)) {
            part.copy_from_slice(&Sha256::new().chain_update(key).chain_update([number]).finalize());
        }
        Hasher(Arc::new(secret))
    }

    /// One for what isn't kept.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> io::Result<Hasher> {
        random_key().map(|key| Hasher::new(&key))
    }

    /// One without a secret: state files had none once. Its digests are those of [`digest_bytes`].
    pub fn without_secret() -> Hasher {
        Hasher(Arc::new(const_custom_default_secret(0)))
    }

    /// A digest of bytes.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        xxh3_128_with_secret(bytes, self.0.as_slice())
    }

    /// Begins a digest of bytes that come in several parts.
    pub fn begin(&self) -> Xxh3 {
        Xxh3::with_secret(*self.0)
    }
}

/// Whether a secret that somebody gave is the one. How long that takes tells nothing of it.
pub fn is_same_secret(given: &str, secret: &str) -> bool {
    Sha256::digest(given.as_bytes()) == Sha256::digest(secret.as_bytes())
}

/// A key that nobody can guess.
///
/// # Errors
/// When the system has no randomness.
pub fn random_key() -> io::Result<[u8; KEY]> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    Ok(key)
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_secret_has_digests_of_its_own(bytes in prop::collection::vec(any::<u8>(), 0..2_000), cut in 0..2_000_usize) {
            let hashers = [Hasher::new(&[1; KEY]), Hasher::new(&[2; KEY]), Hasher::without_secret()];
            let [one, other, plain] = hashers.each_ref().map(|hasher| hasher.digest(&bytes));
            prop_assert!(one != other && one != plain && other != plain);
            prop_assert_eq!(plain, digest_bytes(&bytes));
            // Whole or piece by piece.
            let (before, after) = bytes.split_at(cut.min(bytes.len()));
            for hasher in &hashers {
                let mut pieces = hasher.begin();
                pieces.update(before);
                pieces.update(after);
                prop_assert_eq!(pieces.digest128(), hasher.digest(&bytes));
            }
        }
    }

    #[test]
    fn no_secret_is_told() {
        assert_eq!(format!("{:?}", Hasher::new(&[7; KEY])), "Hasher");
        assert_ne!(random_key().expect("a key"), random_key().expect("another one"));
    }

    /// It is part of the state's format.
    #[test]
    fn a_key_always_makes_the_same_digests() {
        assert_eq!(format!("{:032x}", Hasher::new(&[7; KEY]).digest(b"row")), "9bbfeb6c5ac59456d5923c3b66b58eb7");
    }
}
