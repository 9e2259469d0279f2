//! The file, read but not yet understood: sections and settings that know their line.
//!
//! The tree is walked by hand rather than by serde, for the sake of the errors: each names the
//! setting, its line and what was expected, and none shows a secret (serde's own show the value).

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::names::{self, SECTIONS, SectionNames, TABLES};
use super::units::list;

/// A config file whose sections and settings all have names that we know.
pub(super) struct Document<'d> {
    path: &'d Path,
    text: &'d str,
    root: DeTable<'d>,
}

impl<'d> Document<'d> {
    /// Reads the text of a file; `path` is for the errors.
    pub(super) fn parse(path: &'d Path, text: &'d str) -> Result<Document<'d>, ConfigError> {
        let mut document = Document { path, text, root: DeTable::new() };
        document.root = DeTable::parse(text).map_err(|error| document.syntax(&error))?.into_inner();
        document.check_names()?;
        Ok(document)
    }

    /// The file.
    pub(super) fn path(&self) -> &'d Path {
        self.path
    }

    /// A section; one that the file leaves out has no settings.
    pub(super) fn section(&'d self, names: &SectionNames) -> Section<'d> {
        let entry = self.root.get_key_value(names.name);
        let table = entry.and_then(|(_, value)| value.get_ref().as_table());
        let start = entry.map(|(key, _)| key.span().start);
        Section { document: self, name: names.name, secrets: names.name.to_owned(), table, start }
    }

    /// A message about the place at byte `start`, or about the file as a whole.
    fn error(&self, start: Option<usize>, message: impl Display) -> ConfigError {
        let file = self.path.display();
        match start.map(|start| self.text.get(..start).unwrap_or(self.text)) {
            Some(before) => {
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
                ConfigError::new(format!("{file}:{line}:{column}: {message}"))
            }
            None => ConfigError::new(format!("{file}: {message}")),
        }
    }

    /// What TOML says of a broken file, without the line that it shows: a secret may stand there.
    fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        let start = error.span().map(|span| span.start);
        let before = start.and_then(|start| self.text.get(..start)).unwrap_or_default();
        let line = &self.text[before.rfind('\n').map_or(0, |at| at + 1)..];
        let key = line.lines().next().and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
        // Only a word that we know: on a broken line anything may stand where the name should.
        let setting = key.filter(|key| names::is_setting(key)).map(|key| format!("{key}: ")).unwrap_or_default();
        self.error(start, format!("{setting}this is not TOML: {}", error.message()))
    }

    /// Refuses names that we don't know, the first in the file first.
    fn check_names(&self) -> Result<(), ConfigError> {
        let mut sections: Vec<_> = self.root.iter().collect();
        sections.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in sections {
            let name: &str = key.get_ref();
            let Some(section) = SECTIONS.iter().find(|section| section.name == name) else {
                return Err(self.unknown(key.span().start, name, value.get_ref()));
            };
            let Some(table) = value.get_ref().as_table() else {
                return Err(self.error(Some(key.span().start), format!("{name} is a section: write [{name}], once")));
            };
            self.check_keys(section, table)?;
        }
        Ok(())
    }

    fn unknown(&self, start: usize, name: &str, value: &DeValue<'_>) -> ConfigError {
        let sections = || list(SECTIONS.iter().map(SectionNames::heading), "and");
        let message = if value.is_table() {
            format!("unknown section [{name}]; there are {}", sections())
        } else {
            format!("unknown setting {name}: every setting stands in a section, {}", sections())
        };
        self.error(Some(start), message)
    }

    fn check_keys(&self, section: &SectionNames, table: &DeTable<'_>) -> Result<(), ConfigError> {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in keys {
            let name: &str = key.get_ref();
            if !section.keys.contains(&name) {
                let known = list(section.keys.iter().map(ToString::to_string), "and");
                let message = format!("unknown setting {}.{name}; {} has {known}", section.name, section.heading());
                return Err(self.error(Some(key.span().start), message));
            }
            if let Some(names) = TABLES.iter().find(|table| table.name.split_once('.') == Some((section.name, name))) {
                self.check_tables(names, key.span().start, value.get_ref())?;
            }
        }
        Ok(())
    }

    fn check_tables(&self, names: &SectionNames, start: usize, value: &DeValue<'_>) -> Result<(), ConfigError> {
        let tables = value.as_array().and_then(|array| array.iter().map(|item| item.get_ref().as_table()).collect());
        let tables: Vec<_> = tables.ok_or_else(|| {
            self.error(Some(start), format!("{} is a list of tables: write {} above each", names.name, names.heading()))
        })?;
        tables.into_iter().try_for_each(|table| self.check_keys(names, table))
    }
}

/// A section of the file.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    /// Without the brackets.
    pub(super) name: &'static str,
    /// What the names of its secrets begin with where they stand outside of the file.
    pub(super) secrets: String,
    table: Option<&'d DeTable<'d>>,
    start: Option<usize>,
}

impl<'d> Section<'d> {
    /// Whether the file has it.
    pub(super) fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// The tables of one kind within it, in the file's order.
    pub(super) fn tables(&self, names: &SectionNames) -> Vec<Section<'d>> {
        let key = names.name.split_once('.').map_or(names.name, |(_, key)| key);
        let array = self.table.and_then(|table| table.get(key)).and_then(|value| value.get_ref().as_array());
        let tables = array.into_iter().flat_map(|array| array.iter());
        let section = |item: &'d Spanned<DeValue<'d>>| Section {
            document: self.document,
            name: names.name,
            secrets: names.name.to_owned(),
            table: item.get_ref().as_table(),
            start: Some(item.span().start),
        };
        tables.map(section).collect()
    }

    /// A setting, when the file has it.
    pub(super) fn get(&self, key: &'static str) -> Option<Setting<'d>> {
        let value = self.table?.get(key)?;
        Some(Setting { document: self.document, section: self.name, key, value })
    }

    /// A setting, when the file has it and it is more than an empty text.
    pub(super) fn get_filled(&self, key: &'static str) -> Option<Setting<'d>> {
        self.get(key).filter(|setting| setting.value.get_ref().as_str() != Some(""))
    }

    /// A text with a meaning. The default is read by the same parser, as the file would say it.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        match self.get(key) {
            Some(setting) => setting.parse(parse),
            None => parse(default).map_err(|reason| self.error(format!("{}.{key}: {reason}", self.name))),
        }
    }

    /// A whole number.
    pub(super) fn number<T: TryFrom<i64>>(
        &self,
        key: &'static str,
        default: T,
        range: RangeInclusive<i64>,
    ) -> Result<T, ConfigError> {
        self.get(key).map_or(Ok(default), |setting| setting.number(&range))
    }

    /// A message about the section.
    pub(super) fn error(&self, message: impl Display) -> ConfigError {
        self.document.error(self.start, message)
    }
}

/// A setting that stands in the file.
#[derive(Clone, Copy)]
pub(super) struct Setting<'d> {
    document: &'d Document<'d>,
    section: &'static str,
    key: &'static str,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Setting<'d> {
    /// Its text.
    pub(super) fn text(&self) -> Result<&'d str, ConfigError> {
        self.value.get_ref().as_str().ok_or_else(|| self.bad("expected a text in quotes"))
    }

    /// What its text means.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, ConfigError> {
        parse(self.text()?).map_err(|reason| self.bad(reason))
    }

    /// Its table, as the JSON that it is sent as.
    pub(super) fn map(&self) -> Result<Map<String, Value>, ConfigError> {
        match json(self.value.get_ref()) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(self.bad("expected a table, such as { time = \"08:00\" }")),
            Err(reason) => Err(self.bad(reason)),
        }
    }

    /// Whether it is a number without quotes.
    pub(super) fn is_number(&self) -> bool {
        self.value.get_ref().is_integer()
    }

    /// A whole number within a range.
    pub(super) fn number<T: TryFrom<i64>>(&self, range: &RangeInclusive<i64>) -> Result<T, ConfigError> {
        let integer = self.value.get_ref().as_integer();
        let number = integer.and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
        let number = number.filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| {
            self.bad(format!("expected a whole number from {} to {}, without quotes", range.start(), range.end()))
        })
    }

    /// A message about the setting that shows its value, unless that is or holds a secret.
    pub(super) fn bad(&self, reason: impl Display) -> ConfigError {
        let shown = self.showable().map(|value| format!(" = {value}")).unwrap_or_default();
        self.document.error(Some(self.value.span().start), format!("{self}{shown}: {reason}"))
    }

    /// A message about the setting without its value.
    pub(super) fn hidden(&self, reason: impl Display) -> ConfigError {
        self.document.error(Some(self.value.span().start), format!("{self}: {reason}"))
    }

    /// The value as the file writes it, shortened.
    fn showable(&self) -> Option<String> {
        let written = self.document.text.get(self.value.span())?;
        let is_address = written.contains("://") || written.contains("http:") || written.contains("https:");
        if names::is_secret(self.key) || (is_address && written.contains('@')) {
            return None;
        }
        // The query of an address may be a secret.
        let end = |c: char| c == '\n' || (is_address && c == '?');
        let short: String = written.chars().take_while(|&c| !end(c)).take(80).collect();
        Some(if short.len() < written.len() { format!("{short}…") } else { short })
    }
}

/// A value as JSON. Numbers keep their digits; times, which JSON doesn't know, become text.
fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            Value::from(number.map_err(|_| "a whole number in it has more than 64 bits")?)
        }
        DeValue::Float(number) => {
            let text = number.as_str().trim_start_matches('+');
            let number = serde_json::from_str(text).map_err(|_| "inf and nan are no numbers of JSON")?;
            Value::Number(number)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| Ok((key.get_ref().to_string(), json(value.get_ref())?)));
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
    })
}

impl Display for Setting<'_> {
    /// The setting's name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.section, self.key)
    }
}
