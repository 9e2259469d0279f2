//! The Oct8ne face: what the feed says, answered to a co-viewing widget (adapter API 2.4).
//!
//! The catalogue is what passes have put on the shelf; `index` makes it searchable, `money` and `text` write it for a
//! customer, `serve` answers. A pass rings a bell when something else is on the shelf, and never waits for any of this.

mod index;
mod job;
mod money;
mod page;
mod planned;
mod preview;
mod probe;
mod product;
mod report;
mod scripts;
mod serve;
mod system;
mod text;

pub use preview::Preview;
pub use scripts::{Page, sale, snippet};
pub use serve::mirror::{KnownOrders, WantedOrders};
pub use system::Oct8neSystem;
