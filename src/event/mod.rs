//! Scheduled events of Lagerkoll: the words that settings, state, mirror and reports share.
//!
//! An [`Event`] is kept whole, with whatever the service adds to it. Its [`Content`] is the part that
//! can be written: what triggers it and what happens then.

mod content;
mod when;

use serde_json::Value;
use thiserror::Error;

pub use crate::catalog::Fields;
pub use content::Content;
pub use when::{Start, When};

/// A scheduled event as the service lists it.
///
/// Two are equal when they have the same values: the order of keys counts for nothing, and numbers
/// are compared by their digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    id: i64,
    fields: Fields,
}

/// Why something is not a scheduled event (API page, class ScheduledEvent).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    /// A number or a string, say.
    #[error("an event is no object")]
    NotAnObject,
    /// `id` is missing, or not a whole number of 64 bits.
    #[error("an event has no id of 64 bits")]
    NoId,
    /// A documented field is of another type.
    #[error("{field} of event {id} is not {expected}")]
    WrongType {
        /// Of the event.
        id: i64,
        /// Its name.
        field: &'static str,
        /// What the API page says it is.
        expected: &'static str,
    },
}

/// What a documented field holds.
#[derive(Debug, Clone, Copy)]
enum FieldType {
    Text,
    Map,
    WholeNumber,
}

/// The documented fields beside `id`. Each may be missing or null: the page promises none.
const DOCUMENTED: [(&str, FieldType); 6] = [
    ("triggerType", FieldType::Text),
    ("trigger", FieldType::Map),
    ("actionType", FieldType::Text),
    ("action", FieldType::Map),
    ("createdBy", FieldType::WholeNumber),
    ("createdName", FieldType::Text),
];

impl FieldType {
    fn holds(self, value: &Value) -> bool {
        match self {
            FieldType::Text => value.is_string(),
            FieldType::Map => value.is_object(),
            FieldType::WholeNumber => whole_number(value).is_some(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            FieldType::Text => "a text",
            FieldType::Map => "a map",
            FieldType::WholeNumber => "a whole number of 64 bits",
        }
    }
}

impl Event {
    /// Takes an event over, with all its fields.
    ///
    /// # Errors
    /// When it is not of the documented expected. Fields that nobody documented may be anything.
    pub fn parse(value: Value) -> Result<Event, EventError> {
        let Value::Object(fields) = value else { return Err(EventError::NotAnObject) };
        let id = fields.get("id").and_then(whole_number).ok_or(EventError::NoId)?;
        for (field, expected) in DOCUMENTED {
            if fields.get(field).is_some_and(|value| !value.is_null() && !expected.holds(value)) {
                return Err(EventError::WrongType { id, field, expected: expected.name() });
            }
        }
        Ok(Event { id, fields })
    }

    /// Who made it, as the service writes it.
    pub fn creator(&self) -> Option<&Value> {
        self.fields().get("createdBy").filter(|creator| !creator.is_null())
    }

    /// The service's own id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Everything that the service told of it, `id` included.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// A field that is a string.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    /// The same with what was sent where the service told nothing of it.
    #[must_use]
    pub fn or_as_sent(mut self, sent: &Content) -> Event {
        for (name, value) in sent.fields() {
            let told = self.fields.entry(name.as_str()).or_insert(Value::Null);
            if told.is_null() {
                *told = value.clone();
            }
        }
        self
    }

    /// The part that can be written.
    pub fn content(&self) -> Content {
        Content::of(&self.fields)
    }

    /// The event as JSON.
    pub fn to_json(&self) -> Value {
        Value::Object(self.fields.clone())
    }
}

/// A number that is whole as it is written: `5.0` is none.
fn whole_number(value: &Value) -> Option<i64> {
    value.as_number()?.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Event, EventError> {
        Event::parse(serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn events_are_kept_whole() {
        let text = r#"{"action":{"to":["a@shop.example"],"v":1.10},"createdBy":9223372036854775807,
                       "id":-9223372036854775808,"new":{"deep":[null,1e400]},"trigger":null,"triggerType":"MOON"}"#;
        let event = parse(text).expect("an event");
        assert_eq!(event.id(), i64::MIN);
        let kept = event.to_json().to_string();
        for part in ["1.10", "9223372036854775807", "1e+400", "\"MOON\"", "[\"a@shop.example\"]"] {
            assert!(kept.contains(part), "{part} in {kept}");
        }
    }

    #[test]
    fn order_is_nothing_and_digits_are_something() {
        let event = |text| parse(text).expect("an event");
        assert_eq!(event(r#"{"id":1,"trigger":{"a":1,"b":2}}"#), event(r#"{"trigger":{"b":2,"a":1},"id":1}"#));
        assert_ne!(event(r#"{"id":1,"a":1.0}"#), event(r#"{"id":1,"a":1}"#));
    }

    #[test]
    fn other_shapes_are_told() {
        for (text, expected) in [
            ("7", "no object"),
            ("{}", "no id"),
            (r#"{"id":"7"}"#, "no id"),
            (r#"{"id":7.0}"#, "no id"),
            (r#"{"id":9223372036854775808}"#, "no id"),
            (r#"{"id":7,"trigger":"daily"}"#, "trigger of event 7 is not a map"),
            (r#"{"id":7,"actionType":5}"#, "actionType of event 7 is not a text"),
            (r#"{"id":7,"createdBy":"me"}"#, "createdBy of event 7 is not a whole number"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
