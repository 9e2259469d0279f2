//! The comparison of the source with the state, the plan that follows, its guard and its
//! application.

mod apply;
mod body;
mod context;
mod diff;
mod error;
mod filter;
mod import;
mod job;
mod listing;
mod plan;
mod planner;
mod strategy;
mod wait;

pub use apply::{Applied, Stop};
pub use context::{Context, Progress, Step};
pub use diff::decide::{Base, Observation, Since, Wanted, acknowledged, decide, observe};
pub use diff::differ::{Comparison, Policy, Session, SessionError};
pub use diff::fields::{changes, overlaid, same};
pub use error::PassError;
pub use import::Exchange;
pub use job::{ImportReport, Report, run};
pub use plan::operation::{Action, Operation, Stage, Summary, Tally, guard};
pub use plan::store::{Cursor, Group, SharedStaging, Staging, StagingError};
pub use planner::{Plan, plan};
pub use strategy::address::Address;
pub use strategy::cost::{Choice, Cost, Way};

#[cfg(test)]
mod tests;
