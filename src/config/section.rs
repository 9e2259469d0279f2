//! Sections and settings of the file, which know their line.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::document::{Document, Elsewhere};
use super::error::Lack;
use super::names::{self, SectionNames};

/// A section of the file.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    /// Without the brackets.
    pub(super) name: &'static str,
    /// What the names of its secrets begin with where they stand outside of the file.
    pub(super) secrets: String,
    table: Option<&'d DeTable<'d>>,
    span: Option<Range<usize>>,
}

impl<'d> Section<'d> {
    /// A section of a file; one that the file leaves out has no settings.
    pub(super) fn of(document: &'d Document<'d>, names: &SectionNames) -> Section<'d> {
        let entry = document.root.get_key_value(names.name);
        let table = entry.and_then(|(_, value)| value.get_ref().as_table());
        let span = entry.map(|(key, _)| key.span());
        Section { document, name: names.name, secrets: names.name.to_owned(), table, span }
    }

    /// The one section of this name within it.
    pub(super) fn below(&self, names: &SectionNames) -> Section<'d> {
        let key = names.name.split_once('.').map_or(names.name, |(_, key)| key);
        let entry = self.table.and_then(|table| table.get_key_value(key));
        let table = entry.and_then(|(_, value)| value.get_ref().as_table());
        let span = entry.map(|(key, _)| key.span());
        Section { document: self.document, name: names.name, secrets: names.name.replace('.', "_"), table, span }
    }

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
            span: Some(item.span()),
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

    /// A text with a meaning. The default is read by the same parser, as the file would say it; it also stands in for
    /// what is wrong, which is told in the end.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        match self.get(key).map(|setting| setting.parse(&parse)) {
            Some(Ok(value)) => return Ok(value),
            Some(Err(error)) => self.document.note(error),
            None => self.comes_from(key, Some(format!("{default:?}")), "default".to_owned()),
        }
        parse(default).map_err(|reason| self.error(format!("{}.{key}: {reason}", self.name)))
    }

    /// A whole number; the default stands in for what is wrong, which is told in the end.
    pub(super) fn number<T: TryFrom<i64> + Display>(
        &self,
        key: &'static str,
        default: T,
        range: RangeInclusive<i64>,
    ) -> T {
        match self.get(key).map(|setting| setting.number(&range)) {
            Some(Ok(number)) => number,
            Some(Err(error)) => {
                self.document.note(error);
                default
            }
            None => {
                self.comes_from(key, Some(default.to_string()), "default".to_owned());
                default
            }
        }
    }

    /// A whole number, or a word that stands for none: the default, which also stands in for what is wrong.
    pub(super) fn number_or<T: TryFrom<i64>>(
        &self,
        key: &'static str,
        word: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let Some(setting) = self.get(key) else {
            self.comes_from(key, Some(format!("{word:?}")), "default".to_owned());
            return None;
        };
        if setting.value.get_ref().as_str() == Some(word) {
            return None;
        }
        let (first, last) = (range.start(), range.end());
        let expected = format!("expected {word:?} or a whole number from {first} to {last}, without quotes");
        self.keep(setting.number(&range).map(Some).map_err(|_| setting.bad(expected)), || None)
    }

    /// A list of texts with a meaning; what is wrong with one is told in the end, and it is left out.
    pub(super) fn texts<T>(
        &self,
        key: &'static str,
        default: &[&str],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(setting) = self.get(key) else {
            self.comes_from(key, Some(format!("{default:?}")), "default".to_owned());
            return default.iter().filter_map(|text| parse(text).ok()).collect();
        };
        let Some(items) = setting.value.get_ref().as_array() else {
            self.document.note(setting.bad("expected a list of texts, such as [\"a\", \"b\"]"));
            return Vec::new();
        };
        let read = |item: &Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str().ok_or_else(|| "expected a list of texts in quotes".to_owned());
            text.and_then(&parse).map_err(|reason| self.document.note(setting.bad(reason))).ok()
        };
        items.iter().filter_map(read).collect()
    }

    /// Notes what a setting is that the file leaves out.
    pub(super) fn comes_from(&self, key: &'static str, value: Option<String>, origin: String) {
        let place = (self.name, self.span.as_ref().map(|span| span.start), key);
        self.document.used.borrow_mut().elsewhere.insert(place, Elsewhere { value, origin });
    }

    /// Yes or no, when the file has it.
    pub(super) fn flag(&self, key: &'static str) -> Result<Option<bool>, ConfigError> {
        self.get(key).map(|setting| setting.flag()).transpose()
    }

    /// Yes or no; no stands in for what is wrong, which is told in the end.
    pub(super) fn is_set(&self, key: &'static str) -> bool {
        self.is_set_or(key, false)
    }

    /// The same, where it may be yes by default.
    pub(super) fn is_set_or(&self, key: &'static str, default: bool) -> bool {
        match self.flag(key) {
            Ok(None) => {
                self.comes_from(key, Some(default.to_string()), "default".to_owned());
                default
            }
            flag => self.keep(flag, || None).unwrap_or_default(),
        }
    }

    /// A number, whole or not, above the first of a range; the default stands in as in [`Section::number`].
    pub(super) fn decimal(&self, key: &'static str, default: Decimal, range: &RangeInclusive<Decimal>) -> Decimal {
        match self.get(key).map(|setting| setting.decimal(range)) {
            Some(Ok(number)) => number,
            Some(Err(error)) => {
                self.document.note(error);
                default
            }
            None => {
                self.comes_from(key, Some(default.to_string()), "default".to_owned());
                default
            }
        }
    }

    /// See [`Document::keep`].
    pub(super) fn keep<T>(&self, read: Result<T, ConfigError>, otherwise: impl FnOnce() -> T) -> T {
        self.document.keep(read, otherwise)
    }

    /// Notes where a secret of it was read: in this file, which a unit is given as this credential, or in the one that the
    /// config file is.
    pub(super) fn read_secret_from(&self, file: Option<(&Path, String)>) {
        let (path, credential) = match file {
            Some((path, credential)) => (path, Some(credential)),
            None => (self.document.path(), None),
        };
        self.document.used.borrow_mut().secret_files.insert(path.to_owned(), credential);
    }

    /// A message about the section.
    pub(super) fn error(&self, message: impl Display) -> ConfigError {
        self.document.error(self.span.clone(), message)
    }

    /// A message about a setting that it lacks.
    pub(super) fn lacks(&self, key: &'static str, message: impl Display) -> ConfigError {
        self.error(message).lacking(Lack { section: self.name, key })
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
        self.value.get_ref().as_str().ok_or_else(|| {
            let advice = names::in_quotes(self.key)
                .filter(|_| !matches!(self.value.get_ref(), DeValue::Array(_) | DeValue::Table(_)));
            self.bad(advice.unwrap_or("expected a text in quotes"))
        })
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

    /// What the texts of its list mean.
    pub(super) fn texts<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, ConfigError> {
        let expected = "expected a list of texts, such as [\"a\", \"b\"]";
        let items = self.value.get_ref().as_array().ok_or_else(|| self.bad(expected))?;
        let read = |item: &Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str().ok_or_else(|| self.bad(expected))?;
            parse(text).map_err(|reason| self.bad(reason))
        };
        items.iter().map(read).collect()
    }

    /// Whether it is a number without quotes.
    pub(super) fn is_number(&self) -> bool {
        self.value.get_ref().is_integer()
    }

    /// Yes or no, where it may be something else, too.
    pub(super) fn as_flag(&self) -> Option<bool> {
        self.value.get_ref().as_bool()
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Yes or no.
    fn flag(&self) -> Result<bool, ConfigError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.bad("expected true or false, without quotes"))
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

    /// A number above the first of a range.
    fn decimal(&self, range: &RangeInclusive<Decimal>) -> Result<Decimal, ConfigError> {
        let value = self.value.get_ref();
        let written =
            value.as_integer().map(|integer| integer.as_str()).or(value.as_float().map(|float| float.as_str()));
        let number = written.and_then(|written| Decimal::from_str_exact(written.trim_start_matches('+')).ok());
        number.filter(|number| range.contains(number) && number != range.start()).ok_or_else(|| {
            self.bad(format!("expected a number above {} and up to {}, without quotes", range.start(), range.end()))
        })
    }

    /// A message about the setting that shows its value, unless that is or holds a secret.
    pub(super) fn bad(&self, reason: impl Display) -> ConfigError {
        let shown = self.showable().map(|value| format!(" = {value}")).unwrap_or_default();
        self.document.error(Some(self.value.span()), format!("{self}{shown}: {reason}"))
    }

    /// A message about the setting without its value.
    pub(super) fn hidden(&self, reason: impl Display) -> ConfigError {
        self.document.error(Some(self.value.span()), format!("{self}: {reason}"))
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
pub(super) fn json(value: &DeValue<'_>) -> Result<Value, String> {
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
