//! Tables.

use jiff::Timestamp;

use super::Tone;

/// Rows and columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it is, for whoever can't see where it stands.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// One without rows.
    pub fn new(caption: impl Into<String>, columns: &[Column]) -> Table {
        Table { caption: caption.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row { cells, is_marked: false });
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// Numbers stand at its right edge.
    pub is_number: bool,
}

impl Column {
    /// One of texts.
    pub const fn text(name: &'static str) -> Column {
        Column { name, is_number: false }
    }

    /// One of numbers.
    pub const fn number(name: &'static str) -> Column {
        Column { name, is_number: true }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// Somebody should look at it; a cell says why.
    pub is_marked: bool,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Nothing,
    /// Words.
    Text(String),
    /// Words that matter less.
    Aside(String),
    /// What somebody wrote, letter by letter.
    Code(String),
    /// A number.
    Number(u64),
    /// A moment.
    Time(Timestamp),
    /// The id of a product, of which there is a page.
    Product(String),
    /// An address that somebody gave: a link only where it leads to a web page.
    Web(String),
    /// A word that sorts it.
    Word(String, Tone),
    /// How a value became another.
    Change {
        /// Of what.
        name: String,
        /// Before.
        old: String,
        /// After.
        new: String,
        /// By how much, in words.
        by: Option<String>,
    },
    /// One below the other.
    Lines(Vec<Cell>),
}

impl Cell {
    /// Words, if there are any.
    pub fn text(text: Option<impl Into<String>>) -> Cell {
        text.map_or(Cell::Nothing, |text| Cell::Text(text.into()))
    }

    /// What somebody wrote, if anything.
    pub fn code(text: Option<impl Into<String>>) -> Cell {
        text.map_or(Cell::Nothing, |text| Cell::Code(text.into()))
    }
}
