//! Comparing fields: pure, and the only place that knows what counts as the same value.

use std::str::FromStr as _;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use crate::catalog::Fields;

/// The field that NiceChat never gives back as it was sent: it copies the picture and lists its
/// own address (API page, "Edit Product").
pub(in crate::systems::catalog) const IMAGE: &str = "image_url";

/// Whether two values of a field mean the same: prices by value, however they are written
/// (`10.00`, `10.0`, `"10"`), currencies in any case, nothing and the empty text alike.
pub fn same(name: &str, one: &Value, other: &Value) -> bool {
    if one == other || (is_nothing(one) && is_nothing(other)) {
        return true;
    }
    match name {
        "price" => matches!((number(one), number(other)), (Some(one), Some(other)) if one == other),
        "currency" => {
            matches!((one, other), (Value::String(one), Value::String(other)) if one.eq_ignore_ascii_case(other))
        }
        // NiceChat's own two ways to write a yes or no.
        "in_stock" | "is_enabled" => matches!((truth(one), truth(other)), (Some(one), Some(other)) if one == other),
        _ => false,
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value.as_i64() {
        Some(number @ (0 | 1)) => Some(number == 1),
        _ => value.as_bool(),
    }
}

/// Whether a price is listed as ours to the hundredth. What is finer than a thousandth, which some currencies have, no shop
/// means, and no repair brings it back.
pub(in crate::systems::catalog) fn is_rounded(name: &str, ours: &Value, listed: &Value) -> bool {
    let half = RoundingStrategy::MidpointAwayFromZero;
    let to_hundredth =
        |price: Decimal| [price.round_dp_with_strategy(2, half), price.round_dp(2), price.trunc_with_scale(2)];
    name == "price"
        && matches!((number(ours), number(listed)), (Some(ours), Some(listed))
            if ours.normalize().scale() > 3 && to_hundredth(ours).contains(&listed))
}

/// Whether a value says that there is none.
pub(in crate::systems::catalog) fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("")
}

/// A price as a number.
pub(in crate::systems::catalog) fn number(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// The fields of `wanted` that differ from `base`. What `base` doesn't name is in doubt, and so
/// differs.
pub fn changes(base: &Fields, wanted: &Fields) -> Fields {
    let differs = |(name, value): &(&String, &Value)| base.get(*name).is_none_or(|have| !same(name, have, value));
    wanted.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The fields that have a value.
pub(in crate::systems::catalog) fn with_values(fields: &Fields) -> Fields {
    fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Both, the second over the first.
pub fn overlaid(base: &Fields, over: &Fields) -> Fields {
    let mut fields = base.clone();
    fields.extend(over.iter().map(|(name, value)| (name.clone(), value.clone())));
    fields
}

/// What is left without the fields that `names` has.
pub(in crate::systems::catalog) fn without(fields: &Fields, names: &Fields) -> Fields {
    fields
        .iter()
        .filter(|(name, _)| !names.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spellings_are_not_differences() {
        let number = |text: &str| Value::Number(text.parse().expect("a number"));
        for (name, one, other) in [
            ("price", number("10.00"), number("10.0")),
            ("price", number("10"), json!("10.00")),
            ("price", number("1e1"), number("10")),
            ("currency", json!("USD"), json!("usd")),
            ("description", json!(""), Value::Null),
            ("in_stock", json!(true), json!(1)),
            ("is_enabled", json!(0), json!(false)),
        ] {
            assert!(same(name, &one, &other), "{name}: {one} {other}");
        }
        assert!(!same("price", &number("10.00"), &number("10.01")));
        assert!(!same("title", &json!("A"), &json!("a")));
        assert!(!same("in_stock", &json!(true), &json!(0)) && !same("in_stock", &json!(2), &json!(true)));
        assert!(is_rounded("price", &number("10.5055"), &number("10.51")));
        assert!(is_rounded("price", &number("10.5055"), &number("10.50")));
        assert!(!is_rounded("price", &number("0.125"), &number("0.12")), "a thousandth of a dinar");
        for other in ["10.52", "10.49", "10", "11"] {
            assert!(!is_rounded("price", &number("10.5055"), &number(other)), "{other}");
        }
        assert!(!same("price", &Value::Null, &number("0")));
    }
}
