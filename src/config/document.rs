//! The file, read but not yet understood, and all that is wrong with it.
//!
//! The tree is walked by hand rather than by serde, for the sake of the errors: each names the
//! setting, its line and what was expected, and none shows a secret (serde's own show the value).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::error::Lack;
use super::excerpt::{Line, excerpt};
use super::names::{self, SECTIONS, SUBSECTIONS, SectionNames, TABLES};
use super::units::list;
use super::{spelling, syntax};

/// A config file. What is wrong with it is collected while it is read: whoever wrote it learns of everything at once.
pub(super) struct Document<'d> {
    path: &'d Path,
    pub(super) text: &'d str,
    pub(super) root: DeTable<'d>,
    wrong: RefCell<Wrong>,
    pub(super) used: RefCell<Used>,
}

/// What was made of a file, for whoever asks.
#[derive(Default)]
pub(super) struct Used {
    /// The files that secrets were read from, and as which credential a unit is given them; `None` = the config itself.
    pub(super) secret_files: BTreeMap<PathBuf, Option<String>>,
    /// What settings are that the file leaves out.
    pub(super) elsewhere: BTreeMap<Place, Elsewhere>,
}

/// A section's name, where it begins if the file has it, and a setting's name.
pub(super) type Place = (&'static str, Option<usize>, &'static str);

/// A setting that isn't in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elsewhere {
    /// As the file would write it; `None` = it is missing here.
    pub(super) value: Option<String>,
    /// Where it comes from, in words.
    pub(super) origin: String,
}

/// What is wrong with a file.
#[derive(Default)]
struct Wrong {
    errors: Vec<ConfigError>,
    /// Lines that are no TOML: what else is said of them comes of that.
    broken: Vec<At>,
    /// What was meant by names that there aren't: a section, or a setting of one.
    meant: Vec<(&'static str, Option<&'static str>)>,
}

/// A place in a file.
struct At {
    byte: usize,
    line: usize,
}

impl<'d> Document<'d> {
    /// Reads the text of a file; `path` is for the errors.
    pub(super) fn parse(path: &'d Path, text: &'d str) -> Document<'d> {
        let (root, faults) = DeTable::parse_recoverable(text);
        let mut document =
            Document { path, text, root: root.into_inner(), wrong: RefCell::default(), used: RefCell::default() };
        faults.iter().for_each(|fault| document.note_syntax(fault));
        let is_broken = |span: Range<usize>| {
            let line = line_of(text.get(..span.start).unwrap_or_default());
            document.wrong.borrow().broken.iter().any(|at| at.line == line || span.contains(&at.byte))
        };
        // Whatever the parser made of such a line.
        let root = std::mem::take(&mut document.root);
        document.root = pruned(root, &is_broken);
        document.check_names();
        document
    }

    /// The file.
    pub(super) fn path(&self) -> &'d Path {
        self.path
    }

    /// What was read; what stands in for it when that failed, which is told in the end.
    pub(super) fn keep<T>(&self, read: Result<T, ConfigError>, otherwise: impl FnOnce() -> T) -> T {
        read.unwrap_or_else(|error| {
            self.note(error);
            otherwise()
        })
    }

    /// The files that secrets were read from.
    pub(super) fn secret_files(&self) -> BTreeMap<PathBuf, Option<String>> {
        self.used.borrow().secret_files.clone()
    }

    /// Whether all of it could be read as TOML, whatever it says.
    pub(super) fn is_toml(&self) -> bool {
        self.wrong.borrow().broken.is_empty()
    }

    /// How much was found to be wrong so far.
    pub(super) fn errors(&self) -> usize {
        self.wrong.borrow().errors.len()
    }

    /// Whether nothing was found to be wrong so far.
    pub(super) fn is_right(&self) -> bool {
        self.wrong.borrow().errors.is_empty()
    }

    /// What was made of the file, if nothing is wrong with it.
    pub(super) fn finish<T>(&self, made: Result<T, ConfigError>) -> Result<T, ConfigError> {
        let mut wrong = self.wrong.take();
        let made = made.map_err(|error| wrong.errors.push(error)).ok();
        let is_meant = |lack: Lack| {
            let matches = |key: &str| key == lack.key || key.strip_suffix("_file") == Some(lack.key);
            let mut meant = wrong.meant.iter();
            !wrong.broken.is_empty() || meant.any(|(section, key)| *section == lack.section && key.is_none_or(matches))
        };
        match (ConfigError::all(wrong.errors, is_meant), made) {
            (Some(error), _) => Err(error),
            (None, Some(made)) => Ok(made),
            (None, None) => Err(ConfigError::new(format!("{} can't be read", self.path.display()))),
        }
    }

    /// Something that is wrong, which is told in the end.
    pub(super) fn note(&self, error: ConfigError) {
        self.wrong.borrow_mut().errors.push(error);
    }

    /// A message about a place, or about the file as a whole.
    pub(super) fn error(&self, span: Option<Range<usize>>, message: impl Display) -> ConfigError {
        self.error_in(span, message, Line::Sound)
    }

    fn error_in(&self, span: Option<Range<usize>>, message: impl Display, line: Line) -> ConfigError {
        let file = self.path.display();
        let Some(span) = span else { return ConfigError::new(format!("{file}: {message}")) };
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let (number, column) = (line_of(before), before.chars().rev().take_while(|&c| c != '\n').count() + 1);
        let message = format!("{file}:{number}:{column}: {message}");
        ConfigError::at(Some(span.start), message, excerpt(self.text, &span, line))
    }

    /// What TOML says of a broken file. One fault a line: the others come of it.
    fn note_syntax(&self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let before = self.text.get(..span.start).unwrap_or_default();
        let (byte, number) = (span.start, line_of(before));
        let is_duplicate = error.message() == "duplicate key";
        if self.wrong.borrow().broken.iter().any(|at| at.line == number) {
            return;
        }
        let line = &self.text[before.rfind('\n').map_or(0, |at| at + 1)..];
        let key = line.lines().next().and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
        // Only a word that we know: on a broken line anything may stand where the name should.
        let key = key.filter(|key| names::is_setting(key));
        let words = syntax::words(self.text, span.start, error.message(), key);
        let setting = key.filter(|_| !is_duplicate).map(|key| format!("{key}: ")).unwrap_or_default();
        self.note(self.error_in(Some(span), format!("{setting}{words}"), Line::Broken));
        if !is_duplicate {
            self.wrong.borrow_mut().broken.push(At { byte, line: number });
        }
    }

    /// Tells all names that we don't know.
    fn check_names(&self) {
        for (key, value) in &self.root {
            let name: &str = key.get_ref();
            if self.has_lost_its_section(key.span().start) {
                continue;
            }
            match (SECTIONS.iter().find(|section| section.name == name), value.get_ref().as_table()) {
                (None, _) => self.note_unknown(key.span(), name, value.get_ref()),
                (Some(_), None) => {
                    let message = format!("{name} is a section: write [{name}], once");
                    self.note_at(key.span(), message);
                }
                (Some(section), Some(table)) => self.check_keys(section, table),
            }
        }
    }

    /// Whether a name is in a section that nobody knows, as its heading is broken.
    fn has_lost_its_section(&self, name: usize) -> bool {
        let is_heading = |byte: usize| {
            let line = self.text.get(..byte).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
            self.text.get(line..).is_some_and(|line| line.trim_start().starts_with('['))
        };
        !is_heading(name) && self.wrong.borrow().broken.iter().any(|at| at.byte <= name && is_heading(at.byte))
    }

    /// A message about a name.
    fn note_at(&self, span: Range<usize>, message: String) {
        self.note(self.error(Some(span), message));
    }

    fn note_unknown(&self, span: Range<usize>, name: &str, value: &DeValue<'_>) {
        let sections = || list(SECTIONS.iter().map(SectionNames::heading), "and");
        let meant = spelling::meant(name, SECTIONS.iter().map(|section| section.name)).filter(|_| value.is_table());
        let homes = names::sections_with(name);
        let message = match meant {
            Some(meant) => format!("unknown section [{name}]; did you mean [{meant}]?"),
            None if value.is_table() => format!("unknown section [{name}]; there are {}", sections()),
            None if homes.is_empty() => {
                format!("unknown setting {name}: every setting stands in a section, {}", sections())
            }
            None => format!("setting {name} stands in no section; put it below {}", list(homes.into_iter(), "or")),
        };
        self.wrong.borrow_mut().meant.extend(meant.and_then(known_section).map(|section| (section, None)));
        self.note_at(span, message);
    }

    fn check_keys(&self, section: &SectionNames, table: &DeTable<'_>) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            if !section.keys.contains(&name) {
                self.note_unknown_key(section, key.span(), name);
            }
            if let Some(names) = TABLES.iter().find(|table| table.name.split_once('.') == Some((section.name, name))) {
                self.check_tables(names, key.span(), value.get_ref());
            }
            let is_below = |names: &&SectionNames| names.name.split_once('.') == Some((section.name, name));
            match (SUBSECTIONS.iter().find(is_below), value.get_ref().as_table()) {
                (Some(names), Some(table)) => self.check_keys(names, table),
                (Some(names), None) => {
                    self.note_at(key.span(), format!("{} is a section: write {}, once", names.name, names.heading()));
                }
                (None, _) => {}
            }
        }
    }

    fn note_unknown_key(&self, section: &SectionNames, span: Range<usize>, name: &str) {
        let meant = section.keys.iter().find(|key| spelling::meant(name, section.keys.iter().copied()) == Some(key));
        let homes = names::sections_with(name);
        let advice = match meant {
            Some(meant) => format!("; did you mean {meant}?"),
            None if !homes.is_empty() => format!("; it belongs in {}", list(homes.into_iter(), "or")),
            None => {
                let known = list(section.keys.iter().map(ToString::to_string), "and");
                format!("; {} has {known}", section.heading())
            }
        };
        self.wrong.borrow_mut().meant.extend(meant.map(|meant| (section.name, Some(*meant))));
        self.note_at(span, format!("unknown setting {}.{name}{advice}", section.name));
    }

    fn check_tables(&self, names: &SectionNames, span: Range<usize>, value: &DeValue<'_>) {
        let tables: Option<Vec<_>> =
            value.as_array().and_then(|array| array.iter().map(|item| item.get_ref().as_table()).collect());
        match tables {
            Some(tables) => tables.into_iter().for_each(|table| self.check_keys(names, table)),
            None => {
                self.note_at(span, format!("{} is a list of tables: write {} above each", names.name, names.heading()))
            }
        }
    }
}

/// Without what is set at a place that is broken, or goes on to one.
fn pruned<'t>(table: DeTable<'t>, is_broken: &dyn Fn(Range<usize>) -> bool) -> DeTable<'t> {
    let mut sound = DeTable::new();
    for (key, mut value) in table {
        let (start, end) = (key.span().start, value.span().end);
        match value.get_mut() {
            DeValue::Table(table) if !is_broken(key.span()) => *table = pruned(std::mem::take(table), is_broken),
            _ if is_broken(start..end + 1) => continue,
            _ => {}
        }
        sound.insert(key, value);
    }
    sound
}

/// The number of the line after so much text.
pub(super) fn line_of(before: &str) -> usize {
    before.matches('\n').count() + 1
}

fn known_section(name: &str) -> Option<&'static str> {
    SECTIONS.iter().map(|section| section.name).find(|known| *known == name)
}
