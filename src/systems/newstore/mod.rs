//! NewStore: which stores have clienteling, and with which number. Onboarding buys a number, and an enabled store can't
//! be disabled again, so nothing of it happens by itself: a person looks at a plan and has exactly that carried out.

mod apply;
mod by_hand;
mod gather;
mod plan;
mod probe;
mod records;
mod report;
mod settle;
mod store;
mod system;
#[cfg(test)]
mod tests;

pub use apply::{Applied, Apply, Halt};
pub use gather::{Gathered, gather};
pub use plan::Plan;
pub use records::Known;
pub use report::ShownPlan;
pub use settle::{Settled, settle_retailer, settle_store};
pub use store::{Ledger, LedgerError, known};
pub use system::NewStoreSystem;
