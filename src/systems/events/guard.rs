//! Between the comparison and its application: what may be sent, and what waits for somebody's word.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::reconcile::{Step, Wanted, Work};
use crate::catalog::Fields;
use crate::event::Content;
use crate::pass::exceeds;

/// Bytes of a digest that people copy.
const DIGEST: usize = 6;
/// Examples of what is held.
const EXAMPLES: usize = 20;

/// What the guard holds of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldThere {
    /// In words.
    pub reason: String,
    /// Which risk it is.
    risk: &'static str,
    /// The events that it is about.
    events: Vec<HeldEvent>,
    /// Of how many.
    of: u64,
    /// What is let through, in per cent.
    limit: Option<u8>,
}

/// An event that something held is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HeldEvent {
    id: i64,
    /// What it is, shortly.
    called: String,
    /// All that it says.
    said: String,
}

/// What the guard holds, by store: none of it is sent without somebody's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    stores: Vec<(String, HeldThere)>,
    /// Another one when it is about one event more or less, or about another content.
    pub digest: String,
}

/// What the guard holds of the work in a store, each risk by itself; nothing when it may be sent: strictly more than
/// `max_delete_percent` of the events that are ours there would go, and more than ten; or all of them,
/// because the store that is copied from lists no event at all; or as many are missing from the listing,
/// and would be there twice if it was cut short.
pub fn guard(work: &Work, wanted: &[Wanted], is_copy: bool, max_delete_percent: u8) -> Vec<HeldThere> {
    let gone: Vec<HeldEvent> = work.steps.iter().filter_map(loss).collect();
    let (all, going) = (work.kept_so_far, gone.len() as u64);
    if is_copy && wanted.is_empty() && going > 0 {
        let reason = format!("the store that is copied from lists no event, and all {going} copies would go");
        return vec![HeldThere { reason, risk: "empty_store", events: gone, of: all, limit: None }];
    }
    let lost = "that we added are not listed any more and would be added again";
    let limit = Some(max_delete_percent);
    let held = |(risk, what), events: Vec<HeldEvent>, of: u64| {
        let part = events.len() as u64;
        let percent = exceeds(part, of, max_delete_percent)?;
        let reason =
            format!("{part} of {of} events ({percent} %) {what}, more than max_delete_percent = {max_delete_percent}");
        Some(HeldThere { reason, risk, events, of, limit })
    };
    let again = |(id, content): &(i64, Content)| {
        let fields = content.fields();
        HeldEvent { id: *id, called: called(fields), said: json!(fields).to_string() }
    };
    let vanished: Vec<HeldEvent> = work.vanished.iter().map(again).collect();
    let with_vanished = all + vanished.len() as u64;
    let risks = [held(("events", "would go"), gone, all), held(("vanished_events", lost), vanished, with_vanished)];
    risks.into_iter().flatten().collect()
}

/// An event that goes, and is not there a second time.
fn loss(step: &Step) -> Option<HeldEvent> {
    match step {
        Step::Remove { old, is_leftover: false } => {
            Some(HeldEvent { id: old.id(), called: called(old.fields()), said: old.to_json().to_string() })
        }
        _ => None,
    }
}

/// What an event is, shortly: when, and what is done.
fn called(fields: &Fields) -> String {
    let word = |field: &str| fields.get(field).and_then(Value::as_str);
    ["triggerType", "actionType"].into_iter().filter_map(word).collect::<Vec<_>>().join(" ")
}

impl HeldThere {
    /// Whether all that this is about is among what `other` is about.
    pub fn is_part_of(&self, other: &HeldThere) -> bool {
        self.risk == other.risk && self.events.iter().all(|event| other.events.contains(event))
    }
}

impl Held {
    /// `None` = nothing is held.
    pub fn of(stores: Vec<(String, HeldThere)>) -> Option<Held> {
        let mut hasher = Sha256::new();
        for (store, held) in &stores {
            let mut events: Vec<(i64, &str)> =
                held.events.iter().map(|event| (event.id, event.said.as_str())).collect();
            events.sort_unstable();
            hasher.update(format!("events|{store}|{}|{events:?}\n", held.risk));
        }
        let digest = hex::encode(&hasher.finalize()[..DIGEST]);
        (!stores.is_empty()).then_some(Held { stores, digest })
    }

    /// Whether something that is held of a store is a part of it.
    pub fn has(&self, store: &str, part: &HeldThere) -> bool {
        self.stores.iter().any(|(other, held)| other == store && part.is_part_of(held))
    }

    /// In a line.
    pub fn words(&self) -> String {
        let stores = self.stores.iter().map(|(store, held)| format!("store {store}: {}", held.reason));
        format!("{} (approve {})", stores.collect::<Vec<_>>().join("; "), self.digest)
    }

    /// As programs are told of it.
    pub fn json(&self) -> Value {
        let risk = |(store, held): &(String, HeldThere)| {
            let HeldThere { reason, risk, events, of, limit } = held;
            let percent = (events.len() as f64 * 1000.0 / (*of).max(1) as f64).round() / 10.0;
            let example = |event: &HeldEvent| json!({"id": event.id.to_string(), "field": null, "old": event.called, "new": null});
            let examples: Vec<Value> = events.iter().take(EXAMPLES).map(example).collect();
            json!({
                "risk": risk, "type": "event", "count": events.len(), "of": of, "percent": percent, "limit": limit,
                "store": store, "reason": reason, "examples": examples,
            })
        };
        json!({"digest": self.digest, "held": self.stores.iter().map(risk).collect::<Vec<_>>()})
    }
}
