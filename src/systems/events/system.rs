//! The events among the systems: what Lagerkoll does at certain times, mirrored and kept as the settings want it.

use tokio_util::sync::CancellationToken;

use super::job::EventsJob;
use super::names::{Names, place};
use super::plan;
use super::probe::probe;
use super::report::{EventsLook, PlannedEvents};
use crate::approval::{EVENTS, word};
use crate::config::Config;
use crate::pass::{Ask, BoxFuture, Failure, Job, Level, Meter, Planned};
use crate::remote::Limits;
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::events::store::ReadEvents as _;
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};

/// See the module.
pub struct EventsSystem;

const METERS: [Meter; 1] =
    [Meter { name: "lagerkoll_requests", help: "Requests to Lagerkoll, tries included", label: None, from_start: &[] }];

impl System for EventsSystem {
    fn job(&self, shop: &Shop, _is_served: bool) -> Option<Box<dyn Job>> {
        let settings = shop.config.lagerkoll.clone()?;
        // Everything that is compared with a service's list is so at the same time.
        let resync = shop.config.catalog.as_ref().and_then(|catalog| catalog.source.resync());
        let (limits, state, audience) = (shop.limits.clone(), shop.state.clone(), shop.audience());
        Some(Box::new(EventsJob { settings, resync, limits, state, audience }))
    }

    fn plan<'a>(
        &'a self,
        config: &'a Config,
        limits: &'a Limits,
        ask: Ask,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Option<Result<Box<dyn Planned>, Failure>>> {
        Box::pin(async move {
            let mut plan = plan::plan(config.lagerkoll.as_ref()?, limits, &config.state.path, ask).await;
            let approved = word(&config.state.path, EVENTS);
            if ask.force || plan.held().is_some_and(|held| approved.as_deref() == Some(&held.digest)) {
                plan.let_through();
            }
            let plan: Box<dyn Planned> = Box::new(PlannedEvents(plan));
            Some(Ok(plan))
        })
    }

    fn partner(&self, config: &Config) -> Option<String> {
        config.lagerkoll.as_ref().map(|settings| format!("Lagerkoll {}", settings.base_url))
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let settings = config.lagerkoll.iter();
        let accounts = settings.flat_map(|settings| {
            [&settings.account].into_iter().chain(&settings.copies).map(move |account| (settings, account))
        });
        let probe = |(settings, account)| Probe { whom: "Lagerkoll", said: Box::pin(probe(settings, account)) };
        accounts.map(probe).collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        let settings = config.lagerkoll.as_ref();
        Some(Box::new(EventsLook(
            settings.map(|settings| (Names::of(settings), settings.schedule.clone())),
            config.program.clone(),
        )))
    }

    fn meters(&self) -> &'static [Meter] {
        &METERS
    }

    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError> {
        let settings = config.lagerkoll.as_ref();
        let mirror = settings.map(|settings| reader.mirror(&place(settings))).transpose()?.flatten();
        let level = mirror.map(|mirror| Level {
            name: "mirrored_events",
            help: "Events of Lagerkoll in the mirror",
            label: None,
            value: mirror.count,
        });
        let held = settings.map(|settings| reader.held_events(&place(settings))).transpose()?.flatten();
        let risks = held.iter().flat_map(|held| held["held"].as_array().into_iter().flatten());
        let count = risks.filter_map(|risk| risk["count"].as_u64()).sum();
        let held = held.is_some().then(|| Level {
            name: "held",
            help: "Objects of which the guard holds something, by risk",
            label: Some(("risk", "events".into())),
            value: count,
        });
        Ok(level.into_iter().chain(held).collect())
    }
}
