//! Tables with a page of their own, as systems have them: a page of rows at a time, and all of it for programs.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use thiserror::Error;

use crate::moment::{Moment, moment};
use crate::report::PrintError;
use crate::state::{Reader, StateError};
use crate::view::Table;

/// What a table is asked for: filters with their values, none of them empty.
pub type Asked = BTreeMap<String, String>;

/// A way to ask for less than all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Its name in the address.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What can be given; empty = any words.
    pub choices: Vec<&'static str>,
    /// What such words look like.
    pub hint: &'static str,
}

impl Filter {
    /// One that takes words.
    pub fn words(name: &'static str, label: &'static str, hint: &'static str) -> Filter {
        Filter { name, label, choices: Vec::new(), hint }
    }

    /// The two that take a moment.
    pub fn times() -> [Filter; 2] {
        let time = "7d, 12h, 2026-11-25 or 2026-11-25T13:45:00Z";
        [Filter::words("since", "Since", time), Filter::words("until", "Until", time)]
    }

    /// One that takes one of these.
    pub fn one_of(name: &'static str, label: &'static str, choices: impl IntoIterator<Item = &'static str>) -> Filter {
        Filter { name, label, choices: choices.into_iter().collect(), hint: "" }
    }
}

/// How all of a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// A page of a table.
#[derive(Debug)]
pub struct Listed {
    /// Its rows.
    pub table: Table,
    /// Where the next page begins; `None` = this is the last.
    pub next: Option<String>,
    /// What is said besides, as when there is nothing.
    pub told: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ListingError {
    /// What was asked for makes no sense.
    #[error("{name}: {message}")]
    Filter {
        /// Of the filter.
        name: &'static str,
        /// What is wrong with it, and what would be right.
        message: String,
    },
    /// It can't be read or written.
    #[error(transparent)]
    Print(#[from] PrintError),
}

impl From<StateError> for ListingError {
    fn from(error: StateError) -> Self {
        ListingError::Print(error.into())
    }
}

/// A table with a page of its own.
pub trait Listing: Send + Sync {
    /// Its address.
    fn path(&self) -> &'static str;

    /// Its name.
    fn title(&self) -> &'static str;

    /// What it is, in a sentence.
    fn about(&self) -> &'static str;

    /// What can be asked of it.
    fn filters(&self) -> Vec<Filter>;

    /// A page of at most so many rows, from a place that an earlier page gave on.
    ///
    /// # Errors
    /// When what was asked for makes no sense, or can't be read.
    fn page(&self, reader: &Reader, asked: &Asked, from: Option<&str>, most: usize) -> Result<Listed, ListingError>;

    /// Writes all of it, as the command of its name does.
    ///
    /// # Errors
    /// When what was asked for makes no sense, or it can't be read or written.
    fn write(&self, reader: &Reader, asked: &Asked, form: Form, out: &mut dyn Write) -> Result<(), ListingError>;
}

/// The moment that a filter names.
///
/// # Errors
/// When it names none.
pub fn moment_of(asked: &Asked, name: &'static str, now: Timestamp) -> Result<Option<Moment>, ListingError> {
    let read = |text: &String| moment(text, now).map_err(|message| ListingError::Filter { name, message });
    asked.get(name).map(read).transpose()
}

/// A place that an earlier page gave.
///
/// # Errors
/// When no page did.
pub fn place_of<T: std::str::FromStr>(from: Option<&str>) -> Result<Option<T>, ListingError> {
    let message = || "no page gave this place: begin at the first page".to_owned();
    let read = |text: &str| text.parse().map_err(|_| ListingError::Filter { name: "from", message: message() });
    from.map(read).transpose()
}

/// The last row of a page, if there are more behind it: `rows` has one more than a page then.
pub fn last_of_page<T>(rows: &[T], most: usize) -> Option<&T> {
    rows.get(most.checked_sub(1)?).filter(|_| rows.len() > most)
}

/// One of several things that a filter names.
///
/// # Errors
/// When it names none of them.
pub fn choice_of<T>(
    asked: &Asked,
    name: &'static str,
    all: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<Option<T>, ListingError> {
    let Some(wanted) = asked.get(name) else { return Ok(None) };
    let mut known = Vec::new();
    for (called, choice) in all {
        if called == wanted {
            return Ok(Some(choice));
        }
        known.push(called);
    }
    let message = format!("{wanted:?} is none of {}", known.join(", "));
    Err(ListingError::Filter { name, message })
}
