//! `events`: what is mirrored, and how it changed.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::look::{Look, note};
use super::outcome::{Exit, Failure, Outcome};
use crate::cli::{self, Format};
use crate::state::Reader;
use crate::status::no_state;
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::{Names, event_calendar, event_changes_json, event_changes_text, events_json, events_text};

pub(super) fn events(arguments: &cli::Events, path: &Path) -> Outcome {
    let (look, names) = Look::quietly_in_spite(path, |config| config.lagerkoll.as_ref().map(Names::of))?;
    // A section that isn't right may be the one that names the mirror.
    let names = names.filter(|names| look.broken.is_none() || !names.store.is_empty());
    let Some(names) = names else {
        if let Some(broken) = look.broken {
            return Err(broken.into());
        }
        let error = anyhow::anyhow!("no events are mirrored: the config has no section [lagerkoll]");
        return Err(Failure { error, exit: Exit::Config });
    };
    look.tell_broken()?;
    let reader = look.open()?;
    let place = &names.mirror;
    let mut out = BufWriter::new(io::stdout().lock());
    no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
    let was_mirrored = reader.mirror(place)?.is_some_and(|mirror| mirror.mirrored_at.is_some());
    if reader.exists() && arguments.format == Format::Json && !was_mirrored {
        note("no events mirrored yet: the first pass of `run` does that")?;
    }
    match (arguments.history, arguments.format) {
        _ if arguments.ics => calendar(&names, &reader, &mut out)?,
        (false, Format::Text) => {
            events_text(&reader.events(place)?, reader.mirror(place)?.as_ref(), &mut out)?;
        }
        (false, Format::Json) => events_json(&reader.events(place)?, &mut out)?,
        (true, Format::Text) => event_changes_text(&reader, place, &mut out)?,
        (true, Format::Json) => event_changes_json(&reader, place, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Writes the calendar, and says on stderr what is not in it.
fn calendar(names: &Names, reader: &Reader, out: &mut impl Write) -> Result<(), Failure> {
    let Some(at) = reader.mirror(&names.mirror)?.and_then(|mirror| mirror.mirrored_at) else {
        let error = anyhow::anyhow!("no events mirrored yet: the first pass of `run` does that");
        return Err(Failure { error, exit: Exit::Failed });
    };
    let calendar = event_calendar(&names.store, &reader.events(&names.mirror)?, at);
    write!(out, "{}", calendar.text)?;
    let mut notes = io::stderr().lock();
    for (id, why) in &calendar.not_understood {
        writeln!(notes, "shelfkeeper: event {id} is not in the calendar: {why}")?;
    }
    if calendar.not_timed > 0 {
        writeln!(notes, "shelfkeeper: events without a TIME trigger are not in the calendar: {}", calendar.not_timed)?;
    }
    Ok(())
}
