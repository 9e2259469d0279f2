//! NewStore among the systems. It has no job: a person carries out what is to be done.

use super::probe::probe;
use super::report::NewStoreLook;
use crate::config::Config;
use crate::pass::{Job, Level, Meter};
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};

/// See the module.
pub struct NewStoreSystem;

impl System for NewStoreSystem {
    fn job(&self, _: &Shop, _: bool) -> Option<Box<dyn Job>> {
        None
    }

    fn by_hand(&self, config: &Config) -> Option<&'static str> {
        config.newstore.as_ref().map(|_| "newstore")
    }

    fn partner(&self, config: &Config) -> Option<String> {
        config.newstore.as_ref().map(|settings| format!("NewStore {}", settings.base_url))
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let probe = |settings| Probe { whom: "NewStore", said: Box::pin(probe(settings)) };
        config.newstore.as_ref().map(probe).into_iter().collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        Some(Box::new(NewStoreLook(config.newstore.clone())))
    }

    fn meters(&self) -> &'static [Meter] {
        &[]
    }

    fn levels(&self, _: &Reader, _: &Config) -> Result<Vec<Level>, StateError> {
        Ok(Vec::new())
    }
}
