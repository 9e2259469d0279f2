//! What every job's passes have in common: what they are asked, how they end, what they leave and how that is told.

mod alerts;
mod exit;
mod failures;
mod guard;
mod headline;
mod job;
mod log;
mod meter;
mod patience;
mod plan;
mod report;
mod row;
mod store;
mod streak;
mod watch;

pub use alerts::{Audience, Telling};
pub use exit::{Exit, Failure};
pub use guard::{all_held, exceeds};
pub use headline::{Facts, Headline, Standing};
pub use job::{BoxFuture, Due, Job, Progress, Step};
pub(crate) use log::entry;
pub use log::{Failing, PassLog};
pub use meter::{Level, Meter, Sample};
pub use patience::borne;
pub use plan::{Counts, EachOperation, Planned};
pub use report::{Notice, Report, Trouble};
pub use row::{Ask, Figures, Outcome, PassEntry, PassKind, PassRow};
pub use store::{ReadPasses, record, tell};
pub use streak::{Streak, streaks};
pub use watch::watch;
