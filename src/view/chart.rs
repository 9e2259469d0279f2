//! Numbers that are drawn.

use super::Tone;

/// Numbers side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What it shows, in a sentence: also for whoever can't see it.
    pub told: String,
    /// What each part of a bar stands for.
    pub parts: Vec<Part>,
    /// The bars, from left to right.
    pub bars: Vec<Bar>,
    /// Every how manyth has its label below.
    pub labelled: usize,
}

/// What a part of a bar stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// In a word.
    pub name: &'static str,
    /// How it is meant.
    pub tone: Tone,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Below it.
    pub label: String,
    /// In words.
    pub told: String,
    /// As many as there are parts.
    pub values: Vec<u64>,
}

/// Parts of a whole by two things: a field each, from 0 to 1; `None` = nobody knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// What it is, for whoever can't see where it stands.
    pub caption: String,
    /// What the rows are.
    pub corner: &'static str,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Names of the rows, with their fields.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}
