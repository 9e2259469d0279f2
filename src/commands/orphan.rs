//! A state whose settings nobody can read: what it has is told all the same, as far as it goes.

use std::path::Path;

use jiff::Timestamp;

use super::outcome::Failure;
use crate::config::{Config, UnitShop};
use crate::pass::ReadPasses as _;
use crate::pass::{Headline, Standing};
use crate::state::{Reader, StateError};
use crate::status::Overview;

/// Passes among which the last good one is looked for.
const LOOKED_AT: u32 = 1_000;

/// What a state tells by itself.
#[derive(Default)]
pub(super) struct Left {
    /// How its last pass ended; `None` = there was none, or there is no state.
    last: Option<(String, Timestamp)>,
    pub(super) last_good: Option<Timestamp>,
}

impl Left {
    fn read(file: &Path) -> Result<Option<Left>, StateError> {
        let reader = Reader::open(file)?;
        if !reader.exists() {
            return Ok(None);
        }
        let passes = reader.latest(LOOKED_AT)?;
        let last = passes.first().map(|last| (last.outcome.name().to_owned(), last.finished.at));
        let last_good = passes.iter().find(|pass| pass.outcome.is_good()).map(|pass| pass.finished.at);
        Ok(Some(Left { last, last_good }))
    }

    fn words(&self) -> String {
        match &self.last {
            Some((outcome, at)) => format!("its last pass ended {at:.0} ({outcome})"),
            None => "it has no pass".to_owned(),
        }
    }
}

/// A shop that has no config.
pub(super) fn without_config(unit: &UnitShop) -> Result<Overview, Failure> {
    let (place, name, program) = (unit.state.display(), &unit.name, unit.program());
    let text = |text: String, last_good| {
        let headline = Headline { state: Standing::None, text, since: None };
        Ok(Overview { headline, last_good, next: None, absent_daemon: None })
    };
    match Left::read(&unit.state_file())? {
        Some(left) => text(
            format!(
                "There is no config /etc/shelfkeeper/{name}.toml any more; its state is in {place}: {}. Put the config back, or \
                 remove that folder if the shop is no more.",
                left.words()
            ),
            left.last_good,
        ),
        None => text(
            format!(
                "There is no config /etc/shelfkeeper/{name}.toml, and no state in {place}: `{program} init` makes a config; \
                 or remove that folder."
            ),
            None,
        ),
    }
}

/// What is said besides of a shop whose config can't be read: what to do, and what its state has.
pub(super) fn beside(unit: &UnitShop) -> (String, Option<Timestamp>) {
    // Its config may say that it is elsewhere, whatever else in it is wrong.
    let told = unit.config.as_deref().and_then(Config::as_far_as_right).map(|config| config.state.path);
    let file = told.unwrap_or_else(|| unit.state_file());
    let place = if file == unit.state_file() { unit.state.display() } else { file.display() };
    let (state, last_good) = match Left::read(&file) {
        Ok(Some(left)) => (format!("Its state is in {place}: {}.", left.words()), left.last_good),
        Ok(None) => (format!("There is no state in {place}."), None),
        Err(error) => (format!("Its state can't be read either: {error}."), None),
    };
    (format!("`{} check` says all of it. {state}", unit.program()), last_good)
}
