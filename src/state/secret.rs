//! The secret that a state's digests are made with (see [`Hasher`]). It is made with the file, and is its own.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::{StateError, meta};
use crate::catalog::{Hasher, KEY, random_key};

/// Where the key of the secret is, with a check: another one would have every object taken for a new one.
const DIGEST_KEY: &str = "digest_key";

/// Gives the state a secret. Objects of a file that had none are found by it from here on; by their digests none of
/// them counts as known any more, so that the next pass compares them field by field.
pub(super) fn make(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let key = random_key().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    meta::set(transaction, DIGEST_KEY, &written(&key))?;
    rekey(transaction, &Hasher::new(&key))
}

fn rekey(transaction: &Transaction<'_>, hasher: &Hasher) -> rusqlite::Result<()> {
    let mut keys: Vec<(i64, [u8; 16], i64)> = Vec::new();
    let sql = "SELECT kind, id, object FROM object WHERE object IN (SELECT object FROM object_key)";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = hasher.digest(row.get_ref(1)?.as_str()?.as_bytes()).to_be_bytes();
        keys.push((row.get(0)?, key, row.get(2)?));
    }
    // In the table's order, at its end each.
    keys.sort_unstable();
    transaction.execute("DELETE FROM object_key", [])?;
    let sql = "INSERT INTO object_key (kind, key, digest, object) VALUES (?1, ?2, zeroblob(16), ?3)";
    let mut insert = transaction.prepare(sql)?;
    keys.into_iter().try_for_each(|(kind, key, object)| insert.execute(params![kind, key, object]).map(|_| ()))
}

/// What a state's digests are made with.
///
/// # Errors
/// When that can't be read any more.
pub(super) fn read(connection: &Connection, path: &Path) -> Result<Hasher, StateError> {
    let text = meta::get(connection, DIGEST_KEY).map_err(|error| StateError::of(path, error))?;
    let key = text.as_deref().and_then(parsed);
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
