//! One product's way, as a page shows it.

use serde_json::{Value, json};

use super::changes::changes_table;
use super::explain::{explanation_json, next_lines, unread_words, waiting};
use super::listings::rejected_table;
use crate::state::{Reader, StateError};
use crate::systems::catalog::explain::{Explanation, FeedRow};
use crate::systems::catalog::store::Known;
use crate::systems::look::ProductPage;
use crate::text::{typed, value};
use crate::view::{Block, Cell, Column, Link, Rank, Section, Table, short};

/// Changes of a product that are shown.
const CHANGES: usize = 20;

/// What is known of a product.
///
/// # Errors
/// When the state can't be read.
pub(super) fn product_page(
    explanation: &Explanation,
    reader: &Reader,
    program: &str,
) -> Result<ProductPage, StateError> {
    let Explanation { id, known, shown, is_alone, .. } = explanation;
    let mut sections = vec![in_feed(explanation, program)];
    if explanation.feed.is_ok() {
        let next = Section::new("next", "What the next pass does", Rank::Aside);
        sections.push(next_lines(explanation, program).into_iter().fold(next, Section::saying));
    }
    if !is_alone {
        sections.push(acknowledged(known.object.as_ref()));
        sections.push(waits(explanation));
        sections.push(changes(explanation, reader)?);
    }
    if let Some(shown) = shown {
        let section = Section::new("shown", "Shown by Oct8ne", Rank::Aside);
        let fields = shown.item.as_ref().map(|item| pairs(item.fields.iter()));
        sections.push(match fields {
            None => section.saying("Nothing."),
            Some(fields) => section.with(Block::Pairs(fields)),
        });
    }
    let title = known.object.as_ref().and_then(|object| object.acked.get("title")?.as_str().map(str::to_owned));
    let title = title.or_else(|| shown.as_ref()?.item.as_ref()?.fields.get("title")?.as_str().map(str::to_owned));
    let title = title.or_else(|| known.rejected.first()?.cell.as_ref()?.title.clone());
    let json = explanation_json(explanation, program);
    Ok(ProductPage { id: id.clone(), title, is_known: !explanation.is_empty(), sections, json })
}

/// A feed that is large, or another host's, isn't read for a page.
fn in_feed(Explanation { id, feed, known, .. }: &Explanation, program: &str) -> Section {
    let section = Section::new("feed", "In the feed", Rank::ToMend);
    let mut section = match known.rejected.is_empty() {
        true => section.saying("The last feed had no row of this id that was rejected."),
        false => section.with(Block::Table(rejected_table(known.rejected.iter()))),
    };
    match feed {
        Err(unread) => section.saying(format!(
            "{} To see its row, and what the next pass does with it: {program} explain {}",
            unread_words(unread),
            typed(id.as_str())
        )),
        Ok(feed) if feed.rows.is_empty() => section.saying("It has no row of this id now."),
        Ok(feed) => {
            for FeedRow { line, cells, .. } in &feed.rows {
                let cells = cells.iter().map(|(name, text)| (name.clone(), Cell::Text(text.clone())));
                section = section.saying(format!("Now, on line {line}, as it stands there:"));
                section = section.with(Block::Pairs(cells.collect()));
            }
            section
        }
    }
}

fn acknowledged(object: Option<&Known>) -> Section {
    let section = Section::new("acknowledged", "At NiceChat, as it acknowledged", Rank::Done);
    let Some(Known { acked, answered, .. }) = object else { return section.saying("Nothing of ours.") };
    let columns = [Column::text("field"), Column::text("what we sent"), Column::text("how NiceChat writes it")];
    let mut table = Table::new("Fields, as they were acknowledged", &columns);
    for (name, ours) in acked.iter().filter(|(_, ours)| !ours.is_null()) {
        let theirs = answered.get(name).map_or(Cell::Nothing, cell);
        table.row(vec![Cell::Text(name.clone()), cell(ours), theirs]);
    }
    section.with(Block::Table(table))
}

fn waits(Explanation { known, .. }: &Explanation) -> Section {
    let lines = waiting(known);
    let section = Section::new("waiting", "Waiting", Rank::Done);
    if lines.is_empty() {
        return section.saying("Nothing.");
    }
    lines.into_iter().fold(section, Section::saying)
}

fn changes(Explanation { id, known, .. }: &Explanation, reader: &Reader) -> Result<Section, StateError> {
    let mut section = Section::new("changes", "Changes, the latest first", Rank::Done);
    if known.changes.is_empty() && known.first_load.is_none() {
        return Ok(section.saying("None is remembered."));
    }
    let shown = known.changes.get(..CHANGES).unwrap_or(&known.changes);
    if !shown.is_empty() {
        section = section.with(Block::Table(changes_table("Changes of this product", shown, reader)?));
    }
    if known.changes.len() > CHANGES {
        let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        section = section.linked([Link::new("all", format!("/history?id={id}"))]);
    }
    Ok(match known.first_load {
        Some(at) => section.saying(format!("Created with all others by the first load, {} UTC.", short(at))),
        None => section,
    })
}

fn pairs<'v>(fields: impl Iterator<Item = (&'v String, &'v Value)>) -> Vec<(String, Cell)> {
    fields.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), cell(value))).collect()
}

fn cell(field: &Value) -> Cell {
    match field {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => Cell::Web(text.clone()),
        Value::String(text) => Cell::Text(text.clone()),
        Value::Null => Cell::Nothing,
        other => Cell::Code(value(&json!(other))),
    }
}
