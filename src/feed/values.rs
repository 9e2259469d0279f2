//! What the values in a feed's cells and elements mean, whichever format carries them.

use std::borrow::Cow;

use memchr::memchr2;

/// What a spreadsheet writes into a cell that it can't compute.
const SPREADSHEET_ERRORS: [&str; 10] =
    ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#ERROR!"];

/// What a program writes for a value that it doesn't have, in lower case.
const NOTHINGS: [&str; 3] = ["nan", "null", "none"];

/// A string without white space around it and without control characters (a stray 0x0B would make
/// the JSON or XML of the next system unreadable), its lines ended by LF alone (XML 1.0, section 2.11,
/// and for the same reason in text feeds: other line ends are no change). Nothing left = `None`.
pub(super) fn tidy(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let text = match text {
        text if !may_need_work(text.as_bytes()) => text,
        text => Cow::Owned(plain_lines(&text)),
    };
    let trimmed = text.trim();
    match text {
        _ if trimmed.is_empty() || is_placeholder(trimmed) => None,
        Cow::Borrowed(_) if trimmed.len() == text.len() => Some(text),
        Cow::Borrowed(text) => Some(Cow::Borrowed(text.trim())),
        Cow::Owned(ref owned) => Some(Cow::Owned(owned.trim().to_owned())),
    }
}

/// Whether some byte may be of a control character other than tab and LF: looking at bytes is
/// fast; looking at characters would take longer than everything else that is done with a value.
fn may_need_work(bytes: &[u8]) -> bool {
    let is_suspect = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n')) || byte == 0x7f || byte == 0xc2;
    bytes.iter().fold(false, |found, byte| found | is_suspect(*byte))
}

fn plain_lines(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // CR CR LF is what an exporter leaves that turned its line ends twice.
            '\r' => {
                while letters.next_if_eq(&'\r').is_some() {}
                letters.next_if_eq(&'\n');
                plain.push('\n');
            }
            '\t' | '\n' => plain.push(letter),
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain
}

/// Whether the whole text only says that there is none.
fn is_placeholder(text: &str) -> bool {
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    match text.as_bytes() {
        [b'#', ..] => SPREADSHEET_ERRORS.iter().any(is),
        [_, _, _] | [_, _, _, _] => NOTHINGS.iter().any(is),
        _ => false,
    }
}

/// What an availability says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stock {
    In,
    Out,
    /// A word that nobody defined: not in stock, and reported.
    Unknown,
}

/// Google's words and schema.org's, in any case, with blanks, hyphens or underscores between them or
/// nothing. Preorder and backorder can't be had now.
pub(super) fn availability(text: &str) -> Stock {
    // As nearly all write it.
    match text {
        "in stock" | "in_stock" => return Stock::In,
        "out of stock" | "out_of_stock" => return Stock::Out,
        _ => {}
    }
    let lower = text.trim().to_lowercase();
    let word = lower.trim_end_matches('/');
    let word = [
        "http://schema.org/",
        "https://schema.org/",
        "http://www.schema.org/",
        "https://www.schema.org/",
        "schema.org/",
        "schema:",
    ]
    .iter()
    .find_map(|address| word.strip_prefix(address))
    .unwrap_or(word);
    let letters: String = word.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).collect();
    match letters.as_str() {
        "instock" | "limitedavailability" | "availablefororder" | "instoreonly" | "onlineonly" => Stock::In,
        "outofstock" | "preorder" | "backorder" | "presale" | "soldout" | "discontinued" | "madetoorder"
        | "reserved" => Stock::Out,
        _ => Stock::Unknown,
    }
}

/// The reason why a value with undecodable bytes is rejected.
pub(super) const UNREADABLE: &str = "a letter in it can't be read";

/// Words in broken markup that may be ids.
pub(super) fn words(xml: &str) -> impl Iterator<Item = &str> {
    xml.split(['<', '>', '"', '\'', '=', '\n', '\r', '\t', ' '])
}

/// The first of several addresses. A comma may stand in an address, and so only counts before the beginning of another
/// one; a bar hardly ever does, but in a whole address it counts only so, or with a blank beside it.
pub(super) fn first_address(text: &str) -> Option<&str> {
    if is_one_address(text) {
        return Some(text.trim()).filter(|address| !address.is_empty());
    }
    addresses(text).next()
}

/// Gives all addresses to `each`.
pub(super) fn each_address(text: &str, mut each: impl FnMut(&str)) {
    if is_one_address(text) {
        first_address(text).into_iter().for_each(each)
    } else {
        addresses(text).for_each(&mut each)
    }
}

/// Whether nothing in a text could stand between two addresses.
fn is_one_address(text: &str) -> bool {
    memchr2(b',', b'|', text.as_bytes()).is_none()
}

/// All of several addresses: see [`first_address`].
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let begins = |rest: &str| {
        let head: String = rest.trim_start().chars().take(8).flat_map(char::to_lowercase).collect();
        ["http://", "https://", "//"].iter().any(|scheme| head.starts_with(scheme))
    };
    let is_end = move |at: usize, separator: &str| {
        // Between two separators nothing is named.
        let (before, rest) = (&text[..at], text[at + 1..].trim_start_matches([' ', ',', '|']));
        let is_loose = !begins(text) || before.ends_with(' ') || text[at + 1..].starts_with(' ');
        rest.trim().is_empty() || begins(rest) || (separator == "|" && is_loose)
    };
    let ends = text.match_indices([',', '|']).filter(move |(at, separator)| is_end(*at, separator)).map(|(at, _)| at);
    let parts = ends.chain([text.len()]).scan(0, move |from, at| {
        let part = text[*from..at].trim();
        *from = at + 1;
        Some(part)
    });
    parts.filter(|part| !part.is_empty())
}

/// What a truth value says, in the words that exporters use for it.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "on" | "да" | "+" => Some(true),
        "false" | "0" | "no" | "n" | "off" | "нет" | "-" => Some(false),
        _ => None,
    }
}

/// A number of pieces, with or without a unit: `5`, `5 шт.`, `2,5 м2`, `>10`, `10+`, `-1`, `1 250`, `1,250.00`.
pub(super) fn quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_more = text.starts_with('>');
    let text = without_groups(text.trim_start_matches(['>', '~', '≥']).trim_start());
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+');
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let is_whole = is_unit(text[end..].trim());
    let number = text[..end].trim_end_matches('+').replace(',', ".");
    let quantity = number.parse().ok().filter(|quantity: &f64| is_whole && quantity.is_finite())?;
    // More than none are some.
    Some(if is_more && quantity == 0.0 { 1.0 } else { quantity })
}

/// Whether what stands behind a number can be its unit, or is nothing: `шт/уп.`, `м²`, `м2`.
fn is_unit(text: &str) -> bool {
    let is_word = |word: &str| {
        let metres = word.strip_suffix(['2', '3']).filter(|metres| metres.ends_with(['м', 'М', 'm', 'M']));
        metres.unwrap_or(word).chars().all(|c| c.is_alphabetic() || matches!(c, '²' | '³'))
    };
    text.split(|c: char| c.is_whitespace() || matches!(c, '.' | '/')).all(is_word)
}

/// Without what stands between a number's groups of three digits: blanks, or a mark that can't be the decimal one.
fn without_groups(text: &str) -> Cow<'_, str> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let start = usize::from(text.starts_with('-'));
    let mut end = start + digits(&text[start..]);
    if !(1..=3).contains(&(end - start)) || text[start..].starts_with('0') {
        return Cow::Borrowed(text);
    }
    let mark = text[end..].chars().next().filter(|c| matches!(c, ',' | '.'));
    let is_between = |c: &char| mark.map_or(c.is_whitespace(), |mark| *c == mark);
    let mut plain = text[..end].to_owned();
    let mut groups = 0;
    while let Some(between) = text[end..].chars().next().filter(is_between) {
        let group = end + between.len_utf8();
        if digits(&text[group..]) != 3 {
            break;
        }
        plain.push_str(&text[group..group + 3]);
        end = group + 3;
        groups += 1;
    }
    let is_sure = match (mark, text[end..].chars().next()) {
        (None, _) => true,
        (Some(mark), Some(next @ (',' | '.'))) => next != mark,
        // One mark before three digits may be the decimal one.
        (Some(_), _) => groups > 1,
    };
    if is_sure { Cow::Owned(plain + &text[end..]) } else { Cow::Borrowed(text) }
}

/// Whether two names differ in one letter: what damage makes of a name that we would have read.
pub(super) fn is_misspelt(name: &str, meant: &str) -> bool {
    let (name, meant) = (name.as_bytes(), meant.as_bytes());
    let same_start = name.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let same_end =
        |longest: usize| name.iter().rev().zip(meant.iter().rev()).take(longest).take_while(|(a, b)| a == b).count();
    let shorter = name.len().min(meant.len());
    let rest = shorter - same_start;
    name != meant && name.len().abs_diff(meant.len()) <= 1 && {
        let different = shorter - same_start - same_end(rest);
        // One letter more or fewer, or one that is another.
        if name.len() == meant.len() { different == 1 } else { different == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_blanks_go() {
        assert_eq!(tidy(Cow::Borrowed(" a\u{b}b\u{a0}")).as_deref(), Some("ab"));
        assert_eq!(tidy(Cow::Borrowed(" \u{0} ")), None);
        assert_eq!(tidy(Cow::Borrowed("a\r\nb\rc\r\r\nd\n")).as_deref(), Some("a\nb\nc\nd"));
    }

    #[test]
    fn placeholders_are_empty_only_as_whole_cells() {
        for nothing in ["#N/A", " #REF! ", "#value!", "nan", "NaN", "NULL", "None", "none"] {
            assert_eq!(tidy(Cow::Borrowed(nothing)), None, "{nothing}");
        }
        for text in ["Nonesuch", "#N/A 5", "Null-Modem", "nano", "#1"] {
            assert_eq!(tidy(Cow::Borrowed(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn words_for_stock() {
        for word in [
            "in stock",
            "in_stock",
            "IN STOCK",
            "instock",
            "InStock",
            "in-stock",
            "https://schema.org/InStock",
            "http://schema.org/InStock/",
            "limited availability",
            "LimitedAvailability",
            "available for order",
        ] {
            assert_eq!(availability(word), Stock::In, "{word}");
        }
        for word in [
            "out of stock",
            "out_of_stock",
            "OutOfStock",
            "preorder",
            "pre-order",
            "backorder",
            "http://schema.org/SoldOut",
        ] {
            assert_eq!(availability(word), Stock::Out, "{word}");
        }
        for word in ["in stok", "yes", "available", "auf Lager", "https://schema.example/InStock"] {
            assert_eq!(availability(word), Stock::Unknown, "{word}");
        }
    }

    #[test]
    fn several_addresses() {
        for (text, first) in [
            ("https://a.example/1.jpg,https://a.example/2.jpg", "https://a.example/1.jpg"),
            ("https://a.example/1.jpg | https://a.example/2.jpg", "https://a.example/1.jpg"),
            ("https://a.example/1.jpg|https://a.example/2.jpg", "https://a.example/1.jpg"),
            ("https://a.example/1.jpg, ,https://a.example/2.jpg", "https://a.example/1.jpg"),
            ("https://a.example/1.jpg,,", "https://a.example/1.jpg"),
            (", https://a.example/1.jpg ,HTTP://a.example/2.jpg", "https://a.example/1.jpg"),
            ("https://a.example/?size=1,2", "https://a.example/?size=1,2"),
            ("https://a.example/1.jpg,", "https://a.example/1.jpg"),
            ("/1.jpg", "/1.jpg"),
        ] {
            assert_eq!(first_address(text), Some(first), "{text}");
        }
        assert_eq!(first_address(" | "), None);
    }

    #[test]
    fn numbers_of_pieces() {
        for (text, expected) in [
            ("5", 5.0),
            ("5 шт.", 5.0),
            ("0шт", 0.0),
            ("2,5 м", 2.5),
            ("-1", -1.0),
            (">10", 10.0),
            ("10+", 10.0),
            (">0", 1.0),
            ("> 0 шт.", 1.0),
            ("≥0", 0.0),
            ("1 250", 1250.0),
            ("1\u{a0}250\u{202f}000 шт.", 1_250_000.0),
        ] {
            assert_eq!(quantity(text), Some(expected), "{text}");
        }
        for text in
            ["", "many", "5 5", "5 50", "5 5000", "0 100", "2024 100", "2,5 250", "1.2.3", "5<", "NaN", "inf", "1e3"]
        {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn units_of_numbers() {
        for (text, expected) in [
            ("12.5 м2", 12.5),
            ("0 м3", 0.0),
            ("2m2", 2.0),
            ("3 M3", 3.0),
            ("4 sqm", 4.0),
            ("7 кв.м", 7.0),
            ("5 шт/уп", 5.0),
            ("0 м2/уп.", 0.0),
        ] {
            assert_eq!(quantity(text), Some(expected), "{text}");
        }
        for text in ["5/10", "5 м22", "5 м4", "5 м 2", "5 x3", "5 2"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn groups_of_digits() {
        for (text, expected) in [
            (">1 250", 1250.0),
            ("-1 250", -1250.0),
            ("1,250.00", 1250.0),
            ("1.250,5 м2", 1250.5),
            ("-1,250.00", -1250.0),
            ("1,234,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            // As it is read where nothing says otherwise.
            ("1,250", 1.25),
        ] {
            assert_eq!(quantity(text), Some(expected), "{text}");
        }
        for text in ["1.250.00", "1,234,567,8", "1,25,000", "0,250.00"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn one_letter_off() {
        for name in ["avalable", "availablee", "evailable", "available_"] {
            assert!(is_misspelt(name, "available"), "{name}");
        }
        for name in ["available", "availability", "vailabel", "id", ""] {
            assert!(!is_misspelt(name, "available"), "{name}");
        }
        assert!(
            is_misspelt("i", "id") && is_misspelt("iid", "id") && !is_misspelt("x", "id") && is_misspelt("bid", "id")
        );
    }
}
