//! The rows of the last feed that were not taken, and what to do about each: for the shop.

use std::io::Write;

use serde_json::{Value, json};

use crate::catalog::{Cell, Faults, Rejection};
use crate::pass::ReadPasses as _;
use crate::report::{Csv, JsonList, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::catalog::pass::close::JOB;
use crate::systems::catalog::store::ReadTroubles as _;
use crate::text::{count, one_line, shorten, shorten_to, wrap};

/// Characters of a line that tells whose row it is.
const LINE: usize = 78;

/// Passes among which one that has read a feed is looked for.
const PASSES: u32 = 10_000;

/// Whether any feed was ever read: before that nobody knows what is rejected.
///
/// # Errors
/// When the state can't be read.
pub fn was_feed_read(reader: &Reader) -> Result<bool, StateError> {
    let passes = reader.passes(JOB, "", PASSES)?;
    Ok(passes.iter().any(|pass| pass.outcome.is_good() || pass.figure("read") > 0))
}

/// For people, at most so many each by itself; gives how many there are.
///
/// # Errors
/// When they can't be read or printed.
pub fn rejected_text(reader: &Reader, most: u64, out: &mut dyn Write) -> Result<u64, PrintError> {
    let mut faults = Faults::default();
    reader.each_rejected(u64::MAX, |rejection| {
        faults.add(&rejection);
        Ok::<(), PrintError>(())
    })?;
    if faults.rows() == 0 {
        return Ok(0);
    }
    write!(out, "{}", wrap(&format!("{} rejected: {faults}", count(faults.rows(), "row", "rows")), ""))?;
    reader.each_rejected(most, |rejection| print(&rejection, out))?;
    Ok(faults.rows())
}

fn print(rejection: &Rejection, out: &mut dyn Write) -> Result<(), PrintError> {
    let nothing = Cell::default();
    let Cell { column, value, title } = rejection.cell.as_deref().unwrap_or(&nothing);
    let id = rejection.id.as_ref().map(|id| format!(", id {}", one_line(&shorten(id)))).unwrap_or_default();
    let mut head = format!("line {}{id}", rejection.line);
    if let Some(title) = title {
        let room = LINE.saturating_sub(head.chars().count() + 3);
        head += &format!(": {}", shorten_to(&one_line(title), room));
    }
    writeln!(out, "\n{head}")?;
    let is_told = |value: &&String| rejection.reason.contains(value.as_str()) || rejection.is_duplicate();
    if let Some(value) = value.as_ref().filter(|value| !is_told(value)) {
        let column = column.as_deref().unwrap_or(&rejection.field);
        writeln!(out, "{}", shorten_to(&format!("  {} has {:?}", one_line(column), shorten(value)), LINE))?;
    }
    let field = column.as_deref().unwrap_or(&rejection.field);
    let reason = format!("{}: {}", one_line(field), one_line(&rejection.reason));
    write!(out, "{}", wrap(&reason, "  "))?;
    Ok(write!(out, "{}", wrap(&one_line(&rejection.advice()), "  > "))?)
}

/// For programs; of one id only, if one is given.
///
/// # Errors
/// When they can't be read or printed.
pub fn rejected_json(reader: &Reader, id: Option<&str>, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut list = JsonList::begin(out)?;
    reader.each_rejected(u64::MAX, |rejection| {
        if !is_of(&rejection, id) {
            return Ok(());
        }
        Ok::<(), PrintError>(list.item(&rejection_json(&rejection))?)
    })?;
    list.end()?;
    Ok(writeln!(out)?)
}

pub(super) fn rejection_json(rejection: &Rejection) -> Value {
    let nothing = Cell::default();
    let Cell { column, value, title } = rejection.cell.as_deref().unwrap_or(&nothing);
    let Rejection { line, id, field, reason, first, .. } = rejection;
    json!({
        "line": line, "id": id, "title": title, "column": column, "value": value, "field": field,
        "reason": reason, "advice": rejection.advice(), "first_line": first,
    })
}

/// For spreadsheets; of one id only, if one is given, and at most so many.
///
/// # Errors
/// When they can't be read or printed.
pub fn rejected_csv(reader: &Reader, id: Option<&str>, most: u64, out: &mut dyn Write) -> Result<(), PrintError> {
    let mut csv = Csv::begin(out, &["line", "id", "title", "column", "value", "reason", "what to do", "other line"])?;
    reader.each_rejected(most, |rejection| {
        if !is_of(&rejection, id) {
            return Ok(());
        }
        let advice = rejection.advice();
        let Cell { column, value, title } = rejection.cell.map(|cell| *cell).unwrap_or_default();
        let Rejection { line, id, field, reason, first, .. } = rejection;
        let text = Option::unwrap_or_default;
        let first: Option<String> = first.map(|line| line.to_string());
        let column = column.unwrap_or(field);
        Ok::<(), PrintError>(csv.row(&[
            line.to_string(),
            text(id),
            text(title),
            column,
            text(value),
            reason,
            advice,
            text(first),
        ])?)
    })
}

fn is_of(rejection: &Rejection, id: Option<&str>) -> bool {
    id.is_none_or(|id| rejection.id.as_deref() == Some(id))
}
