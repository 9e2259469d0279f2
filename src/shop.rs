//! A shop: what everything that is done for it shares.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::config::{Config, Hook};
use crate::outbox::Subscriber;
use crate::pass::Audience;
use crate::remote::Limits;
use crate::state::Writer;

/// A shop with its settings and its state. A clone is the same shop.
#[derive(Clone)]
pub struct Shop {
    /// What it is called where a process looks after several; `None` = it is the only one.
    pub name: Option<Arc<str>>,
    /// The settings.
    pub config: Arc<Config>,
    /// The state.
    pub state: Arc<Writer>,
    /// What holds for the services that this process talks to.
    pub limits: Limits,
    /// Who compares a feed holds one of these: shops that begin at once take turns, as each needs two processors.
    pub computing: Arc<Semaphore>,
    /// Rung when the shelf has something else.
    pub stocked: Bell,
}

/// Tells whoever shows what is on the shelf that something else is there. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<watch::Sender<u64>>);

impl Bell {
    /// Something else is there.
    pub fn ring(&self) {
        self.0.send_modify(|rung| *rung += 1);
    }

    /// Waits for it from now on.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

impl Shop {
    /// The only shop of a process.
    pub fn new(config: Config, state: Writer) -> Shop {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let computing = Arc::new(Semaphore::new(processors.div_ceil(2)));
        Shop {
            name: None,
            config: Arc::new(config),
            state: Arc::new(state),
            limits: Limits::default(),
            computing,
            stocked: Bell::default(),
        }
    }

    /// Who is told of what happens.
    pub fn subscribers(&self) -> Vec<Subscriber> {
        let subscriber =
            |hook: &Hook| Subscriber { hook: hook.name.clone(), events: hook.events.clone(), personal: hook.personal };
        self.config.notify.hooks.iter().map(subscriber).collect()
    }
    /// Who is told of passes.
    pub fn audience(&self) -> Audience {
        let notify = &self.config.notify;
        Audience {
            shop: self.config.shop_name().map(Arc::from).or_else(|| self.name.clone()),
            program: self.config.program.clone(),
            hooks: self.subscribers().into(),
            fail_after: notify.fail_after,
            disk_low: notify.disk_low,
        }
    }
}
