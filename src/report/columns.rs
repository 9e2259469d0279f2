//! The columns of a feed, for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::feed::{Header, HeaderColumn};
use crate::text::fold;

/// Columns that a person is shown.
const SHOWN: usize = 20;

/// What is to be said of a feed's columns.
#[derive(Debug, Default)]
pub struct Columns<'h> {
    /// Those of a text feed.
    pub header: Option<&'h Header>,
    /// Of those that the last feed had, in words.
    pub gone: Vec<String>,
    /// The same for programs.
    pub gone_json: Value,
}

/// Columns whose names mean nothing; `None` = there is none.
pub fn unknown_columns<'c>(columns: impl Iterator<Item = (&'c str, &'static str)>) -> Option<String> {
    let told: Vec<String> =
        columns.map(|(name, meant)| format!("`{name}` (did you mean `{meant}`?)")).take(SHOWN).collect();
    (!told.is_empty()).then(|| format!("Unknown columns: {}.", told.join(", ")))
}

impl Columns<'_> {
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if !self.gone.is_empty() {
            writeln!(out, "Missing: {}.", self.gone.join("; "))?;
        }
        let Some(header) = self.header else { return Ok(()) };
        if let Some(told) = unknown_columns(header.misspelt()) {
            writeln!(out, "{}", fold(&told, 2))?;
        }
        let absent = header.absent();
        if !absent.is_empty() {
            writeln!(out, "{}", fold(&format!("No column: {}.", absent.join(", ")), 2))?;
        }
        Ok(())
    }

    /// `None` = no column is misspelt: there is nothing to be said.
    pub(super) fn json(&self) -> Option<Value> {
        let header = self.header?;
        header.0.iter().find(|column| column.field.is_none() && column.meant.is_some())?;
        let names = |is_known: bool| -> Vec<&str> {
            let columns = header.0.iter().filter(|column| (column.field.is_some() || column.is_shown) == is_known);
            columns.map(|HeaderColumn { name, .. }| name.as_str()).collect()
        };
        Some(json!({"known": names(true), "unknown": names(false), "absent": header.absent()}))
    }
}
