//! The comparison of the source with the state, the plan that follows, its guard and its
//! application.

mod apply;
mod body;
mod context;
mod diff;
mod error;
mod import;
mod job;
mod listing;
mod plan;
mod planner;
mod report;
mod strategy;
mod system;
mod wait;

pub use apply::{Applied, Stop};
pub use context::Context;
pub use diff::decide::{Base, Observation, Since, Wanted, acknowledged, decide, observe};
pub use diff::differ::{Comparison, Policy, Session, SessionError};
pub use diff::fields::{changes, overlaid, same};
pub use error::PassError;
pub use plan::operation::{Action, Operation, Stage, Summary, Tally, guard};
pub use plan::store::{Cursor, Group, SharedStaging, Staging, StagingError};
pub use planner::{Plan, plan};
pub use strategy::address::Address;
pub use strategy::cost::{Choice, Cost, Way};
pub use system::CatalogSystem;

#[cfg(test)]
mod tests;
