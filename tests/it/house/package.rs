//! Who imports whom, as the `use` paths say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// A package's modules, by their paths (`a::b`; the root is empty).
pub(super) struct Package {
    pub(super) files: BTreeMap<String, Module>,
}

#[derive(Default)]
pub(super) struct Module {
    /// Names that it hands on, and where from.
    pub(super) handed_on: BTreeMap<String, String>,
    /// Paths that it names, as they are written.
    pub(super) named: BTreeSet<String>,
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
    pub(super) fn read(source: &Path) -> Package {
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
    pub(super) fn edges(&self, unit: impl Fn(&str) -> String) -> BTreeMap<String, BTreeSet<String>> {
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

pub(super) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    files.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}
