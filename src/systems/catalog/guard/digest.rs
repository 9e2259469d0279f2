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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::catalog::{Fields, Id, Kind};
    use crate::systems::catalog::plan::operation::Action;

    type Change = (String, String);

    fn digest_of(changes: &BTreeMap<String, Change>) -> String {
        let mut hashes: Vec<ApprovedHash> = changes
            .iter()
            .map(|(id, (field, value))| {
                let send = Fields::from_iter([(field.clone(), Value::from(value.as_str()))]);
                let id = Id::parse(id).expect("an id");
                let operation = Operation::new((Kind::Product, &id), Action::Update, send.clone(), Fields::new(), None);
                hash(&operation, &send)
            })
            .collect();
        hashes.reverse();
        digest(&mut hashes, "")
    }

    fn changes() -> impl Strategy<Value = BTreeMap<String, Change>> {
        prop::collection::btree_map("[a-c\\[,]{1,3}", ("price|currency", "[a-c\"0:,]{0,3}"), 1..6)
    }

    proptest! {
        #[test]
        fn one_id_field_or_value_more_less_or_other_is_another_digest(one in changes(), other in changes()) {
            prop_assert_eq!(one == other, digest_of(&one) == digest_of(&other));
            for (id, (field, value)) in &one {
                let mut less = one.clone();
                less.remove(id);
                prop_assert_ne!(digest_of(&one), digest_of(&less));
                less.insert(id.clone(), (field.clone(), format!("{value}0")));
                prop_assert_ne!(digest_of(&one), digest_of(&less));
            }
        }
    }
}
