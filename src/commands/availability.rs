//! `availability`: whether advisors are there, and when they were.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::look::{Look, note};
use super::outcome::{Exit, Failure, Outcome};
use crate::cli::{self, Format};
use crate::config::Emplifi;
use crate::status::no_state;
use crate::systems::availability::{
    State, WatchState, history_json, history_text, hours_json, hours_text, watch_spans, watch_states, watches_json,
    watches_text,
};

pub(super) fn availability(arguments: &cli::Availability, path: &Path) -> Outcome {
    let (look, settings) = Look::with(path, |config| config.emplifi.clone())?;
    let usage = |error| Failure { error, exit: Exit::Config };
    let Some(settings) = &settings else {
        return Err(usage(anyhow::anyhow!("nobody is watched: the config has no section [emplifi]")));
    };
    if let Some(name) = arguments.names.iter().find(|name| !is_watched(settings, name)) {
        let known: Vec<&str> = settings.watches.iter().map(|watch| watch.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(usage(anyhow::anyhow!("there is no watch of the name {name:?}; the config has {known}")));
    }
    let reader = look.open()?;
    let states = watch_states(&reader, settings)?;
    let is_wanted = |state: &&WatchState| arguments.names.is_empty() || arguments.names.contains(&state.watch);
    let wanted: Vec<&WatchState> = states.iter().filter(is_wanted).collect();
    let names: Vec<&str> = wanted.iter().map(|state| state.watch.as_str()).collect();
    no_state(&reader).map_or(Ok(()), |absence| note(&absence))?;
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.history || arguments.by_hour {
        let days = arguments.days.unwrap_or(settings.history_days);
        let (now, spans) = watch_spans(&reader, settings, &names, days)?;
        match (arguments.history, arguments.format) {
            (true, Format::Text) => history_text(&spans, &mut out)?,
            (true, Format::Json) => history_json(&spans, &mut out)?,
            (false, Format::Text) => hours_text(&spans, now, &settings.timezone, &mut out)?,
            (false, Format::Json) => hours_json(&spans, now, &settings.timezone, &mut out)?,
        }
    } else {
        match arguments.format {
            Format::Text => watches_text(&wanted, &mut out)?,
            Format::Json => watches_json(&wanted, &mut out)?,
        }
    }
    out.flush()?;
    let is_unknown = wanted.iter().any(|state| state.state == State::Unknown);
    Ok(if is_unknown { Exit::Partial } else { Exit::Done })
}

fn is_watched(settings: &Emplifi, name: &str) -> bool {
    settings.watches.iter().any(|watch| watch.name == name)
}
