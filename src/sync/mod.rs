//! The comparison of the source with the state, the plan that follows, its guard and its
//! application.

mod apply;
mod body;
mod decide;
mod error;
mod fields;
mod import;
mod index;
mod listing;
mod pass;
mod plan;
mod prepare;
mod remembered;
mod session;
mod staging;

pub use apply::{Applied, Stop};
pub use decide::{Base, Observation, Since, Wanted, acknowledged, decide, observe};
pub use error::PassError;
pub use fields::{changes, overlaid, same};
pub use import::{Address, Choice, Cost, Exchange, Way};
pub use pass::{Context, ImportReport, Progress, Report, Step, run};
pub use plan::{Action, Operation, Stage, Summary, Tally, guard};
pub use prepare::{Plan, plan};
pub use session::{Comparison, Policy, Session, SessionError};
pub use staging::{Cursor, Group, SharedStaging, Staging, StagingError};

#[cfg(test)]
mod tests;
