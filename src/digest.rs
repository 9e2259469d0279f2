//! Digests in which nobody outside can produce a collision.
//!
//! A feed's author who knew how its rows are digested could write two with one digest, and the second would be taken
//! for known. So each state has a secret, and all that a state keeps of a feed is digested with it.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::{fmt, io};

use sha2::{Digest as _, Sha256};
use xxhash_rust::const_xxh3::const_custom_default_secret;
use xxhash_rust::xxh3::{Xxh3, xxh3_128, xxh3_128_with_secret};

/// 128 bits: equal things have equal digests.
pub type Digest = u128;

/// Values by digests, or by keys of as many bytes as one has.
pub type DigestMap<K, V> = HashMap<K, V, DigestState>;
/// Digests, or parts of them, each once.
pub type DigestSet<D = Digest> = HashSet<D, DigestState>;

/// How maps find the place of a key that is a digest already: two words folded into one, which takes a tenth of the time
/// that a hash of arbitrary bytes does. Each map has a secret of its own, for states had none once: nobody outside may
/// choose digests that all have one place.
#[derive(Debug, Clone, Copy)]
pub struct DigestState([u64; 2]);

impl Default for DigestState {
    fn default() -> DigestState {
        let random = RandomState::new();
        DigestState([0, 1].map(|word| random.hash_one(word)))
    }
}

impl BuildHasher for DigestState {
    type Hasher = DigestFold;

    fn build_hasher(&self) -> DigestFold {
        DigestFold { secret: self.0, folded: 0 }
    }
}

/// See [`DigestState`].
#[derive(Debug)]
pub struct DigestFold {
    secret: [u64; 2],
    folded: u64,
}

impl DigestFold {
    fn fold(&mut self, digest: Digest) {
        let (low, high) = (digest as u64, (digest >> 64) as u64);
        let [one, other] = self.secret;
        let product = u128::from(low ^ one ^ self.folded) * u128::from(high ^ other);
        self.folded = product as u64 ^ (product >> 64) as u64;
    }
}

impl std::hash::Hasher for DigestFold {
    fn finish(&self) -> u64 {
        self.folded
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(size_of::<Digest>()) {
            let mut word = [0; size_of::<Digest>()];
            word[..part.len()].copy_from_slice(part);
            self.fold(Digest::from_le_bytes(word));
        }
    }

    fn write_u128(&mut self, digest: Digest) {
        self.fold(digest);
    }

    /// The length of an array of bytes, which all keys of a map have in common.
    fn write_usize(&mut self, _: usize) {}
}

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
    fn places_of_digests_are_spread_and_nobody_knows_them() {
        let (one, other) = (DigestState::default(), DigestState::default());
        let places = |state: &DigestState| -> HashSet<u64> {
            (0..10_000_u64).map(|n| state.hash_one(digest_bytes(&n.to_le_bytes())) % 65_536).collect()
        };
        // Thrown at random, 10,000 have about 9,275 of 65,536 places.
        assert!(places(&one).len() > 9_000 && places(&other).len() > 9_000);
        let digest = digest_bytes(b"row");
        assert_ne!(one.hash_one(digest), other.hash_one(digest));
        let map: DigestMap<[u8; 16], u8> = [(digest.to_le_bytes(), 1)].into_iter().collect();
        assert_eq!(map.get(&digest.to_le_bytes()), Some(&1));
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
