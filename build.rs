//! Tells the program which commit it is built of, and that commit's day: what `--version` says besides the number.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=SHELFKEEPER_COMMIT");
    let number = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // Whoever builds from an archive has no history, and may say it.
    let told = env::var("SHELFKEEPER_COMMIT").ok().filter(|told| !told.trim().is_empty());
    let version = match told.or_else(commit) {
        Some(commit) => format!("{number} ({})", commit.trim()),
        None => number,
    };
    println!("cargo::rustc-env=SHELFKEEPER_VERSION={version}");
}

/// The commit that is checked out, and its day in UTC; `None` = this is no checkout of ours.
fn commit() -> Option<String> {
    // Within somebody else's checkout, theirs would be told.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    // Both are written by every commit and checkout; the second may be missing.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["log", "-1", "--abbrev=12", "--date=format-local:%Y-%m-%d", "--format=%h %cd"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).env("TZ", "UTC").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
