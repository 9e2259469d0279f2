//! What a guard holds, for whoever is asked for their word, where the state tells it as programs are told.

use serde_json::Value;

use super::look::HeldBack;
use crate::text::{fold, one_line, shorten};
use crate::view::{Block, Cell, Column, Table};

/// What is held by this guard: `thing` = what it is about, `words` = what is held of a risk, in a line for each; `None` =
/// the state says something else.
pub(super) fn held_back(
    held: &Value,
    held_by: &'static str,
    thing: &'static str,
    words: impl Fn(&Value) -> Option<String>,
) -> Option<HeldBack> {
    let digest = held["digest"].as_str()?;
    let mut lines = vec![format!("HELD by the guard ({digest}):")];
    let mut blocks: Vec<Block> = Vec::new();
    for risk in held["held"].as_array()? {
        let words = words(risk)?;
        lines.push(fold(&format!("  {words}"), 4));
        blocks.push(Block::Words(format!("{words}.")));
        let mut table = Table::new("The first of what is held", &[Column::text(thing), Column::text("called")]);
        for example in risk["examples"].as_array().into_iter().flatten() {
            let text = |name: &str| example[name].as_str().unwrap_or_default().to_owned();
            let line = format!("    - {}  {}", one_line(&text("id")), shorten(&one_line(&text("old"))));
            lines.push(line.trim_end().to_owned());
            table.row(vec![Cell::Code(text("id")), Cell::Text(text("old"))]);
        }
        blocks.extend((!table.rows.is_empty()).then_some(Block::Table(table)));
    }
    let objects = held["held"].as_array()?.iter().filter_map(|risk| risk["count"].as_u64()).sum();
    let text = lines.into_iter().map(|line| line + "\n").collect();
    Some(HeldBack { held_by, digest: digest.to_owned(), text, blocks, objects, is_approved: false })
}
