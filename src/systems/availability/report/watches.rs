//! How watches stand, and how they stood.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::round::words;
use crate::clock::Moment;
use crate::config::Emplifi;
use crate::state::{Reader, StateError};
use crate::systems::availability::hysteresis::State;
use crate::systems::availability::question::key;
use crate::systems::availability::store::{Kept, ReadAvailability as _};
use crate::systems::availability::timeline::{Span, whole};

/// How a watch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchState {
    /// Its name.
    pub watch: String,
    /// In a word.
    #[serde(serialize_with = "name")]
    pub state: State,
    /// The reading that brought that; `None` = none did.
    pub since: Option<Timestamp>,
    /// The last reading.
    pub checked: Option<Timestamp>,
    /// How long ago that was.
    #[serde(skip)]
    pub age: Option<SignedDuration>,
    /// Why there is no reading, if there is none.
    pub trouble: Option<String>,
}

fn name<S: serde::Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}

/// How every watch of these settings stands, in their order.
///
/// # Errors
/// When the state can't be read.
pub fn watch_states(reader: &Reader, settings: &Emplifi) -> Result<Vec<WatchState>, StateError> {
    let now = Moment::now();
    let kept = reader.watches(now)?;
    let state_of = |watch: &crate::config::Watch| {
        let nothing = WatchState {
            watch: watch.name.clone(),
            state: State::Unknown,
            since: None,
            checked: None,
            age: None,
            trouble: None,
        };
        let question = key(settings, &watch.question);
        let Some(kept) = kept.iter().find(|kept| kept.watch == watch.name && kept.question == question) else {
            return nothing;
        };
        let known = kept.known.as_ref();
        let state = known.map_or(State::Unknown, |known| known.state(now, settings.terms.unknown_after));
        WatchState {
            state,
            since: known.filter(|_| state != State::Unknown).map(|known| known.since),
            checked: known.map(|known| known.last.wall),
            age: known.map(|known| known.age(now)),
            trouble: kept.trouble.clone(),
            ..nothing
        }
    };
    Ok(settings.watches.iter().map(state_of).collect())
}

/// Prints them for programs.
///
/// # Errors
/// When that fails.
pub fn watches_json(states: &[&WatchState], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, states)?;
    writeln!(out)
}

/// Prints them for people, a line each.
///
/// # Errors
/// When that fails.
pub fn watches_text(states: &[&WatchState], out: &mut dyn Write) -> io::Result<()> {
    let width = states.iter().map(|state| state.watch.len()).max().unwrap_or(0);
    for state in states {
        writeln!(out, "{:<width$}  {}", state.watch, state.words())?;
    }
    if states.is_empty() {
        writeln!(out, "Nobody is watched: [emplifi] has no [[emplifi.watch]].")?;
    }
    Ok(())
}

impl WatchState {
    /// In a line, without its name.
    pub(super) fn words(&self) -> String {
        let since = self.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        let checked = match self.checked {
            Some(checked) if self.trouble.is_some() || self.state == State::Unknown => {
                format!(", last reading {checked:.0}")
            }
            None => ", no reading yet".to_owned(),
            Some(_) => String::new(),
        };
        let trouble = self.trouble.as_ref().map(|trouble| format!(" ({trouble})")).unwrap_or_default();
        format!("{}{since}{checked}{trouble}", words(self.state.name()))
    }
}

/// A watch's name, when it began to be remembered, and its states since then.
pub(crate) type WatchSpans = (String, Vec<Span>);

/// The states of every watch of these names, without gaps, of so many days.
///
/// # Errors
/// When the state can't be read.
pub fn watch_spans(
    reader: &Reader,
    settings: &Emplifi,
    names: &[&str],
    days: u32,
) -> Result<(Timestamp, Vec<WatchSpans>), StateError> {
    let now = Moment::now();
    let oldest = now.wall.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    let kept = reader.watches(now)?;
    let mut all = Vec::new();
    for name in names {
        let Some(kept) = kept.iter().find(|kept| kept.watch == *name) else { continue };
        let from = kept.began.max(oldest);
        let known = reader.spans(name, from)?.into_iter().chain(present(kept, settings, now));
        all.push(((*name).to_owned(), whole(known, from, now.wall)));
    }
    Ok((now.wall, all))
}

/// What is known of a watch now, or was last.
fn present(kept: &Kept, settings: &Emplifi, now: Moment) -> Option<Span> {
    let known = kept.known.as_ref()?;
    let state = if known.is_available { State::Available } else { State::NotAvailable };
    // Of another question nothing is known yet.
    let watch = settings.watches.iter().find(|watch| watch.name == kept.watch);
    let is_another = watch.is_some_and(|watch| key(settings, &watch.question) != kept.question);
    let is_over = is_another || known.is_over(now, settings.terms.unknown_after);
    let end = kept.until.unwrap_or(known.last.wall);
    Some(Span { state, from: known.since, to: is_over.then_some(end) })
}

/// Prints them for programs.
///
/// # Errors
/// When that fails.
pub fn history_json(all: &[WatchSpans], out: &mut dyn Write) -> io::Result<()> {
    let entry = |watch: &str, span: &Span| json!({"watch": watch, "state": span.state.name(), "from": span.from, "to": span.to});
    let entries = all.iter().flat_map(|(watch, spans)| spans.iter().map(move |span| entry(watch, span)));
    serde_json::to_writer(&mut *out, &entries.collect::<Vec<Value>>())?;
    writeln!(out)
}

/// Prints them for people.
///
/// # Errors
/// When that fails.
pub fn history_text(all: &[WatchSpans], out: &mut dyn Write) -> io::Result<()> {
    let width = all.iter().map(|(watch, _)| watch.len()).max().unwrap_or(0);
    for (watch, spans) in all {
        for Span { state, from, to } in spans {
            let to = to.map_or_else(|| "now".to_owned(), |to| format!("{to:.0}"));
            writeln!(out, "{watch:<width$}  {from:.0} to {to:<20}  {}", words(state.name()))?;
        }
    }
    if all.is_empty() {
        writeln!(out, "Nothing is remembered yet.")?;
    }
    Ok(())
}
