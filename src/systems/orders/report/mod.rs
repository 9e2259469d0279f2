//! Orders for people and for programs.

mod held;
mod list;
mod listings;
mod page;
mod pass;
mod plan;
mod shown;
mod sold;
mod standing;
mod table;

pub use list::{order_json, order_text, orders_csv, orders_json, orders_text};
pub(super) use pass::{LABEL, report};
pub(super) use plan::PlannedOrders;
pub use shown::Shower;
pub use sold::{By, sold};
pub(super) use standing::OrdersLook;
pub use table::{sold_csv, sold_json, sold_text};
