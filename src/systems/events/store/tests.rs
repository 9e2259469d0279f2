//! A state file with events.

use serde_json::{Value, json};

use super::*;
use crate::state::{Reader, STEPS, Writer};

const PLACE: &str = "here";

struct File {
    _folder: tempfile::TempDir,
    writer: Writer,
}

impl File {
    fn new() -> File {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Writer::open(&folder.path().join("s.db"), Some("http://nice.example")).expect("a state");
        File { _folder: folder, writer }
    }

    fn reader(&self) -> Reader {
        Reader::open(self.writer.path()).expect("a reader")
    }

    async fn mirror(&self, place: &str, events: &[Event], at: &str, days: u32) -> (u64, u64, u64) {
        let at = at.parse().expect("a time");
        let mirrored = self.writer.mirror(place.to_owned(), events.to_vec(), at, days).await.expect("written");
        (mirrored.added, mirrored.changed, mirrored.removed)
    }

    fn history(&self, place: &str) -> Vec<(String, &'static str, i64)> {
        let changes = changes(&self.reader(), place);
        changes.iter().map(|change| (change.at.to_string(), change.kind.name(), change.event.id())).collect()
    }
}

fn event(value: Value) -> Event {
    Event::parse(value).expect("an event")
}

fn changes(reader: &Reader, place: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    let read = reader.each_event_change(place, |change| {
        changes.push(change);
        Ok::<(), crate::state::StateError>(())
    });
    read.expect("a history");
    changes
}

#[test]
fn the_step_that_brings_events_is_where_it_is_said_to_be() {
    let step = usize::try_from(SINCE).expect("a step") - 1;
    assert!(STEPS[step].contains("CREATE TABLE event ("));
}

#[tokio::test]
async fn a_mirror_becomes_equal_and_remembers_how() {
    let file = File::new();
    let one = event(json!({"id": 1, "trigger": {"a": 1, "b": 2}}));
    let [two, other_two, three] = [json!({"id": 2}), json!({"id": 2, "new": true}), json!({"id": 3})].map(event);
    assert_eq!(file.mirror(PLACE, &[one.clone(), two.clone()], "2026-01-01T00:00:00Z", 90).await, (2, 0, 0));
    let turned: Value = serde_json::from_str(r#"{"trigger":{"b":2,"a":1},"id":1}"#).expect("JSON");
    let next = [event(turned), other_two.clone(), three.clone()];
    assert_eq!(file.mirror(PLACE, &next, "2026-01-02T00:00:00Z", 90).await, (1, 1, 0));
    assert_eq!(file.mirror(PLACE, &next[1..], "2026-01-03T00:00:00Z", 90).await, (0, 0, 1));
    assert_eq!(file.mirror(PLACE, &next[1..], "2026-01-04T00:00:00Z", 90).await, (0, 0, 0));
    let reader = file.reader();
    assert_eq!(reader.events(PLACE).expect("events"), [other_two.clone(), three]);
    let state = reader.mirror(PLACE).expect("a state").expect("a mirror");
    assert_eq!((state.count, state.mirrored_at), (2, "2026-01-04T00:00:00Z".parse().ok()));
    let day = |day: u32| format!("2026-01-0{day}T00:00:00Z");
    assert_eq!(
        file.history(PLACE),
        [
            (day(1), "added", 1),
            (day(1), "added", 2),
            (day(2), "changed", 2),
            (day(2), "added", 3),
            (day(3), "removed", 1)
        ]
    );
    let changes = changes(&reader, PLACE);
    assert_eq!((&changes[2].old, &changes[2].event), (&Some(two), &other_two));
    assert_eq!(changes[4].event, one);
    assert_eq!(reader.mirror("elsewhere").expect("a state"), None);
}

#[tokio::test]
async fn places_are_kept_apart_and_history_ends_after_its_days() {
    let file = File::new();
    let [one, two] = [1, 2].map(|id| event(json!({"id": id})));
    file.mirror(PLACE, std::slice::from_ref(&one), "2026-01-01T00:00:00Z", 7).await;
    assert_eq!(file.mirror("there", std::slice::from_ref(&two), "2026-01-05T00:00:00Z", 7).await, (1, 0, 0));
    assert_eq!((file.history(PLACE).len(), file.history("there").len()), (1, 1));
    file.mirror(PLACE, std::slice::from_ref(&one), "2026-01-08T00:00:00Z", 7).await;
    assert_eq!(file.history(PLACE).len(), 1, "exactly seven days");
    file.mirror(PLACE, std::slice::from_ref(&one), "2026-01-08T00:00:01Z", 7).await;
    assert_eq!((file.history(PLACE).len(), file.history("there").len()), (0, 1));
    assert_eq!(file.reader().events(PLACE).expect("events"), [one]);
}

#[tokio::test]
async fn what_is_ours_survives() {
    let file = File::new();
    let content = |n: i64| event(json!({"id": 0, "trigger": {"n": n}})).content();
    let store = || "12".to_owned();
    let own = |id, key: Option<&str>, n| OwnEvent {
        id,
        key: key.map(str::to_owned),
        sent: content(n),
        seen: None,
        gone: None,
    };
    let add = PendingAdd { key: "a".to_owned(), sent: content(1), before: vec![i64::MIN, 7], tries: 1 };
    file.writer.intend_add(store(), add.clone()).await.expect("written");
    assert_eq!(file.reader().standing("12").expect("a standing").adds, std::slice::from_ref(&add));
    let added = |own, lost, mirror| AddedEvent { own, lost, mirror, succeeds: None };
    file.writer.event_added(store(), added(own(5, Some("a"), 1), 1, None)).await.expect("written");
    assert_eq!(file.reader().standing("12").expect("a standing").adds.len(), 1, "a second one may yet appear");
    let listed = (PLACE.to_owned(), event(json!({"id": 6})));
    file.writer.event_added(store(), added(own(6, Some("a"), 2), 0, Some(listed))).await.expect("written");
    let standing = file.reader().standing("12").expect("a standing");
    assert_eq!(standing.own, [own(5, None, 1), own(6, Some("a"), 2)]);
    assert!(standing.adds.is_empty());
    assert_eq!(file.reader().standing("13").expect("a standing"), Standing::default());

    let since = "2026-01-01T00:00:00Z".parse().expect("a time");
    let refused = |key: &str| RefusedAdd { key: key.to_owned(), sent: content(3), reason: "no".to_owned(), since };
    file.writer.event_refused(store(), refused("b"), 0).await.expect("written");
    file.writer.event_refused(store(), refused("c"), 0).await.expect("written");
    file.writer.keep_refused(store(), vec!["c".to_owned()]).await.expect("written");
    assert_eq!(file.reader().standing("12").expect("a standing").refused, [refused("c")]);
    assert_eq!(["12", "13"].map(|of| file.reader().refused_events(of).expect("rows").len()), [1, 0]);

    file.writer.event_removed(store(), 6, Some(PLACE.to_owned())).await.expect("written");
    let copies = |id: i64| OwnEvent { gone: Some(since), ..own(id, Some("6"), 1) };
    for (other, id) in [("13", 1), ("14", 2)] {
        file.writer.set_own_events(other.to_owned(), vec![copies(id)], vec![add.clone()]).await.expect("written");
    }
    let succeeds = Some((6, vec!["13".to_owned()]));
    let next = AddedEvent { succeeds, ..added(own(7, Some("a"), 2), 0, None) };
    file.writer.event_added(store(), next).await.expect("written");
    let [thirteen, fourteen] = ["13", "14"].map(|of| file.reader().standing(of).expect("a standing"));
    assert_eq!(thirteen.own, [OwnEvent { key: Some("7".to_owned()), ..copies(1) }]);
    assert_eq!((fourteen.own, fourteen.adds), (vec![copies(2)], vec![add]));
    assert_eq!(
        file.reader().own_events_elsewhere(&[store()]).expect("rows"),
        [("13".to_owned(), 1), ("14".to_owned(), 1)]
    );

    file.writer.set_own_events(store(), vec![own(5, Some("a"), 1)], Vec::new()).await.expect("written");
    assert_eq!(file.reader().standing("12").expect("a standing").own, [own(5, Some("a"), 1)]);
    let history: Vec<_> = file.history(PLACE).into_iter().map(|(_, kind, id)| (kind, id)).collect();
    assert_eq!(history, [("added", 6), ("removed", 6)]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_keeps_nothing_from_being_forgotten() {
    let file = File::new();
    let [one, two, three] = [1, 2, 3].map(|id| event(json!({"id": id})));
    file.mirror(PLACE, std::slice::from_ref(&one), "2030-01-01T00:00:00Z", 7).await;
    file.mirror(PLACE, &[one.clone(), two.clone()], "2026-01-01T00:00:00Z", 7).await;
    assert_eq!(file.history(PLACE).len(), 2, "nothing before it is old enough");
    file.mirror(PLACE, &[one, two, three], "2026-01-09T00:00:00Z", 7).await;
    assert_eq!(file.history(PLACE), [("2026-01-09T00:00:00Z".to_owned(), "added", 3)]);
}

#[tokio::test]
async fn what_is_said_to_be_missing_is_ours_to_remove() {
    let file = File::new();
    let own = |key: Option<&str>, gone| OwnEvent {
        id: 5,
        key: key.map(str::to_owned),
        sent: event(json!({"id": 5})).content(),
        seen: None,
        gone,
    };
    file.writer.set_own_events("12".to_owned(), vec![own(Some("a"), None)], Vec::new()).await.expect("written");
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    file.writer.event_missing("12".to_owned(), 5, now).await.expect("written");
    assert_eq!(file.reader().standing("12").expect("a standing").own, [own(None, Some(now))]);
}

#[tokio::test]
async fn a_file_from_before_the_events_is_read_and_brought_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.db");
    let file = rusqlite::Connection::open(&path).expect("a file");
    let steps = usize::try_from(SINCE).expect("a step") - 1;
    STEPS[..steps].iter().for_each(|step| file.execute_batch(step).expect("an older format"));
    file.pragma_update(None, "user_version", SINCE - 1).expect("an older format");
    drop(file);
    let reader = Reader::open(&path).expect("a reader");
    assert_eq!(reader.events(PLACE).expect("events"), []);
    assert_eq!(reader.mirror(PLACE).expect("a state"), None);
    assert_eq!(reader.standing("12").expect("a standing"), Standing::default());
    drop(reader);
    let writer = Writer::open(&path, Some("http://nice.example")).expect("a state");
    let file = File { _folder: folder, writer };
    assert_eq!(file.mirror(PLACE, &[event(json!({"id": 1}))], "2026-01-01T00:00:00Z", 90).await, (1, 0, 0));
    assert_eq!(file.reader().events(PLACE).expect("events").len(), 1);
}
