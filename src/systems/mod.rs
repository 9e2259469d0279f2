//! What is done with the vendors, a folder each.

pub mod availability;
pub mod catalog;
pub mod events;
mod held;
pub mod hooks;
pub mod listing;
mod look;
pub mod newstore;
pub mod oct8ne;
pub mod orders;
mod snapshot;
mod sold;
mod system;

use crate::config::Config;

pub use look::{Copied, EachFailed, FailedObject, HeldBack, Look, ProductPage, Standing};
pub use snapshot::{product, to_mend};
pub use sold::sold;
pub use system::{Probe, System};

/// What is said where no system has a job.
pub fn nothing_to_do(systems: &[Box<dyn System>], config: &Config) -> String {
    let by_hand = systems.iter().filter_map(|system| system.by_hand(config));
    let by_hand: String = by_hand.map(|command| format!(" What is done by hand: `shelfkeeper {command}`.")).collect();
    format!("Nothing to do: no section of the config has passes.{by_hand}")
}

/// Every system, for one shop.
pub fn systems() -> Vec<Box<dyn System>> {
    vec![
        Box::<catalog::CatalogSystem>::default(),
        Box::new(events::EventsSystem),
        Box::new(oct8ne::Oct8neSystem::new(sold)),
        Box::<availability::AvailabilitySystem>::default(),
        Box::new(orders::OrdersSystem { products: product }),
        Box::new(newstore::NewStoreSystem),
        Box::new(hooks::HooksSystem::new(to_mend)),
    ]
}
