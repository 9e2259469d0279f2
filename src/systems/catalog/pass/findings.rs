//! What a pass has found out so far: its report tells it, however the pass ends.

use crate::remote::Traffic;
use crate::state::StateError;
use crate::systems::catalog::apply::Applied;
use crate::systems::catalog::context::Tools;
use crate::systems::catalog::import::outcome::ImportOutcome;
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::{Loaded, Timings};

/// What a pass has found out so far.
#[derive(Default)]
pub(in crate::systems::catalog) struct Findings {
    /// Of the last comparison.
    pub(super) summary: Option<Summary>,
    pub(super) import: Option<ImportOutcome>,
    pub(super) imported: Imported,
    pub(super) applied: Applied,
    /// What is remembered of all together.
    pub(super) loaded: Option<Loaded>,
    pub(super) timings: Option<Timings>,
    pub(in crate::systems::catalog) traffic: Traffic,
}

/// Objects that an import dealt with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Imported {
    /// It created them.
    pub(super) created: u64,
    /// It changed them, as far as what it left tells. What it left of them the pass has changed after it.
    pub(super) updated: u64,
}

impl Findings {
    /// Takes a measurement into the timings that the state has.
    pub(super) fn observe_timings(
        &mut self,
        tools: &Tools<'_>,
        observe: impl FnOnce(&mut Timings),
    ) -> Result<(), StateError> {
        let mut timings = match self.timings {
            Some(timings) => timings,
            None => tools.state()?.timings()?,
        };
        observe(&mut timings);
        self.timings = Some(timings);
        Ok(())
    }
}
