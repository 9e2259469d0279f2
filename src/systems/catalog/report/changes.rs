//! What was changed, as a page shows it.

use serde_json::Value;

use crate::catalog::Kind;
use crate::state::{Reader, StateError};
use crate::systems::catalog::store::{Change, ChangeKind, Entry, ReadObjects as _};
use crate::text::{difference, number, value};
use crate::view::{Cell, Column, Row, Table, Tone};

/// Fields of a change that are shown.
const FIELDS: usize = 5;
/// A price that moves by so much of itself is marked, in per cent.
const LARGE: f64 = 50.0;

const COLUMNS: [Column; 6] = [
    Column::text("at"),
    Column::text("id"),
    Column::text("product"),
    Column::text("change"),
    Column::text("old → new"),
    Column::text("why"),
];

/// A table of changes.
///
/// # Errors
/// When the state can't be read for what they are of.
pub(super) fn changes_table(caption: &str, entries: &[Entry], reader: &Reader) -> Result<Table, StateError> {
    let mut table = Table::new(caption, &COLUMNS);
    for entry in entries {
        let title = entry.id.as_deref().map(|id| title_of(reader, entry.kind, id)).transpose()?.flatten();
        table.rows.push(row(entry, title));
    }
    Ok(table)
}

fn row(entry: &Entry, title: Option<String>) -> Row {
    let Entry { at, kind, id, change, .. } = entry;
    let what = match (kind, id) {
        (_, None) => Cell::Aside("all".to_owned()),
        (Kind::Product, Some(id)) => Cell::Product(id.clone()),
        (Kind::Category, Some(id)) => Cell::Code(id.clone()),
    };
    let called = change.fields().find(|(name, ..)| matches!(*name, "title" | "name"));
    let called = called.and_then(|(_, old, new)| new.as_str().or(old.as_str())).map(str::to_owned);
    let title = title.or(called);
    let title = match kind {
        Kind::Category if id.is_some() => Some(format!("category {}", title.unwrap_or_default())),
        _ => title,
    };
    let (lines, is_marked) = fields(entry);
    let cells = vec![
        Cell::Time(*at),
        what,
        Cell::text(title),
        Cell::Word(change.change.name().to_owned(), tone(change.change)),
        Cell::Lines(lines),
        Cell::Aside(entry.why_and_by()),
    ];
    Row { cells, is_marked }
}

fn tone(change: ChangeKind) -> Tone {
    match change {
        ChangeKind::Created | ChangeKind::Adopted => Tone::Good,
        ChangeKind::Updated => Tone::Plain,
        ChangeKind::Repaired | ChangeKind::Held => Tone::Warn,
        ChangeKind::Deleted | ChangeKind::Disabled => Tone::Bad,
    }
}

/// The fields, and whether one of them moved by much.
fn fields(entry: &Entry) -> (Vec<Cell>, bool) {
    let change = &entry.change;
    // What is held may as well be that a field gets lost.
    let is_named = change.fields().any(|(name, ..)| matches!(name, "title" | "name"));
    let would_go = change.change == ChangeKind::Held && is_named && change.fields().all(|(_, _, new)| new.is_null());
    let is_whole = matches!(change.change, ChangeKind::Created | ChangeKind::Deleted | ChangeKind::Adopted) || would_go;
    if is_whole && entry.id.is_some() {
        let told = would_go.then(|| Cell::Aside("it would go".to_owned()));
        return (price(change).into_iter().chain(told).collect(), false);
    }
    // Prices of two currencies are no step of one.
    let is_priced = change.fields().all(|(name, ..)| name != "currency");
    let (mut lines, mut is_marked, mut more) = (Vec::new(), false, 0);
    for (name, old, new) in change.fields() {
        if lines.len() == FIELDS {
            more += 1;
            continue;
        }
        let by = if name == "price" && is_priced { percent(old, new) } else { None };
        let is_large = by.is_some_and(|by| by.abs() >= LARGE);
        is_marked |= is_large;
        let by = by.map(|by| format!("{}{}", in_words(by), if is_large { ", a large step" } else { "" }));
        let (old, new) = match (old.is_null(), new.is_null()) {
            (false, false) => difference(old, new),
            (old_is_null, _) if old_is_null => (String::new(), value(new)),
            _ => (value(old), String::new()),
        };
        lines.push(Cell::Change { name: name.to_owned(), old, new, by });
    }
    if more > 0 {
        lines.push(Cell::Aside(format!("and {} more", number(more))));
    }
    (lines, is_marked)
}

/// What says most of what came or went as a whole.
fn price(change: &Change) -> Option<Cell> {
    let find = |wanted: &str| {
        let found = change.fields().find(|(name, ..)| *name == wanted);
        found.map(|(_, old, new)| if new.is_null() { old } else { new }).filter(|value| !value.is_null())
    };
    let price = value(find("price")?);
    let currency = find("currency").and_then(Value::as_str).map(|code| format!(" {code}")).unwrap_or_default();
    Some(Cell::Text(price + &currency))
}

fn percent(old: &Value, new: &Value) -> Option<f64> {
    let (old, new) = (old.as_f64()?, new.as_f64()?);
    (old > 0.0).then(|| (new - old) * 100.0 / old).filter(|by| by.is_finite())
}

/// `+0.4 %`, `−90 %`.
fn in_words(by: f64) -> String {
    let sign = if by < 0.0 { "−" } else { "+" };
    let size = by.abs();
    if size < 10.0 { format!("{sign}{size:.1} %") } else { format!("{sign}{size:.0} %") }
}

/// What an object is called, as NiceChat acknowledged it last.
///
/// # Errors
/// When the state can't be read.
pub(super) fn title_of(reader: &Reader, kind: Kind, id: &str) -> Result<Option<String>, StateError> {
    let key = reader.key(kind, reader.hasher().digest(id.as_bytes()))?;
    let object = key.map(|key| reader.object(key.object)).transpose()?.filter(|object| object.id == id);
    let name = if kind == Kind::Product { "title" } else { "name" };
    Ok(object.and_then(|object| object.acked.get(name)?.as_str().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_of_a_price_in_words() {
        let words = |old: Value, new: Value| percent(&old, &new).map(in_words);
        assert_eq!(words(json!(234.50), json!(235.50)).as_deref(), Some("+0.4 %"));
        assert_eq!(words(json!(207.95), json!(20.80)).as_deref(), Some("−90 %"));
        assert_eq!(words(json!(1), json!(3)).as_deref(), Some("+200 %"));
        for (old, new) in [(json!(0), json!(1)), (Value::Null, json!(1)), (json!("a"), json!(1))] {
            assert_eq!(words(old, new), None);
        }
    }
}
