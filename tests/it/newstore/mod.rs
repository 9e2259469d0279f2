//! Clienteling at NewStore: what is bought for ever, by a person's word alone.

mod answers;
mod apply;
mod crash;
mod outside;
mod plan;
mod settle;
mod words;

use serde_json::Value;

use crate::kit::Shop;
use sandbox::NewStoreNumber;

/// Two numbers that are offered from the start, and the lowest in Jacksonville.
const MIAMI: &str = "+13055550100";
const LOWEST: &str = "+19045550101";
const NEXT: &str = "+19045550102";

/// A shop that has nothing but `[newstore]`, with these settings and stores.
fn shop(settings: &str, stores: &str) -> Shop {
    let shop = Shop::new();
    configure(&shop, settings, stores);
    shop
}

/// Writes the config of such a shop anew. What the settings name takes the place of what is usual here.
fn configure(shop: &Shop, settings: &str, stores: &str) {
    let parse = |text: &str| text.parse::<toml::Table>().expect("TOML");
    let mut section = parse(&shop.newstore_section().replace("[newstore]\n", ""));
    section.extend(parse("timeout = \"5s\"\nretries = 1\n"));
    section.extend(parse(settings));
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    shop.write("shelfkeeper.toml", format!("{state}[newstore]\n{section}{stores}"));
}

/// A store with a number of its own.
fn fixed(id: &str, number: &str) -> String {
    format!("[[newstore.store]]\nid = {id:?}\nphone_number = {number:?}\n")
}

/// A store with any number of Jacksonville.
fn chosen(id: &str) -> String {
    format!("[[newstore.store]]\nid = {id:?}\nchoose = {{ locality = \"Jacksonville\" }}\n")
}

fn plan(shop: &Shop) -> Value {
    shop.json(&["newstore", "--format", "json"])
}

fn digest(shop: &Shop) -> String {
    plan(shop)["digest"].as_str().expect("a digest").to_owned()
}

/// A store's part of what `status` tells.
fn standing(shop: &Shop, id: &str) -> Value {
    let status = shop.json(&["status", "--format", "json"]);
    let stores = status["newstore"].as_array().expect("stores").clone();
    stores.into_iter().find(|store| store["id"] == id).expect("the store")
}

fn state(shop: &Shop, id: &str) -> String {
    standing(shop, id)["state"].as_str().expect("a state").to_owned()
}

/// The writes that NewStore was sent, as `path body`, and forgets all requests.
fn take_writes(shop: &Shop) -> Vec<String> {
    let requests = shop.newstore().take_requests();
    let writes = requests.iter().filter(|request| request.method == "POST" && !request.path.starts_with("/auth/"));
    writes.map(|request| format!("{} {}", request.path, request.body.as_ref().unwrap_or(&Value::Null))).collect()
}

/// The write that onboards a store.
fn onboarding(id: &str, number: &str) -> String {
    format!("/clienteling/stores/{id}/onboard {{\"phone_number\":\"{number}\"}}")
}

/// What was bought for a store, as NewStore has it.
fn bought(shop: &Shop, id: &str) -> Option<String> {
    shop.newstore().stores().into_iter().find(|store| store.id == id).expect("the store").phone_number
}

/// The number is offered.
fn offer(shop: &Shop, number: &str) {
    let locality = Some("Jacksonville".to_owned());
    shop.newstore().put_number(NewStoreNumber {
        phone_number: number.to_owned(),
        locality,
        ..NewStoreNumber::default()
    });
}
