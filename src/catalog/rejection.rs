//! Rows that were not taken, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// When the row's sale begins or ends next, which may put it right.
    #[serde(skip)]
    pub changes_at: Option<Timestamp>,
    /// Whether the row is so broken that it may be another product's than its id says.
    #[serde(skip)]
    pub is_doubtful: bool,
}

impl Rejection {
    /// A rejection that time alone does not change.
    pub fn new(line: u64, id: Option<String>, field: &str, reason: String) -> Rejection {
        Rejection { line, id, field: field.to_owned(), reason, changes_at: None, is_doubtful: false }
    }
}
