//! Sentences that several reports have.

use crate::catalog::UnknownWords;
use crate::text::count;

/// What items have an availability that nobody defined.
pub fn strange_stock(words: &UnknownWords) -> Option<String> {
    let items = count(words.total(), "item has an availability", "items have an availability");
    (words.total() > 0).then(|| format!("{items} that nobody defined, and count as not in stock: {words}."))
}
