//! `config dump`: the settings in force, and where each comes from.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::outcome::{Exit, Outcome};
use crate::cli::{self, Format};
use crate::config::{Dump, DumpedSection, DumpedSetting};

/// The column at which the origins stand, where the values leave room for it.
const COLUMN: usize = 48;

pub(super) fn dump(arguments: &cli::Dump, dump: &Dump) -> Outcome {
    let mut out = io::stdout().lock();
    match arguments.format {
        Format::Text => text(dump, &mut out)?,
        Format::Json => writeln!(out, "{:#}", json(dump))?,
    }
    Ok(Exit::Done)
}

fn text(dump: &Dump, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# {}, and what it leaves out", dump.file.display())?;
    for DumpedSection { heading, settings, .. } in &dump.sections {
        writeln!(out, "\n{heading}")?;
        let widths = settings.iter().map(|setting| line(setting).chars().count());
        let column = widths.filter(|width| *width <= COLUMN).max().unwrap_or_default();
        for setting in settings {
            writeln!(out, "{:<column$}  # {}", line(setting), setting.origin)?;
        }
    }
    Ok(())
}

fn line(DumpedSetting { key, value, .. }: &DumpedSetting) -> String {
    value.as_ref().map_or_else(|| format!("# {key} = ?"), |value| format!("{key} = {value}"))
}

/// Sections by their names; tables of which there may be many in lists.
fn json(dump: &Dump) -> Value {
    let mut sections = Map::new();
    for DumpedSection { name, heading, settings } in &dump.sections {
        let settings = settings.iter().map(|setting| {
            let value = setting.value.as_deref().map_or(Value::Null, read);
            (setting.key.to_owned(), json!({"value": value, "from": setting.origin}))
        });
        let settings = Value::Object(settings.collect());
        if !heading.starts_with("[[") {
            sections.insert((*name).to_owned(), settings);
        } else if let Value::Array(list) = sections.entry(*name).or_insert_with(|| json!([])) {
            list.push(settings);
        }
    }
    json!({"file": dump.file, "settings": sections})
}

/// A value as it stands in a file.
fn read(value: &str) -> Value {
    let table = format!("value = {value}").parse::<toml::Table>();
    let value = table.ok().and_then(|mut table| serde_json::to_value(table.remove("value")?).ok());
    value.unwrap_or(Value::Null)
}
