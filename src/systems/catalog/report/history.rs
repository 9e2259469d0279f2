//! What was changed, the latest first.

use std::collections::HashMap;
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::pass::{PassKind, ReadPasses as _};
use crate::report::{Csv, JsonList, PrintError};
use crate::state::Reader;
use crate::systems::catalog::pass::close::JOB;
use crate::systems::catalog::store::{Entry, HistoryFilter, ReadHistory as _};
use crate::text::{count, difference, one_line, shorten};

/// Changes that a person is shown who asks for none in particular.
const NEWEST: usize = 100;
/// Passes whose kind is looked for.
const PASSES: u32 = 10_000;

/// For people: below each pass a line for each of its changes, and one for each field. Whoever asks for none in
/// particular is shown the latest.
///
/// # Errors
/// When it can't be read or printed.
pub fn history_text(reader: &Reader, filter: &HistoryFilter, out: &mut dyn Write) -> Result<u64, PrintError> {
    let passes = reader.passes(JOB, "", PASSES)?;
    let passes = passes.into_iter().map(|pass| (pass.started, pass.kind)).collect();
    let mut printer = ByPass { passes, last: None, count: 0 };
    if *filter != HistoryFilter::default() {
        reader.each_change(filter, |entry| printer.print(&entry, out))?;
        return Ok(printer.count);
    }
    let page = reader.changes_page(filter, None, NEWEST)?;
    page.entries.iter().try_for_each(|entry| printer.print(entry, out))?;
    if page.next.is_some() {
        let more = reader.count_changes()?.saturating_sub(printer.count);
        let more = count(more, "earlier change", "earlier changes");
        writeln!(out, "\n… and {more}: --since 7d, --kind, --field or an ID show what fits, --format csv all of them")?;
    }
    Ok(printer.count)
}

/// Prints changes, and above those of each pass which it was.
struct ByPass {
    passes: HashMap<Timestamp, PassKind>,
    last: Option<Timestamp>,
    count: u64,
}

impl ByPass {
    fn print(&mut self, entry: &Entry, out: &mut dyn Write) -> Result<(), PrintError> {
        if self.last.replace(entry.pass) != Some(entry.pass) {
            let between = if self.count > 0 { "\n" } else { "" };
            // One that is under way, or was long ago, has no row.
            let kind = self.passes.get(&entry.pass).map(|kind| format!(" ({})", kind.name())).unwrap_or_default();
            writeln!(out, "{between}Pass of {:.0}{kind}:", entry.pass)?;
        }
        self.count += 1;
        print(entry, out)
    }
}

pub(super) fn print(entry: &Entry, out: &mut dyn Write) -> Result<(), PrintError> {
    let Entry { at, kind, id, change, .. } = entry;
    let what = id.as_ref().map_or_else(|| "all".to_owned(), |id| format!("{kind} {}", one_line(&shorten(id))));
    writeln!(out, "{at:.0}  {:<8}  {what}  ({})", change.change.name(), entry.why_and_by())?;
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

pub(super) fn entry_json(entry: &Entry) -> Value {
    let Entry { at, pass, kind, id, change, .. } = entry;
    let fields: Map<String, Value> =
        change.fields().map(|(name, old, new)| (name.to_owned(), json!({"old": old, "new": new}))).collect();
    let mut json = json!({
        "at": at, "pass": pass, "type": kind.name(), "id": id, "change": change.change.name(),
        "fields": fields, "why": entry.why(),
    });
    if let Some(by) = entry.by() {
        json["by"] = by.into();
    }
    json
}

/// For spreadsheets: a row for each field.
///
/// # Errors
/// When it can't be read or printed.
pub fn history_csv(reader: &Reader, filter: &HistoryFilter, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut csv = Csv::begin(out, &["at", "pass", "type", "id", "change", "field", "old", "new", "why", "by"])?;
    reader.each_change(filter, |entry| {
        let (at, pass_text, why) = (entry.at.to_string(), entry.pass.to_string(), entry.why());
        let Entry { kind, id, change, .. } = &entry;
        let mut row = |field: &str, old: &str, new: &str| {
            let id = id.as_deref().unwrap_or_default();
            let by = entry.by().unwrap_or_default();
            csv.row(&[&at, &pass_text, kind.name(), id, change.change.name(), field, old, new, &why, by])
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
