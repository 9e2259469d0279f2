//! What an event is about: the four fields that can be written.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Fields;
use super::when::is_services_own;

/// The fields of a `POST` (API page, "Add scheduled event").
const WRITABLE: [&str; 4] = ["actionType", "action", "triggerType", "trigger"];

/// What triggers an event, and what happens then. Says nothing about which event it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(Fields);

impl Content {
    /// A content of all four fields.
    pub fn new(trigger_type: &str, trigger: Fields, action_type: &str, action: Fields) -> Content {
        let mut fields = Fields::new();
        fields.insert("triggerType".to_owned(), json!(trigger_type));
        fields.insert("trigger".to_owned(), Value::Object(trigger));
        fields.insert("actionType".to_owned(), json!(action_type));
        fields.insert("action".to_owned(), Value::Object(action));
        Content(fields)
    }

    /// The content of an event. A field that is null is as good as none, and a map that is none is empty:
    /// that is how it can be sent.
    pub(super) fn of(event: &Fields) -> Content {
        let empty = |name: &str| matches!(name, "trigger" | "action").then(|| Value::Object(Fields::new()));
        let value = |name: &str| event.get(name).filter(|value| !value.is_null()).cloned().or_else(|| empty(name));
        Content(WRITABLE.iter().filter_map(|name| Some((name.to_string(), value(name)?))).collect())
    }

    /// The fields as they are sent.
    pub fn fields(&self) -> &Fields {
        &self.0
    }

    /// Whether everything that `wanted` says is so here as well. What is here beside that is the
    /// service's own business (when an event ran last, say).
    pub fn covers(&self, wanted: &Content) -> bool {
        map_covers(&self.0, &wanted.0)
    }

    /// Whether an event of this content will do where `wanted` is: it says all of that, and more only where the service
    /// keeps something by itself.
    pub fn will_do_for(&self, wanted: &Content) -> bool {
        self.covers(wanted) && wanted.covers(&self.without_services_own())
    }

    /// The same without what the service keeps in a trigger by itself (when it ran last, say).
    #[must_use]
    pub fn without_services_own(&self) -> Content {
        let mut content = self.clone();
        if let Some(Value::Object(trigger)) = content.0.get_mut("trigger") {
            trigger.retain(|name, _| !is_services_own(name));
        }
        content
    }

    /// Whether both are triggered by and do the same kind of thing.
    pub fn is_of_kind(&self, other: &Content) -> bool {
        ["triggerType", "actionType"].iter().all(|field| self.0.get(*field) == other.0.get(*field))
    }

    /// What is here of the fields that `of` has: the service's own spelling of them.
    pub fn spelling(&self, of: &Content) -> Content {
        Content(map_spelling(&self.0, &of.0))
    }
}

fn map_covers(here: &Fields, wanted: &Fields) -> bool {
    wanted.iter().all(|(name, wanted)| covers(here.get(name).unwrap_or(&Value::Null), wanted))
}

fn covers(here: &Value, wanted: &Value) -> bool {
    match (here, wanted) {
        (Value::Object(here), Value::Object(wanted)) => map_covers(here, wanted),
        // An empty map that isn't there, too.
        (Value::Null, Value::Object(wanted)) => map_covers(&Fields::new(), wanted),
        (Value::Array(here), Value::Array(wanted)) => {
            here.len() == wanted.len() && here.iter().zip(wanted).all(|(here, wanted)| covers(here, wanted))
        }
        _ => here == wanted,
    }
}

fn map_spelling(here: &Fields, of: &Fields) -> Fields {
    let of_one = |(name, of): (&String, &Value)| Some((name.clone(), spelling(here.get(name)?, of)));
    of.iter().filter_map(of_one).collect()
}

fn spelling(here: &Value, of: &Value) -> Value {
    match (here, of) {
        (Value::Object(here), Value::Object(of)) => Value::Object(map_spelling(here, of)),
        (Value::Array(here), Value::Array(of)) if here.len() == of.len() => {
            Value::Array(here.iter().zip(of).map(|(here, of)| spelling(here, of)).collect())
        }
        _ => here.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(value: Value) -> Content {
        serde_json::from_value(value).expect("a map")
    }

    #[test]
    fn what_the_service_adds_is_its_own_business() {
        let wanted = content(json!({"triggerType": "TIME", "trigger": {"at": [{"h": 8}], "none": null}, "action": {}}));
        let here = json!({"triggerType": "TIME", "trigger": {"at": [{"h": 8, "m": 0}], "last": 7}, "actionType": "X"});
        assert!(content(here.clone()).covers(&wanted));
        assert_eq!(
            content(here.clone()).spelling(&wanted),
            content(json!({"triggerType": "TIME", "trigger": {"at": [{"h": 8}]}}))
        );
        for (place, value) in
            [("/trigger/at/0/h", json!(9)), ("/trigger/at", json!([])), ("/triggerType", json!("EVENT"))]
        {
            let mut other = here.clone();
            *other.pointer_mut(place).expect("a place") = value;
            assert!(!content(other).covers(&wanted), "{place}");
        }
    }

    #[test]
    fn what_the_service_keeps_by_itself_keeps_nothing_from_doing() {
        let wanted = json!({"triggerType": "TIME", "trigger": {"time": "8:00", "version": 2}});
        let here = |version: i64, more: Value| {
            let trigger = json!({"time": "8:00", "version": version, "last_run": 7});
            content(json!({"triggerType": "TIME", "trigger": trigger, "action": {"lastRun": more}}))
        };
        assert!(here(2, Value::Null).will_do_for(&content(wanted.clone())));
        assert!(!here(1, Value::Null).will_do_for(&content(wanted.clone())), "who wants a version means it");
        assert!(!here(2, json!(1)).will_do_for(&content(wanted)), "an action is somebody's own words");
        let without = here(2, json!(1)).without_services_own();
        let left = json!({"triggerType": "TIME", "trigger": {"time": "8:00"}, "action": {"lastRun": 1}});
        assert_eq!(without, content(left));
    }

    #[test]
    fn only_what_can_be_written_is_content() {
        let Value::Object(event) = json!({"id": 1, "actionType": "X", "action": {"a": 1}, "trigger": null, "more": 2})
        else {
            panic!("an object")
        };
        assert_eq!(Content::of(&event), content(json!({"actionType": "X", "action": {"a": 1}, "trigger": {}})));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3i64).prop_map(Value::from),
            "[ab]".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[xyz]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn any_content() -> impl Strategy<Value = Content> {
        prop::collection::btree_map("[xyz]", any_value(), 0..4).prop_map(|map| Content(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn everything_covers_itself_and_its_own_spelling(here in any_content(), wanted in any_content()) {
            prop_assert!(here.covers(&here));
            prop_assert!(here.covers(&here.spelling(&wanted)));
        }
    }
}
