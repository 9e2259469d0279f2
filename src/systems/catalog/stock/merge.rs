//! What of an item stays as it was.

use std::collections::HashSet;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::systems::catalog::diff::fields::changes;
use crate::systems::catalog::plan::risk::{Risk, Risks};
use crate::systems::catalog::shelf::Stocked;

/// The risks of an item's change.
pub(super) fn risks_of(old: &Stocked, new: &Stocked, factor: Decimal) -> Risks {
    Risks::of_change(&old.fields, &changes(&old.fields, &new.fields), factor)
}

/// Leaves what is held of an item as it was; gives whether anything is.
pub(super) fn patched(old: &Stocked, new: &mut Stocked, held: &HashSet<Risk>, factor: Decimal) -> bool {
    let risks = risks_of(old, new, factor);
    let held: Vec<&Risk> = held.iter().filter(|risk| **risk != Risk::Delete && risks.has(**risk)).collect();
    for field in held.iter().flat_map(|risk| risk.fields()) {
        let value = old.fields.get(field.name()).cloned().unwrap_or_default();
        new.fields.insert(field.name().to_owned(), value);
        if field.name() == "price" {
            // It belongs to the price that it was higher than.
            let local = new.fields.entry("local").or_insert_with(|| Value::Object(Default::default()));
            let old = old.fields.get("local").and_then(|local| local.get("old_price")).cloned().unwrap_or_default();
            local.as_object_mut().into_iter().for_each(|local| {
                local.insert("old_price".to_owned(), old.clone());
            });
        }
    }
    !held.is_empty()
}
