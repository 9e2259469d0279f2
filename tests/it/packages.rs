//! The packages that the program is made of: none that nobody uses, none in two versions, none under a licence that
//! asks for more than to be named. What cargo-deny and cargo-machete check, without either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What all code of a package may be used under.
const LICENSES: [&str; 10] =
    ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "ISC", "MIT", "Unicode-3.0", "Unlicense", "Zlib"];

/// Packages that are there in two versions, and who wants the older one.
const TWICE: [(&str, &str); 2] = [("getrandom", "ring 0.17"), ("syn", "macros; nothing of it is in the program")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the program is built of on Linux, tests and their tools aside: names, versions with their sources, licences.
fn packages() -> Vec<(String, String, String)> {
    let target = "x86_64-unknown-linux-gnu";
    let arguments = ["tree", "--locked", "--offline", "--target", target, "-e", "normal,build", "--prefix", "none"];
    let format = ["--no-dedupe", "--format", "{p}|{l}"];
    let tree =
        Command::new(env!("CARGO")).args(arguments).args(format).current_dir(root()).output().expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).expect("text");
    let lines: BTreeSet<String> = lines.lines().map(|line| line.replace(" (proc-macro)", "")).collect();
    let parts = |line: &String| {
        let (package, license) = line.split_once('|')?;
        let (name, version) = package.split_once(' ')?;
        Some((name.to_owned(), version.to_owned(), license.to_owned()))
    };
    lines.iter().filter(|line| !line.is_empty()).map(|line| parts(line).expect(line)).collect()
}

/// Whether an expression (SPDX) can be met with licences that are allowed: one of each side of `AND`.
fn is_allowed(expression: &str) -> bool {
    let without = expression.replace(['(', ')'], " ").replace('/', " OR ");
    without.split(" AND ").all(|part| part.split(" OR ").any(|license| LICENSES.contains(&license.trim())))
}

#[test]
fn every_package_is_there_once_and_under_a_free_licence() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    for (name, version, license) in packages {
        assert!(is_allowed(&license), "{name} is under {license:?}");
        let source = version.split_once(" (").map_or("", |(_, source)| source);
        assert!(source.is_empty() || source.starts_with('/'), "{name} comes from {source}");
        versions.entry(name).or_default().insert(version);
    }
    versions.retain(|name, versions| versions.len() > 1 && TWICE.iter().all(|(known, _)| known != name));
    assert!(versions.is_empty(), "{versions:?}");
}

/// Otherwise all packages, and the C among them, are built once more for the fuzz targets, and nobody notices.
#[test]
fn fuzz_targets_are_built_as_the_tests_are() {
    let profile = |manifest: &str| {
        let text = std::fs::read_to_string(root().join(manifest)).expect(manifest);
        let manifest: toml::Table = text.parse().expect(manifest);
        let mut dev = manifest["profile"]["dev"].as_table().expect("a profile").clone();
        // Only tests have it, and cargo warns of names of packages that aren't there.
        dev["package"].as_table_mut().expect("packages").remove("proptest");
        dev
    };
    assert_eq!(profile("Cargo.toml"), profile("fuzz/Cargo.toml"));
}

#[test]
fn licences_are_read_as_they_are_meant() {
    for (expression, expected) in [
        ("MIT OR Apache-2.0", true),
        ("MIT/GPL-3.0", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression), expected, "{expression}");
    }
}

/// The text of all Rust files of these folders.
fn code(package: &Path, folders: &[&str]) -> String {
    let mut code = String::new();
    let mut left: Vec<_> = folders.iter().map(|folder| package.join(folder)).collect();
    while let Some(path) = left.pop() {
        if let Ok(entries) = path.read_dir() {
            left.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            code += &std::fs::read_to_string(&path).expect("text");
        }
    }
    code
}

#[test]
fn every_package_that_is_asked_for_is_used() {
    for package in [root().to_owned(), root().join("crates/sandbox")] {
        let manifest = std::fs::read_to_string(package.join("Cargo.toml")).expect("text");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        for (section, folders) in
            [("dependencies", ["src"].as_slice()), ("dev-dependencies", &["src", "tests", "benches"])]
        {
            let code = code(&package, folders);
            let Some(wanted) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for name in wanted.keys().map(|name| name.replace('-', "_")) {
                let is_whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                let is_named = code.match_indices(&format!("{name}::")).any(|(at, _)| is_whole(at));
                assert!(is_named, "[{section}] {name} of {} is used by nobody", package.display());
            }
        }
    }
}
