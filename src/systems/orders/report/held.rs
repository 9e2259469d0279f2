//! What the guard holds of the orders, for whoever is asked for their word.

use serde_json::Value;

use crate::systems::look::HeldBack;
use crate::systems::orders::JOB;
use crate::text::{fold, number, one_line, shorten};
use crate::view::{Block, Cell, Column, Table};

/// What the state says is held, in words; `None` = it says something else.
pub(super) fn held_back(held: &Value) -> Option<HeldBack> {
    let digest = held["digest"].as_str()?;
    let mut lines = vec![format!("HELD by the guard ({digest}):")];
    for risk in held["held"].as_array()? {
        let (count, of) = (number(risk["count"].as_u64()?), number(risk["of"].as_u64()?));
        let (percent, limit) = (risk["percent"].as_f64()?, risk["limit"].as_u64()?);
        let would = "are not listed any more, and would count as gone";
        lines.push(fold(&format!("  {count} of {of} orders ({percent} %) {would}, more than {limit} %"), 4));
        for example in risk["examples"].as_array().into_iter().flatten() {
            let called = shorten(&one_line(example["old"].as_str().unwrap_or_default()));
            lines.push(format!("    - {}  {called}", one_line(example["id"].as_str()?)));
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    for risk in held["held"].as_array()? {
        let would = "orders are not listed any more, and would count as gone";
        blocks.push(Block::Words(format!("{} of {} {would}.", risk["count"], risk["of"])));
        let mut table = Table::new("The first of what is held", &[Column::text("order"), Column::text("called")]);
        for example in risk["examples"].as_array().into_iter().flatten() {
            let text = |name: &str| example[name].as_str().unwrap_or_default().to_owned();
            table.row(vec![Cell::Code(text("id")), Cell::Text(text("old"))]);
        }
        blocks.extend((!table.rows.is_empty()).then_some(Block::Table(table)));
    }
    let objects = held["held"].as_array()?.iter().filter_map(|risk| risk["count"].as_u64()).sum();
    let text = lines.into_iter().map(|line| line + "\n").collect();
    Some(HeldBack { held_by: JOB, digest: digest.to_owned(), text, blocks, objects, is_approved: false })
}
