//! How the watches stand in the state.

use std::io::Write;
use std::sync::Arc;

use super::page::shown;
use super::watches::{WatchState, watch_states};
use crate::clock::Clock;
use crate::config::{Emplifi, Schedule};
use crate::pass::{self, Headline, PassRow};
use crate::report::{JsonObject, PrintError};
use crate::state::{Reader, StateError};
use crate::systems::availability::hysteresis::State;
use crate::systems::look::{Look, Standing};
use crate::text::count;
use crate::view::Shown;

/// What can be looked at; `None` = these settings watch nobody.
pub(in crate::systems::availability) struct AvailabilityLook {
    /// Its job's name.
    pub(in crate::systems::availability) job: &'static str,
    pub(in crate::systems::availability) settings: Option<Arc<Emplifi>>,
}

impl Look for AvailabilityLook {
    fn job(&self) -> (&'static str, String) {
        (self.job, String::new())
    }

    fn schedule(&self) -> Option<&Schedule> {
        self.settings.as_ref().map(|settings| &settings.schedule)
    }

    fn standing<'r>(&self, reader: &'r Reader) -> Result<Box<dyn Standing + 'r>, StateError> {
        let states = self.settings.as_ref().map(|settings| watch_states(reader, settings)).transpose()?;
        Ok(Box::new(AvailabilityStanding(states)))
    }

    fn shown(&self, reader: &Reader) -> Result<Shown, PrintError> {
        let shown = self.settings.as_ref().map(|settings| shown(reader, settings)).transpose()?;
        Ok(shown.unwrap_or_default())
    }
}

struct AvailabilityStanding(Option<Vec<WatchState>>);

impl AvailabilityStanding {
    fn states(&self) -> &[WatchState] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Standing for AvailabilityStanding {
    fn headline(&self, _passes: &[PassRow], _clock: &Clock) -> Headline {
        let (states, told) = (self.states(), |state, text: String, since| Headline { state, text, since });
        if states.iter().all(|state| state.checked.is_none() && state.trouble.is_none()) {
            return told(pass::Standing::None, "No pass yet.".to_owned(), None);
        }
        let unknown = states.iter().filter(|state| state.state == State::Unknown).count();
        if unknown == 0 {
            return told(pass::Standing::Equal, "Equal: Emplifi tells whether advisors are there.".to_owned(), None);
        }
        if unknown < states.len() {
            let watches = count(unknown as u64, "watch", "watches");
            let text = format!("Equal but for {watches} of which nobody knows whether an advisor is there.");
            return told(pass::Standing::Rows, text, None);
        }
        let last = states.iter().filter_map(|state| state.checked).max();
        let since = last.map(|last| format!(" since {last:.0}")).unwrap_or_default();
        match states.iter().find_map(|state| state.trouble.as_ref()) {
            Some(why) => {
                let why = why.trim_end_matches('.');
                told(pass::Standing::Behind, format!("Behind: no reading of any advisor{since}: {why}."), last)
            }
            None => told(pass::Standing::Stopped, format!("Stopped: no reading of any advisor{since}."), last),
        }
    }

    fn pass_line(&self, _pass: &PassRow) -> String {
        String::new()
    }

    fn print_json(&self, _most: u64, out: &mut JsonObject<'_>) -> Result<(), PrintError> {
        Ok(out.field("availability", &self.0)?)
    }

    fn print_summary(&self, out: &mut dyn Write) -> Result<(), PrintError> {
        Ok(self.states().iter().try_for_each(|state| writeln!(out, "Advisor {}: {}.", state.watch, state.words()))?)
    }
}
