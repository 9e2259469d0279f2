//! The structure of the code: data flows one way, so no module and no file imports what imports it, and nothing is
//! too long to be read at once.
//!
//! What counts is where a name is defined: a `pub use` hands it on and ties nothing. Tests inside the code may look
//! wherever they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// What must never be: who, and what they must not import. A name stands for all that lies below it.
const FORBIDDEN: [(&str, &[&str]); 34] = [
    // A shop's words know no vendor, and no storage.
    ("catalog", &["config", "feed", "remote", "source", "state", "systems", "web"]),
    ("event", &["remote", "source", "state", "systems", "web"]),
    ("order", &["config", "feed", "remote", "source", "state", "systems", "web"]),
    ("feed", &["config", "remote", "source", "state", "systems", "web"]),
    ("source", &["feed", "remote", "state", "systems", "web"]),
    // What passes have in common is nobody's in particular.
    ("pass", &["catalog", "commands", "daemon", "remote", "report", "source", "systems", "web"]),
    ("digest", &["catalog", "config", "feed", "pass", "remote", "source", "state", "systems", "web"]),
    // The engine knows no system, and no word of what is kept in it.
    ("state", &["catalog", "config", "event", "feed", "pass", "remote", "source", "systems", "web"]),
    // What systems keep is written by the system, not by whom it is told or done.
    ("systems::catalog::store", &["config", "remote", "source", "systems::catalog::plan", "web"]),
    ("systems::events::store", &["config", "remote", "source", "systems::events::reconcile", "web"]),
    ("systems::orders::store", &["config", "remote", "source", "systems::orders::report", "web"]),
    // What only computes reads and writes nothing.
    ("systems::catalog::diff::decide", &["remote", "state", "web"]),
    ("systems::catalog::strategy", &["state", "web"]),
    ("systems::events::reconcile", &["remote", "state", "web"]),
    ("systems::events::matcher", &["remote", "state", "web"]),
    // Clients know no system, and keep nothing.
    ("remote", &["feed", "source", "state", "systems", "web"]),
    // Systems know nothing of each other, nor of whoever runs them.
    ("systems::availability::hysteresis", &["remote", "state", "web"]),
    ("systems::availability::timeline", &["config", "remote", "state", "web"]),
    ("systems::availability::store", &["remote", "source", "web"]),
    (
        "systems::availability",
        &[
            "commands",
            "daemon",
            "feed",
            "source",
            "systems::catalog",
            "systems::events",
            "systems::oct8ne",
            "web::private",
        ],
    ),
    (
        "systems::catalog",
        &["commands", "daemon", "systems::availability", "systems::events", "systems::oct8ne", "web::private"],
    ),
    ("systems::events", &["commands", "daemon", "feed", "source", "systems::catalog", "web"]),
    ("systems::orders", &["commands", "daemon", "feed", "source", "systems::catalog", "systems::events", "web"]),
    ("systems::hooks", &["commands", "daemon", "systems::catalog", "systems::events", "systems::orders", "web"]),
    // What can't be undone is decided by what neither reads nor sends.
    ("phone", &["config", "feed", "remote", "source", "state", "systems", "web"]),
    ("systems::newstore::plan", &["remote", "report", "state", "web"]),
    ("systems::newstore::ledger", &["remote", "source", "systems::newstore::plan", "web"]),
    (
        "systems::newstore",
        &[
            "commands",
            "daemon",
            "feed",
            "source",
            "systems::availability",
            "systems::catalog",
            "systems::events",
            "systems::oct8ne",
            "systems::orders",
            "web",
        ],
    ),
    ("outbox", &["config", "feed", "pass", "remote", "report", "source", "systems", "web"]),
    // It shows what the catalogue has put on the shelf, and the catalogue doesn't know who does.
    ("systems::oct8ne", &["commands", "daemon", "systems::events", "web::private"]),
    // Whoever runs them names none.
    (
        "daemon",
        &[
            "systems::availability",
            "systems::catalog",
            "systems::events",
            "systems::hooks",
            "systems::newstore",
            "systems::oct8ne",
            "systems::orders",
        ],
    ),
    ("report", &["systems", "web"]),
    // What the feed says has nothing to do with how it was read, nor with who uses it.
    ("systems::catalog::shelf", &["config", "feed", "source", "systems::catalog::import", "web"]),
    // What is served to all has no idea of what it is.
    ("web::listener", &["config", "remote", "report", "state", "systems", "web::private"]),
];

/// Lines of a file, tests included.
const MAX_FILE_LINES: usize = 450;
/// Lines of a function, from its signature to its closing brace.
const MAX_FUNCTION_LINES: usize = 60;
/// Parameters of a function besides `self`.
const MAX_PARAMETERS: usize = 5;

/// A package's modules, by their paths (`a::b`; the root is empty).
struct Package {
    files: BTreeMap<String, Module>,
}

#[derive(Default)]
struct Module {
    /// Names that it hands on, and where from.
    handed_on: BTreeMap<String, String>,
    /// Paths that it names, as they are written.
    named: BTreeSet<String>,
}

/// Collects what a file names.
#[derive(Default)]
struct Names {
    handed_on: Vec<String>,
    named: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut paths = Vec::new();
        flatten(&item.tree, String::new(), &mut paths);
        match item.vis {
            syn::Visibility::Inherited => self.named.extend(paths),
            _ => self.handed_on.extend(paths),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.named.insert(names.join("::"));
        }
        visit::visit_path(self, path);
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// Every name of a `use`, with its whole path.
fn flatten(tree: &syn::UseTree, before: String, paths: &mut Vec<String>) {
    let join = |name: String| if before.is_empty() { name } else { format!("{before}::{name}") };
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree, join(path.ident.to_string()), paths),
        syn::UseTree::Name(name) if name.ident == "self" => paths.push(before),
        syn::UseTree::Name(name) => paths.push(join(name.ident.to_string())),
        syn::UseTree::Rename(name) => paths.push(join(name.ident.to_string())),
        syn::UseTree::Glob(_) => paths.push(before),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before.clone(), paths)),
    }
}

impl Package {
    fn read(source: &Path) -> Package {
        let mut files = BTreeMap::new();
        for path in rust_files(source) {
            let relative = path.strip_prefix(source).expect("below").with_extension("");
            let mut parts: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if parts.iter().any(|part| part == "tests") {
                continue;
            }
            if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                parts.pop();
            }
            let file = syn::parse_file(&fs::read_to_string(&path).expect("a file")).expect("Rust");
            let mut names = Names::default();
            names.visit_file(&file);
            let module: &mut Module = files.entry(parts.join("::")).or_default();
            module.named.extend(names.named);
            for path in names.handed_on {
                let name = path.rsplit("::").next().unwrap_or_default().to_owned();
                module.handed_on.insert(name, path);
            }
        }
        Package { files }
    }

    /// The file that defines what a path names, seen from a module; `None` for other packages and for names of its own.
    fn resolve(&self, from: &str, path: &str) -> Option<String> {
        let mut at: Vec<&str> = from.split("::").filter(|part| !part.is_empty()).collect();
        let mut parts = path.split("::").peekable();
        match *parts.peek()? {
            "crate" => {
                at.clear();
                parts.next();
            }
            "self" => _ = parts.next(),
            "super" => {
                while parts.next_if_eq(&"super").is_some() {
                    at.pop();
                }
            }
            first => {
                let below = if from.is_empty() { first.to_owned() } else { format!("{from}::{first}") };
                if !self.files.contains_key(&below) {
                    return None;
                }
            }
        }
        let mut module = at.join("::");
        for part in parts {
            let below = if module.is_empty() { part.to_owned() } else { format!("{module}::{part}") };
            if self.files.contains_key(&below) {
                module = below;
                continue;
            }
            let Some(other) = self.files.get(&module)?.handed_on.get(part) else { break };
            return self.resolve(&module, other).or(Some(module));
        }
        self.files.contains_key(&module).then_some(module)
    }

    /// Who imports whom, by `unit`: the whole path of a file, or what it belongs to.
    fn edges(&self, unit: impl Fn(&str) -> String) -> BTreeMap<String, BTreeSet<String>> {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, module) in &self.files {
            for to in module.named.iter().filter_map(|path| self.resolve(from, path)) {
                let (from, to) = (unit(from), unit(&to));
                if from != to {
                    edges.entry(from).or_default().insert(to);
                }
            }
        }
        edges
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    files.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}

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
    for package in packages() {
        for (from, to) in package.edges(str::to_owned) {
            for (who, others) in FORBIDDEN.iter().filter(|(who, _)| is_below(&from, who)) {
                let found = to.iter().find(|to| others.iter().any(|other| is_below(to, other)));
                assert_eq!(found, None, "{from} imports what {who} must not");
            }
        }
    }
}

/// The functions of a file that break a limit.
#[derive(Default)]
struct Sizes {
    offences: Vec<String>,
}

impl Sizes {
    fn check(&mut self, signature: &syn::Signature, body: Option<&syn::Block>) {
        let start: proc_macro2::LineColumn = signature.fn_token.span.start();
        let begin = start.line;
        let end = body.map_or(begin, |body| body.brace_token.span.close().end().line);
        let (name, lines) = (&signature.ident, end - begin + 1);
        if lines > MAX_FUNCTION_LINES {
            self.offences.push(format!("line {begin}: `{name}` has {lines} lines"));
        }
        let is_self = |input: &&syn::FnArg| matches!(input, syn::FnArg::Receiver(_));
        let count = signature.inputs.iter().filter(|input| !is_self(input)).count();
        if count > MAX_PARAMETERS {
            self.offences.push(format!("line {begin}: `{name}` has {count} parameters"));
        }
    }
}

impl<'ast> Visit<'ast> for Sizes {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.check(&function.sig, Some(&function.block));
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check(&function.sig, Some(&function.block));
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.check(&function.sig, function.default.as_ref());
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn no_file_and_no_function_is_too_large() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut offences = Vec::new();
    for path in ["src", "crates", "tests", "benches", "examples", "fuzz/fuzz_targets"]
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
    {
        let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let lines = text.lines().count();
        let mut sizes = Sizes::default();
        if lines > MAX_FILE_LINES {
            sizes.offences.push(format!("it has {lines} lines"));
        }
        sizes.visit_file(&syn::parse_file(&text).expect("Rust"));
        offences.extend(sizes.offences.iter().map(|offence| format!("{name}: {offence}")));
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}
