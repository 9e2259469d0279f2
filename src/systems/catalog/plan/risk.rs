//! What of a change may be damage: a feed that lost a column, slipped in its prices, or shrank.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::catalog::Fields;
use crate::systems::catalog::diff::fields::{is_nothing, number, same};
use crate::systems::catalog::store::Field;

/// A kind of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// An object would be deleted, or a category switched off.
    Delete,
    /// A product would have no value in a field any more.
    Emptied(Field),
    /// A product would go out of stock.
    OutOfStock,
    /// A product's price would change by a large factor, or get another currency.
    Price,
}

impl Risk {
    /// Those of a change of a product.
    pub const OF_CHANGES: [Risk; 8] = [
        Risk::Emptied(Field::Category),
        Risk::Emptied(Field::Price),
        Risk::Emptied(Field::Currency),
        Risk::Emptied(Field::Description),
        Risk::Emptied(Field::Url),
        Risk::Emptied(Field::Image),
        Risk::OutOfStock,
        Risk::Price,
    ];

    /// The name that users read.
    pub fn name(self) -> String {
        match self {
            Risk::Delete => "delete".to_owned(),
            Risk::Emptied(field) => format!("emptied:{}", field.name()),
            Risk::OutOfStock => "out_of_stock".to_owned(),
            Risk::Price => "price".to_owned(),
        }
    }

    /// The fields that stay as they are while it is held.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Risk::Delete => &[],
            Risk::Emptied(Field::Price) | Risk::Price => &[Field::Price, Field::Currency],
            Risk::Emptied(Field::Category) => &[Field::Category],
            Risk::Emptied(Field::Currency) => &[Field::Currency],
            Risk::Emptied(Field::Description) => &[Field::Description],
            Risk::Emptied(Field::Url) => &[Field::Url],
            Risk::Emptied(Field::Image) => &[Field::Image],
            Risk::Emptied(Field::InStock) | Risk::OutOfStock => &[Field::InStock],
        }
    }

    /// The field whose products it is measured against; `None` = all products.
    pub fn of(self) -> Option<Field> {
        match self {
            Risk::Delete => None,
            Risk::Emptied(field) => Some(field),
            Risk::OutOfStock => Some(Field::InStock),
            Risk::Price => Some(Field::Price),
        }
    }

    fn bit(self) -> u16 {
        match self {
            Risk::Emptied(field) => field.bit(),
            Risk::OutOfStock => Field::InStock.bit(),
            Risk::Price => 1 << 8,
            Risk::Delete => 1 << 9,
        }
    }
}

/// The risks of an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Risks(u16);

impl Risks {
    /// A deletion.
    pub fn delete() -> Risks {
        Risks(Risk::Delete.bit())
    }

    /// As they were written; see [`Risks::bits`].
    pub fn of_bits(bits: u16) -> Risks {
        Risks(bits)
    }

    /// To be written.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether it is one of them.
    pub fn has(self, risk: Risk) -> bool {
        self.0 & risk.bit() != 0
    }

    /// With one more.
    #[must_use]
    pub fn and(self, risk: Risk) -> Risks {
        Risks(self.0 | risk.bit())
    }

    /// Of a change of a product. `acked` = what was acknowledged last (or is listed), `send` = what would be sent. A price
    /// counts that changes by `factor` or more.
    pub fn of_change(acked: &Fields, send: &Fields, factor: Decimal) -> Risks {
        Risk::OF_CHANGES
            .into_iter()
            .filter(|risk| match risk {
                Risk::Emptied(field) => field.is_in(acked) && send.get(field.name()).is_some_and(is_nothing),
                Risk::OutOfStock => Field::InStock.is_in(acked) && send.get("in_stock") == Some(&Value::Bool(false)),
                Risk::Price => slips(acked, send, factor),
                Risk::Delete => false,
            })
            .fold(Risks::default(), Risks::and)
    }
}

/// Whether a price changes so much that it is more likely to be a mistake.
fn slips(acked: &Fields, send: &Fields, factor: Decimal) -> bool {
    let both = |name: &str| Some((acked.get(name)?, send.get(name)?));
    let is_price = |price: &Value| number(price).is_some();
    if let Some((before, after)) = both("currency") {
        let is_another = !is_nothing(before) && !is_nothing(after) && !same("currency", before, after);
        // A currency without a price says nothing.
        if is_another && acked.get("price").is_some_and(is_price) {
            return true;
        }
    }
    let Some((before, after)) = both("price") else { return false };
    let (Some(before), Some(after)) = (number(before), number(after)) else { return false };
    let (low, high) = if before < after { (before, after) } else { (after, before) };
    low != high && low.checked_mul(factor).is_none_or(|least| high >= least)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(fields) = value else { panic!("an object") };
        fields
    }

    fn names(acked: Value, send: Value) -> Vec<String> {
        let risks = Risks::of_change(&fields(acked), &fields(send), Decimal::from(3));
        Risk::OF_CHANGES.into_iter().filter(|risk| risks.has(*risk)).map(Risk::name).collect()
    }

    #[test]
    fn what_goes_is_named() {
        let acked = json!({"price": 10, "currency": "usd", "url": "u", "in_stock": true, "description": ""});
        let gone = json!({"price": null, "currency": null, "url": "v", "in_stock": false, "description": null});
        assert_eq!(names(acked, gone), ["emptied:price", "emptied:currency", "out_of_stock"]);
    }

    #[test]
    fn prices_slip_by_a_factor_or_a_currency() {
        let price =
            |before: Value, after: Value| names(json!({"price": before, "currency": "usd"}), json!({"price": after}));
        for (before, after) in [("10.00", "30"), ("30", "10"), ("0", "1"), ("1", "0"), ("0.10", "1e3")] {
            let parse = |text: &str| serde_json::from_str(text).expect("a number");
            assert_eq!(price(parse(before), parse(after)), ["price"], "{before} {after}");
        }
        assert_eq!(price(json!(10), json!(29.99)), [""; 0]);
        assert_eq!(price(json!(0), json!(0)), [""; 0]);
        assert_eq!(names(json!({"price": 1, "currency": "usd"}), json!({"currency": "eur"})), ["price"]);
        assert_eq!(names(json!({"price": 1, "currency": "usd"}), json!({"currency": "USD"})), [""; 0]);
    }
}
