//! The reasons in an answer for a refusal: NiceChat's envelope has a description, and its result may have a reason for
//! each field.

use serde_json::Value;

/// A longer answer is told by how it begins.
const LARGEST: usize = 16 << 10;
/// What nobody would read to its end, in bytes.
const ENOUGH: usize = 2_000;
/// How deep lists and maps in one another are told.
const DEEPEST: usize = 5;
/// Names that say nothing beside what they name.
const UNTOLD: [&str; 10] = [
    "description",
    "detail",
    "details",
    "error",
    "errors",
    "message",
    "messages",
    "non_field_errors",
    "reason",
    "result",
];

/// What an answer says, if it is JSON that says anything: `price: A valid number is required.`
pub(super) fn words(body: &str) -> Option<String> {
    let value = if body.len() <= LARGEST { serde_json::from_str(body).ok()? } else { return None };
    let value = match value {
        Value::Object(mut fields) => {
            // Those of the envelope. What isn't one may have more to say there.
            fields.retain(|name, value| !matches!(name.as_str(), "status" | "code") || value.is_object());
            Value::Object(fields)
        }
        value @ (Value::Array(_) | Value::String(_)) => value,
        _ => return None,
    };
    let mut told = String::new();
    tell(&value, &mut told, 0);
    (!told.is_empty()).then_some(told)
}

fn tell(value: &Value, told: &mut String, depth: usize) {
    if told.len() > ENOUGH || depth > DEEPEST {
        return;
    }
    match value {
        Value::Null => {}
        Value::String(text) => told.push_str(text.trim()),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| one_of_many(Some(name), value, told, depth)),
        Value::Array(items) => items.iter().for_each(|value| one_of_many(None, value, told, depth)),
        other => told.push_str(&other.to_string()),
    }
}

fn one_of_many(name: Option<&str>, value: &Value, told: &mut String, depth: usize) {
    let mut one = String::new();
    tell(value, &mut one, depth + 1);
    if one.is_empty() || told.len() > ENOUGH {
        return;
    }
    if !told.is_empty() {
        told.push_str("; ");
    }
    if let Some(name) = name.filter(|name| !UNTOLD.contains(name)) {
        told.push_str(name);
        told.push_str(": ");
    }
    told.push_str(&one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_by_what_they_say() {
        for (body, told) in [
            (r#"{"price":["A valid number is required."]}"#, "price: A valid number is required."),
            (
                r#"{"status":"error","code":400,"description":"Bad","result":{"price":["Not a number.","Too long."]}}"#,
                "Bad; price: Not a number.; Too long.",
            ),
            (r#"{"status":"error","code":404,"description":"Object not found","result":null}"#, "Object not found"),
            (r#"{"detail":"Not found."}"#, "Not found."),
            (r#"{"errors":[{"field":"title","message":"too long"}]}"#, "field: title; too long"),
            (r#"{"message":"maintenance"}"#, "maintenance"),
            (r#"["no","no"]"#, "no; no"),
            (r#""no""#, "no"),
        ] {
            assert_eq!(words(body).as_deref(), Some(told), "{body}");
        }
        for nothing in ["{}", "[]", "null", "{\"status\":\"fail\"}", "7", "", "no JSON", "{\"a\":{\"b\":[null,\"\"]}}"]
        {
            assert_eq!(words(nothing), None, "{nothing}");
        }
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(words(&deep), None);
    }
}
