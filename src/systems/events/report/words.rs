//! An event in the words of people.

use serde_json::Value;

use crate::event::{Event, Fields, When};
use crate::text::{shorten, value};

/// Names of an action's fields that say whom it is for.
const RECIPIENTS: [&str; 16] = [
    "to",
    "cc",
    "bcc",
    "sendto",
    "email",
    "emails",
    "mail",
    "mails",
    "recipient",
    "recipients",
    "receiver",
    "receivers",
    "emailaddress",
    "emailaddresses",
    "address",
    "addresses",
];

/// What triggers it: `TIME daily at 08:00`, `EVENT name "ORDER"`.
pub(super) fn trigger(event: &Fields) -> String {
    let kind = kind(event, "triggerType");
    match When::of(event) {
        Some(Ok(when)) => format!("{kind} {when}"),
        Some(Err(_)) | None => with(kind, compact(map(event, "trigger"), |_| true)),
    }
}

/// What happens then: `SEND_EMAIL subject "Stock"`.
pub(super) fn action(event: &Fields) -> String {
    with(kind(event, "actionType"), compact(map(event, "action"), |name| !is_recipient(name)))
}

/// Whom it is for: every text under a name that says so, else every e-mail address.
pub(super) fn recipients(event: &Fields) -> String {
    let mut found = Vec::new();
    let action = map(event, "action");
    for (_, value) in action.into_iter().flatten().filter(|(name, _)| is_recipient(name)) {
        texts(value, &mut found);
    }
    if found.is_empty() {
        action.into_iter().flatten().for_each(|(_, value)| texts(value, &mut found));
        found.retain(|text| text.contains('@') && !text.contains(char::is_whitespace));
    }
    shorten(&plain(&found.join(", ")))
}

/// Who made it: `Warehouse (4787)`.
pub(super) fn creator(event: &Event) -> String {
    let id = event.fields().get("createdBy").filter(|id| !id.is_null()).map(ToString::to_string);
    match (event.text("createdName").map(plain).filter(|name| !name.is_empty()), id) {
        (Some(name), Some(id)) => format!("{} ({id})", shorten(&name)),
        (name, id) => name.or(id).unwrap_or_default(),
    }
}

/// The whole event in a line.
pub(super) fn line(event: &Fields) -> String {
    let to = recipients(event);
    let to = if to.is_empty() { to } else { format!(" to {to}") };
    format!("{}: {}{to}", trigger(event), action(event))
}

/// How an event became another one: the place of each value that differs, the old value and the new one.
pub(super) fn changes(old: &Fields, new: &Fields) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    found
}

fn compare(place: &str, old: &Fields, new: &Fields, found: &mut Vec<(String, Value, Value)>) {
    let vanished = old.keys().filter(|name| !new.contains_key(*name));
    for name in new.keys().chain(vanished) {
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        match (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null)) {
            (old, new) if old == new => {}
            (Value::Object(old), Value::Object(new)) => compare(&inner, old, new, found),
            (old, new) => found.push((plain(&inner), old.clone(), new.clone())),
        }
    }
}

fn is_recipient(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    RECIPIENTS.contains(&plain.to_ascii_lowercase().as_str())
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => found.push(text.trim().to_owned()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

fn map<'a>(event: &'a Fields, name: &str) -> Option<&'a Fields> {
    event.get(name)?.as_object()
}

fn kind(event: &Fields, name: &str) -> String {
    event.get(name).and_then(Value::as_str).map_or_else(|| "?".to_owned(), plain)
}

/// `time "08:00", days ["MON"]`, shortened.
fn compact(map: Option<&Fields>, is_shown: impl Fn(&str) -> bool) -> String {
    let shown = map.into_iter().flatten().filter(|(name, _)| is_shown(name));
    let parts: Vec<String> = shown.map(|(name, inner)| format!("{} {}", plain(name), value(inner))).collect();
    shorten(&parts.join(", "))
}

fn with(kind: String, more: String) -> String {
    if more.is_empty() { kind } else { format!("{kind} {more}") }
}

/// One line without anything that a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(value: Value) -> Event {
        Event::parse(value).expect("an event")
    }

    #[test]
    fn in_words() {
        let known = event(json!({
            "id": 1, "triggerType": "TIME", "trigger": {"time": "08:00"}, "createdBy": 4787, "createdName": "Warehouse",
            "actionType": "SEND_EMAIL", "action": {"to": ["a@shop.example", "b@shop.example"], "subject": "Stock\u{7}"},
        }));
        assert_eq!(
            line(known.fields()),
            "TIME daily at 08:00: SEND_EMAIL subject \"Stock\\u{7}\" to a@shop.example, b@shop.example"
        );
        assert_eq!(creator(&known), "Warehouse (4787)");
        let unknown = event(json!({
            "id": 1, "triggerType": "TIME", "trigger": {"phase": {"of": "moon"}, "n": 1.5}, "createdBy": null,
            "actionType": "X\u{1b}[1m", "action": {"deep": {"mail to": "c@shop.example"}}, "createdName": " "
        }));
        assert_eq!(trigger(unknown.fields()), "TIME n 1.5, phase {\"of\":\"moon\"}");
        assert_eq!(
            (action(unknown.fields()).as_str(), recipients(unknown.fields()).as_str()),
            ("X [1m deep {\"mail to\":\"c@shop.example\"}", "c@shop.example")
        );
        assert_eq!((creator(&unknown), line(&Fields::new())), (String::new(), "?: ?".to_owned()));
    }

    #[test]
    fn changes_field_by_field() {
        let [old, new] = [
            json!({"id": 1, "trigger": {"time": "08:00", "days": [1]}, "gone": true}),
            json!({"id": 1, "trigger": {"time": "09:00", "days": [1]}, "action": {"to": "x"}}),
        ]
        .map(event);
        let found = changes(old.fields(), new.fields());
        let places: Vec<&str> = found.iter().map(|(place, ..)| place.as_str()).collect();
        assert_eq!(places, ["action", "trigger.time", "gone"]);
        assert_eq!((&found[1].1, &found[1].2), (&json!("08:00"), &json!("09:00")));
        assert_eq!((&found[2].1, &found[2].2), (&json!(true), &Value::Null));
    }
}
