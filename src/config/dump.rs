//! The settings in force, and where each comes from. No secret is among them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use url::Url;

use super::document::{Document, line_of};
use super::location::public;
use super::names::{self, SECTIONS, SUBSECTIONS, SectionNames, TABLES};
use super::secret::is_surely_path;
use super::section::json;

/// What stands for a secret.
const HIDDEN: &str = "\"***\"";

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// The config file.
    pub file: PathBuf,
    /// What it comes to, in the order of the example.
    pub sections: Vec<DumpedSection>,
}

/// A section, or one of the tables in it of which there may be many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedSection {
    /// Without brackets.
    pub name: &'static str,
    /// As the file writes it.
    pub heading: String,
    /// In the order of the example.
    pub settings: Vec<DumpedSetting>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedSetting {
    /// Its name.
    pub key: &'static str,
    /// As the file would write it; `None` = it is missing here.
    pub value: Option<String>,
    /// Where it comes from, in words.
    pub origin: String,
}

impl Dump {
    /// Of a file that was read.
    pub(super) fn of(document: &Document<'_>) -> Dump {
        let mut sections = Vec::new();
        for names in &SECTIONS {
            let entry = document.root.get_key_value(names.name);
            let table = entry.and_then(|(_, value)| value.get_ref().as_table());
            sections.push(section(document, names, table, entry.map(|(key, _)| key.span().start)));
            let is_below = |below: &&SectionNames| below.name.split_once('.').map(|name| name.0) == Some(names.name);
            for names in SUBSECTIONS.iter().filter(is_below) {
                let key = names.name.split_once('.').map_or(names.name, |(_, key)| key);
                let entry = table.and_then(|table| table.get_key_value(key));
                let below = entry.and_then(|(_, value)| value.get_ref().as_table());
                sections.push(section(document, names, below, entry.map(|(key, _)| key.span().start)));
            }
            for names in TABLES.iter().filter(|table| table.name.split_once('.').map(|name| name.0) == Some(names.name))
            {
                let key = names.name.split_once('.').map_or(names.name, |(_, key)| key);
                let tables = table.and_then(|table| table.get(key)).and_then(|value| value.get_ref().as_array());
                for item in tables.into_iter().flatten() {
                    let start = Some(item.span().start);
                    sections.push(section(document, names, item.get_ref().as_table(), start));
                }
            }
        }
        sections.retain(|section| !section.settings.is_empty());
        Dump { file: document.path().to_owned(), sections }
    }
}

fn section(
    document: &Document<'_>,
    names: &SectionNames,
    table: Option<&DeTable<'_>>,
    start: Option<usize>,
) -> DumpedSection {
    let used = document.used.borrow();
    let is_table = |key: &str| {
        TABLES.iter().chain(&SUBSECTIONS).any(|table| table.name.split_once('.') == Some((names.name, key)))
    };
    let setting = |key: &'static str| {
        if let Some((name, value)) = table.and_then(|table| table.get_key_value(key)) {
            let line = line_of(document.text.get(..name.span().start).unwrap_or_default());
            let value = Some(shown(document.text, key, value.span(), value.get_ref()));
            return Some(DumpedSetting { key, value, origin: format!("line {line}") });
        }
        let found = used.elsewhere.get(&(names.name, start, key))?;
        Some(DumpedSetting { key, value: found.value.clone(), origin: found.origin.clone() })
    };
    let keys = names.keys.iter().copied().filter(|key| !is_table(key));
    DumpedSection { name: names.name, heading: names.heading(), settings: keys.filter_map(setting).collect() }
}

/// A value as the file writes it, in one line and without what may be secret.
fn shown(text: &str, key: &str, span: Range<usize>, value: &DeValue<'_>) -> String {
    let path = value.as_str().unwrap_or_default();
    if names::is_secret(key) || (names::is_secret_file(key) && !path.is_empty() && !is_surely_path(Path::new(path))) {
        return HIDDEN.to_owned();
    }
    if let Ok(url) = Url::parse(path)
        && matches!(url.scheme(), "http" | "https")
    {
        return format!("{:?}", public(&url));
    }
    let written = text.get(span).unwrap_or_default();
    if !written.contains('\n') {
        return written.to_owned();
    }
    let value = json(value).ok().and_then(|value| toml::Value::try_from(value).ok());
    value.map_or_else(|| HIDDEN.to_owned(), |value| value.to_string())
}
