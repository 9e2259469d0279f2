//! What a page shows of the catalog first.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::changes::changes_table;
use super::imports::import_words;
use super::listings::rejected_table;
use crate::catalog::Kind;
use crate::pass::{PassRow, ReadPasses as _};
use crate::state::{Reader, StateError};
use crate::systems::catalog::pass::close::JOB;
use crate::systems::catalog::plan::verdict::{Example, Held};
use crate::systems::catalog::store::{HistoryFilter, ReadHistory as _, ReadImports as _, ReadObjects as _};
use crate::systems::catalog::store::{ReadPlan as _, ReadTroubles as _};
use crate::text::{difference, number};
use crate::view::{Bar, Bars, Block, Cell, Column, Figure, Link, Part, Rank, Section, Shown, Table, Tone};

/// Rejected rows, and changes, that are shown.
const ROWS: usize = 10;
const CHANGES: usize = 12;
/// Imports that are shown.
const IMPORTS: u32 = 5;
/// Hours of which changes are counted.
const HOURS: i64 = 24;

/// All of it. `is_alone` = nothing goes to NiceChat.
///
/// # Errors
/// When the state can't be read.
pub(super) fn shown(reader: &Reader, is_alone: bool) -> Result<Shown, StateError> {
    let (faults, _) = reader.trouble()?;
    let products = reader.owned(Kind::Product)?;
    let mut figures = Vec::new();
    if !is_alone || products > 0 {
        figures.push(Figure::new(products, "products"));
        figures.push(Figure::new(reader.owned(Kind::Category)?, "categories"));
    }
    figures.push(Figure::new(faults.rows(), "rows to mend").to_mend().leads("/rejected"));
    if !is_alone {
        let waiting = reader.waiting()?;
        let urgent = if waiting.urgent > 0 { format!(", {} urgent", number(waiting.urgent)) } else { String::new() };
        figures.push(Figure::new(waiting.all, format!("waiting{urgent}")));
    }
    let mut sections = vec![rejected(reader, faults.rows())?];
    if !is_alone {
        sections.push(changed(reader)?);
        sections.push(by_hour(reader)?);
        sections.extend(imports(reader)?);
    }
    Ok(Shown { figures, sections })
}

fn rejected(reader: &Reader, all: u64) -> Result<Section, StateError> {
    let section = Section::new("rejected", "Rows to mend in the feed", Rank::ToMend);
    let rows = reader.rejected_page(None, None, ROWS)?;
    if rows.is_empty() {
        return Ok(section.saying("No row of the last feed is rejected."));
    }
    let table = rejected_table(rows.iter().map(|(_, rejection)| rejection));
    let csv = Link::new(format!("CSV ({})", number(all)), "/rejected?format=csv");
    let links = [Link::new(format!("all {}", number(all)), "/rejected"), csv];
    Ok(section.linked(links).with(Block::Table(table)))
}

fn changed(reader: &Reader) -> Result<Section, StateError> {
    let section = Section::new("changes", "What changed", Rank::Done);
    let page = reader.changes_page(&HistoryFilter { is_done: true, ..HistoryFilter::default() }, None, CHANGES)?;
    if page.entries.is_empty() {
        let words = if page.is_cut {
            "Nothing was changed lately; what was held is in the history."
        } else {
            "No change is known yet."
        };
        return Ok(section.linked([Link::new("all", "/history")]).saying(words));
    }
    let table = changes_table("The last changes, the latest first", &page.entries, reader)?;
    let links = [Link::new("all", "/history"), Link::new("CSV of a day", "/history?since=24h&format=csv")];
    Ok(section.linked(links).with(Block::Table(table)))
}

fn by_hour(reader: &Reader) -> Result<Section, StateError> {
    let section = Section::new("hours", "Changes an hour", Rank::Aside);
    let now = Timestamp::now();
    let since = now.checked_sub(SignedDuration::from_hours(HOURS)).unwrap_or(Timestamp::MIN);
    let mut hours: BTreeMap<i64, [u64; 3]> = BTreeMap::new();
    for pass in reader.passes_since(JOB, "", since)? {
        let sums = hours.entry(pass.finished.at.as_second().div_euclid(3600)).or_default();
        sums.iter_mut().zip(figures(&pass)).for_each(|(sum, more)| *sum = sum.saturating_add(more));
    }
    let total: u64 = hours.values().flatten().sum();
    if total == 0 {
        return Ok(section.saying("Nothing was changed in the last 24 hours."));
    }
    let last = now.as_second().div_euclid(3600);
    let bar = |hour: i64| {
        let values = hours.get(&hour).copied().unwrap_or_default();
        let label = Timestamp::from_second(hour * 3600).map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default();
        let [created, updated, deleted] = values.map(number);
        let told = format!("{label}: {updated} changed, {created} new, {deleted} removed");
        Bar { label, told, values: vec![values[1], values[0], values[2]] }
    };
    let part = |name, tone| Part { name, tone };
    let bars = Bars {
        told: format!("Changes in each of the last 24 hours: {} in all", number(total)),
        parts: vec![part("changed", Tone::Plain), part("new", Tone::Good), part("removed", Tone::Bad)],
        bars: (last - HOURS + 1..=last).map(bar).collect(),
        labelled: 4,
    };
    Ok(section.noted("UTC").with(Block::Bars(bars)))
}

fn figures(pass: &PassRow) -> [u64; 3] {
    ["created", "updated", "deleted"].map(|name| pass.figure(name))
}

fn imports(reader: &Reader) -> Result<Option<Section>, StateError> {
    let imports = reader.imports(IMPORTS)?;
    if imports.is_empty() {
        return Ok(None);
    }
    let mut table = Table::new("Imports, the latest first", &[Column::text("at"), Column::text("what came of it")]);
    for import in &imports {
        table.row(vec![Cell::Time(import.updated.unwrap_or(import.pushed)), Cell::Text(import_words(import))]);
    }
    let section = Section::new("imports", "Imports", Rank::Aside).noted("the feed, fetched by NiceChat itself");
    Ok(Some(section.with(Block::Table(table))))
}

/// What is held, with the first of it.
pub(super) fn held_blocks(held: &Held) -> Vec<Block> {
    let mut blocks = Vec::new();
    for risk in &held.held {
        let words = risk.words();
        let mut first = words.chars();
        let words = first.next().map(|letter| letter.to_uppercase().to_string() + first.as_str()).unwrap_or_default();
        blocks.push(Block::Words(format!("{words}.")));
        let examples: Vec<&Example> = risk.examples.iter().flatten().collect();
        if examples.is_empty() {
            continue;
        }
        let columns = [Column::text("id"), Column::text("what would become of it")];
        let mut table = Table::new("What is held, the first of it", &columns);
        for Example { id, field, old, new } in examples {
            let id = if risk.r#type == "product" { Cell::Product(id.clone()) } else { Cell::Code(id.clone()) };
            let what = match field {
                Some(field) => {
                    let (old, new) = difference(old, new);
                    Cell::Change { name: field.clone(), old, new, by: None }
                }
                None => Cell::Text(format!("removed: {}", old.as_str().unwrap_or_default())),
            };
            table.row(vec![id, what]);
        }
        blocks.push(Block::Table(table));
    }
    blocks.extend(held.in_all().map(|words| Block::Words(format!("{words}."))));
    blocks
}
