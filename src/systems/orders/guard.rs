//! How many orders may vanish at once without somebody's word.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::config;

/// Bytes of a digest that people copy.
const DIGEST: usize = 6;
/// Examples of what is held.
const EXAMPLES: usize = 20;

/// Orders whose absence waits for somebody's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Another one when one order more or less is missing.
    pub digest: String,
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    limit: u8,
    /// The first of them.
    examples: Vec<i64>,
}

/// Judges what is missing; `None` = it may go.
pub(crate) fn judge(settings: &config::Orders, missing: &[i64], of: u64) -> Option<Held> {
    let count = missing.len() as u64;
    let limit = settings.max_delete_percent;
    let is_too_much = u128::from(count) * 100 > u128::from(of) * u128::from(limit) && count > settings.min_count;
    is_too_much.then(|| Held {
        digest: digest(missing),
        count,
        of,
        limit,
        examples: missing.iter().take(EXAMPLES).copied().collect(),
    })
}

fn digest(missing: &[i64]) -> String {
    let mut sorted = missing.to_vec();
    sorted.sort_unstable();
    let mut hasher = Sha256::new();
    hasher.update("orders");
    sorted.iter().for_each(|id| hasher.update(id.to_be_bytes()));
    hex::encode(&hasher.finalize()[..DIGEST])
}

impl Held {
    /// In a line.
    pub(crate) fn words(&self) -> String {
        let Held { digest, count, of, limit, .. } = self;
        let percent = count.saturating_mul(100) / (*of).max(1);
        format!(
            "{count} of {of} orders ({percent} %) are not listed any more, more than max_delete_percent = {limit} \
             (approve {digest})"
        )
    }

    /// What was held before, as the state tells it.
    pub(crate) fn of_json(held: &Value) -> Option<Held> {
        let risk = held["held"].get(0)?;
        let examples = risk["examples"].as_array().into_iter().flatten();
        Some(Held {
            digest: held["digest"].as_str()?.to_owned(),
            count: risk["count"].as_u64()?,
            of: risk["of"].as_u64()?,
            limit: u8::try_from(risk["limit"].as_u64()?).ok()?,
            examples: examples.filter_map(|example| example["id"].as_str()?.parse().ok()).collect(),
        })
    }

    /// As programs are told of what is held. `called` = what else an order is called.
    pub(crate) fn json(&self, called: impl Fn(i64) -> Option<String>) -> Value {
        let percent = (self.count as f64 * 1000.0 / self.of.max(1) as f64).round() / 10.0;
        let example = |id: &i64| json!({"id": id.to_string(), "field": null, "old": called(*id), "new": null});
        let examples: Vec<Value> = self.examples.iter().map(example).collect();
        let risk = json!({
            "risk": "orders", "type": "order", "count": self.count, "of": self.of, "percent": percent,
            "limit": self.limit, "examples": examples,
        });
        json!({"digest": self.digest, "held": [risk]})
    }
}
