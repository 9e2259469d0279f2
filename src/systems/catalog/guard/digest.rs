//! The digest by which what is held is approved.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::systems::catalog::plan::operation::Operation;
use crate::systems::catalog::store::ApprovedHash;

/// Bytes of a digest that people copy.
const DIGEST: usize = 6;

/// A digest of an object and of what becomes of it.
pub(in crate::systems::catalog) fn hash(operation: &Operation, held: &serde_json::Map<String, Value>) -> ApprovedHash {
    let mut hasher = Sha256::new();
    for text in [operation.kind.name(), operation.id.as_str(), &format!("{:?}", operation.action)] {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    // A map's names are in order.
    hasher.update(Value::Object(held.clone()).to_string());
    let digest = hasher.finalize();
    std::array::from_fn(|at| digest[at])
}

/// The digest of all of it, in whatever order it was met.
pub(super) fn digest(hashes: &mut [ApprovedHash], of: &str) -> String {
    hashes.sort_unstable();
    let mut hasher = Sha256::new();
    hasher.update(of);
    hashes.iter().for_each(|hash| hasher.update(hash));
    hex::encode(&hasher.finalize()[..DIGEST])
}
