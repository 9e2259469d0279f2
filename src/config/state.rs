//! `[state]`: where shelfkeeper keeps what it knows.

use std::path::{Path, PathBuf};

use super::document::Document;
use super::environment::Environment;
use super::location::NO_PATH;
use super::names::STATE;
use super::section::Section;
use super::unit;

/// The state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its path; a relative one begins at the current directory.
    pub path: PathBuf,
    /// What it keeps of the past.
    pub history: History,
}

/// How much of what was changed is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// For how long, in days; at least 1.
    pub days: u32,
    /// How many changes at most.
    pub rows: u64,
}

impl Default for History {
    fn default() -> History {
        History { days: 90, rows: 1_000_000 }
    }
}

impl State {
    pub(super) fn read(document: &Document<'_>, environment: &Environment) -> State {
        let section = Section::of(document, &STATE);
        let (default, origin) = default_path(document.path(), environment);
        let path = match section.get("path") {
            Some(setting) => section.keep(setting.parse(path), || default),
            None => {
                section.comes_from("path", Some(format!("{:?}", default.display().to_string())), origin.to_owned());
                default
            }
        };
        let usual = History::default();
        let days = section.number("history_days", usual.days, 1..=36_500);
        let rows = section.number("history_rows", usual.rows, 0..=1_000_000_000);
        State { path, history: History { days, rows } }
    }
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("expected the path of a file; leave the setting out for the default".to_owned());
    }
    if text == ":memory:" || text.starts_with("file:") {
        // SQLite would take these for something else than the name of a file.
        return Err(format!("expected the path of a file, not {text:?}; a state that isn't kept would own nothing"));
    }
    if text.contains(char::is_control) {
        return Err(NO_PATH.to_owned());
    }
    Ok(PathBuf::from(text))
}

/// In the unit's state directory: the one that systemd tells us, or at a shell the one that the unit of this config
/// has. Elsewhere below the current directory. Also tells which of these it is.
fn default_path(config: &Path, environment: &Environment) -> (PathBuf, &'static str) {
    // systemd lists the unit's state directories in a variable, separated by colons.
    let directories = environment.path("STATE_DIRECTORY");
    let first = directories.as_ref().and_then(|list| std::env::split_paths(list).next());
    let first = first.map(|first| (first, "environment STATE_DIRECTORY"));
    let of_unit = || unit::state_directory(config).map(|directory| (directory, "unit"));
    let (directory, origin) = first.or_else(of_unit).unwrap_or_else(|| (PathBuf::from("state"), "default"));
    (directory.join(unit::FILE), origin)
}
