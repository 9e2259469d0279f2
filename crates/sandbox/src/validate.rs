//! What NiceChat accepts as the body of a write, field by field.

use serde_json::Value;
use url::Url;

use super::store::{Kind, Object};

/// What a value must be (NiceChat API page, the field lists of categories and products).
#[derive(Clone, Copy)]
enum FieldType {
    /// A string that isn't empty and can't be cleared.
    Name,
    Text,
    Flag,
    Price,
    /// Three letters; lower case in every sample of the page.
    Currency,
    /// "must be a full real URL" (section Create Product).
    Address,
    /// Only seen in the vendor's plug-in, so nothing is known of it.
    Anything,
}

type Fields = &'static [(&'static str, FieldType)];

const CATEGORY: Fields = &[
    ("id", FieldType::Name),
    ("name", FieldType::Name),
    ("is_enabled", FieldType::Flag),
    ("parent", FieldType::Text),
    ("version", FieldType::Text),
];

const PRODUCT: Fields = &[
    ("id", FieldType::Name),
    ("title", FieldType::Name),
    ("category", FieldType::Text),
    ("price", FieldType::Price),
    ("currency", FieldType::Currency),
    ("description", FieldType::Text),
    ("url", FieldType::Text),
    ("image_url", FieldType::Address),
    ("in_stock", FieldType::Flag),
    ("version", FieldType::Text),
    ("props", FieldType::Anything),
];

/// How much of an object a body has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it, its id too: a POST.
    New,
    /// All of it, the id being in the path: a PUT.
    Rewrite,
    /// Any fields: a PATCH.
    Change,
}

/// Reads the body of a write.
///
/// # Errors
/// A description for the envelope that names the field at fault. Fields that NiceChat doesn't know are
/// refused as well: what the real one would make of them is not known, so nobody should send them.
pub(super) fn body(kind: Kind, extent: Extent, bytes: &[u8]) -> Result<Object, String> {
    let object = object(bytes)?;
    let fields = fields_of(kind);
    for (name, value) in &object {
        let Some((_, field_type)) = fields.iter().find(|(known, _)| known == name) else {
            return Err(format!("{name}: unknown field"));
        };
        field_type.check(value).map_err(|problem| format!("{name}: {problem}"))?;
    }
    let missing = fields
        .iter()
        .filter(|(name, field_type)| is_required(name, *field_type, extent))
        .find(|(name, _)| !object.contains_key(*name));
    match missing {
        Some((name, _)) => Err(format!("{name}: required")),
        None => Ok(object),
    }
}

/// Reads a body that must be one JSON object.
///
/// # Errors
/// What it is instead, for people.
pub(super) fn object(bytes: &[u8]) -> Result<Object, String> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("The body is not a JSON object".to_owned()),
        Err(error) => Err(format!("The body is not JSON: {error}")),
    }
}

fn fields_of(kind: Kind) -> Fields {
    match kind {
        Kind::Category => CATEGORY,
        Kind::Product => PRODUCT,
    }
}

fn is_required(name: &str, field_type: FieldType, extent: Extent) -> bool {
    match extent {
        Extent::New => matches!(field_type, FieldType::Name),
        Extent::Rewrite => matches!(field_type, FieldType::Name) && name != "id",
        Extent::Change => false,
    }
}

impl FieldType {
    fn check(self, value: &Value) -> Result<(), &'static str> {
        let (good, wanted) = match (self, value) {
            (Self::Name, value) => {
                (value.as_str().is_some_and(|text| !text.trim().is_empty()), "must be a string that is not empty")
            }
            (_, Value::Null) => (true, ""),
            (Self::Text, value) => (value.is_string(), "must be a string or null"),
            (Self::Flag, value) => (value.is_boolean(), "must be true, false or null"),
            (Self::Price, value) => (is_price(value), "must be a number that is not negative, or null"),
            (Self::Currency, value) => (is_currency(value), "must be three lower-case letters, or null"),
            (Self::Address, value) => (is_address(value), "must be a full http or https URL, or null"),
            (Self::Anything, _) => (true, ""),
        };
        if good { Ok(()) } else { Err(wanted) }
    }
}

fn is_price(value: &Value) -> bool {
    value.as_f64().is_some_and(|price| price >= 0.0)
}

fn is_currency(value: &Value) -> bool {
    value.as_str().is_some_and(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn is_address(value: &Value) -> bool {
    value.as_str().and_then(|text| Url::parse(text).ok()).is_some_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(extent: Extent, text: &str) -> String {
        body(Kind::Product, extent, text.as_bytes()).expect_err(text)
    }

    #[test]
    fn a_refusal_names_the_field() {
        let cases = [
            (r#"{"title": "A"}"#, "id: required"),
            (r#"{"id": "", "title": "A"}"#, "id: must"),
            (r#"{"id": "1", "title": null}"#, "title: must"),
            (r#"{"id": "1", "title": "A", "price": "10.00"}"#, "price: must"),
            (r#"{"id": "1", "title": "A", "price": -1}"#, "price: must"),
            (r#"{"id": "1", "title": "A", "currency": "USD"}"#, "currency: must"),
            (r#"{"id": "1", "title": "A", "category": 7}"#, "category: must"),
            (r#"{"id": "1", "title": "A", "image_url": "/a.jpg"}"#, "image_url: must"),
            (r#"{"id": "1", "title": "A", "colour": "red"}"#, "colour: unknown"),
            (r#"{"id": "1""#, "The body is not JSON"),
            ("[]", "The body is not a JSON object"),
        ];
        for (text, start) in cases {
            let told = refusal(Extent::New, text);
            assert!(told.starts_with(start), "{text}: {told}");
        }
    }

    #[test]
    fn a_rewrite_needs_no_id_and_a_change_needs_nothing() {
        assert!(body(Kind::Product, Extent::Rewrite, br#"{"title": "A"}"#).is_ok());
        assert!(body(Kind::Category, Extent::Rewrite, br#"{"is_enabled": true}"#).is_err());
        assert!(body(Kind::Product, Extent::Change, br#"{"price": null}"#).is_ok());
        assert!(body(Kind::Product, Extent::Change, br#"{"title": null}"#).is_err());
    }
}
