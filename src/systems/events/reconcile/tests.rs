//! Stores of a few events, some ours, and what is to be done with them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::systems::events::guard;
use crate::systems::events::store::{PendingAdd, RefusedAdd};

const TERMS: Terms = Terms { now: Timestamp::UNIX_EPOCH, retry_refused: false, release: false };

fn content(n: i64) -> Content {
    event(0, n).content()
}

fn event(id: i64, n: i64) -> Event {
    Event::parse(json!({"id": id, "triggerType": "TIME", "trigger": {"n": n}, "createdBy": 7})).expect("an event")
}

fn wanted(key: &str, n: i64) -> Wanted {
    Wanted { key: key.to_owned(), content: content(n) }
}

fn own(id: i64, key: &str, n: i64) -> OwnEvent {
    OwnEvent { id, key: Some(key.to_owned()), sent: content(n), seen: Some(content(n)), gone: None }
}

fn gone(own: OwnEvent) -> OwnEvent {
    OwnEvent { gone: Some(TERMS.now), ..own }
}

fn leftover(id: i64, n: i64) -> OwnEvent {
    OwnEvent { key: None, ..own(id, "", n) }
}

fn standing(own: Vec<OwnEvent>) -> Standing {
    Standing { own, ..Standing::default() }
}

fn add(key: &str, n: i64, before: &[i64]) -> PendingAdd {
    PendingAdd { key: key.to_owned(), sent: content(n), before: before.to_vec(), tries: 2 }
}

/// The steps in short: `+a`, `a~5`, `-5`, `-5 leftover`.
fn steps(work: &Work) -> Vec<String> {
    let short = |step: &Step| match step {
        Step::Add(wanted) => format!("+{}", wanted.key),
        Step::Replace { wanted, old } => format!("{}~{}", wanted.key, old.id()),
        Step::Remove { old, is_leftover: false } => format!("-{}", old.id()),
        Step::Remove { old, is_leftover: true } => format!("-{} leftover", old.id()),
    };
    work.all_steps().map(short).collect()
}

fn short(wanted: &[Wanted], listed: &[Event], ledger: &Standing) -> Vec<String> {
    steps(&reconcile(wanted, listed, ledger, TERMS))
}

#[test]
fn what_is_missing_different_or_for_nothing() {
    let listed = [event(1, 1), event(2, 2), event(3, 3), event(4, 4)];
    let known = standing(vec![own(1, "a", 1), own(2, "b", 2), own(3, "c", 3)]);
    let all = [wanted("a", 1), wanted("b", 20), wanted("d", 40)];
    assert_eq!(short(&all, &listed, &known), ["b~2", "+d", "-3"], "4 is not ours");
    let same = [wanted("c", 3), wanted("b", 2), wanted("a", 1)];
    let work = reconcile(&same, &listed, &known, TERMS);
    assert!(work.steps.is_empty() && !work.is_news, "{work:?}");
}

#[test]
fn somebody_elses_event_will_do_and_stays_theirs() {
    let listed = [event(4, 4)];
    let work = reconcile(&[wanted("a", 4)], &listed, &Standing::default(), TERMS);
    assert!(work.steps.is_empty() && work.own.is_empty(), "{work:?}");
    assert_eq!(short(&[wanted("a", 4), wanted("b", 4)], &listed, &Standing::default()), ["+b"], "but for one only");
    assert_eq!(short(&[], &listed, &Standing::default()), [""; 0]);
    // Ours is not needed beside it any more.
    let known = standing(vec![own(1, "a", 1)]);
    assert_eq!(short(&[wanted("a", 4)], &[event(1, 1), event(4, 4)], &known), ["-1 leftover"]);
}

#[test]
fn an_event_that_vanished_is_added_again_and_one_that_was_edited_is_replaced() {
    let known = standing(vec![own(1, "a", 1), own(2, "b", 2)]);
    let work = reconcile(&[wanted("a", 1), wanted("b", 2)], &[event(2, 5)], &known, TERMS);
    assert_eq!(steps(&work), ["+a", "b~2"]);
    assert_eq!(work.own, [gone(own(1, "a", 1)), own(2, "b", 2)]);
    assert!(work.is_news);
}

#[test]
fn what_comes_back_beside_its_successor_is_ours_to_remove() {
    // 5 was added when 1 was not listed.
    let known = standing(vec![gone(leftover(1, 1)), own(5, "a", 1)]);
    let all = [wanted("a", 1)];
    let work = reconcile(&all, &[event(5, 1)], &known, TERMS);
    assert!(work.steps.is_empty() && !work.is_news, "{work:?}");
    assert_eq!(short(&all, &[event(1, 1), event(5, 1)], &known), ["-1 leftover"]);
    // Before its successor was there, it is simply found again.
    let known = standing(vec![gone(own(1, "a", 1))]);
    let work = reconcile(&all, &[event(1, 1)], &known, TERMS);
    assert_eq!((steps(&work).len(), work.own), (0, vec![own(1, "a", 1)]));
    // Not for ever.
    let later = Terms { now: TERMS.now + REMEMBERED, ..TERMS };
    assert_eq!(reconcile(&[], &[], &known, later).own, []);
}

#[test]
fn an_add_that_may_be_there_in_another_shape_is_held_back() {
    let all = [wanted("a", 1), wanted("b", 2)];
    let lost = Standing { adds: vec![add("a", 1, &[4])], ..Standing::default() };
    // 4 was there before, and 9 is new and of the same kind.
    let listed = [event(4, 7), event(9, 8)];
    let work = reconcile(&all, &listed, &lost, TERMS);
    assert_eq!((steps(&work), &work.set_aside, &work.adds), (vec!["+b".to_owned()], &vec!["a".to_owned()], &lost.adds));
    assert!(work.held_back[0].reason.contains("(event 9)"), "{work:?}");
    // Told once, and not for a change of mind or of the event.
    let told = Standing { refused: work.held_back.clone(), ..lost.clone() };
    let again = reconcile(&all, &listed, &told, TERMS);
    assert_eq!((again.held_back, again.set_aside, again.is_news), (vec![], work.set_aside, false));
    assert_eq!(short(&[wanted("a", 3)], &listed, &told), [""; 0]);
    let unwanted = reconcile(&[], &listed, &told, TERMS);
    assert_eq!((unwanted.set_aside, unwanted.is_news), (vec!["a".to_owned()], false), "nobody else knows of it");
    assert_eq!(steps(&reconcile(&all, &listed, &told, Terms { release: true, ..TERMS })), ["+b", "+a"]);
    assert_eq!(short(&all, &[event(4, 7)], &told), ["+b", "+a"], "removed by hand");
    // Somebody else made it: events of ours say who we are.
    let by = |who: i64| Event::parse(json!({"id": 9, "triggerType": "TIME", "createdBy": who})).expect("an event");
    let known = Standing { own: vec![own(2, "b", 2)], ..lost };
    assert_eq!(short(&all, &[event(2, 2), by(8)], &known), ["+a"]);
    assert_eq!(short(&all, &[event(2, 2), by(7)], &known), [""; 0]);
}

#[test]
fn the_services_own_spelling_and_additions_are_no_difference() {
    let listed = |extra: Value| {
        let mut fields = json!({"id": 1, "triggerType": "time", "trigger": {"n": 1.0}});
        fields["trigger"].as_object_mut().expect("a map").extend(extra.as_object().expect("a map").clone());
        Event::parse(fields).expect("an event")
    };
    let known = standing(vec![OwnEvent { seen: None, ..own(1, "a", 1) }]);
    let work = reconcile(&[wanted("a", 1)], &[listed(json!({"last": 1}))], &known, TERMS);
    assert!(work.steps.is_empty() && work.is_news, "{work:?}");
    let learned = standing(work.own);
    assert_eq!(short(&[wanted("a", 1)], &[listed(json!({"last": 2, "more": []}))], &learned), [""; 0]);
    assert_eq!(short(&[wanted("a", 1)], &[listed(json!({"n": 3}))], &learned), ["a~1"]);
}

#[test]
fn another_name_needs_no_request() {
    let known = standing(vec![own(1, "old name", 1)]);
    let work = reconcile(&[wanted("new name", 1)], &[event(1, 1)], &known, TERMS);
    assert!(work.steps.is_empty(), "{work:?}");
    assert_eq!(work.own, [own(1, "new name", 1)]);
    // Back to what it was, before the old one was removed.
    let known = standing(vec![leftover(1, 1), own(2, "a", 2)]);
    let work = reconcile(&[wanted("a", 1)], &[event(1, 1), event(2, 2)], &known, TERMS);
    assert_eq!((steps(&work), work.own), (vec!["-2 leftover".to_owned()], vec![own(1, "a", 1), leftover(2, 2)]));
}

#[test]
fn an_add_whose_answer_was_lost_is_found_and_not_repeated() {
    // 1 had the same content before, and is somebody else's. (It would do as well, were ours not there.)
    let listed = [event(1, 1), event(9, 1)];
    let lost = Standing { adds: vec![add("a", 1, &[1])], ..Standing::default() };
    let work = reconcile(&[wanted("a", 1)], &listed, &lost, TERMS);
    assert_eq!((steps(&work).len(), &work.own), (0, &vec![own(9, "a", 1)]));
    assert!(work.is_news);
    // It was not taken: it is added, after the others.
    let lost = Standing { adds: vec![add("a", 1, &[])], ..Standing::default() };
    assert_eq!(short(&[wanted("a", 1), wanted("b", 2)], &[], &lost), ["+b", "+a"]);
    // It is known not to have been taken: what is alike is somebody else's, and neither ours nor in its way.
    let refused = Standing { adds: vec![PendingAdd { tries: 0, ..add("a", 1, &[]) }], ..Standing::default() };
    let work = reconcile(&[], &[event(9, 1)], &refused, TERMS);
    assert_eq!((steps(&work).len(), work.own.len(), work.held_back.len()), (0, 0, 0), "{work:?}");
    // It is not wanted any more: found all the same, and removed.
    assert_eq!(short(&[], &[event(9, 1)], &lost), ["-9"]);
}

#[test]
fn an_add_that_was_taken_twice_is_removed_once() {
    let listed = [event(8, 1), event(9, 1)];
    let twice = Standing { adds: vec![add("a", 1, &[])], own: vec![own(8, "a", 1)], ..Standing::default() };
    assert_eq!(short(&[wanted("a", 1)], &listed, &twice), ["-9 leftover"]);
    let lost = Standing { adds: vec![add("a", 1, &[])], ..Standing::default() };
    assert_eq!(short(&[wanted("a", 1)], &listed, &lost), ["-9 leftover"]);
}

#[test]
fn what_somebody_else_adds_meanwhile_stays_theirs() {
    let by = |id: i64, who: i64, more: Option<i64>| {
        let trigger = json!({"n": 1, "more": more});
        Event::parse(json!({"id": id, "triggerType": "TIME", "trigger": trigger, "createdBy": who})).expect("an event")
    };
    let adds = vec![PendingAdd { tries: 1, ..add("a", 1, &[2]) }];
    let known = Standing { own: vec![own(2, "b", 2)], adds, ..Standing::default() };
    let all = [wanted("a", 1), wanted("b", 2)];
    // The same by somebody else will do, but is not ours.
    let work = reconcile(&all, &[event(2, 2), by(8, 9, None)], &known, TERMS);
    assert_eq!((steps(&work).len(), work.own.len()), (0, 1), "{work:?}");
    // Ours beside it, and one by us that says more: one try made one event, the most alike.
    let listed = [event(2, 2), by(7, 7, Some(1)), by(8, 9, None), by(9, 7, None)];
    let work = reconcile(&all, &listed, &known, TERMS);
    assert_eq!(
        (steps(&work).len(), work.own.iter().map(|own| own.id).collect::<Vec<_>>()),
        (0, vec![2, 9]),
        "{work:?}"
    );
}

#[test]
fn a_replacement_whose_answer_was_lost_is_carried_through() {
    let lost = Standing { adds: vec![add("a", 2, &[])], own: vec![own(1, "a", 1)], ..Standing::default() };
    assert_eq!(short(&[wanted("a", 2)], &[event(1, 1), event(5, 2)], &lost), ["-1 leftover"]);
    assert_eq!(short(&[wanted("a", 2)], &[event(1, 1)], &lost), ["a~1"]);
}

#[test]
fn what_is_refused_waits_for_a_change_or_a_resync() {
    let since = "2026-01-01T00:00:00Z".parse().expect("a time");
    let refused = RefusedAdd { key: "a".into(), sent: content(2), reason: "no".into(), since };
    let known = Standing { own: vec![own(1, "a", 1)], refused: vec![refused], ..Standing::default() };
    let work = reconcile(&[wanted("a", 2)], &[event(1, 1)], &known, TERMS);
    assert_eq!((steps(&work).len(), work.set_aside), (0, vec!["a".to_owned()]));
    assert_eq!(
        steps(&reconcile(&[wanted("a", 2)], &[event(1, 1)], &known, Terms { retry_refused: true, ..TERMS })),
        ["a~1"]
    );
    assert_eq!(short(&[wanted("a", 3)], &[event(1, 1)], &known), ["a~1"]);
    assert_eq!(short(&[wanted("a", 1)], &[event(1, 1)], &known), [""; 0]);
}

#[test]
fn the_guard_counts_what_goes_for_good() {
    let many = |count: i64| -> (Vec<Event>, Standing) {
        let known = (0..count).map(|n| own(n, &n.to_string(), n)).collect();
        ((0..count).map(|n| event(n, n)).collect(), standing(known))
    };
    let refusal = |left: i64, of: i64, percent: u8, is_copy: bool| {
        let (listed, known) = many(of);
        let wanted: Vec<Wanted> = (0..left).map(|n| wanted(&n.to_string(), n)).collect();
        guard(&reconcile(&wanted, &listed, &known, TERMS), &wanted, is_copy, percent)
            .first()
            .map(|held| held.reason.clone())
    };
    assert_eq!(refusal(44, 55, 20, true), None, "exactly twenty per cent");
    assert!(refusal(43, 54, 20, false).is_some_and(|reason| reason.starts_with("11 of 54 events (20 %) would go")));
    assert_eq!(refusal(0, 10, 0, false), None, "ten are never too many");
    assert!(refusal(0, 1, 100, true).is_some_and(|reason| reason.contains("lists no event")));
    assert_eq!(refusal(0, 0, 0, true), None, "nothing to lose");
    let vanished = |of: i64| {
        let (listed, known) = many(of);
        let all: Vec<Wanted> = (0..of).map(|n| wanted(&n.to_string(), n)).collect();
        guard(&reconcile(&all, &listed[11..], &known, TERMS), &all, false, 20).first().map(|held| held.reason.clone())
    };
    assert_eq!(vanished(55), None);
    assert!(vanished(54).is_some_and(|reason| reason.contains("11 of 54 events (20 %) that we added are not listed")));
    let leftovers = standing((0..50).map(|n| leftover(n, n)).collect());
    assert_eq!(guard(&reconcile(&[], &many(50).0, &leftovers, TERMS), &[], true, 0), []);
}

/// Does the steps the way they are done, without any trouble.
fn carried_out(work: &Work, listed: &[Event]) -> (Vec<Event>, Vec<OwnEvent>) {
    let (mut listed, mut own) = (listed.to_vec(), work.own.clone());
    for step in work.all_steps() {
        let (added, removed) = match step {
            Step::Add(wanted) => (Some(wanted), None),
            Step::Replace { wanted, old } => (Some(wanted), Some(old.id())),
            Step::Remove { old, .. } => (None, Some(old.id())),
        };
        if let Some(wanted) = added {
            let id = 1_000 + listed.iter().map(Event::id).max().unwrap_or(0);
            let mut fields = Value::Object(wanted.content.fields().clone());
            fields["id"] = json!(id);
            listed.push(Event::parse(fields).expect("an event"));
            own.iter_mut().filter(|own| own.key.as_ref() == Some(&wanted.key)).for_each(|own| own.key = None);
            own.push(OwnEvent {
                id,
                key: Some(wanted.key.clone()),
                sent: wanted.content.clone(),
                seen: None,
                gone: None,
            });
        }
        if let Some(id) = removed {
            assert!(own.iter().any(|own| own.id == id), "{id} is not ours");
            listed.retain(|event| event.id() != id);
            own.retain(|own| own.id != id);
        }
    }
    (listed, own)
}

proptest! {
    #[test]
    fn once_carried_out_nothing_is_left_to_do(
        events in prop::collection::btree_map(1..20i64, 0..4i64, 0..12),
        ours in prop::collection::btree_map(1..20i64, (prop::option::of("[a-f]"), 0..4i64), 0..8),
        lost in prop::collection::btree_map("[a-f]", (0..4i64, prop::collection::vec(1..20i64, 0..3)), 0..3),
        wants in prop::collection::btree_map("[a-f]", 0..4i64, 0..6),
    ) {
        let listed: Vec<Event> = events.iter().map(|(id, n)| event(*id, *n)).collect();
        let mut keys = HashSet::new();
        let own: Vec<OwnEvent> = ours.iter().map(|(id, (key, n))| OwnEvent {
            id: *id,
            key: key.clone().filter(|key| keys.insert(key.clone())),
            sent: content(*n),
            seen: Some(content(*n)),
            gone: None,
        }).collect();
        let adds = lost.iter().map(|(key, (n, twins))| add(key, *n, twins)).collect();
        let before = Standing { own, adds, refused: Vec::new() };
        let wanted: Vec<Wanted> = wants.iter().map(|(key, n)| wanted(key, *n)).collect();
        let work = reconcile(&wanted, &listed, &before, TERMS);
        let (after, own) = carried_out(&work, &listed);
        // Everybody else's is still there.
        for event in &listed {
            let was_ours = work.own.iter().any(|own| own.id == event.id());
            prop_assert!(was_ours || after.contains(event));
        }
        // What is wanted is there, each its own, and nothing of ours beside it.
        let mut left: Vec<Content> = after.iter().map(Event::content).collect();
        for wanted in wanted.iter().filter(|wanted| !work.set_aside.contains(&wanted.key)) {
            let at = left.iter().position(|content| content.covers(&wanted.content));
            prop_assert!(at.is_some(), "{} is missing", wanted.key);
            left.remove(at.unwrap_or_default());
        }
        prop_assert!(own.iter().filter(|own| own.gone.is_none()).count() <= wanted.len());
        let known = Standing { own, adds: work.adds, refused: work.held_back };
        let again = reconcile(&wanted, &after, &known, TERMS);
        prop_assert_eq!(again.all_steps().count(), 0, "{:?}", again);
        prop_assert!(again.held_back.is_empty());
    }
}
