//! Is an advisor there? Emplifi is asked on a timer, and pages and people are told.

mod command;
mod daemon;
mod door;
mod rounds;

use sandbox::{Advisor, EmplifiLogged};
use serde_json::Value;

use crate::kit::Shop;
use crate::kit::process::Process;

/// One advisor, by the alias.
const SOFAS: &str = "[[emplifi.watch]]\nname = \"sofas\"\nalias = \"sofa-team\"\n";
/// Another one.
const BEDS: &str = "[[emplifi.watch]]\nname = \"beds\"\nalias = \"bed-team\"\n";
/// Rounds a second, and two doors.
const QUICK: &str = "schedule = \"every 1s\"\n";
const DOORS: &str = "[http]\nlisten = \"127.0.0.1:0\"\npublic_listen = \"127.0.0.1:0\"\n";

/// A shop that has nothing but `[emplifi]`: its settings, and its watches with whatever else comes after them.
fn shop(settings: &str, rest: &str) -> Shop {
    let shop = Shop::new();
    advisor(&shop, "bed-team", &["beds", "de"], false);
    configure(&shop, settings, rest);
    shop
}

/// Writes the config of such a shop anew.
fn configure(shop: &Shop, settings: &str, rest: &str) {
    let state = format!("[state]\npath = {:?}\n", shop.state_path());
    shop.write("shelfkeeper.toml", format!("{state}{}{settings}{rest}", shop.emplifi_section()));
}

fn advisor(shop: &Shop, alias: &str, keys: &[&str], available: bool) {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    shop.emplifi().put(Advisor { alias: alias.to_owned(), keys, available });
}

/// A daemon of such a shop.
fn daemon(shop: &Shop) -> Process {
    Process::start(shop.command(&["run"]))
}

/// What was asked, as `METHOD path body`.
fn lines(requests: &[EmplifiLogged]) -> Vec<String> {
    let body = |request: &EmplifiLogged| request.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
    let line = |request: &EmplifiLogged| format!("{} {}{}", request.method, request.path, body(request));
    let mut lines: Vec<String> = requests.iter().map(line).collect();
    lines.sort();
    lines
}

/// How the watches stand, as the program tells it; whatever it exits with.
fn standing(shop: &Shop) -> Value {
    shop.json(&["availability", "--format", "json"])
}

/// The state of a watch.
fn state(shop: &Shop, watch: usize) -> String {
    standing(shop)[watch]["state"].as_str().expect("a state").to_owned()
}
