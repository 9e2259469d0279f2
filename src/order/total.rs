//! Sums of money by currency, and shares of them.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::amount::Amount;

/// Currencies without a smaller coin (ISO 4217).
const WHOLE: [&str; 16] =
    ["bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];

/// Money of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// ISO 4217 in lower case; `None` = nobody knows.
    pub currency: Option<String>,
    /// How much.
    pub amount: Amount,
}

/// Money by currency: each once, by their names, what has none last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sums(Vec<Sum>);

impl Sums {
    /// Adds an amount.
    pub fn add(&mut self, currency: Option<&str>, amount: Amount) {
        let key = |currency: Option<&str>| (currency.is_none(), currency.map(str::to_owned));
        match self.0.binary_search_by_key(&key(currency), |sum| key(sum.currency.as_deref())) {
            Ok(at) => self.0[at].amount = self.0[at].amount.plus(amount),
            Err(at) => self.0.insert(at, Sum { currency: currency.map(str::to_owned), amount }),
        }
    }

    /// Adds all of others.
    pub fn add_all(&mut self, others: &Sums) {
        others.iter().for_each(|sum| self.add(sum.currency.as_deref(), sum.amount));
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Sum> {
        self.0.iter()
    }
}

/// Shares money among so many, to the cent: what can't be shared is the first one's, so that all add up.
pub fn shares(sum: &Sum, among: usize) -> Vec<Amount> {
    let digits = if sum.currency.as_deref().is_some_and(|currency| WHOLE.contains(&currency)) { 0 } else { 2 };
    let Some(rest) = among.checked_sub(1) else { return Vec::new() };
    if rest == 0 {
        return vec![sum.amount];
    }
    let share = sum.amount.0.checked_div(Decimal::from(among as u64)).unwrap_or_default();
    let mut share = share.round_dp_with_strategy(digits, RoundingStrategy::ToZero);
    share.rescale(digits);
    let share = Amount(share);
    let others = share.times(rest as u64).unwrap_or(Amount::ZERO);
    [sum.amount.minus(others)].into_iter().chain(std::iter::repeat_n(share, rest)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(currency: &str, amount: &str) -> Sum {
        Sum { currency: Some(currency.to_owned()), amount: Amount::parse(amount).expect(amount) }
    }

    #[test]
    fn the_rest_is_the_first_ones() {
        let shared = |currency: &str, amount: &str, among| -> Vec<String> {
            shares(&sum(currency, amount), among).iter().map(ToString::to_string).collect()
        };
        assert_eq!(shared("usd", "100.00", 3), ["33.34", "33.33", "33.33"]);
        assert_eq!(shared("usd", "111.0", 2), ["55.50", "55.50"]);
        assert_eq!(shared("usd", "111.0", 1), ["111.0"]);
        assert_eq!(shared("usd", "0.01", 2), ["0.01", "0.00"]);
        assert_eq!(shared("jpy", "100", 3), ["34", "33", "33"]);
        assert_eq!(shared("usd", "1", 0), [""; 0]);
    }

    #[test]
    fn each_currency_is_there_once_and_what_has_none_comes_last() {
        let mut sums = Sums::default();
        for (currency, amount) in [(None, "1"), (Some("usd"), "1.50"), (Some("eur"), "2"), (Some("usd"), "0.5")] {
            sums.add(currency, Amount::parse(amount).expect("an amount"));
        }
        let json = serde_json::to_string(&sums).expect("JSON");
        assert_eq!(
            json,
            r#"[{"currency":"eur","amount":2},{"currency":"usd","amount":2.00},{"currency":null,"amount":1}]"#
        );
    }

    proptest! {
        #[test]
        fn shares_add_up(units in -10_i64.pow(15)..10_i64.pow(15), scale in 0_u32..6, among in 1_usize..50) {
            let whole = Sum { currency: Some("eur".to_owned()), amount: Amount(Decimal::new(units, scale)) };
            let parts = shares(&whole, among);
            prop_assert_eq!(parts.len(), among);
            let all = parts.iter().fold(Amount::ZERO, |all, part| all.plus(*part));
            prop_assert_eq!(all, whole.amount);
            prop_assert!(parts[1..].iter().all(|part| part.0.scale() <= 2));
        }
    }
}
