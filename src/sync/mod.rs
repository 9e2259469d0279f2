//! The comparison of the source with the state, the plan that follows, its guard and its
//! application.

mod apply;
mod decide;
mod fields;
mod index;
mod listing;
mod pass;
mod plan;
mod session;
mod staging;

pub use apply::{Applied, Stop};
pub use decide::{Base, Observation, Wanted, acknowledged, decide, observe};
pub use fields::{changes, overlaid, same};
pub use pass::{Context, PassError, Progress, Report, plan, run};
pub use plan::{Action, Operation, Stage, Summary, Tally, guard};
pub use session::{Plan, Policy, Session, SessionError};
pub use staging::{Cursor, Staging, StagingError};

#[cfg(test)]
mod tests;
