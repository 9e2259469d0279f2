//! What was changed, the latest first.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::report::{Csv, JsonList, PrintError};
use crate::state::Reader;
use crate::systems::catalog::store::{Entry, HistoryFilter, ReadHistory as _};
use crate::text::{difference, one_line, shorten};

/// For people: a line for each change, and one for each field.
///
/// # Errors
/// When it can't be read or printed.
pub fn history_text(reader: &Reader, filter: &HistoryFilter, out: &mut dyn Write) -> Result<u64, PrintError> {
    let mut count = 0;
    reader.each_change(filter, |entry| {
        count += 1;
        print(&entry, out)
    })?;
    Ok(count)
}

pub(super) fn print(entry: &Entry, out: &mut dyn Write) -> Result<(), PrintError> {
    let Entry { at, pass, kind, id, change } = entry;
    let what = id.as_ref().map_or_else(|| "all".to_owned(), |id| format!("{kind} {}", one_line(&shorten(id))));
    writeln!(out, "{at:.0}  {:<8}  {what}  ({})", change.change.name(), change.why.words(*pass))?;
    for (name, old, new) in change.fields() {
        let (old, new) = difference(old, new);
        let line = format!("    {name}: {old} → {new}");
        if line.chars().count() <= 80 {
            writeln!(out, "{}", one_line_indented(&line))?;
        } else {
            writeln!(out, "{}", one_line_indented(&format!("    {name}: {old}")))?;
            writeln!(out, "{}", one_line_indented(&format!("      → {new}")))?;
        }
    }
    Ok(())
}

/// As a terminal may be given it.
fn one_line_indented(line: &str) -> String {
    let text = line.trim_start();
    format!("{}{}", &line[..line.len() - text.len()], one_line(text))
}

/// For programs.
///
/// # Errors
/// When it can't be read or printed.
pub fn history_json(reader: &Reader, filter: &HistoryFilter, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut list = JsonList::begin(out)?;
    reader.each_change(filter, |entry| Ok::<(), PrintError>(list.item(&entry_json(&entry))?))?;
    list.end()?;
    Ok(writeln!(out)?)
}

pub(super) fn entry_json(Entry { at, pass, kind, id, change }: &Entry) -> Value {
    let fields: Map<String, Value> =
        change.fields().map(|(name, old, new)| (name.to_owned(), json!({"old": old, "new": new}))).collect();
    json!({
        "at": at, "pass": pass, "type": kind.name(), "id": id, "change": change.change.name(),
        "fields": fields, "why": change.why.words(*pass),
    })
}

/// For spreadsheets: a row for each field.
///
/// # Errors
/// When it can't be read or printed.
pub fn history_csv(reader: &Reader, filter: &HistoryFilter, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut csv = Csv::begin(out, &["at", "pass", "type", "id", "change", "field", "old", "new", "why"])?;
    reader.each_change(filter, |Entry { at, pass, kind, id, change }| {
        let (at, pass_text, why) = (at.to_string(), pass.to_string(), change.why.words(pass));
        let mut row = |field: &str, old: &str, new: &str| {
            let id = id.as_deref().unwrap_or_default();
            csv.row(&[&at, &pass_text, kind.name(), id, change.change.name(), field, old, new, &why])
        };
        if change.fields().next().is_none() {
            return Ok(row("", "", "")?);
        }
        Ok::<(), PrintError>(change.fields().try_for_each(|(name, old, new)| row(name, &text(old), &text(new)))?)
    })
}

/// A value as a cell has it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
