//! The orders among the systems: what NiceChat's chats sold, mirrored.

use tokio_util::sync::CancellationToken;

use super::Products;
use super::erase::EraseJob;
use super::job::OrdersJob;
use super::probe::probe;
use super::report::{OrdersLook, PlannedOrders};
use super::store::ReadOrders as _;
use crate::config::Config;
use crate::pass::{Ask, BoxFuture, Failure, Job, Level, Meter, Planned};
use crate::remote::Limits;
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};

/// See the module.
pub struct OrdersSystem {
    /// What our snapshot says of a product.
    pub products: Products,
}

const METERS: [Meter; 1] =
    [Meter { name: "orders_new", help: "Orders that came in since the first read", label: None, from_start: &[] }];

impl System for OrdersSystem {
    fn job(&self, shop: &Shop, _is_served: bool) -> Option<Box<dyn Job>> {
        let (limits, state) = (shop.limits.clone(), shop.state.clone());
        let Some(settings) = shop.config.orders.clone() else {
            return EraseJob::new(&shop.state).map(|job| Box::new(job) as Box<dyn Job>);
        };
        let products = self.products;
        let is_alone = shop.config.catalog.is_none();
        let (subscribers, audience) = (shop.subscribers(), shop.audience());
        Some(Box::new(OrdersJob { settings, limits, state, products, is_alone, subscribers, audience }))
    }

    fn plan<'a>(
        &'a self,
        config: &'a Config,
        _limits: &'a Limits,
        _ask: Ask,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Option<Result<Box<dyn Planned>, Failure>>> {
        Box::pin(async move {
            config.orders.as_ref()?;
            // Nothing is sent: all that a plan can tell is what waits for somebody's word.
            let held = Reader::open(&config.state.path).and_then(|reader| reader.held_orders());
            let is_alone = config.catalog.is_none() && config.lagerkoll.is_none();
            Some(match held {
                Ok(held) => Ok(Box::new(PlannedOrders { held, is_alone }) as Box<dyn Planned>),
                Err(error) => Err(Failure::new(error)),
            })
        })
    }

    fn partner(&self, config: &Config) -> Option<String> {
        config.orders.as_ref().map(|orders| format!("orders of {}", orders.nicechat.base_url))
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let probe = |settings| Probe { whom: "orders", said: Box::pin(probe(settings)) };
        config.orders.as_ref().map(probe).into_iter().collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        Some(Box::new(OrdersLook {
            settings: config.orders.clone(),
            products: self.products,
            program: config.program.clone(),
        }))
    }

    fn meters(&self) -> &'static [Meter] {
        &METERS
    }

    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError> {
        if config.orders.is_none() {
            return Ok(Vec::new());
        }
        let value = reader.order_counts()?.held;
        let help = "Orders of NiceChat in the mirror";
        let mirrored = Level { name: "orders_mirrored", help, label: None, value };
        let held = reader.held_orders()?.and_then(|held| held["held"][0]["count"].as_u64()).map(|value| Level {
            name: "held",
            help: "Objects of which the guard holds something, by risk",
            label: Some(("risk", "orders".into())),
            value,
        });
        Ok([mirrored].into_iter().chain(held).collect())
    }
}
