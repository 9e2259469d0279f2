//! Telephone numbers: how one is written, what is offered, and what somebody wants of it.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

/// The digits of a number, the country's code included (E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A number in its international form (E.164): `+`, a digit from 1 to 9, and 7 to 14 more.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads the one form that it is written in.
    pub fn parse(text: &str) -> Option<PhoneNumber> {
        let digits = text.strip_prefix('+')?;
        let is_right = DIGITS.contains(&digits.len()) && begins_well(digits);
        is_right.then(|| PhoneNumber(text.to_owned()))
    }

    /// The number that somebody probably meant who wrote it in another form; `None` = that can't be told.
    ///
    /// Numbers are bought for ever: what holds more than digits and what groups them may be another number, and one without
    /// the country's code is of any country, but for eleven digits that begin with North America's.
    pub fn meant(text: &str) -> Option<PhoneNumber> {
        let text = text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text).trim_start();
        let rest = text.strip_prefix(['+', '＋']).or_else(|| text.strip_prefix("00"));
        let is_american = || text.starts_with('1') && text.chars().filter(char::is_ascii_digit).count() == 11;
        let rest = rest.or_else(|| is_american().then_some(text))?;
        // A zero that is dialled only within the country.
        let rest = rest.replace("(0)", "");
        let is_between =
            |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}');
        let digits: String = rest.chars().filter(|c| !is_between(*c)).collect();
        PhoneNumber::parse(&format!("+{digits}"))
    }

    /// Reads a number that a person wrote.
    ///
    /// # Errors
    /// In words, when it is none; with what was probably meant.
    pub fn read(text: &str) -> Result<PhoneNumber, String> {
        PhoneNumber::parse(text).ok_or_else(|| {
            let meant = PhoneNumber::meant(text).map(|meant| format!("; did you mean \"{meant}\"?"));
            format!(
                "expected + and the country's code, then digits only, such as \"+13055550100\"{}",
                meant.unwrap_or_default()
            )
        })
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn begins_well(digits: &str) -> bool {
    matches!(digits.bytes().next(), Some(b'1'..=b'9')) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for PhoneNumber {
    /// As numbers: a shorter one is lower.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for PhoneNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The number.
    pub number: PhoneNumber,
    /// Its town, if that was told.
    pub locality: Option<String>,
    /// Its region, likewise.
    pub region: Option<String>,
}

/// What somebody wants of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Wanted {
    /// This one.
    Number(PhoneNumber),
    /// Any that fits.
    Choose(Choice),
}

impl Wanted {
    /// The number, where it has to be a certain one.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self {
            Wanted::Number(number) => Some(number),
            Wanted::Choose(_) => None,
        }
    }

    /// Whether a number that is offered would do.
    pub fn fits(&self, offer: &Offer) -> bool {
        match self {
            Wanted::Number(number) => offer.number == *number,
            Wanted::Choose(choice) => choice.fits(offer),
        }
    }
}

/// Which numbers will do: those that are all of this. At least one of the three is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    locality: Option<String>,
    region: Option<String>,
    prefix: Option<String>,
}

impl Choice {
    /// What three texts ask for.
    ///
    /// # Errors
    /// In words, when they ask for nothing, or for what no number begins with.
    pub fn new(locality: Option<String>, region: Option<String>, prefix: Option<String>) -> Result<Choice, String> {
        if [&locality, &region, &prefix].iter().all(|part| part.is_none()) {
            return Err("expected at least one of locality, region and prefix".to_owned());
        }
        if [&locality, &region].iter().any(|part| part.as_ref().is_some_and(|text| text.trim().is_empty())) {
            return Err("locality and region can't be empty: leave out what doesn't matter".to_owned());
        }
        let is_beginning = |prefix: &str| {
            prefix.strip_prefix('+').is_some_and(|digits| digits.len() <= *DIGITS.end() && begins_well(digits))
        };
        if prefix.as_ref().is_some_and(|prefix| !is_beginning(prefix)) {
            return Err("expected a prefix of + and the country's code, then digits only, such as \"+1904\"".to_owned());
        }
        Ok(Choice { locality, region, prefix })
    }

    fn fits(&self, offer: &Offer) -> bool {
        let is_same = |wanted: &Option<String>, offered: &Option<String>| {
            let plain = |text: &String| text.trim().to_lowercase();
            wanted.is_none() || wanted.as_ref().map(plain) == offered.as_ref().map(plain)
        };
        is_same(&self.locality, &offer.locality)
            && is_same(&self.region, &offer.region)
            && self.prefix.as_ref().is_none_or(|prefix| offer.number.as_str().starts_with(prefix))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("locality", &self.locality), ("region", &self.region), ("prefix", &self.prefix)];
        let parts = parts.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}")));
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_is_a_number() {
        for text in ["+13055550100", "+12345678", "+123456789012345"] {
            assert_eq!(PhoneNumber::parse(text).expect(text).as_str(), text);
        }
        for text in [
            "",
            "+",
            "13055550100",
            "+03055550100",
            "+1234567",
            "+1234567890123456",
            "+1 3055550100",
            "+1305555010x",
            " +13055550100",
            "+１３０５５５５０１００",
        ] {
            assert_eq!(PhoneNumber::parse(text), None, "{text}");
        }
    }

    #[test]
    fn other_forms_tell_what_was_meant() {
        for (text, meant) in [
            ("+1 (305) 555-0100", Some("+13055550100")),
            ("13055550100", Some("+13055550100")),
            ("001 305 555 0100", Some("+13055550100")),
            ("tel:+1-305-555-0100", Some("+13055550100")),
            ("+49 (0)30 1234567", Some("+49301234567")),
            ("0305 555 0100", None),
            ("1 (305) 555-0100", Some("+13055550100")),
            ("＋1 305 555 0100", Some("+13055550100")),
            // Other numbers than these, or of any country.
            ("+1305555O100", None),
            ("+1305555010a", None),
            ("+1305555010٣", None),
            ("(305) 555-0100", None),
            ("+1 (305) 555-0100 ext 12", None),
            ("+1 305 555 0100 +1 305 555 0101", None),
            ("call us", None),
        ] {
            let told = PhoneNumber::read(text).expect_err(text);
            let offer = meant.map_or_else(String::new, |meant| format!("; did you mean \"{meant}\"?"));
            assert!(told.ends_with(&format!("such as \"+13055550100\"{offer}")), "{text}: {told}");
        }
    }

    #[test]
    fn numbers_are_in_the_order_of_numbers() {
        let mut numbers = ["+200000000", "+19999999", "+11111111"].map(|text| PhoneNumber::parse(text).expect(text));
        numbers.sort();
        assert_eq!(numbers.each_ref().map(PhoneNumber::as_str), ["+11111111", "+19999999", "+200000000"]);
    }

    #[test]
    fn what_fits_is_all_that_is_asked_for() {
        let offer = Offer {
            number: PhoneNumber::parse("+19045550100").expect("a number"),
            locality: Some("Jacksonville".to_owned()),
            region: None,
        };
        let fits = |locality: Option<&str>, region: Option<&str>, prefix: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            Choice::new(owned(locality), owned(region), owned(prefix)).expect("a choice").fits(&offer)
        };
        assert!(fits(Some("jacksonville "), None, Some("+1904")) && fits(None, None, Some("+1")));
        assert!(!fits(Some("Miami"), None, None) && !fits(None, Some("FL"), None) && !fits(None, None, Some("+1905")));
        assert!(Choice::new(None, None, None).is_err() && Choice::new(Some(" ".to_owned()), None, None).is_err());
        for prefix in ["", "+", "1904", "+0", "+1 904"] {
            assert!(Choice::new(None, None, Some(prefix.to_owned())).is_err(), "{prefix}");
        }
    }
}
