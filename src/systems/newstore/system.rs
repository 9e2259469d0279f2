//! NewStore among the systems. It has no job: a person carries out what is to be done.

use super::report::NewStoreLook;
use crate::config::Config;
use crate::pass::{Job, Level, Meter};
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;
use crate::systems::system::System;

/// See the module.
pub struct NewStoreSystem;

impl System for NewStoreSystem {
    fn job(&self, _: &Shop, _: bool) -> Option<Box<dyn Job>> {
        None
    }

    fn by_hand(&self, config: &Config) -> Option<&'static str> {
        config.newstore.as_ref().map(|_| "newstore")
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
