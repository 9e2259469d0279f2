//! What is done with the vendors, a folder each.

pub mod availability;
pub mod catalog;
pub mod events;
pub mod hooks;
mod look;
pub mod oct8ne;
pub mod orders;
mod snapshot;
mod sold;
mod system;

pub use look::{EachFailed, FailedObject, Look, Standing};
pub use snapshot::product;
pub use sold::sold;
pub use system::System;

/// Every system, for one shop.
pub fn systems() -> Vec<Box<dyn System>> {
    vec![
        Box::<catalog::CatalogSystem>::default(),
        Box::new(events::EventsSystem),
        Box::new(oct8ne::Oct8neSystem::new(sold)),
        Box::<availability::AvailabilitySystem>::default(),
        Box::new(orders::OrdersSystem { products: product }),
        Box::new(hooks::HooksSystem),
    ]
}
