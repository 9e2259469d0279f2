//! What only a person can do or find out, and how they tell it.

use crate::text::typed;

/// Where a person does what the API has no way for.
pub(super) const BY_HAND: &str = "Omnichannel Manager (Settings › Clienteling)";

/// The command that tells how a store stands; `number` = with which number.
pub(super) fn settle(id: &str, state: &str, number: Option<&str>) -> String {
    let id = typed(id);
    let number = number.map(|number| format!(" --number {number}")).unwrap_or_default();
    // An id that isn't plain stands behind `--`, and there no option can stand.
    let (before, after) = if id.starts_with("--") { (number.as_str(), "") } else { ("", number.as_str()) };
    format!("`shelfkeeper newstore settle{before} {id} {state}{after}`")
}

/// The command that ends the doubt whether a store has its number.
pub(super) fn settle_doubt(id: &str, enable: bool) -> String {
    format!("{} (or free)", settle(id, if enable { "enabled" } else { "onboarded" }, None))
}
