//! What a page shows of the events.

use super::words::{action, creator, recipients, trigger};
use crate::event::Event;
use crate::state::{Reader, StateError};
use crate::systems::events::store::ReadEvents as _;
use crate::text::number;
use crate::view::{Block, Cell, Column, Figure, Rank, Section, Shown, Table, short};

/// Events that are shown.
const SHOWN: usize = 20;

const COLUMNS: [Column; 4] =
    [Column::text("when"), Column::text("what happens"), Column::text("to whom"), Column::text("made by")];

/// All of it. `store` = whose events they are.
///
/// # Errors
/// When the state can't be read.
pub(super) fn shown(reader: &Reader, place: &str, store: &str) -> Result<Shown, StateError> {
    let section = Section::new("events", "Scheduled events", Rank::Aside);
    let mirror = reader.mirror(place)?;
    let Some(at) = mirror.as_ref().and_then(|mirror| mirror.mirrored_at) else {
        let section = section.saying("No events were read yet: the first pass does that.");
        return Ok(Shown { figures: Vec::new(), sections: vec![section] });
    };
    let events = reader.events(place)?;
    let figures = vec![Figure::new(events.len() as u64, "scheduled events").leads("#events")];
    let section = section.noted(format!("Lagerkoll, store {store}, read {}", short(at)));
    let section = if events.is_empty() { section.saying("There are none.") } else { section.with(table(&events)) };
    let more = events.len().saturating_sub(SHOWN);
    let told = format!("and {} more: shelfkeeper events", number(more as u64));
    let section = if more > 0 { section.saying(told) } else { section };
    Ok(Shown { figures, sections: vec![section] })
}

fn table(events: &[Event]) -> Block {
    let mut table = Table::new("Events, in the order of their ids", &COLUMNS);
    for event in events.iter().take(SHOWN) {
        let fields = event.fields();
        let cells = [trigger(fields), action(fields), recipients(fields), creator(event)];
        table.row(cells.into_iter().map(|text| Cell::text(Some(text).filter(|text| !text.is_empty()))).collect());
    }
    Block::Table(table)
}
