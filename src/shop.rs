//! A shop: what everything that is done for it shares.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config::Config;
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
}

impl Shop {
    /// The only shop of a process.
    pub fn new(config: Config, state: Writer) -> Shop {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let computing = Arc::new(Semaphore::new(processors.div_ceil(2)));
        Shop { name: None, config: Arc::new(config), state: Arc::new(state), limits: Limits::default(), computing }
    }
}
