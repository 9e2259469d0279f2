//! What every guard has: its arithmetic, and a list in which all that is held is told.

use serde_json::Value;

/// So few are never too many.
const FEW: u64 = 10;

/// Whether strictly more than so many per cent are too many: the part in per cent then, rounded down.
pub fn exceeds(part: u64, all: u64, max_percent: u8) -> Option<u64> {
    let is_too_much = part > FEW && u128::from(part) * 100 > u128::from(all) * u128::from(max_percent);
    is_too_much.then(|| part.saturating_mul(100) / all.max(1))
}

/// What several guards hold, in one list: what is not the first one's has its own digest beside it. `None` = nothing.
pub fn all_held(held: impl IntoIterator<Item = Value>) -> Option<Value> {
    let mut all = held.into_iter();
    let mut first = all.next()?;
    for mut other in all {
        let digest = other["digest"].take();
        let Value::Array(risks) = other["held"].take() else { continue };
        let risks = risks.into_iter().map(|mut risk| {
            risk["digest"] = digest.clone();
            risk
        });
        let risks: Vec<Value> = risks.collect();
        // Whoever didn't count has objects that are held for one risk alone.
        let by_risk: u64 = risks.iter().filter_map(|risk| risk["count"].as_u64()).sum();
        if let Some(objects) = first["objects"].as_u64() {
            first["objects"] = (objects + other["objects"].as_u64().unwrap_or(by_risk)).into();
        }
        if let Some(list) = first["held"].as_array_mut() {
            list.extend(risks);
        }
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_is_strict_and_ten_are_never_too_many() {
        assert_eq!(exceeds(10, 10, 0), None);
        assert_eq!(exceeds(11, 55, 20), None, "exactly twenty per cent");
        assert_eq!(exceeds(11, 54, 20), Some(20));
        assert_eq!(exceeds(11, 0, 100), Some(1_100));
        assert_eq!(exceeds(u64::MAX, u64::MAX, 99), Some(1), "too many to be told exactly");
    }
}
