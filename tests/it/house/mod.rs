//! The structure of the code: data flows one way, so no module and no file imports what imports it, and nothing is
//! too long to be read at once.
//!
//! What counts is where a name is defined: a `pub use` hands it on and ties nothing. Tests inside the code may look
//! wherever they like.

mod documents;
mod limits;
mod package;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use package::{Module, Package};

/// What must never be: who, and what they must not import. A name stands for all that lies below it.
const FORBIDDEN: [(&str, &[&str]); 33] = [
    // A shop's words know no vendor, and no storage.
    ("catalog", &["config", "feed", "remote", "source", "state", "systems", "web"]),
    ("event", &["remote", "source", "state", "systems", "web"]),
    ("order", &["config", "feed", "remote", "source", "state", "systems", "web"]),
    ("feed", &["config", "remote", "source", "state", "systems", "web"]),
    ("source", &["feed", "remote", "state", "systems", "web"]),
    ("config", &["daemon", "pass", "remote", "source", "state", "systems", "web"]),
    // What passes have in common is nobody's in particular.
    ("pass", &["catalog", "commands", "daemon", "remote", "report", "source", "systems", "web"]),
    ("outbox", &["config", "feed", "pass", "remote", "report", "source", "systems", "web"]),
    ("approval", &["config", "feed", "pass", "remote", "source", "systems", "web"]),
    ("pause", &["config", "feed", "remote", "source", "systems", "web"]),
    ("digest", &["catalog", "config", "feed", "pass", "remote", "source", "state", "systems", "web"]),
    // The engine knows no system, and no word of what is kept in it.
    ("state", &["catalog", "config", "event", "feed", "order", "pass", "remote", "source", "systems", "web"]),
    // What systems keep is written by the system, not by whom it is told or done.
    ("systems::catalog::store", &["config", "remote", "source", "systems::catalog::plan", "web"]),
    ("systems::events::store", &["config", "remote", "source", "systems::events::reconcile", "web"]),
    ("systems::orders::store", &["config", "remote", "source", "systems::orders::report", "web"]),
    ("systems::availability::store", &["remote", "source", "web"]),
    // What only computes reads and writes nothing.
    ("systems::catalog::diff::decide", &["remote", "state", "web"]),
    ("systems::catalog::strategy", &["state", "web"]),
    ("systems::events::reconcile", &["remote", "state", "web"]),
    ("systems::events::matcher", &["remote", "state", "web"]),
    ("systems::availability::hysteresis", &["remote", "state", "web"]),
    ("systems::availability::timeline", &["config", "remote", "state", "web"]),
    // What the feed says has nothing to do with how it was read, nor with who uses it.
    ("systems::catalog::shelf", &["config", "feed", "source", "systems::catalog::import", "web"]),
    // What can't be undone is decided by what neither reads nor sends.
    ("phone", &["config", "feed", "remote", "source", "state", "systems", "web"]),
    ("systems::newstore::plan", &["remote", "report", "state", "web"]),
    ("systems::newstore::store", &["remote", "source", "systems::newstore::plan", "web"]),
    // Clients know no system, and keep nothing.
    ("remote", &["feed", "source", "state", "systems", "web"]),
    // Systems know nothing of whoever runs them.
    ("systems", &["cli", "commands", "daemon", "status", "web::private"]),
    // Those who run and show them know nothing of what they do.
    ("daemon", &["catalog", "cli", "commands", "event", "feed", "order", "remote", "source"]),
    ("web", &["catalog", "cli", "commands", "daemon", "event", "feed", "order", "remote", "source"]),
    ("report", &["systems", "web"]),
    // What is shown is words and numbers, whoever has them and whoever draws them.
    (
        "view",
        &[
            "catalog", "config", "event", "feed", "order", "pass", "remote", "report", "source", "state", "systems",
            "web",
        ],
    ),
    // What is served to all has no idea of what it is.
    ("web::listener", &["config", "remote", "report", "state", "systems", "web::private"]),
];

/// Systems that import another one. The face shows what the catalogue has put on the shelf, and the catalogue doesn't
/// know who does.
const GUESTS: [(&str, &str); 1] = [("oct8ne", "catalog")];

/// Units that can be reached from themselves, with all that lies on the way.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &String| {
        let mut reached = BTreeSet::new();
        let mut left: Vec<&String> = edges.get(from).into_iter().flatten().collect();
        while let Some(next) = left.pop() {
            if reached.insert(next.clone()) {
                left.extend(edges.get(next).into_iter().flatten());
            }
        }
        reached
    };
    let all: BTreeMap<&String, BTreeSet<String>> = edges.keys().map(|unit| (unit, reached(unit))).collect();
    let mut circles = BTreeSet::new();
    for (unit, there) in all.iter().filter(|(unit, there)| there.contains(**unit)) {
        let back = |other: &&String| all.get(other).is_some_and(|back| back.contains(*unit));
        circles.insert(there.iter().filter(back).cloned().collect());
    }
    circles
}

/// Every circle with the imports that make it.
fn told(edges: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for circle in circles(edges) {
        text += "a circle:\n";
        for from in &circle {
            let to: Vec<&str> = edges[from].intersection(&circle).map(String::as_str).collect();
            text += &format!("  {from} imports {}\n", to.join(", "));
        }
    }
    text
}

fn packages() -> [Package; 2] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    [Package::read(&root.join("src")), Package::read(&root.join("crates/sandbox/src"))]
}

/// The system or the layer that a module belongs to.
fn layer(module: &str) -> String {
    let mut parts = module.split("::");
    let first = parts.next().unwrap_or_default();
    let is_split = matches!(first, "remote" | "systems" | "web");
    let second = parts.next().filter(|_| is_split);
    second.map_or_else(|| first.to_owned(), |second| format!("{first}::{second}"))
}

#[test]
fn no_layer_imports_what_imports_it() {
    let told = packages().map(|package| told(&package.edges(layer))).concat();
    assert!(told.is_empty(), "{told}");
}

#[test]
fn no_file_imports_what_imports_it() {
    let told = packages().map(|package| told(&package.edges(str::to_owned))).concat();
    assert!(told.is_empty(), "{told}");
}

#[test]
fn nobody_imports_what_they_must_not() {
    let is_below = |module: &str, name: &str| module == name || module.starts_with(&format!("{name}::"));
    let [program, _] = packages();
    // A rule about what isn't there any more holds nothing.
    for name in FORBIDDEN.iter().flat_map(|(who, others)| [who].into_iter().chain(*others)) {
        assert!(program.files.keys().any(|module| is_below(module, name)), "there is no {name}");
    }
    for package in packages() {
        for (from, to) in package.edges(str::to_owned) {
            for (who, others) in FORBIDDEN.iter().filter(|(who, _)| is_below(&from, who)) {
                let found = to.iter().find(|to| others.iter().any(|other| is_below(to, other)));
                assert_eq!(found, None, "{from} imports what {who} must not");
            }
        }
    }
}

/// The folders in one.
fn folders(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder");
    let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

/// The folder of `parent` that a module is in.
fn folder_of<'m>(module: &'m str, parent: &str) -> Option<&'m str> {
    module.strip_prefix(parent)?.strip_prefix("::")?.split("::").next()
}

#[test]
fn systems_know_nothing_of_each_other() {
    let systems = folders("src/systems");
    let [package, _] = packages();
    for (from, to) in package.edges(str::to_owned) {
        // The commands that are about one, and whoever puts them together.
        let is_command = matches!(from.split("::").next(), Some("cli" | "commands"));
        let is_namer = is_command || ["systems", "systems::snapshot", "systems::sold"].contains(&from.as_str());
        let own = folder_of(&from, "systems");
        for other in to.iter().filter_map(|to| folder_of(to, "systems")) {
            let is_system = systems.iter().any(|system| system == other);
            let is_guest = own.is_some_and(|own| GUESTS.contains(&(own, other)));
            assert!(is_namer || !is_system || own == Some(other) || is_guest, "{from} imports systems::{other}");
        }
    }
}

#[test]
fn vendors_know_nothing_of_each_other() {
    let vendors = folders("src/remote");
    let vendor = |module: &str| {
        // The sandbox has them at its root.
        let module = module.strip_prefix("remote::").unwrap_or(module);
        let first = module.split("::").next()?;
        vendors.iter().find(|vendor| *vendor == first).cloned()
    };
    for package in packages() {
        for (from, to) in package.edges(str::to_owned) {
            let Some(own) = vendor(&from) else { continue };
            let other = to.iter().find(|to| vendor(to).is_some_and(|other| other != own));
            assert_eq!(other, None, "{from} imports another vendor's");
        }
    }
}

#[test]
fn only_stores_speak_sql() {
    let [package, _] = packages();
    for (module, Module { named, handed_on }) in &package.files {
        let mut parts = module.split("::").peekable();
        let is_engine = matches!(parts.peek(), Some(&("state" | "outbox")));
        let speaks = named.iter().chain(handed_on.values()).any(|path| path.starts_with("rusqlite::"));
        assert!(!speaks || is_engine || parts.any(|part| part == "store"), "{module} names rusqlite");
    }
}
