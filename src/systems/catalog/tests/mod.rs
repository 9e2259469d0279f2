//! Properties of the comparison that must hold for any catalogue.

mod incoming;
mod known_rows;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::diff::fields::with_values;
use super::*;
use crate::catalog::{Digest, Fields, Id, Kind, digest_bytes};
use crate::config::{Prune, VanishedCategory};
use crate::feed::{self, ParseOptions};
use crate::state::Reader;
use crate::systems::catalog::store::{Known, Record};

type Catalogue = BTreeMap<String, Fields>;

fn fields() -> impl Strategy<Value = Fields> {
    let price = prop_oneof![Just("10"), Just("10.00"), Just("10.5"), Just("0")];
    let text = || option::of(prop_oneof![Just("a"), Just("b"), Just("<p>c</p>")]);
    (prop_oneof![Just("One"), Just("Two")], option::of(price), text(), text(), any::<bool>()).prop_map(
        |(title, price, description, image, in_stock)| {
            let price: Option<Value> = price.map(|digits| Value::Number(digits.parse().expect("a number")));
            Fields::from_iter(
                [
                    ("title", json!(title)),
                    ("price", json!(price)),
                    ("description", json!(description)),
                    ("image_url", json!(image)),
                    ("in_stock", json!(in_stock)),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            )
        },
    )
}

fn catalogue() -> impl Strategy<Value = Catalogue> {
    btree_map("[a-f]", fields(), 0..6)
}

fn digest(fields: &Fields) -> Digest {
    digest_bytes(json!(fields).to_string().as_bytes())
}

fn wanted(fields: &Fields) -> Wanted {
    Wanted { fields: fields.clone(), digest: digest(fields) }
}

fn ours(known: Known, drift: Fields) -> Base {
    Base::Ours { known, drift, has_new_picture: false }
}

/// The operations that take `have` to `want`.
fn diff(have: &BTreeMap<String, Known>, want: &Catalogue) -> Vec<Operation> {
    let id = |id: &str| Id::parse(id).expect("an id");
    let kept = want.iter().map(|(key, fields)| {
        let base = have.get(key).map_or(Base::Absent, |known| ours(known.clone(), Fields::new()));
        decide(Kind::Product, &id(key), &base, &wanted(fields))
    });
    let gone = have.iter().filter(|(key, _)| !want.contains_key(*key));
    kept.chain(gone.map(|(key, known)| super::diff::decide::vanish(Kind::Product, &id(key), known.acked.clone())))
        .collect()
}

/// What a service that does as it is told holds afterwards, and what the state then knows.
fn apply(operations: &[Operation], service: &mut Catalogue, state: &mut BTreeMap<String, Known>) {
    for operation in operations {
        let key = operation.id.to_string();
        match operation.action {
            Action::Create => _ = service.insert(key.clone(), operation.send.clone()),
            Action::Update => {
                let object = service.get_mut(&key).expect("only what is there is changed");
                object.extend(operation.send.clone());
                object.retain(|_, value| !value.is_null());
            }
            Action::Delete => _ = service.remove(&key),
            Action::Disable | Action::RecordOnly => {}
        }
        match &operation.record {
            Some(Record { acked, answered, repaired, .. }) => {
                let (acked, answered, repaired) = (acked.clone(), answered.clone(), repaired.clone());
                state.insert(key.clone(), Known { id: key, acked, answered, repaired });
            }
            None => _ = state.remove(&key),
        }
    }
}

fn sent(operations: &[Operation]) -> usize {
    operations.iter().filter(|operation| operation.action != Action::RecordOnly).count()
}

fn assert_equal(service: &Catalogue, want: &Catalogue) -> Result<(), TestCaseError> {
    prop_assert_eq!(service.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>());
    for (key, object) in service {
        for (name, value) in &want[key] {
            let held = object.get(name).unwrap_or(&Value::Null);
            prop_assert!(same(name, held, value), "{}.{}: {} is not {}", key, name, held, value);
        }
    }
    Ok(())
}

proptest! {
    /// Applying the difference gives what is wanted, and then there is no difference.
    #[test]
    fn a_plan_leads_to_what_is_wanted(first in catalogue(), second in catalogue()) {
        let (mut service, mut state) = (Catalogue::new(), BTreeMap::new());
        for want in [&first, &second] {
            let operations = diff(&state, want);
            apply(&operations, &mut service, &mut state);
            assert_equal(&service, want)?;
            prop_assert_eq!(sent(&diff(&state, want)), 0);
        }
    }

    /// A change sends what differs and nothing else.
    #[test]
    fn only_what_differs_is_sent(have in fields(), want in fields()) {
        let changed = changes(&have, &want);
        for (name, value) in &want {
            prop_assert_eq!(changed.contains_key(name), !same(name, &have[name], value));
        }
        let after = overlaid(&have, &changed);
        prop_assert!(changes(&after, &want).is_empty());
    }

    /// Whatever a service makes of our values, as long as it always makes the same of them: two
    /// resyncs at most write, the third finds nothing to do.
    #[test]
    fn a_service_with_a_spelling_of_its_own_is_left_alone(want in catalogue(), echoes in any::<bool>()) {
        let rewritten = |fields: &Fields| -> Fields {
            with_values(fields).into_iter().map(|(name, value)| match (name.as_str(), &value) {
                ("image_url", Value::String(url)) => (name, json!(format!("https://cdn.example/{url}"))),
                ("description", Value::String(text)) => (name, json!(text.replace("<p>", "").replace("</p>", ""))),
                _ => (name, value),
            }).collect()
        };
        let mut state: BTreeMap<String, Known> = BTreeMap::new();
        let mut service = Catalogue::new();
        for round in 0..4 {
            let mut writes = 0;
            for (key, fields) in &want {
                let id = Id::parse(key).expect("an id");
                let base = match (state.get(key), service.get(key)) {
                    (Some(known), Some(listed)) => {
                        let Observation { drift, answered, repaired, .. } = observe(known, listed, Since::Nothing);
                        ours(Known { answered, repaired, ..known.clone() }, drift)
                    }
                    _ => Base::Absent,
                };
                let operation = decide(Kind::Product, &id, &base, &wanted(fields));
                let record = operation.record.clone().expect("a record");
                let mut record = record;
                if operation.action != Action::RecordOnly {
                    writes += 1;
                    let object = service.entry(key.clone()).or_default();
                    object.extend(rewritten(&operation.send));
                    let reply = if echoes { operation.send.clone() } else { rewritten(&operation.send) };
                    record = acknowledged(record, &operation.send, &reply);
                }
                let Record { acked, answered, repaired, .. } = record;
                state.insert(key.clone(), Known { id: key.clone(), acked, answered, repaired });
            }
            prop_assert!(round < 2 || writes == 0, "round {} still wrote {}", round, writes);
        }
    }

    /// Whatever was repaired and spelled before: price, currency, stock, category and the switch are as NiceChat
    /// acknowledged them or they drifted; and after an import, or lost writes, nothing is learned of any field.
    #[test]
    fn what_is_listed_is_never_believed_without_need(
        ours in fields(),
        listed in fields(),
        before in fields(),
        answered in fields(),
        since in prop_oneof![Just(Since::Nothing), Just(Since::Import), Just(Since::OtherImport), Just(Since::LostWrites)],
    ) {
        let with_more = |fields: &Fields, category: &str| {
            let more = [("category", json!(category)), ("currency", json!(category)), ("is_enabled", json!(category == "a"))];
            overlaid(fields, &more.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
        };
        let known = Known {
            id: "a".to_owned(),
            acked: with_more(&ours, "a"),
            answered: with_more(&answered, "b"),
            repaired: with_more(&before, "b"),
        };
        let listed = with_more(&listed, "b");
        let seen = observe(&known, &listed, since);
        for name in ["price", "currency", "in_stock", "category", "is_enabled"] {
            let is_same = same(name, &known.acked[name], &listed[name]);
            prop_assert_eq!(seen.drift.contains_key(name), !is_same, "{}", name);
            prop_assert!(!seen.answered.contains_key(name) && !seen.repaired.contains_key(name), "{}", name);
        }
        if since != Since::Nothing {
            prop_assert!(seen.learned.is_empty() && seen.repaired.is_empty(), "{:?}", seen);
        }
        // What is repaired now is not repaired again when it comes back, if nothing comes between and it may be learned.
        let id = Id::parse("a").expect("an id");
        let base = Base::Ours { known: known.clone(), drift: seen.drift.clone(), has_new_picture: false };
        let wanted = Wanted { fields: known.acked.clone(), digest: 1 };
        let record = decide(Kind::Product, &id, &base, &wanted).record.expect("a record");
        let repaired = Known { answered: seen.answered, repaired: record.repaired, ..known };
        let again = observe(&repaired, &listed, Since::Nothing);
        let may_be_spelled = |name: &String| ["title", "description", "image_url"].contains(&name.as_str());
        prop_assert!(!again.drift.keys().any(may_be_spelled), "{:?}", again);
    }

    /// The order of a feed's rows makes no difference.
    #[test]
    fn order_does_not_matter(want in catalogue(), seed in any::<u64>()) {
        let mut rows: Vec<String> = want.iter().map(|(id, fields)| {
            let text = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
            let price = fields["price"].as_number().map(ToString::to_string).unwrap_or_default();
            format!("{id}\t{}\t{price}\t{}\t{}", text("title"), text("description"), text("image_url"))
        }).collect();
        let plain = planned(&rows);
        let mut state = seed;
        for at in (1..rows.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            rows.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(plain, planned(&rows));
    }
}

/// The operations of a first load of these rows.
fn planned(rows: &[String]) -> Vec<String> {
    let mut file = tempfile::tempfile().expect("a temporary file");
    write!(file, "id\ttitle\tprice\tdescription\timage_link\n{}\n", rows.join("\n")).expect("written");
    let policy = Policy {
        prune: Prune::Owned,
        vanished_category: VanishedCategory::Delete,
        default_category: None,
        retry_refused: false,
        price_factor: rust_decimal::Decimal::from(3),
    };
    let state = Reader::open(Path::new("/nonexistent/state.db")).expect("an empty state");
    let mut differ = Differ::new(state, policy).expect("a differ");
    let shape = ParseOptions::at(Timestamp::UNIX_EPOCH);
    feed::read(&feed::open(&file, 1 << 20), &shape, &mut |row| Ok(differ.row(row)?)).expect("a feed");
    let plan = differ.finish().expect("a plan");
    let mut operations = Vec::new();
    let each = |operation: &Operation| {
        operations.push(operation.to_json().to_string());
        Ok::<_, PlanStoreError>(())
    };
    plan.store.each_operation(each).expect("read");
    operations
}
