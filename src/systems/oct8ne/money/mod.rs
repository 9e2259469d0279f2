//! Prices as the customer's locale writes them: CLDR's currency formats, from a table of its facts. A crate that brings
//! them (icu_experimental) would take more room in the program than all that it is needed for here.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::config::OLD_LANGUAGES;

/// The facts; its head says where they are from.
const CLDR: &str = include_str!("cldr.txt");

/// A locale that prices can be written in.
#[derive(Debug, Clone)]
pub(super) struct Locale {
    /// As it was asked for, as far as it is known: language, script, region.
    name: String,
    row: Row,
    /// How it writes the euro.
    euro: Row,
}

/// How a locale writes money.
#[derive(Debug, Clone, Copy)]
struct Row {
    zero: char,
    decimal: &'static str,
    group: &'static str,
    /// Digits that there must be before the first group.
    least: usize,
    /// Digits of the groups before the last.
    size: usize,
    pattern: &'static str,
    /// The first list that has a currency counts.
    symbols: [&'static str; 2],
}

impl Default for Locale {
    /// English, as Unicode's root would be if it had an alphabet.
    fn default() -> Locale {
        let row = Row { zero: '0', decimal: ".", group: ",", least: 1, size: 3, pattern: "¤#", symbols: [""; 2] };
        Locale { name: "en".to_owned(), row, euro: row }
    }
}

impl Locale {
    /// A locale by its name, in any case, with hyphens or underscores. A region that we don't know is let go; `None` = we
    /// don't know the language.
    pub(super) fn parse(name: &str) -> Option<Locale> {
        let mut parts = name.trim().split(['-', '_']);
        let language = parts.next()?.to_ascii_lowercase();
        let renamed = OLD_LANGUAGES.iter().find(|(old, _)| *old == language);
        let language = renamed.map_or(language, |(_, new)| (*new).to_owned());
        let (mut script, mut region) = (None, None);
        for part in parts {
            let is_all = |test: fn(&u8) -> bool| part.bytes().all(|byte| test(&byte));
            match part.len() {
                4 if script.is_none() && region.is_none() && is_all(u8::is_ascii_alphabetic) => {
                    script = Some(part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase());
                }
                2 if region.is_none() && is_all(u8::is_ascii_alphabetic) => region = Some(part.to_ascii_uppercase()),
                3 if region.is_none() && is_all(u8::is_ascii_digit) => region = Some(part.to_owned()),
                // Extensions and variants say nothing that we obey.
                _ => break,
            }
        }
        let join =
            |parts: &[Option<&String>]| parts.iter().flatten().fold(language.clone(), |name, part| name + "-" + part);
        let (script, region) = (script.as_ref(), region.as_ref());
        let names = [join(&[script, region]), join(&[region]), join(&[script]), language.clone()];
        let (known, own) = names.iter().find_map(|name| Some((name, row(name)?)))?;
        let euro = row(&format!("{known}/EUR")).unwrap_or(own);
        Some(Locale { name: join(&[script, region]), row: own, euro })
    }

    /// The language's code.
    pub(super) fn language(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    /// A price in a currency, or as a plain number.
    pub(super) fn money(&self, amount: Decimal, currency: Option<&str>) -> String {
        let Some(currency) = currency else {
            let number = self.row.number(amount.abs(), amount.normalize().scale());
            return self.signed(amount, "#").replace('#', &number);
        };
        let currency = currency.to_ascii_uppercase();
        let row = if currency == "EUR" { &self.euro } else { &self.row };
        let amount = amount.round_dp_with_strategy(decimals(&currency), RoundingStrategy::MidpointAwayFromZero);
        let number = row.number(amount.abs(), decimals(&currency));
        let own = row.symbols.into_iter().find_map(|list| entry(list, &currency));
        let symbol = own.or_else(|| entry(line("symbols"), &currency)).unwrap_or(&currency);
        let pattern = row.pattern;
        let is_letter = |letter: Option<char>| letter.is_some_and(|c| c.is_alphabetic() || c.is_numeric() || c == '.');
        // CLDR's currencySpacing: a symbol of letters doesn't touch the number.
        let pattern = match () {
            () if pattern.contains("¤#") && is_letter(symbol.chars().next_back()) => pattern.replace("¤#", "¤\u{a0}#"),
            () if pattern.contains("#¤") && is_letter(symbol.chars().next()) => pattern.replace("#¤", "#\u{a0}¤"),
            () => pattern.to_owned(),
        };
        self.signed(amount, &pattern).replace('#', &number).replace('¤', symbol)
    }

    /// A pattern with the sign of an amount, where the locale has it: before all, or before the number.
    fn signed(&self, amount: Decimal, pattern: &str) -> String {
        if amount >= Decimal::ZERO {
            return pattern.to_owned();
        }
        match self.language() {
            "nl" | "lo" => pattern.replace('#', "-#"),
            "ar" | "he" => pattern.replace('#', "\u{200e}-#"),
            "fa" => pattern.replacen('\u{200e}', "\u{200e}\u{2212}\u{200e}", 1),
            "et" | "eu" | "fi" | "fo" | "gsw" | "hr" | "lt" | "nb" | "nn" | "no" | "se" | "sl" | "sv" => {
                format!("\u{2212}{pattern}")
            }
            _ => format!("-{pattern}"),
        }
    }
}

impl Row {
    /// Digits and what stands between them.
    fn number(&self, amount: Decimal, decimals: u32) -> String {
        let mut rounded = amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(decimals);
        let text = rounded.to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let mut number = grouped(whole, self);
        if !part.is_empty() {
            number += self.decimal;
            number += part;
        }
        if self.zero == '0' {
            return number;
        }
        let own = |letter: char| {
            let digit = letter.to_digit(10)?;
            char::from_u32(u32::from(self.zero) + digit)
        };
        number.chars().map(|letter| own(letter).unwrap_or(letter)).collect()
    }
}

fn grouped(whole: &str, row: &Row) -> String {
    if whole.len() < 3 + row.least {
        return whole.to_owned();
    }
    let (mut head, last) = whole.split_at(whole.len() - 3);
    let mut groups = vec![last];
    while head.len() > row.size {
        let (rest, group) = head.split_at(head.len() - row.size);
        groups.push(group);
        head = rest;
    }
    groups.push(head);
    groups.reverse();
    groups.join(row.group)
}

/// How many decimals a currency has.
fn decimals(currency: &str) -> u32 {
    entry(line("decimals"), currency).and_then(|digits| digits.parse().ok()).unwrap_or(2)
}

/// What a list of `NAME=value` has for a name.
fn entry(list: &'static str, name: &str) -> Option<&'static str> {
    list.split(';').filter_map(|entry| entry.split_once('=')).find(|(other, _)| *other == name).map(|(_, value)| value)
}

/// The rest of the table's line that begins so.
fn line(name: &str) -> &'static str {
    let rest = |line: &'static str| line.strip_prefix(name)?.strip_prefix('|');
    CLDR.lines().find_map(rest).unwrap_or_default()
}

fn row(name: &str) -> Option<Row> {
    let own = line(name);
    let (own, more) = match own.strip_prefix('=') {
        Some(like) => like.split_once('|').map_or((line(like), ""), |(other, more)| (line(other), more)),
        None => (own, ""),
    };
    let mut cells = Some(own).filter(|line| !line.is_empty())?.split('|');
    let mut next = || cells.next();
    Some(Row {
        zero: next()?.chars().next()?,
        decimal: next()?,
        group: next()?,
        least: next()?.parse().ok()?,
        size: next()?.parse().ok()?,
        pattern: next()?,
        symbols: [more, next()?],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn money(locale: &str, amount: &str, currency: &str) -> String {
        let locale = Locale::parse(locale).expect(locale);
        locale.money(amount.parse().expect(amount), Some(currency))
    }

    /// Made with ICU 78 (CLDR 48): 116 locales, 12 currencies.
    #[test]
    fn prices_are_those_of_cldr() {
        let golden = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/oct8ne/money.tsv"));
        let mut wrong = Vec::new();
        for line in golden.lines() {
            let [locale, currency, amount, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let found = money(locale, amount, currency);
            if found != expected {
                wrong.push(format!("{line}: {found}"));
            }
        }
        assert!(
            golden.lines().count() > 2_000 && wrong.is_empty(),
            "{}: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(20)]
        );
    }

    /// What the settings may name is what the table has.
    #[test]
    fn the_languages_are_those_of_the_settings() {
        let rows = CLDR.lines().filter_map(|line| line.split(['|', '-']).next());
        let ours = rows.filter(|name| !name.starts_with('#') && !matches!(*name, "symbols" | "decimals"));
        let ours: BTreeSet<&str> = ours.collect();
        assert_eq!(ours, crate::config::LANGUAGES.split(' ').collect());
        assert!(OLD_LANGUAGES.iter().all(|(old, _)| Locale::parse(old).is_some()));
    }

    #[test]
    fn the_examples() {
        assert_eq!(money("es-ES", "1500", "EUR"), "1500,00\u{a0}€");
        assert_eq!(money("de-DE", "1500", "eur"), "1.500,00\u{a0}€");
        assert_eq!(money("en_us", "1500", "EUR"), "€1,500.00");
        assert_eq!(money("ja-JP", "1234.5", "JPY"), "￥1,235");
        assert_eq!(money("sv-SE", "1500", "SEK"), "1\u{a0}500,00\u{a0}kr");
        assert_eq!(money("ES-zz", "0.005", "EUR"), "0,01\u{a0}€");
        assert_eq!(money("es-ES", "-1500.5", "EUR"), "-1500,50\u{a0}€");
        assert_eq!(money("en-US", "-1500.5", "EUR"), "-€1,500.50");
        assert_eq!(money("sv-SE", "-5", "SEK"), "\u{2212}5,00\u{a0}kr");
        assert_eq!(money("nl-NL", "-5", "EUR"), "€\u{a0}-5,00");
        assert_eq!(money("en-US", "-0.001", "EUR"), "€0.00");
        assert_eq!((money("en-AU", "5", "AUD"), money("es-MX", "5", "MXN")), ("$5.00".to_owned(), "$5.00".to_owned()));
        assert_eq!(money("fr-FR", "1500", "XAF"), "1\u{202f}500\u{a0}FCFA");
        assert!(Locale::parse("jp-JP").is_none() && Locale::parse("").is_none() && Locale::parse("symbols").is_none());
        let english = Locale::parse("en-US-u-nu-arab").expect("a locale");
        assert_eq!(english.money("1234.50".parse().expect("a number"), None), "1,234.5");
    }
}
