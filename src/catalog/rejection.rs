//! Rejected rows, and why.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Category;

/// One row of a feed that became no item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The physical line on which the row begins; the first line of the file is 1.
    pub line: u64,
    /// The row's id, when it has one that can be read.
    pub id: Option<String>,
    /// The field at fault, by the item's own name for it.
    pub field: String,
    /// What is wrong, in words.
    pub reason: String,
    /// The cell at fault, where there is one.
    #[serde(skip)]
    pub cell: Option<Box<Cell>>,
    /// The line of the row that has its id already.
    #[serde(skip)]
    pub first: Option<u64>,
    /// When the row's sale begins or ends next, which may put it right.
    #[serde(skip)]
    pub changes_at: Option<Timestamp>,
    /// Whether the row is so broken that it may be another product's than its id says.
    #[serde(skip)]
    pub is_doubtful: bool,
    /// What else in a broken row may be an id: another product's may have run into it.
    #[serde(skip)]
    pub mentions: Vec<String>,
    /// What else is known of the row, if that can be read; `None` = it can't.
    #[serde(skip)]
    pub traits: Option<Box<Traits>>,
}

/// What rules may go by besides a row's id and title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// Whose product it is.
    pub brand: Option<String>,
    /// Where it would be.
    pub category: Option<Arc<Category>>,
}

/// The cell that keeps a row from being taken, for whoever has to mend it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// The feed's own name for its column or element.
    pub column: Option<String>,
    /// What stands there; `None` = nothing, or nothing that can be read.
    pub value: Option<String>,
    /// The row's title.
    pub title: Option<String>,
}

/// Whose row was rejected: what may be said of products that the feed turns out not to have hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'r> {
    /// The product with this id.
    Item(&'r str),
    /// Nobody's besides that: its id is at fault itself, or an earlier row's already.
    FaultyId(&'r str),
    /// It has no id.
    Nameless,
    /// It is too broken to tell: any product that is missed may be its own.
    Unknown,
}

/// The name of the field that the id is in.
const ID: &str = "id";

/// How the reason of a row begins whose id an earlier row has.
const SAME_ID: &str = "same id as ";

/// The most words of a broken row that are looked up as ids, and the longest.
const MENTIONS: usize = 2_000;
const LONGEST_MENTION: usize = 100;

impl Rejection {
    /// A rejection that time alone does not change.
    pub fn new(line: u64, id: Option<String>, field: &str, reason: String) -> Rejection {
        Rejection {
            line,
            id,
            field: field.to_owned(),
            reason,
            cell: None,
            first: None,
            changes_at: None,
            is_doubtful: false,
            mentions: Vec::new(),
            traits: None,
        }
    }

    /// With what else is known of the row.
    pub fn with_traits(self, traits: Traits) -> Rejection {
        Rejection { traits: Some(Box::new(traits)), ..self }
    }

    /// Of a row whose id an earlier one has: on which line, if that is known, and whether that one is taken.
    pub fn duplicate(line: u64, id: Option<String>, first: Option<u64>, is_taken: bool) -> Rejection {
        let place = first.map_or_else(|| "an earlier row".to_owned(), |first| format!("line {first}"));
        let used = if is_taken { "used" } else { "rejected, too" };
        let reason = format!("{SAME_ID}{place}, which is {used}");
        Rejection { first, ..Rejection::new(line, id, ID, reason) }
    }

    /// Whether all that is wrong with it is that an earlier row has its id.
    pub fn is_duplicate(&self) -> bool {
        self.first.is_some() || (self.field == ID && self.reason.starts_with(SAME_ID))
    }

    /// With the cell at fault.
    pub fn of_cell(self, cell: Cell) -> Rejection {
        Rejection { cell: (cell != Cell::default()).then(|| Box::new(cell)), ..self }
    }

    /// Whose row it is.
    pub fn owner(&self) -> Owner<'_> {
        match (self.id.as_deref(), self.field == ID) {
            (Some(id), true) => Owner::FaultyId(id),
            (Some(id), false) => Owner::Item(id),
            (None, true) => Owner::Nameless,
            (None, false) => Owner::Unknown,
        }
    }

    /// Of a row that is so broken that its id may be another's, with the words in it that may be ids.
    pub fn of_broken<'w>(self, words: impl IntoIterator<Item = &'w str>) -> Rejection {
        let words = words.into_iter().map(str::trim).filter(|word| !word.is_empty() && word.len() <= LONGEST_MENTION);
        Rejection { is_doubtful: true, mentions: words.take(MENTIONS).map(str::to_owned).collect(), ..self }
    }
}
