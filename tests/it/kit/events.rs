//! Shops that mirror Lagerkoll's events: their config, their events, and what a pass sent.

use std::collections::BTreeMap;

use sandbox::{DEMO_STORE, LagerkollLogged, Object};
use serde_json::{Value, json};

use super::{Output, Shop};

/// The one product of these shops.
pub(crate) const ROW: &str = "1|Lamp|10.00 USD|in stock|Home";

/// A shop with a feed that gives no trouble, and a config that mirrors events. `more` goes on below
/// `[lagerkoll]`.
pub(crate) fn shop(more: &str) -> Shop {
    let shop = Shop::with_rows(&[ROW]);
    configure(&shop, more);
    shop
}

/// Writes the config of such a shop anew.
pub(crate) fn configure(shop: &Shop, more: &str) {
    shop.config(&format!("{}timeout = \"5s\"\n{more}", shop.lagerkoll_section()));
}

/// A declared event with a TIME trigger, as a part of a config.
pub(crate) fn declared(name: &str, time: &str) -> String {
    format!(
        "[[lagerkoll.event]]\nname = {name:?}\ntrigger_type = \"TIME\"\ntrigger = {{ time = {time:?} }}\n\
         action_type = \"SEND_EMAIL\"\naction = {{ to = [\"warehouse@shop.example\"], subject = {name:?} }}\n"
    )
}

/// What of such an event is sent.
pub(crate) fn content(name: &str, time: &str) -> Value {
    json!({
        "triggerType": "TIME",
        "trigger": {"time": time},
        "actionType": "SEND_EMAIL",
        "action": {"to": ["warehouse@shop.example"], "subject": name},
    })
}

/// A store that is copied to, as a part of a config.
pub(crate) fn copy_to(store: &str, key: &str) -> String {
    format!("[[lagerkoll.copy_to]]\nstore = {store:?}\napi_key = {key:?}\n")
}

/// JSON that is an object.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// Adds an event of somebody else's to the shop's store, and gives its id.
pub(crate) fn add(shop: &Shop, event: Value) -> i64 {
    shop.lagerkoll().add(DEMO_STORE, object(event)).expect("a store")
}

/// An event of a store without the fields that nobody can write.
fn written(event: &Object) -> Value {
    let names = ["triggerType", "trigger", "actionType", "action"];
    Value::Object(names.iter().filter_map(|name| Some(((*name).to_owned(), event.get(*name)?.clone()))).collect())
}

/// What the events of a store are about, in the order of their ids.
pub(crate) fn contents(shop: &Shop, store: &str) -> Vec<Value> {
    shop.lagerkoll().events(store).values().map(written).collect()
}

/// The same as texts in any order, to compare stores with.
pub(crate) fn as_set(shop: &Shop, store: &str) -> Vec<String> {
    let mut texts: Vec<String> = contents(shop, store).iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// What a finished run printed, and what Lagerkoll was sent meanwhile.
#[derive(Debug)]
pub(crate) struct Ran {
    pub output: Output,
    pub requests: Vec<LagerkollLogged>,
}

/// `run --once`.
pub(crate) fn pass(shop: &Shop) -> Ran {
    run(shop, &["run", "--once"])
}

/// Runs the program to its end.
pub(crate) fn run(shop: &Shop, arguments: &[&str]) -> Ran {
    shop.lagerkoll().take_requests();
    let output = shop.run(arguments);
    Ran { output, requests: shop.lagerkoll().take_requests() }
}

impl Ran {
    /// Itself, if it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Ran {
        assert_eq!(self.output.code, code, "{}\n{}\n{:?}", self.output.stdout, self.output.stderr, self.lines());
        self
    }

    /// How many requests of which kind: `1 GET events, 2 POST events`.
    pub(crate) fn tally(&self) -> String {
        tally(&self.requests)
    }

    /// The writes in order: `POST 4711`, `DELETE 4711 9007199254740993`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let writes = self.requests.iter().filter(|request| request.method != "GET");
        let line = |request: &LagerkollLogged| {
            let store = request.store.as_deref().unwrap_or("?");
            format!("{} {store} {}", request.method, place(request)).trim_end_matches(" events").to_owned()
        };
        writes.map(line).collect()
    }

    /// The line that tells of the events.
    #[track_caller]
    pub(crate) fn summary(&self) -> &str {
        let line = self.output.stdout.lines().find(|line| line.starts_with("events: "));
        line.unwrap_or_else(|| panic!("no word about events in {}", self.output.stdout))
    }
}

/// How many requests of which kind: `1 GET events, 2 POST events`; every id counts as `event`.
pub(crate) fn tally(requests: &[LagerkollLogged]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests {
        let place = place(request);
        let place = if place.parse::<i64>().is_ok() { "event" } else { place };
        *counts.entry(format!("{} {place}", request.method)).or_default() += 1;
    }
    counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

fn place(request: &LagerkollLogged) -> &str {
    match request.path.rsplit('/').next() {
        None | Some("") => "events",
        Some(place) => place,
    }
}

/// The mirrored events, as the program tells them.
pub(crate) fn mirrored(shop: &Shop) -> Value {
    shop.run(&["events", "--format", "json"]).expect_code(0).json()
}

/// How they changed.
pub(crate) fn history(shop: &Shop) -> Vec<Value> {
    let history = shop.run(&["events", "--history", "--format", "json"]).expect_code(0).json();
    history.as_array().expect("a list").clone()
}

/// The same in short: `added 7`.
pub(crate) fn changes(shop: &Shop) -> Vec<String> {
    let short = |change: &Value| format!("{} {}", change["change"].as_str().expect("a word"), change["event"]["id"]);
    history(shop).iter().map(short).collect()
}
