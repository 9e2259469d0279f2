//! What every system has for those who run and show it: they loop over systems and name none.

use axum::Router;
use futures_util::future::LocalBoxFuture;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::pass::{Ask, BoxFuture, Failure, Job, Level, Meter, Planned, Sample};
use crate::remote::Limits;
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;

/// A read that shows whether somebody is there.
pub struct Probe<'a> {
    /// Of whom.
    pub whom: &'static str,
    /// What they say, in words.
    pub said: LocalBoxFuture<'a, anyhow::Result<String>>,
}

/// What is done with a vendor, for one shop. It lives as long as the shop is looked after, through all settings.
pub trait System: Send + Sync {
    /// Its job with the settings that the shop has now; `None` = they want none of it. `is_served` = somebody serves
    /// [`System::routes`].
    fn job(&self, shop: &Shop, is_served: bool) -> Option<Box<dyn Job>>;

    /// What the next pass would do; `None` = the settings want none of it, or it never sends anything. It has nothing to write with.
    fn plan<'a>(
        &'a self,
        _config: &'a Config,
        _limits: &'a Limits,
        _ask: Ask,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Option<Result<Box<dyn Planned>, Failure>>> {
        Box::pin(async { None })
    }

    /// The command by which a person has done what it never does by itself; `None` = the settings want none of it, or
    /// it has a job.
    fn by_hand(&self, _config: &Config) -> Option<&'static str> {
        None
    }

    /// What it serves to others.
    fn routes(&self) -> Router {
        Router::new()
    }

    /// Whom the settings name for it, in a word or two; `None` = they want none of it, or it talks to nobody of its own.
    fn partner(&self, _config: &Config) -> Option<String> {
        None
    }

    /// What shows that whoever the settings name is there and takes its credentials: a read of each.
    fn probes<'a>(&'a self, _config: &'a Config) -> Vec<Probe<'a>> {
        Vec::new()
    }

    /// What can be looked at with these settings, of which secrets may be blank; `None` = they want none of it.
    fn look(&self, config: &Config) -> Option<Box<dyn Look>>;

    /// What its passes count.
    fn meters(&self) -> &'static [Meter];

    /// Adds what it counts itself, from the start of the process on.
    fn register(&self, _registry: &mut Registry) {}

    /// What keeps it from being ready besides its job, in a line.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// What it has counted outside of passes since it was asked last.
    fn counted(&self) -> Vec<Sample> {
        Vec::new()
    }

    /// How things stand in the state with these settings.
    ///
    /// # Errors
    /// When the state can't be read.
    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError>;
}
