//! Imports in words.

use crate::systems::catalog::store::Import;
use crate::text::count;

/// An import in a line.
pub(super) fn import_line(import: &Import) -> String {
    let at = import.updated.unwrap_or(import.pushed);
    format!("{at:.0}  {}", import_words(import))
}

/// What came of an import.
pub(super) fn import_words(import: &Import) -> String {
    let mut text = import.state.name().to_owned();
    if let Some(imported) = import.imported {
        text += &format!(", {} imported", count(imported, "element", "elements"));
    }
    if let Some(left) = import.left {
        text += &format!(", {} put right by the API", count(left, "object", "objects"));
    }
    for complaint in import.reason.iter().chain(&import.shortfall()) {
        text += &format!(": {complaint}");
    }
    text
}
