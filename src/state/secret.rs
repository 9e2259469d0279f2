//! The secret that a state's digests are made with (see [`Hasher`]). It is made with the file, and is its own.

use std::path::Path;

use rusqlite::{Connection, Transaction};

use super::{Key, StateError};
use crate::digest::{Hasher, KEY, random_key};

/// Where the key of the secret is, with a check: another one would have every object taken for a new one.
const DIGEST_KEY: Key<[u8; KEY]> = Key::new("digest_key", |key| Ok(written(key)), parsed);

/// Gives the state a secret.
pub(super) fn make(transaction: &Transaction<'_>) -> rusqlite::Result<Hasher> {
    let key = random_key().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    DIGEST_KEY.set(transaction, &key)?;
    Ok(Hasher::new(&key))
}

/// What a state's digests are made with.
///
/// # Errors
/// When that can't be read any more.
pub(super) fn read(connection: &Connection, path: &Path) -> Result<Hasher, StateError> {
    let key = DIGEST_KEY.get(connection).map_err(|error| StateError::of(path, error))?;
    let detail = || "the secret of its digests is not the one that was written".to_owned();
    key.map(|key| Hasher::new(&key)).ok_or_else(|| StateError::Corrupt { path: path.to_owned(), detail: detail() })
}

fn written(key: &[u8; KEY]) -> String {
    let check = Hasher::new(key).digest(key) as u64;
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{key}-{check:016x}")
}

fn parsed(text: &str) -> Option<[u8; KEY]> {
    let mut key = [0; KEY];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    (written(&key) == text).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_of_the_secret_is_noticed() {
        let text = written(&random_key().expect("a key"));
        assert_eq!(parsed(&text).map(|key| written(&key)), Some(text.clone()));
        for bit in 0..8 * text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(String::from_utf8(bytes).ok().and_then(|text| parsed(&text)), None, "{bit}");
        }
    }
}
