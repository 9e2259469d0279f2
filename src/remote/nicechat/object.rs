//! An object as an answer or a listing gives it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::catalog::{Digest, Fields, Id, digest_bytes};
use crate::remote::json::without_half_surrogates;

/// The fields that objects have (API page, "Edit Categories", "Edit Products"); others are not kept.
pub const FIELDS: [&str; 10] =
    ["category", "currency", "description", "image_url", "in_stock", "is_enabled", "name", "price", "title", "url"];
/// A string that is longer, in bytes, is kept by how it begins and a digest: none of a shop's is, and the state
/// must not grow with what somebody else writes.
const LONGEST_TEXT: usize = 64 << 10;
/// The same of numbers.
const LONGEST_NUMBER: usize = 100;
/// How much of what is not kept whole, in characters.
const BEGINNING: usize = 1_000;

/// What an answer says of one object.
pub(super) struct Seen {
    pub(super) id: SeenId,
    pub(super) fields: Fields,
}

/// An object's id as an answer has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SeenId {
    /// There is none.
    Missing,
    /// One that an object of ours could have.
    Usable(Id),
    /// A number of these digits, which is none of ours in a listing.
    Number(Id),
    /// Something else: empty, with blanks around it, half a character, twice, not a string.
    Odd,
}

impl Seen {
    /// Reads an object; `None` when it is none.
    pub(super) fn of(json: &RawValue) -> Option<Seen> {
        let whole = without_half_surrogates(json.get());
        let Members { id, fields } = serde_json::from_str(&whole).ok()?;
        let id = match id.as_slice() {
            [] => SeenId::Missing,
            // What was not a character before it was mended names nothing.
            [id] if matches!(whole, Cow::Owned(_)) && id.get().contains('\u{fffd}') => SeenId::Odd,
            [id] => id_of(id),
            _ => SeenId::Odd,
        };
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), kept(value))).collect();
        Some(Seen { id, fields })
    }
}

/// An id as we could have sent it, which is a text.
fn id_of(json: &RawValue) -> SeenId {
    let digits = json.get();
    let number = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let text = serde_json::from_str(digits).ok();
    // Ours are trimmed.
    let parsed = |text: &str| Id::parse(text).ok().filter(|id| id.as_str() == text);
    match (text, number) {
        (Some::<String>(text), _) => parsed(&text).map_or(SeenId::Odd, SeenId::Usable),
        (None, Some(digits)) => parsed(digits).map_or(SeenId::Odd, SeenId::Number),
        (None, None) => SeenId::Odd,
    }
}

/// A field's value. What no field of ours can be is kept as a string, which equals none of ours.
fn kept(json: &RawValue) -> Value {
    let json = json.get();
    match json.as_bytes() {
        [b'{' | b'[', ..] => Value::String(beginning(json)),
        [b'"', ..] => match serde_json::from_str::<String>(json) {
            Ok(text) if text.len() <= LONGEST_TEXT => Value::String(text),
            Ok(text) => Value::String(beginning(&text)),
            Err(_) => Value::String(beginning(json)),
        },
        number if number.len() > LONGEST_NUMBER => Value::String(beginning(json)),
        _ => serde_json::from_str(json).unwrap_or_default(),
    }
}

fn beginning(text: &str) -> String {
    let digest: Digest = digest_bytes(text.as_bytes());
    let start: String = text.chars().take(BEGINNING).collect();
    format!("{start}… ({} bytes, {digest:032x})", text.len())
}

/// The members of an object that count.
struct Members<'a> {
    id: Vec<&'a RawValue>,
    fields: Vec<(&'static str, &'a RawValue)>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members { id: Vec::new(), fields: Vec::new() };
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match FIELDS.iter().find(|field| **field == name) {
                Some(field) => members.fields.push((field, map.next_value()?)),
                None if name == "id" => members.id.push(map.next_value()?),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(json: &str) -> Option<Seen> {
        Seen::of(serde_json::from_str(json).expect("JSON"))
    }

    #[test]
    fn ids_are_ours_or_odd() {
        assert_eq!(seen("{\"id\":7}").map(|seen| seen.id), Some(SeenId::Number(Id::parse("7").expect("an id"))));
        for (id, expected) in [
            (r#""id":"A 1""#, Some("A 1")),
            (r#""id":"7""#, Some("7")),
            (r#""id":"\ud83d\ude00""#, Some("😀")),
            (r#""id":"""#, None),
            (r#""id":" A""#, None),
            (r#""id":"A\n""#, None),
            (r#""id":".""#, None),
            (r#""id":"..""#, None),
            (r#""id":null"#, None),
            (r#""id":7.0"#, None),
            (r#""id":-7"#, None),
            (r#""id":true"#, None),
            (r#""id":["A"]"#, None),
            (r#""id":{"id":"A"}"#, None),
            (r#""id":"a\ud800""#, None),
            (r#""id":"A","id":"A""#, None),
        ] {
            let found = seen(&format!("{{\"title\":\"\\ud83d\",{id}}}")).expect(id);
            let wanted = expected.map_or(SeenId::Odd, |id| SeenId::Usable(Id::parse(id).expect("an id")));
            assert_eq!((found.id, &found.fields["title"]), (wanted, &json!("\u{fffd}")), "{id}");
        }
        assert_eq!(seen("{}").map(|seen| seen.id), Some(SeenId::Missing));
        for none in ["[]", "null", "\"A\"", "7"] {
            assert!(seen(none).is_none(), "{none}");
        }
    }

    #[test]
    fn values_are_kept_within_bounds() {
        let long = "ä".repeat(100_000);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let json = format!(
            r#"{{"id":"A","title":"{long}","price":10.00,"url":{deep},"more":{deep},"category":{{"id":"C"}},"in_stock":false,"description":null}}"#
        );
        let fields = seen(&json).expect("an object").fields;
        assert_eq!(fields["price"].to_string(), "10.00");
        assert_eq!((&fields["in_stock"], &fields["description"]), (&json!(false), &Value::Null));
        assert!(fields["category"].as_str().is_some_and(|text| text.starts_with(r#"{"id":"C"}"#)));
        for name in ["title", "url"] {
            let kept = fields[name].as_str().expect("a string");
            assert!(kept.len() < 3_000, "{name}: {}", kept.len());
        }
        assert!(!fields.contains_key("more"));
    }
}
