//! Amounts of money: exact, with the digits that they came with.

use std::fmt;
use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

/// An exact amount, which may be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub(super) Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(Decimal::ZERO);

    /// Reads a plain decimal number; `None` = it is none, or has more digits than can be kept.
    pub fn parse(text: &str) -> Option<Amount> {
        let text = text.trim();
        let is_scientific = text.contains(['e', 'E']);
        let exact = if is_scientific { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
        exact.ok().map(Amount)
    }

    /// So many times; `None` = that is more than can be kept.
    pub fn times(self, times: u64) -> Option<Amount> {
        self.0.checked_mul(Decimal::from(times)).map(Amount)
    }

    /// Both together. More than can be kept is as much as can be.
    #[must_use]
    pub fn plus(self, other: Amount) -> Amount {
        Amount(self.0.checked_add(other.0).unwrap_or(Decimal::MAX))
    }

    /// What is left of it.
    #[must_use]
    pub fn minus(self, other: Amount) -> Amount {
        Amount(self.0.checked_sub(other.0).unwrap_or(Decimal::MIN))
    }

    fn number(self) -> Number {
        // A decimal always prints as a JSON number; zero stands in for the impossible.
        Number::from_str(&self.to_string()).unwrap_or_else(|_| Number::from(0))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        Amount::parse(number.as_str()).ok_or_else(|| serde::de::Error::custom("an amount with too many digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept() {
        for text in ["111.0", "0.10", "10", "-5.50", "79228162514264337593543950335"] {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Amount::parse("1e2"), Amount::parse("100"));
        for wrong in ["", "ten", "1,5", "NaN", "1e99", "0.00000000000000000000000000001234"] {
            assert_eq!(Amount::parse(wrong), None, "{wrong}");
        }
        let json = "{\"a\":111.0}";
        let read: std::collections::BTreeMap<String, Amount> = serde_json::from_str(json).expect("an amount");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), json);
    }
}
