//! How the events stand in the state.

use std::io::Write;

use serde_json::Value;

use super::page::shown;
use super::pass::{line, mirror_json, mirror_text};
use crate::approval::{EVENTS, word};
use crate::clock::Clock;
use crate::config::Schedule;
use crate::pass::{Facts, Headline, PassRow};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::events::close::JOB;
use crate::systems::events::names::Names;
use crate::systems::events::store::ReadEvents as _;
use crate::systems::events::store::{MirrorState, RefusedEvent};
use crate::systems::held::held_back;
use crate::systems::look::{EachFailed, FailedObject, HeldBack, Look, Standing};
use crate::text::count;
use crate::view::Shown;

/// What can be looked at of a mirror, and when it is due; `None` = these settings have none.
/// Beside that, how this program is called by hand for this shop.
pub(crate) struct EventsLook(pub(crate) Option<(Names, Schedule)>, pub(crate) String);

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
            held: reader.held_events(&names.mirror)?,
            program: self.1.clone(),
            refused,
        }))
    }

    fn held_back(&self, reader: &Reader) -> Result<Option<HeldBack>, StateError> {
        let Some((names, _)) = &self.0 else { return Ok(None) };
        let words = |risk: &Value| Some(format!("store {}: {}", risk["store"].as_str()?, risk["reason"].as_str()?));
        let held = reader.held_events(&names.mirror)?.and_then(|held| held_back(&held, EVENTS, "event", words));
        let is_approved = |held: &HeldBack| word(reader.path(), EVENTS).is_some_and(|word| word == held.digest);
        Ok(held.map(|held| HeldBack { is_approved: is_approved(&held), ..held }))
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
    held: Option<Value>,
    program: String,
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
        self.mirror.iter().try_for_each(|mirror| mirror_text(mirror, out))?;
        if let Some(digest) = self.held.as_ref().and_then(|held| held["digest"].as_str()) {
            writeln!(
                out,
                "HELD by the guard: nothing is sent to Lagerkoll. To let exactly this through: {} approve {digest}",
                self.program
            )?;
        }
        Ok(())
    }

    fn held(&self) -> Option<Value> {
        self.held.clone()
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
