//! Sentences that several reports have.

use crate::catalog::UnknownWords;
use crate::pass::PassRow;
use crate::text::count;

/// What items have an availability that nobody defined.
pub fn strange_stock(words: &UnknownWords) -> Option<String> {
    let items = count(words.total(), "item has an availability", "items have an availability");
    (words.total() > 0).then(|| format!("{items} that nobody defined, and count as not in stock: {words}."))
}

/// What is said of a pass that was not let to send, below its first line.
pub fn paused_line(row: &PassRow) -> String {
    let paused = row.reason.as_deref().unwrap_or("paused");
    format!("\nNothing more is sent: {paused}. `shelfkeeper resume` ends it.")
}
