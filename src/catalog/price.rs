//! Prices: exact decimals, read only when they can be read for sure.

use std::fmt;

use rust_decimal::Decimal;
use serde_json::Number;
use thiserror::Error;

use super::Currency;

/// A price of zero or more, exact, with the digits that the feed gave it.
///
/// Two prices are equal when their values are (`10.00` and `10`); what is printed and sent keeps
/// the digits (`10.00` stays `10.00`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Decimal);

/// A price with the currency that stood beside it, if one did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// The amount.
    pub price: Price,
    /// The currency named beside the amount.
    pub currency: Option<Currency>,
}

/// Why a string is not a price. The messages finish the sentence "price: ...".
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PriceError {
    /// One separator with exactly three digits behind it: a thousand, or thousandths.
    #[error("{0:?} can be read as thousands or as decimals")]
    Ambiguous(String),
    /// Letters beside the number that are no currency.
    #[error("{0:?} names no currency of ISO 4217")]
    Currency(String),
    /// A minus sign.
    #[error("{0:?} is below zero")]
    Negative(String),
    /// More digits than a price can have.
    #[error("{0:?} has too many digits")]
    TooLong(String),
    /// Anything else.
    #[error("{0:?} is not a number")]
    NotANumber(String),
}

impl Price {
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The value in its shortest form: equal prices have equal shortest forms.
    pub fn canonical(self) -> String {
        self.0.normalize().to_string()
    }

    /// The JSON number with the feed's digits.
    pub fn to_number(self) -> Number {
        // A decimal always prints as a JSON number; zero stands in for the impossible.
        self.to_string().parse().unwrap_or_else(|_| Number::from(0))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is known of how a feed writes its prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notation {
    /// What `$` stands for.
    pub dollar: Option<Currency>,
    /// A lone `.` separates decimals, whatever follows it: `987.234` is no thousand.
    pub dot_is_decimal: bool,
}

impl Notation {
    /// Of a feed whose prices without a currency are in this one.
    pub fn of(default: Option<Currency>) -> Notation {
        Notation { dollar: default.filter(|currency| currency.is_dollar()), dot_is_decimal: false }
    }

    /// What a sign and a code stand for that say the same: `$12.00 USD`, `€ 12,50 EUR`. `None` = they don't.
    pub fn currency_of_both(self, one: &str, other: &str) -> Option<Currency> {
        match (one.trim(), other.trim()) {
            ("$", code) | (code, "$") => Currency::parse(code).filter(|currency| currency.is_dollar()),
            (one, other) => Currency::parse(one).filter(|currency| Currency::parse(other) == Some(*currency)),
        }
    }

    /// What a code, a sign or a word stands for.
    pub fn currency(self, named: &str) -> Option<Currency> {
        if named.trim() == "$" { self.dollar } else { Currency::parse(named) }
    }
}

impl Money {
    /// Reads `15.00 USD`, `AED 15`, `1 234,50`, `199.00`, `8654`, `12 zł`.
    ///
    /// Spaces, no-break spaces and apostrophes only group digits. The last `.` or `,` is the
    /// decimal one, unless exactly three digits follow it and nothing else says what it is; that
    /// is an error rather than a guess.
    ///
    /// # Errors
    /// When the text can't be read for sure.
    pub fn parse(text: &str) -> Result<Money, PriceError> {
        Money::read(text, Notation::default())
    }

    /// The same, where more is known of how prices are written.
    ///
    /// # Errors
    /// As [`Money::parse`].
    pub fn read(text: &str, notation: Notation) -> Result<Money, PriceError> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(PriceError::TooLong(shorten(text)));
        }
        let (number, currency) = split_currency(text, notation)?;
        if let Some(value) = simple(number) {
            return Ok(Money { price: Price(value), currency });
        }
        let digits = plain_number(number, text, notation)?;
        if digits.len() > 29 {
            return Err(PriceError::TooLong(shorten(text)));
        }
        let value = Decimal::from_str_exact(&digits).map_err(|_| PriceError::TooLong(shorten(text)))?;
        Ok(Money { price: Price(value), currency })
    }
}

/// Bytes of a price with its currency: any number that is left has fewer digits than that.
const LONGEST: usize = 1 << 10;

/// Takes the currency off whichever end of the text it stands at.
fn split_currency(text: &str, notation: Notation) -> Result<(&str, Option<Currency>), PriceError> {
    let not_a_number = || PriceError::NotANumber(shorten(text));
    let first = text.find(|c: char| c.is_ascii_digit()).ok_or_else(not_a_number)?;
    let last = text.rfind(|c: char| c.is_ascii_digit()).map_or(text.len(), |at| at + 1);
    // A sign or separator belongs to the number that it touches, not to a word such as `руб.`
    let is_mark = |c: char| matches!(c, '.' | ',' | '-' | '+');
    let before = text[..first].trim_end_matches(is_mark);
    let before = if before.ends_with(char::is_alphabetic) { &text[..first] } else { before };
    let after = text[last..].trim_start_matches(is_mark);
    let number = &text[before.len()..text.len() - after.len()];
    let currency_of = |named| notation.currency(named).ok_or_else(|| PriceError::Currency(shorten(named)));
    let currency = match (before.trim(), after.trim()) {
        ("", "") => return Ok((number, None)),
        (word, "") | ("", word) => currency_of(word)?,
        (before, after) if before == after => currency_of(before)?,
        (before, after) => notation.currency_of_both(before, after).ok_or_else(not_a_number)?,
    };
    Ok((number, Some(currency)))
}

/// A number that needs no second look, as nearly all are: digits, and two, one or more than three behind a separator. It
/// is what [`plain_number`] comes to.
fn simple(number: &str) -> Option<Decimal> {
    let (mut value, mut separator) = (0_i64, None);
    // So many digits fit.
    if number.len() > 18 {
        return None;
    }
    for (at, byte) in number.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + i64::from(byte - b'0'),
            b'.' | b',' if separator.is_none() && at > 0 => separator = Some(at),
            _ => return None,
        }
    }
    let decimals = separator.map_or(0, |at| number.len() - at - 1);
    // Three may be thousands; a separator without any is none.
    let is_plain = !number.is_empty() && decimals != 3 && separator.is_none_or(|_| decimals > 0);
    is_plain.then(|| Decimal::new(value, decimals as u32))
}

/// Digits with one `.` at most, from a number in any of the usual spellings.
fn plain_number(number: &str, whole: &str, notation: Notation) -> Result<String, PriceError> {
    let not_a_number = || PriceError::NotANumber(shorten(whole));
    if number.starts_with('-') {
        return Err(PriceError::Negative(shorten(whole)));
    }
    let Some(at) = number.rfind(['.', ',']) else {
        return ungroup(number, None).ok_or_else(not_a_number);
    };
    let (head, tail) = (&number[..at], &number[at + 1..]);
    let separator = char::from(number.as_bytes()[at]);
    if tail.is_empty() || !tail.bytes().all(|b| b.is_ascii_digit()) {
        return Err(not_a_number());
    }
    if head.contains(separator) {
        // The same separator twice can only group: 1.234.567
        return ungroup(number, Some(separator)).ok_or_else(not_a_number);
    }
    let other = head.chars().find(|c| !c.is_ascii_digit());
    let is_decimal = notation.dot_is_decimal && separator == '.';
    if other.is_none() && tail.len() == 3 && could_be_grouped(head) && !is_decimal {
        return Err(PriceError::Ambiguous(shorten(whole)));
    }
    let comma_or_dot = other.filter(|c| matches!(c, '.' | ','));
    let head = if head.is_empty() { "0".to_owned() } else { ungroup(head, comma_or_dot).ok_or_else(not_a_number)? };
    Ok(format!("{head}.{tail}"))
}

/// Whether digits before a separator look like the first group of a grouped number.
fn could_be_grouped(head: &str) -> bool {
    (1..=3).contains(&head.len()) && !head.starts_with('0')
}

/// Takes the grouping out of a whole number: groups of three, or of two before the last three as
/// India writes them. `mark` is the `.` or `,` that groups; blanks and apostrophes group as well.
fn ungroup(number: &str, mark: Option<char>) -> Option<String> {
    // (A line end or a tab doesn't group: two numbers are no price.)
    let is_blank = |c: char| c.is_whitespace() && !c.is_control();
    let is_mark = |c: char| Some(c) == mark || is_blank(c) || matches!(c, '\'' | '’');
    let groups: Vec<&str> = number.split(is_mark).collect();
    let (last, before) = groups.split_last()?;
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    if !groups.iter().all(|group| digits(group)) {
        return None;
    }
    let grouped = match before.split_first() {
        None => true,
        Some((first, middle)) => {
            let all = |n: usize| middle.iter().all(|group| group.len() == n);
            last.len() == 3 && ((first.len() <= 3 && all(3)) || (first.len() <= 2 && all(2)))
        }
    };
    grouped.then(|| groups.concat())
}

/// Keeps a message short whatever the feed put into the cell.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn simple_numbers_are_read_as_all_are(number in "[0-9]{0,12}[.,]?[0-9]{0,6}|[0-9.,]{0,22}") {
            if let Some(value) = simple(&number) {
                let digits = plain_number(&number, &number, Notation::default()).expect("a number");
                let slowly = Decimal::from_str_exact(&digits).expect("a decimal");
                prop_assert_eq!((value, value.to_string()), (slowly, slowly.to_string()));
            }
        }
    }

    fn read(text: &str) -> String {
        match Money::parse(text) {
            Ok(Money { price, currency: None }) => price.to_string(),
            Ok(Money { price, currency: Some(currency) }) => format!("{price} {currency}"),
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn spellings_that_can_be_read_for_sure() {
        for (text, expected) in [
            ("15.00 USD", "15.00 usd"),
            ("AED 15", "15 aed"),
            ("15AED", "15 aed"),
            ("11995 GBP", "11995 gbp"),
            ("0 RUB", "0 rub"),
            ("199.00", "199.00"),
            ("490,00", "490.00"),
            ("490.000000", "490.000000"),
            ("1 234,50", "1234.50"),
            ("1\u{a0}234\u{202f}567.5 EUR", "1234567.5 eur"),
            ("1'234.50 CHF", "1234.50 chf"),
            ("1,234.50", "1234.50"),
            ("1.234,50", "1234.50"),
            ("1,234.567", "1234.567"),
            ("1,234,567", "1234567"),
            ("1,23,456.00 INR", "123456.00 inr"),
            ("1234.567", "1234.567"),
            ("0.500", "0.500"),
            (".50", "0.50"),
            ("007.50", "7.50"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_stays_in_doubt_is_refused() {
        for text in [
            "1,234",
            "1.234",
            "12.345 USD",
            "-5.00",
            "free",
            "15.",
            "1.2.3",
            "12 50",
            "1e3",
            "15-20",
            "$15",
            "10 pcs",
            "",
            "1,234.567.890",
            "EUR 10 USD",
            "٣",
        ] {
            assert!(Money::parse(text).is_err(), "{text:?} was read as {}", read(text));
        }
        assert!(Money::parse(&"9".repeat(40)).is_err());
    }

    #[test]
    fn signs_and_words_beside_the_number() {
        for (text, expected) in [
            ("12.50 zł", "12.50 pln"),
            ("Kč 249", "249 czk"),
            ("1 299,00 грн.", "1299.00 uah"),
            ("990 руб.", "990 rub"),
            ("руб. 990", "990 rub"),
            ("₹1,23,456.00", "123456.00 inr"),
            ("£15", "15 gbp"),
            ("€ 9.5", "9.5 eur"),
            ("500₸", "500 kzt"),
            ("US$ 5.00", "5.00 usd"),
            ("$12.00 USD", "12.00 usd"),
            ("CAD 12.00 $", "12.00 cad"),
            ("€12,50 EUR", "12.50 eur"),
            ("£10.00 GBP", "10.00 gbp"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        for text in ["100 kr", "$ 5", "5 ¥", "12 руб. 50", "€5 USD", "$5 EUR", "$5 $", "299\n199", "299\t199"] {
            assert!(Money::parse(text).is_err(), "{text:?} was read as {}", read(text));
        }
    }

    #[test]
    fn what_the_settings_and_the_format_tell() {
        let notation = Notation::of(Currency::parse("cad"));
        let money = Money::read("$15.00", notation).expect("a price");
        assert_eq!(money.currency, Currency::parse("cad"));
        assert!(Money::read("$15.00", Notation::of(Currency::parse("eur"))).is_err());
        let yml = Notation { dot_is_decimal: true, ..Notation::default() };
        assert_eq!(Money::read("987.234", yml).map(|money| money.price.to_string()), Ok("987.234".to_owned()));
        assert!(Money::read("1,234", yml).is_err());
    }

    #[test]
    fn digits_are_kept_and_values_compared() {
        let price = |text| Money::parse(text).map(|m| m.price).expect("a price");
        assert_eq!(price("10.00"), price("10"));
        assert_eq!(price("10.00").canonical(), price("10").canonical());
        assert_eq!(price("10.00").to_number().to_string(), "10.00");
    }
}
