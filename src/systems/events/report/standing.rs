//! How the events stand in the state.

use std::io::Write;

use super::page::shown;
use super::pass::{line, mirror_json, mirror_text};
use crate::clock::Clock;
use crate::config::Schedule;
use crate::pass::{Facts, Headline, PassRow};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::events::close::JOB;
use crate::systems::events::names::Names;
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::store::{MirrorState, RefusedEvent};
use crate::systems::look::{EachFailed, FailedObject, Look, Standing};
use crate::text::count;
use crate::view::Shown;

/// What can be looked at of a mirror, and when it is due; `None` = these settings have none.
pub(crate) struct EventsLook(pub(crate) Option<(Names, Schedule)>);

impl Look for EventsLook {
    fn job(&self) -> (&'static str, String) {
        (JOB, self.0.as_ref().map(|(names, _)| names.mirror.clone()).unwrap_or_default())
    }

    fn schedule(&self) -> Option<&Schedule> {
        self.0.as_ref().map(|(_, schedule)| schedule)
    }

    fn standing<'r>(&self, reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        let Some((names, schedule)) = &self.0 else { return Ok(Box::new(EventsStanding::default())) };
        let mut refused = Vec::new();
        for store in &names.stores {
            let there = reader.refused_events(&store.key)?;
            refused.extend(there.into_iter().map(|event| failed(&store.id, event)));
        }
        Ok(Box::new(EventsStanding {
            schedule: Some(schedule.clone()),
            mirror: reader.mirror(&names.mirror)?,
            refused,
        }))
    }

    fn shown(&self, reader: &Reader) -> Result<Shown, PrintError> {
        let shown = self.0.as_ref().map(|(names, _)| shown(reader, &names.mirror, &names.store)).transpose()?;
        Ok(shown.unwrap_or_default())
    }
}

#[derive(Default)]
struct EventsStanding {
    schedule: Option<Schedule>,
    mirror: Option<MirrorState>,
    /// By store.
    refused: Vec<FailedObject>,
}

impl Standing for EventsStanding {
    fn headline(&self, passes: &[PassRow], clock: &Clock) -> Headline {
        let refused = Some(self.failed()).filter(|refused| *refused > 0);
        let refused = refused.map(|refused| count(refused, "event", "events")).unwrap_or_default();
        Headline::of(Facts {
            equal: "the mirror has Lagerkoll's events",
            passes,
            schedule: self.schedule.as_ref(),
            rejected: 0,
            refused: &refused,
            clock,
        })
    }

    fn pass_line(&self, pass: &PassRow) -> String {
        let took = pass.finished.at.duration_since(pass.started).try_into().unwrap_or_default();
        let reason = pass.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{}{reason}", line(pass, took))
    }

    fn print_json(&self, _most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        Ok(out.field("events", &mirror_json(self.mirror.as_ref()))?)
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        Ok(self.mirror.iter().try_for_each(|mirror| mirror_text(mirror, out))?)
    }

    fn print_details(&self, _out: &mut dyn Write) -> Result<(), PrintError> {
        Ok(())
    }

    fn failed(&self) -> u64 {
        self.refused.len() as u64
    }

    fn each_failed(&self, most: u64, each: EachFailed<'_>) -> Result<(), PrintError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        self.refused.iter().take(most).try_for_each(each)
    }
}

fn failed(store: &str, event: RefusedEvent) -> FailedObject {
    let RefusedEvent { key, reason, since } = event;
    FailedObject { kind: "event", id: key, store: Some(store.to_owned()), reason, refused: true, since: Some(since) }
}
