//! Sentences that several reports have.

use std::time::Duration;

use crate::catalog::UnknownWords;
use crate::pass::PassRow;
use crate::text::{count, span};

/// What items have an availability that nobody defined.
pub fn strange_stock(words: &UnknownWords) -> Option<String> {
    let items = count(words.total(), "item has an availability", "items have an availability");
    (words.total() > 0).then(|| format!("{items} that nobody defined, and count as not in stock: {words}."))
}

/// `7 requests in 1.2 s`. How long nothing took says nothing, nor does a clock that was set meanwhile.
pub fn requests(requests: u64, took: Duration) -> String {
    match requests {
        0 => "no requests".to_owned(),
        n if took.as_millis() == 0 => count(n, "request", "requests"),
        n => format!("{} in {}", count(n, "request", "requests"), span(took)),
    }
}

/// What is said of a pass that was not let to send, below its first line.
pub fn paused_line(row: &PassRow) -> String {
    let paused = row.reason.as_deref().unwrap_or("paused");
    format!("\nNothing more is sent: {paused}. `shelfkeeper resume` ends it.")
}
