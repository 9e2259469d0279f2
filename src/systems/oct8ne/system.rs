//! The Oct8ne face among the systems.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::registry::Registry;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::job::{JOB, ShowJob};
use super::planned::plan;
use super::probe::probe;
use super::report::ShownLook;
use super::serve::mirror::{KnownOrders, Mirror};
use super::serve::routes::routes;
use super::serve::server::{Server, Settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::pass::ReadPasses as _;
use crate::pass::{Ask, BoxFuture, Failure, Job, Level, Meter, Planned};
use crate::remote::Limits;
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::catalog::is_shown;
use crate::systems::catalog::store::ReadFeed as _;
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};
use crate::task;

/// When an index that couldn't be made is tried again.
const AGAIN: Duration = Duration::from_secs(60);
const LATEST: Duration = Duration::from_secs(60 * 60);
/// Passes among which the last good one is looked for.
const PASSES: u32 = 500;

/// See the module.
pub struct Oct8neSystem {
    known_orders: KnownOrders,
    server: Server,
    is_watching: AtomicBool,
}

impl Oct8neSystem {
    /// `known_orders` = what is known of orders that the shop itself doesn't tell of.
    pub fn new(known_orders: KnownOrders) -> Oct8neSystem {
        Oct8neSystem { known_orders, server: Server::default(), is_watching: AtomicBool::new(false) }
    }

    /// Looks at the shelf now, and whenever something else is there.
    fn watch(&self, shop: &Shop) {
        if self.is_watching.swap(true, Ordering::Relaxed) {
            shop.stocked.ring();
            return;
        }
        let (server, mut bell) = (self.server.clone(), shop.stocked.listen());
        let (lacking, mut wait) = (server.clone(), Duration::ZERO);
        tokio::spawn(async move {
            loop {
                let server = server.clone();
                // What goes wrong is told there.
                let _ = task::blocking(move || server.look()).await;
                // Ever later: at a million products it is half a minute's work.
                wait = if lacking.lacks_index() { wait.saturating_mul(2).clamp(AGAIN, LATEST) } else { Duration::ZERO };
                let wait = if wait.is_zero() { Duration::MAX } else { wait };
                if let Ok(Err(_)) = timeout(wait, bell.changed()).await {
                    return;
                }
            }
        });
    }
}

/// How long ago a catalogue was made, or a later pass found that it is the feed's; 0 = nobody knows.
fn age(made: Timestamp, reader: &Reader, config: &Config) -> Result<SignedDuration, StateError> {
    let clock = Clock::read();
    let mark = reader.feed_mark()?.and_then(|mark| mark.body);
    let is_it = |source| is_shown(&config.state.path, source, mark, clock.now.wall);
    let passes = if config.source().is_some_and(is_it) { reader.passes(JOB, "", PASSES)? } else { Vec::new() };
    let found = passes.into_iter().find(|pass| pass.outcome.is_good()).map(|pass| clock.age(&pass.finished));
    let ages = [Some(clock.now.wall.duration_since(made)), found].into_iter().flatten();
    Ok(ages.filter(|age| !age.is_negative()).min().unwrap_or_default())
}

impl System for Oct8neSystem {
    fn job(&self, shop: &Shop, is_served: bool) -> Option<Box<dyn Job>> {
        let settings = shop.config.oct8ne.clone();
        if is_served {
            let state = shop.state.path().to_owned();
            let orders = shop.config.orders.clone();
            let orders = orders.map(|settings| Mirror { find: self.known_orders, settings, state: state.clone() });
            self.server.expect(settings.clone().map(|settings| Settings::new(settings, state).with_orders(orders)));
            self.watch(shop);
        }
        settings?;
        let source = shop.config.source_alone.clone()?;
        let (guard, state, stocked) = (shop.config.guard.clone(), shop.state.clone(), shop.stocked.clone());
        let clients = shop.limits.clients().clone();
        let audience = shop.audience();
        Some(Box::new(ShowJob { source, guard, state, clients, stocked, audience }))
    }

    fn plan<'a>(
        &'a self,
        config: &'a Config,
        limits: &'a Limits,
        ask: Ask,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Option<Result<Box<dyn Planned>, Failure>>> {
        Box::pin(async move {
            let planned = plan(config, (limits, ask.force), stop).await?;
            let planned = planned.map(|planned| -> Box<dyn Planned> { Box::new(planned) });
            Some(planned.map_err(Failure::from))
        })
    }

    fn routes(&self) -> Router {
        routes(self.server.clone())
    }

    fn partner(&self, config: &Config) -> Option<String> {
        config.oct8ne.as_ref().map(|settings| format!("Oct8ne for {}", settings.shop_url))
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let probe = |settings| Probe { whom: "Oct8ne", said: Box::pin(probe(settings)) };
        config.oct8ne.as_deref().map(probe).into_iter().collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        Some(Box::new(ShownLook { state: config.state.path.clone(), is_wanted: config.oct8ne.is_some() }))
    }

    fn meters(&self) -> &'static [Meter] {
        &[]
    }

    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError> {
        let Some(view) = self.server.view() else { return Ok(Vec::new()) };
        let age = age(view.generation.made(), reader, config)?.as_secs();
        let level = |name, help, value| Level { name, help, label: None, value };
        Ok(vec![
            level("oct8ne_products", "Products that the widget is shown", view.generation.len()),
            level(
                "oct8ne_catalogue_age_seconds",
                "How long ago the feed was read that the widget is shown, or found to be still the same",
                u64::try_from(age).unwrap_or_default(),
            ),
        ])
    }

    fn register(&self, registry: &mut Registry) {
        self.server.metrics().register(registry);
    }

    fn trouble(&self) -> Option<String> {
        let is_waiting = self.server.settings().is_some() && self.server.view().is_none();
        is_waiting.then(|| "oct8ne: no catalogue yet".to_owned())
    }
}
