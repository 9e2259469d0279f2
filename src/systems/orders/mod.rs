//! NiceChat's orders: a mirror of what the chats sold. Nothing is ever sent.

mod announce;
mod close;
mod erase;
mod error;
mod findings;
mod guard;
mod job;
mod pass;
mod persons;
mod probe;
mod report;
pub mod store;
mod system;
mod tools;
mod walk;

use crate::config;
use crate::state::{Reader, StateError};

pub use error::OrdersError;
pub use persons::email_digest;
pub use report::{By, Shower, order_json, order_text, orders_csv, orders_json, orders_text};
pub use report::{sold, sold_csv, sold_json, sold_text};
pub use system::OrdersSystem;

/// The name of its passes among the jobs.
pub const JOB: &str = "orders";

/// What our own snapshot of the catalog says of a product. Whoever puts the systems together knows it.
pub type Products = fn(&Reader, &str) -> Result<store::Known, StateError>;

/// What the passes are about: the shop at NiceChat.
pub fn subject(settings: &config::Orders) -> String {
    settings.nicechat.base_url.to_string()
}
