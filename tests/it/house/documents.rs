//! Documents lead where they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The documents of a folder.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn links_between_documents_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = [documents(root), documents(&root.join("docs"))].concat();
    assert!(all.len() > 20, "{all:?}");
    let mut broken = Vec::new();
    for document in all {
        let text = fs::read_to_string(&document).expect("text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let file = link.split('#').next().unwrap_or(link);
            let is_elsewhere = file.is_empty() || file.contains("://");
            if !is_elsewhere && !document.with_file_name(file).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What a path begins with that is somewhere below one of these: documents leave out what goes without saying.
const BELOW: [&str; 5] = ["", "src", "src/systems/catalog", "tests", "docs"];

/// The words in backticks that look like a file or a folder of ours.
fn paths(text: &str) -> Vec<&str> {
    let mut paths = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        is_fenced ^= line.starts_with("```");
        // Between two backticks is every other piece.
        let words = line.split('`').skip(1).step_by(2).filter(|_| !is_fenced);
        paths.extend(words.flat_map(str::split_whitespace).map(|word| word.trim_end_matches([',', ';', ')'])));
    }
    let ends = [".rs", ".md", ".toml", ".json", ".lock", ".service", ".timer", ".sh"];
    let is_path = |word: &&str| {
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        let is_named = word.contains('/') || ends.iter().any(|end| word.ends_with(end));
        is_plain && is_named && !word.starts_with(['/', '-', '.']) && word.chars().any(|c| c.is_ascii_lowercase())
    };
    paths.into_iter().filter(is_path).collect()
}

/// The names of all files in these folders, and in those in them.
fn file_names(folders: &[PathBuf]) -> BTreeSet<String> {
    let mut left = folders.to_vec();
    let mut names = BTreeSet::new();
    while let Some(folder) = left.pop() {
        for path in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            match path.is_dir() {
                true => left.push(path),
                false => names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned())),
            }
        }
    }
    names
}

#[test]
fn paths_that_the_houses_papers_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = file_names(&["src", "crates", "tests"].map(|folder| root.join(folder)));
    let mut seen = 0;
    let mut absent = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(document)).expect("text");
        for path in paths(&text) {
            seen += 1;
            let is_there = |below: &&str| {
                let place = root.join(below).join(path.trim_end_matches('/'));
                place.exists() || place.with_extension("rs").exists()
            };
            // A name alone follows one with a folder, which only a reader knows.
            let is_named = || !path.contains('/') && names.contains(path);
            if !BELOW.iter().any(is_there) && !is_named() {
                absent.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(seen > 40, "{seen}");
    assert!(absent.is_empty(), "{absent:#?}");
}
