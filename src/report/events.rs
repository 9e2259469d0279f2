//! The mirrored events, how they changed, and what a pass over them came to.

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event_words::{action, changes, creator, line, recipients, trigger};
use super::output::{JsonList, PrintError};
use super::words::{count, difference, number, span};
use crate::event::{Event, Fields};
use crate::pass::Outcome;
use crate::state::Reader;
use crate::systems::events::Report;
use crate::systems::events::store::{Change, MirrorPass, MirrorState, ReadEvents as _};

/// A table of the events, for people.
///
/// # Errors
/// When it can't be printed.
pub fn events_text(events: &[Event], mirror: Option<&MirrorState>, out: &mut impl Write) -> io::Result<()> {
    let Some(at) = mirror.and_then(|mirror| mirror.mirrored_at) else {
        return writeln!(out, "No events mirrored yet.");
    };
    if events.is_empty() {
        return writeln!(out, "No events, as of {at:.0}.");
    }
    let header = ["ID", "WHAT TRIGGERS IT", "WHAT HAPPENS", "TO WHOM", "CREATED BY"].map(str::to_owned);
    let row = |event: &Event| {
        let fields = event.fields();
        [event.id().to_string(), trigger(fields), action(fields), recipients(fields), creator(event)]
    };
    let rows: Vec<[String; 5]> = [header].into_iter().chain(events.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    writeln!(out, "\n{}, as of {at:.0}.", count(events.len() as u64, "event", "events"))
}

/// The events whole, for programs.
///
/// # Errors
/// When it can't be printed.
pub fn events_json(events: &[Event], out: &mut impl Write) -> io::Result<()> {
    let mut list = JsonList::begin(out)?;
    events.iter().try_for_each(|event| list.item(&event.to_json()))?;
    list.end()?;
    writeln!(out)
}

/// How the events of a mirror changed, field by field, for people.
///
/// # Errors
/// When it can't be read or printed.
pub fn event_changes_text(reader: &Reader, place: &str, out: &mut impl Write) -> Result<(), PrintError> {
    let mut is_empty = true;
    reader.each_event_change(place, |Change { at, kind, event, old }| {
        is_empty = false;
        writeln!(out, "{at:.0}  {:<7}  {}  {}", kind.name(), event.id(), line(event.fields()))?;
        if let Some(old) = old {
            print_changes(old.fields(), event.fields(), out)?;
        }
        Ok::<(), PrintError>(())
    })?;
    if is_empty {
        writeln!(out, "No changes noticed yet.")?;
    }
    Ok(())
}

/// What differs, a line for each value.
pub(super) fn print_changes(old: &Fields, new: &Fields, out: &mut impl Write) -> io::Result<()> {
    changes(old, new).iter().try_for_each(|(place, old, new)| {
        let (old, new) = difference(old, new);
        writeln!(out, "      {place:<16} {old} → {new}")
    })
}

/// How the events of a mirror changed, for programs; a changed one also as it was before.
///
/// # Errors
/// When it can't be read or printed.
pub fn event_changes_json(reader: &Reader, place: &str, out: &mut impl Write) -> Result<(), PrintError> {
    let mut list = JsonList::begin(out)?;
    reader.each_event_change(place, |change| {
        let mut entry = json!({"at": change.at, "change": change.kind.name(), "event": change.event.to_json()});
        if let Some(old) = &change.old {
            entry["old"] = old.to_json();
        }
        Ok::<(), PrintError>(list.item(&entry)?)
    })?;
    list.end()?;
    Ok(writeln!(out)?)
}

/// What a pass over the events came to, in one line and without the reason.
pub fn events_headline(report: &Report) -> String {
    format!("events: {}", pass_line(&report.row, report.took))
}

/// What a pass over the events ends with: a line, and one for each thing that is not as it should be.
pub fn events_summary(report: &Report) -> String {
    let mut text = events_headline(report);
    if let Some(reason) = &report.guard {
        text += &format!("\nRefused by the guard, nothing was sent to Lagerkoll: {reason}. --force lets it through.");
    }
    if report.row.refused > 0 {
        let events = count(report.row.refused, "event", "events");
        text += &format!("\nSet aside: {events}; `shelfkeeper status` says why.");
    }
    text
}

/// What a pass came to.
fn pass_line(pass: &MirrorPass, took: Duration) -> String {
    let mut parts = vec![pass.outcome.name().to_owned()];
    parts.extend(pass.listed.map(|listed| format!("{} listed", number(listed))));
    for (n, what) in [
        (pass.added, "new"),
        (pass.changed, "changed"),
        (pass.removed, "gone"),
        (pass.created, "added by us"),
        (pass.replaced, "replaced by us"),
        (pass.deleted, "removed by us"),
        (pass.failed, "failed"),
        (pass.refused, "refused"),
    ] {
        if n > 0 {
            parts.push(format!("{} {what}", number(n)));
        }
    }
    parts.push(count(pass.requests, "request", "requests"));
    format!("{} in {}", parts.join(", "), span(took))
}

/// The mirror's share of `status`, for programs; null while nothing was mirrored.
pub(super) fn mirror_json(mirror: Option<&MirrorState>) -> Value {
    let mirrored = |mirror: &MirrorState| Some(json!({"count": mirror.count, "mirrored_at": mirror.mirrored_at?}));
    mirror.and_then(mirrored).unwrap_or(Value::Null)
}

/// The mirror's share of `status`, for people.
pub(super) fn mirror_text(mirror: &MirrorState, out: &mut impl Write) -> io::Result<()> {
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never yet".to_owned(), |at| format!("last {at:.0}"));
    writeln!(out, "Events: {} mirrored, {}.", number(mirror.count), when(mirror.mirrored_at))?;
    match &mirror.last {
        Some(pass) if !matches!(pass.outcome, Outcome::Ok | Outcome::Unchanged) => {
            let reason = pass.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let took = Duration::try_from(pass.finished.duration_since(pass.started)).unwrap_or_default();
            writeln!(out, "  {:.0}  {}{reason}", pass.finished, pass_line(pass, took))
        }
        _ => Ok(()),
    }
}
