//! The hooks among the systems: they come after the others, and send what those have left.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::job::HooksJob;
use super::mail::{Certificates, Desk, FindToMend};
use super::probe::probe;
use super::report::{DELIVERIES, HooksLook, OUTCOMES};
use super::round::{Courier, Memory};
use super::send::{Clients, Tools};
use crate::clock::Clock;
use crate::config::{Config, Hook};
use crate::outbox::ReadOutbox as _;
use crate::pass::{Job, Level, Meter, Sample};
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};

/// See the module.
pub struct HooksSystem {
    /// What is told of rows that the shop has to mend.
    find_to_mend: FindToMend,
    /// The settings that hold. A round under way with others makes room.
    settings: watch::Sender<Vec<Hook>>,
    /// What is kept as long as they aren't read again, and what was read.
    memory: Mutex<Option<(Arc<Config>, Arc<Memory>)>>,
}

const METERS: [Meter; 1] = [Meter {
    name: DELIVERIES,
    help: "Tries to tell a hook of an event: taken, failed (to be tried again) or given_up",
    label: Some("hook outcome"),
    from_start: &[],
}];

impl HooksSystem {
    /// Hooks that are told of rows as `find_to_mend` finds them.
    pub fn new(find_to_mend: FindToMend) -> HooksSystem {
        HooksSystem { find_to_mend, settings: watch::Sender::default(), memory: Mutex::default() }
    }

    /// The memory that goes with a config: jobs are also made anew when it wasn't read again.
    fn memory(&self, config: &Arc<Config>) -> Arc<Memory> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(read, _): &(Arc<Config>, Arc<Memory>)| Arc::ptr_eq(read, config);
        let known = memory.take().filter(is_same).unwrap_or_else(|| (Arc::clone(config), Arc::default()));
        Arc::clone(&memory.insert(known).1)
    }
}

impl System for HooksSystem {
    fn job(&self, shop: &Shop, _is_served: bool) -> Option<Box<dyn Job>> {
        let (hooks, state) = (shop.config.notify.hooks.clone(), shop.state.clone());
        self.settings.send_if_modified(|settings| {
            let is_new = *settings != hooks;
            settings.clone_from(&hooks);
            is_new
        });
        let desk = Desk {
            shop: shop.config.notify.shop.clone(),
            caller: shop.config.caller(),
            path: state.path().to_owned(),
            find_to_mend: self.find_to_mend,
            certificates: Certificates::default(),
        };
        let courier = Courier {
            hooks,
            state,
            settings: self.settings.subscribe(),
            memory: self.memory(&shop.config),
            tools: Tools { clients: Clients::default(), desk },
        };
        // What waits for hooks that were all taken out of the settings is still to be forgotten.
        let has_work = !courier.hooks.is_empty() || courier.has_events();
        has_work.then(|| Box::new(HooksJob(courier)) as Box<dyn Job>)
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let probe = |hook| Probe { whom: "hook", said: Box::pin(probe(hook)) };
        config.notify.hooks.iter().map(probe).collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        Some(Box::new(HooksLook(config.notify.hooks.iter().map(|hook| hook.name.clone()).collect())))
    }

    fn meters(&self) -> &'static [Meter] {
        &METERS
    }

    /// Nothing yet, of each hook: a series that is there before its first step shows it as one.
    fn counted(&self) -> Vec<Sample> {
        let hooks = self.settings.borrow();
        let series = hooks.iter().flat_map(|hook| OUTCOMES.map(|outcome| format!("{} {outcome}", hook.name)));
        series.map(|labels| Sample::labelled(DELIVERIES, labels, 0)).collect()
    }

    fn levels(&self, reader: &Reader, config: &Config) -> Result<Vec<Level>, StateError> {
        let (mut levels, clock) = (Vec::new(), Clock::read());
        for hook in &config.notify.hooks {
            let tally = reader.hook_tally(&hook.name)?;
            let label = || Some(("hook", hook.name.clone().into()));
            let age = tally.oldest.map(|oldest| clock.age(&oldest).as_secs());
            let age = age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default();
            let (pending, oldest) = ("Events that a hook has not taken yet", "How old the oldest of them is");
            levels.push(Level { name: "hook_pending", help: pending, label: label(), value: tally.pending });
            levels.push(Level { name: "hook_oldest_seconds", help: oldest, label: label(), value: age });
        }
        Ok(levels)
    }
}
