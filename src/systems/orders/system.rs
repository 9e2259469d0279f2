//! The orders among the systems: what NiceChat's chats sold, mirrored.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::report::{LABEL, OrdersLook, PlannedOrders, report};
use super::store::ReadOrders as _;
use super::tools::Tools;
use super::{JOB, Products, job, subject};
use crate::config::{self, Config, Schedule};
use crate::outbox::Subscriber;
use crate::pass::{Ask, BoxFuture, Due, Failure, Job, Level, Meter, PassKind, Planned, Progress, Report, entry};
use crate::remote::Limits;
use crate::shop::Shop;
use crate::state::{Reader, StateError, Writer};
use crate::systems::look::Look;
use crate::systems::system::System;

/// What is personal is erased at the latest so long after its time.
const HOUR: Duration = Duration::from_secs(3_600);

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
        let (settings, products) = (shop.config.orders.clone()?, self.products);
        let is_alone = shop.config.catalog.is_none();
        let subscribers = shop.subscribers();
        Some(Box::new(OrdersJob { settings, limits, state, products, is_alone, subscribers }))
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

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        let settings = config.orders.as_ref();
        Some(Box::new(OrdersLook(settings.map(|settings| (subject(settings), settings.schedule.clone())))))
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

/// The job with certain settings.
struct OrdersJob {
    settings: config::Orders,
    limits: Limits,
    state: Arc<Writer>,
    products: Products,
    is_alone: bool,
    subscribers: Vec<Subscriber>,
}

impl OrdersJob {
    /// Whether what is personal would be kept for longer than it may be, were it only for the schedule.
    fn is_rare(&self) -> bool {
        let keeps = self.settings.keep.is_any() && self.settings.personal_days > 0;
        keeps && !matches!(self.settings.schedule, Schedule::Every(interval) if interval <= HOUR)
    }
}

impl Job for OrdersJob {
    fn name(&self) -> &'static str {
        JOB
    }

    fn subject(&self) -> String {
        subject(&self.settings)
    }

    fn due(&self) -> Vec<Due> {
        let due = |kind, schedule| Due { kind, schedule, delay: Duration::ZERO };
        let resync = self.settings.resync_schedule.clone().map(|schedule| due(PassKind::Resync, schedule));
        let hourly = self.is_rare().then(|| due(PassKind::Sync, Schedule::Every(HOUR)));
        [due(PassKind::Sync, self.settings.schedule.clone())].into_iter().chain(resync).chain(hourly).collect()
    }

    fn label(&self, _kind: PassKind) -> &'static str {
        LABEL
    }

    fn run<'a>(&'a self, ask: Ask, stop: &'a CancellationToken, _progress: Progress<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            let tools = Tools {
                settings: &self.settings,
                state: &self.state,
                products: self.products,
                ask,
                started: Timestamp::now(),
                is_alone: self.is_alone,
                subscribers: &self.subscribers,
            };
            report(job::run(&tools, &self.limits, stop).await)
        })
    }

    fn log(&self, level: tracing::Level, report: &Report, message: &dyn Display) {
        let row = &report.row;
        entry!(
            level,
            orders = row.started.as_millisecond(),
            outcome = row.outcome.name(),
            kind = row.kind.name(),
            seen = row.figures.find("seen"),
            new = row.figure("new"),
            changed = row.figure("changed"),
            gone = row.figure("gone"),
            erased = row.figure("erased"),
            set_aside = row.figure("set_aside"),
            requests = row.requests,
            elapsed_ms = report.took.as_millis() as u64,
            "{message}"
        );
    }

    fn succeeds_again(&self) -> &'static str {
        "orders are mirrored well again"
    }
}
