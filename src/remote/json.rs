//! JSON as services write it: its strings may be cut within a character.

use std::borrow::Cow;

/// Of UTF-8, which some servers write before their answer.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The JSON text of a body. Bytes that are no UTF-8 become half a surrogate: they cost the string they stand in, not
/// the answer.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => return Cow::Borrowed(text.trim_start_matches(BYTE_ORDER_MARK)),
        Err(_) => body.utf8_chunks().fold(String::with_capacity(body.len()), |mut text, chunk| {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push_str("\\udc00");
            }
            text
        }),
    };
    Cow::Owned(text.trim_start_matches(BYTE_ORDER_MARK).to_owned())
}

/// JSON in which each half of a surrogate pair (`\ud83d` alone: a string that was cut within an emoji) is
/// U+FFFD. JSON allows it (RFC 8259, section 8.2), but there is no such character, and parsers refuse it.
pub(super) fn without_half_surrogates(json: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    let (mut from, mut at) = (0, 0);
    // Backslashes stand in strings only, each before what it escapes.
    while let Some(found) = memchr::memchr(b'\\', &json.as_bytes()[at..]) {
        let escape = at + found;
        at = match unit(json, escape) {
            Some(0xd800..=0xdbff) if matches!(unit(json, escape + 6), Some(0xdc00..=0xdfff)) => escape + 12,
            Some(0xd800..=0xdfff) => {
                whole.push_str(&json[from..escape]);
                whole.push('\u{fffd}');
                from = escape + 6;
                from
            }
            Some(_) => escape + 6,
            None => json.len().min(escape + 2),
        };
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    whole.push_str(&json[from..]);
    Cow::Owned(whole)
}

/// The UTF-16 unit that an escape of four digits names.
fn unit(json: &str, at: usize) -> Option<u16> {
    let escape = json.as_bytes().get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u").filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn half_a_surrogate_costs_itself() {
        for (json, text) in [
            (r#""a\ud800b""#, "a\u{fffd}b"),
            (r#""\udc00\ud83d\ude00\ud83d""#, "\u{fffd}😀\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\\ud800 \"\ud800\"""#, "\\ud800 \"\u{fffd}\""),
        ] {
            assert_eq!(serde_json::from_str::<String>(&without_half_surrogates(json)).ok().as_deref(), Some(text));
        }
        // What is no escape is left for the parser to refuse.
        for json in [r#""\u12""#, r#""\"#, r#""\ud800\u""#, "é\\é"] {
            assert!(serde_json::from_str::<String>(&without_half_surrogates(json)).is_err(), "{json}");
        }
        assert_eq!(text_of(b"\xef\xbb\xbf{\"a\":\"\xff\"}"), "{\"a\":\"\\udc00\"}");
        assert_eq!(text_of("{\"a\":\"\u{fffd}\"}".as_bytes()), "{\"a\":\"\u{fffd}\"}");
    }

    proptest! {
        #[test]
        fn whole_json_stays_as_it_is(text in any::<String>()) {
            let json = Value::from(text).to_string();
            prop_assert!(matches!(without_half_surrogates(&json), Cow::Borrowed(same) if same == json));
        }

        #[test]
        fn any_units_can_be_read(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let json = format!("\"{escaped}\"");
            let read: String = serde_json::from_str(&without_half_surrogates(&json))?;
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
        }
    }
}
