//! What the guard holds of the orders, for whoever is asked for their word.

use serde_json::Value;

use crate::systems::held;
use crate::systems::look::HeldBack;
use crate::systems::orders::JOB;
use crate::text::number;

/// What the state says is held, in words; `None` = it says something else.
pub(super) fn held_back(held: &Value) -> Option<HeldBack> {
    held::held_back(held, JOB, "order", |risk| {
        let (count, of) = (number(risk["count"].as_u64()?), number(risk["of"].as_u64()?));
        let (percent, limit) = (risk["percent"].as_f64()?, risk["limit"].as_u64()?);
        let would = "are not listed any more, and would count as gone";
        Some(format!("{count} of {of} orders ({percent} %) {would}, more than {limit} %"))
    })
}
