//! What a page shows of the watches.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::hours::DAYS;
use super::round::words;
use super::watches::{WatchSpans, watch_spans, watch_states};
use crate::config::Emplifi;
use crate::state::{Reader, StateError};
use crate::systems::availability::hysteresis::State;
use crate::systems::availability::timeline::{HOURS, by_hour};
use crate::view::{Block, Cell, Column, Grid, Rank, Section, Shown, Table, Tone};

/// Watches whose hours are shown.
const SHOWN: usize = 5;
/// Days of which the hours are.
const SPAN: u32 = 28;

/// All of it.
///
/// # Errors
/// When the state can't be read.
pub(super) fn shown(reader: &Reader, settings: &Emplifi) -> Result<Shown, StateError> {
    let now = Section::new("advisors", "Advisors", Rank::Aside);
    let states = watch_states(reader, settings)?;
    if states.is_empty() {
        let section = now.saying("Nobody is watched: [emplifi] has no [[emplifi.watch]].");
        return Ok(Shown { figures: Vec::new(), sections: vec![section] });
    }
    let columns = ["watch", "state", "since", "last reading"].map(Column::text);
    let mut table = Table::new("How each watch stands", &columns);
    for state in &states {
        let tone = match state.state {
            State::Available => Tone::Good,
            State::NotAvailable => Tone::Plain,
            State::Unknown => Tone::Warn,
        };
        let time = |at: Option<Timestamp>| at.map_or(Cell::Nothing, Cell::Time);
        let word = Cell::Word(words(state.state.name()), tone);
        let trouble = state.trouble.clone().map(Cell::Aside);
        let word = Cell::Lines([word].into_iter().chain(trouble).collect());
        table.row(vec![Cell::Text(state.watch.clone()), word, time(state.since), time(state.checked)]);
    }
    let names: Vec<&str> = states.iter().take(SHOWN).map(|state| state.watch.as_str()).collect();
    let (at, spans) = watch_spans(reader, settings, &names, SPAN.min(settings.history_days))?;
    let zone = &settings.timezone;
    let note = format!("the last {} days, {}", SPAN.min(settings.history_days), zone.iana_name().unwrap_or("UTC"));
    let mut hours = Section::new("availability", "Availability by hour", Rank::Done).noted(note);
    for spans in &spans {
        hours = hours.with(Block::Grid(grid(spans, at, zone)));
    }
    if spans.is_empty() {
        hours = hours.saying("Nothing is remembered yet.");
    }
    Ok(Shown { figures: Vec::new(), sections: vec![now.with(Block::Table(table)), hours] })
}

fn grid((watch, spans): &WatchSpans, now: Timestamp, zone: &TimeZone) -> Grid {
    let week = by_hour(spans, now, zone);
    let rows = DAYS.iter().zip(week).map(|(day, hours)| {
        let parts = hours.iter().map(|hour| hour.available()).collect();
        ((*day).to_owned(), parts)
    });
    Grid {
        caption: format!("{watch}: somebody was there, in per cent of what is known of each hour"),
        corner: "day",
        columns: (0..HOURS).map(|hour| hour.to_string()).collect(),
        rows: rows.collect(),
    }
}
