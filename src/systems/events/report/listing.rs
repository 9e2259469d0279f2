//! The mirrored events and how they changed.

use std::io::{self, Write};

use serde_json::json;

use super::words::{action, changes, creator, line, recipients, trigger};
use crate::event::{Event, Fields};
use crate::report::{JsonList, PrintError};
use crate::state::Reader;
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::store::{Change, MirrorState};
use crate::text::{count, difference, fold, table};

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
    write!(out, "{}", table(&rows))?;
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
        let line = format!("{at:.0}  {:<7}  {}  {}", kind.name(), event.id(), line(event.fields()));
        writeln!(out, "{}", fold(&line, 4))?;
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
pub(super) fn print_changes(old: &Fields, new: &Fields, out: &mut dyn Write) -> io::Result<()> {
    changes(old, new).iter().try_for_each(|(place, old, new)| {
        let (old, new) = difference(old, new);
        writeln!(out, "{}", fold(&format!("      {place:<16} {old} → {new}"), 8))
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
